//! What `infra/template.yaml` allows each function to do in AWS.

use std::collections::{BTreeMap, BTreeSet};

use serde_yaml_ng::Value;

use crate::binaries::root;

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
