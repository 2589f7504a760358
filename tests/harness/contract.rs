//! `infra/openapi.yaml`, read: what each operation may answer.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use serde_json::{Value, json};

use crate::{binaries::root, python, world::Answer};

/// The contract.
#[derive(Debug)]
pub struct Contract {
    /// The document itself.
    pub document: Value,
    /// Its operations, in the document's order.
    pub operations: Vec<Operation>,
}

/// A method of a path.
#[derive(Debug)]
pub struct Operation {
    /// `operationId`, and where several functions answer alike, whose.
    pub id: String,
    /// In capitals.
    pub method: String,
    /// With its parameters in braces.
    pub path: String,
    /// The folder under functions/ that answers.
    pub function: String,
    /// The first example of a request's body; null where it takes none.
    pub example: Value,
    /// The schema of a request's body, as a JSON pointer.
    pub request: String,
    /// Whether a body must be sent.
    pub must_have_body: bool,
    /// By status: the codes of error that its examples show; none where it is a success.
    pub answers: BTreeMap<u16, BTreeSet<String>>,
    /// By status: the schema of the body, as a JSON pointer; `None` where there is no body.
    schemas: BTreeMap<u16, Option<String>>,
    /// The statuses under which a page is answered.
    pages: BTreeSet<u16>,
}

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

impl Contract {
    /// The contract of this tree.
    pub fn read() -> &'static Self {
        static READ: OnceLock<Contract> = OnceLock::new();
        READ.get_or_init(|| {
            let text = std::fs::read_to_string(root().join("infra/openapi.yaml")).expect("a file");
            let mut yaml: serde_yaml_ng::Value = serde_yaml_ng::from_str(&text).expect("YAML");
            yaml.apply_merge().expect("merge keys");
            let document = serde_json::to_value(yaml).expect("JSON");
            let mut operations = Vec::new();
            for (path, item) in document["paths"].as_object().expect("paths") {
                for method in METHODS {
                    if let Some(operation) = item.get(method) {
                        operations.extend(Operation::read(&document, path, method, operation));
                    }
                }
            }
            Contract {
                document,
                operations,
            }
        })
    }

    /// The operation of the API that takes a call of this method and path, query or not. Webhooks have
    /// URLs of their own: [`Contract::of`] finds them.
    pub fn operation(&self, method: &str, path: &str) -> Option<&Operation> {
        let path = path.split_once('?').map_or(path, |(path, _)| path);
        let mut fitting = self.operations.iter().filter(|operation| {
            let (given, known) = (path.split('/'), operation.path.split('/'));
            operation.method == method
                && operation.is_of_api()
                && given.clone().count() == known.clone().count()
                && given
                    .zip(known)
                    .all(|(given, known)| known.starts_with('{') || given == known)
        });
        fitting.next()
    }

    /// The operations that a function answers.
    pub fn of<'a>(&'a self, function: &str) -> impl Iterator<Item = &'a Operation> {
        let operations = self.operations.iter();
        operations.filter(move |operation| operation.function == function)
    }

    /// The event types.
    pub fn event_types(&self) -> BTreeSet<String> {
        let webhooks = self.document["webhooks"].as_object().expect("webhooks");
        webhooks.keys().cloned().collect()
    }

    /// Validates values against schemas, each given as a JSON pointer into the document.
    ///
    /// # Panics
    /// Where one does not fit.
    pub async fn must_fit(&self, values: &[(String, Value)]) {
        let problems = self.problems(values).await;
        let wrong: Vec<_> = values
            .iter()
            .zip(problems)
            .filter(|(_, problems)| !problems.is_empty())
            .map(|((schema, value), problems)| format!("{schema}: {problems:?}\n  {value}"))
            .collect();
        assert!(
            wrong.is_empty(),
            "not as the contract says:\n{}",
            wrong.join("\n")
        );
    }

    /// What is wrong with each of these values, by the schema beside it.
    pub async fn problems(&self, values: &[(String, Value)]) -> Vec<Vec<String>> {
        let values: Vec<_> = values
            .iter()
            .map(|(schema, value)| json!({"schema": schema, "value": value}))
            .collect();
        let given = json!({"document": self.document, "values": values});
        serde_json::from_value(python::run("validate.py", given).await).expect("problems")
    }

    /// The schema of an event of this type, as a JSON pointer.
    pub fn event_schema(&self, kind: &str) -> String {
        format!(
            "/webhooks/{}/post/requestBody/content/application~1json/schema",
            escaped(kind)
        )
    }
}

