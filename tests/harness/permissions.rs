//! What `infra/template.yaml` allows each function to do in AWS, and what it does.

use std::collections::{BTreeMap, BTreeSet};

use deskbridge_local::{Bundle, access_key};
use serde_yaml_ng::Value;

use crate::{
    binaries::root,
    faults::{Call, Record},
};

/// An AWS action such as `dynamodb:GetItem`, and the resource's logical id, with `/index/…` behind it
/// where the action is on an index.
pub type Permission = (String, String);

/// What each function is allowed, by its name. What SAM itself adds for event sources is not in it.
///
/// # Panics
/// Where a policy is written in a way that is not known here.
pub fn allowed() -> BTreeMap<String, BTreeSet<Permission>> {
    let text = std::fs::read_to_string(root().join("infra/template.yaml")).expect("a file");
    let template: Value = serde_yaml_ng::from_str(&text).expect("YAML");
    let resources = template["Resources"].as_mapping().expect("resources");
    let functions = resources
        .values()
        .filter(|resource| resource["Type"] == "AWS::Serverless::Function");
    functions
        .map(|function| {
            let properties = &function["Properties"];
            let code = properties["CodeUri"].as_str().expect("CodeUri");
            let name = code
                .trim_end_matches('/')
                .rsplit('/')
                .next()
                .expect("a folder");
            let statements =
                list(&properties["Policies"]).flat_map(|policy| list(&policy["Statement"]));
            (name.to_owned(), statements.flat_map(permissions).collect())
        })
        .collect()
}

/// What the functions of one world do in AWS. Each signs with a key of its own, which tells them apart.
/// When the world ends, whatever it did must be allowed: so the whole test run is held to the policies.
pub struct Witness {
    records: [Record; 2],
    /// Whose key it is.
    functions: BTreeMap<String, String>,
    /// Which queue has the URL.
    queues: BTreeMap<String, String>,
}

impl Witness {
    /// A witness of all that passes by to DynamoDB and SQS.
    pub fn new(bundle: &Bundle, dynamodb: Record, sqs: Record) -> Self {
        let template = bundle.template();
        let functions = template.functions().keys();
        let queues = template.queues().keys();
        Self {
            records: [dynamodb, sqs],
            functions: functions
                .map(|name| (access_key(name), name.clone()))
                .collect(),
            queues: queues
                .filter_map(|queue| Some((bundle.queue_url(queue)?, queue.clone())))
                .collect(),
        }
    }

    /// What each function has done so far.
    pub fn done(&self) -> BTreeMap<String, BTreeSet<Permission>> {
        let mut done: BTreeMap<_, BTreeSet<_>> = self
            .functions
            .values()
            .map(|name| (name.clone(), BTreeSet::new()))
            .collect();
        for call in self.records.iter().flat_map(Record::calls) {
            let function = call
                .access_key
                .as_ref()
                .and_then(|key| self.functions.get(key));
            let function = function.and_then(|function| done.get_mut(function));
            if let (Some(done), Some(operation)) = (function, &call.operation) {
                done.extend(self.taken_by(&call, operation));
            }
        }
        done
    }

    /// The permissions that a call takes.
    fn taken_by(&self, call: &Call, operation: &str) -> Vec<Permission> {
        let body = call.json();
        let on_table = |action: &str| (format!("dynamodb:{action}"), "Table".to_owned());
        match operation {
            "TransactWriteItems" => {
                let items = body["TransactItems"].as_array().expect("items");
                let kinds = items
                    .iter()
                    .flat_map(|item| item.as_object().expect("an object").keys());
                kinds
                    .map(|kind| match kind.as_str() {
                        "ConditionCheck" => on_table("ConditionCheckItem"),
                        kind => on_table(&format!("{kind}Item")),
                    })
                    .collect()
            }
            "TransactGetItems" => vec![on_table("GetItem")],
            "SendMessage" | "SendMessageBatch" => {
                let url = body["QueueUrl"].as_str().expect("a URL");
                let queue = self.queues.get(url);
                let queue = queue.unwrap_or_else(|| panic!("no queue has the URL {url}"));
                vec![("sqs:SendMessage".to_owned(), queue.clone())]
            }
            action => match body["IndexName"].as_str() {
                Some(index) => {
                    vec![(format!("dynamodb:{action}"), format!("Table/index/{index}"))]
                }
                None => vec![on_table(action)],
            },
        }
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let allowed = allowed();
        for (function, done) in self.done() {
            let beyond: Vec<_> = done.difference(&allowed[&function]).collect();
            assert!(
                beyond.is_empty(),
                "infra/template.yaml does not allow {function} what it did: {beyond:?}"
            );
        }
    }
}

fn permissions(statement: &Value) -> Vec<Permission> {
    assert_eq!(statement["Effect"], "Allow", "{statement:?}");
    list(&statement["Action"])
        .flat_map(|action| list(&statement["Resource"]).map(move |resource| (action, resource)))
        .map(|(action, on)| (action.as_str().expect("an action").to_owned(), resource(on)))
        .collect()
}

/// `!GetAtt Table.Arn`, `!Sub '${Table.Arn}/index/due'`.
fn resource(given: &Value) -> String {
    let Value::Tagged(tagged) = given else {
        panic!("a resource of the template's own, not {given:?}");
    };
    let text = tagged.value.as_str().expect("a text");
    text.replace("${", "").replace('}', "").replace(".Arn", "")
}

/// A list, or the one thing that stands for a list of one.
fn list(value: &Value) -> impl Iterator<Item = &Value> {
    let (many, one) = match value {
        Value::Sequence(many) => (many.as_slice(), None),
        Value::Null => (&[][..], None),
        one => (&[][..], Some(one)),
    };
    many.iter().chain(one)
}