impl Operation {
    /// Whether it is a route of the HTTP API, and not a function URL's.
    pub fn is_of_api(&self) -> bool {
        self.path != "/" && !self.path.starts_with("/{")
    }

    /// One for each function that answers.
    fn read(document: &Value, path: &str, method: &str, operation: &Value) -> Vec<Self> {
        let text = |name: &str| {
            let value = operation[name].as_str();
            value
                .unwrap_or_else(|| panic!("{method} {path}: no {name}"))
                .to_owned()
        };
        let (mut answers, mut schemas) = (BTreeMap::new(), BTreeMap::new());
        let mut pages = BTreeSet::new();
        for (status, response) in operation["responses"].as_object().expect("responses") {
            let number: u16 = status.parse().expect("a status");
            let (at, response) = match response["$ref"].as_str() {
                Some(reference) => {
                    let at = reference
                        .strip_prefix('#')
                        .expect("a reference in the document");
                    (
                        at.to_owned(),
                        document.pointer(at).expect("what is referred to"),
                    )
                }
                None => {
                    let at = format!("/paths/{}/{method}/responses/{status}", escaped(path));
                    (at, response)
                }
            };
            if response.pointer("/content/text~1html").is_some() {
                pages.insert(number);
            }
            let content = response.pointer("/content/application~1json");
            let examples = content.and_then(|content| content["examples"].as_object());
            let codes = examples.into_iter().flatten().filter_map(|(_, example)| {
                Some(example.pointer("/value/error/code")?.as_str()?.to_owned())
            });
            answers.insert(number, codes.collect());
            let schema = content.map(|_| format!("{at}/content/application~1json/schema"));
            schemas.insert(number, schema);
        }
        let (functions, id) = match operation["x-function"].as_array() {
            Some(functions) => {
                let functions = functions.iter().map(|name| name.as_str().expect("a name"));
                (functions.map(str::to_owned).collect(), None)
            }
            None => (vec![text("x-function")], Some(text("operationId"))),
        };
        let one = |function: String| Self {
            id: id
                .clone()
                .unwrap_or_else(|| format!("{} of {function}", text("operationId"))),
            method: method.to_uppercase(),
            example: operation
                .pointer("/requestBody/content/application~1json/examples")
                .and_then(Value::as_object)
                .and_then(|examples| examples.values().next())
                .map_or(Value::Null, |example| example["value"].clone()),
            must_have_body: operation.pointer("/requestBody/required") == Some(&json!(true)),
            request: format!(
                "/paths/{}/{method}/requestBody/content/application~1json/schema",
                escaped(path)
            ),
            path: path.to_owned(),
            function,
            answers: answers.clone(),
            schemas: schemas.clone(),
            pages: pages.clone(),
        };
        functions.into_iter().map(one).collect()
    }

    /// Every example that is written out here, of the request and of its answers, with its schema as a
    /// JSON pointer.
    pub fn examples(&self) -> Vec<(String, Value)> {
        let document = &Contract::read().document;
        let schemas = self.schemas.values().flatten().chain([&self.request]);
        let each = schemas.flat_map(|schema| {
            let content = document.pointer(schema.trim_end_matches("/schema"));
            let examples = content.and_then(|content| content["examples"].as_object());
            let written_out = examples
                .into_iter()
                .flat_map(serde_json::Map::values)
                .filter_map(|example| example.get("value"));
            written_out.map(|value| (schema.clone(), value.clone()))
        });
        each.collect()
    }

    /// What an answer is in the contract's words: its status, and its code where it is an error.
    ///
    /// # Panics
    /// Where this operation may not answer so.
    pub fn must_list(&self, answer: &Answer) -> (u16, Option<String>) {
        let code = answer.body["error"]["code"].as_str();
        let listed = self
            .answers
            .get(&answer.status)
            .is_some_and(|codes| match code {
                Some(code) => codes.contains(code),
                None => codes.is_empty(),
            });
        assert!(
            listed,
            "infra/openapi.yaml, {}: not a possible answer: {answer:?}",
            self.id
        );
        (answer.status, code.map(str::to_owned))
    }

    /// What to validate in an answer; `None` where it is a page, or the contract wants no body and there is none.
    ///
    /// # Panics
    /// Where there is a body and the contract wants none.
    pub fn body(&self, answer: &Answer) -> Option<(String, Value)> {
        if self.pages.contains(&answer.status) {
            return None;
        }
        match &self.schemas[&answer.status] {
            Some(schema) => Some((schema.clone(), answer.body.clone())),
            None => {
                assert_eq!(answer.text, "", "{}: the contract wants no body", self.id);
                None
            }
        }
    }
}

/// A name as a segment of a JSON pointer.
fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}
