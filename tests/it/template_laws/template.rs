//! The template after transformation, as it is deployed with the parameters' defaults.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// What is deployed.
///
/// References are texts in it: `${Table.Arn}` for an attribute, `${Table}` for a resource, a parameter that
/// has no default, or a pseudo parameter.
pub(super) struct Template {
    /// The CloudFormation template, as the translator gave it.
    pub(super) document: Value,
    /// `infra/template.yaml`, with its comments.
    pub(super) source: String,
    /// Its resources by logical id.
    pub(super) resources: BTreeMap<String, Resource>,
    /// Its outputs.
    pub(super) outputs: Value,
}

/// A resource, resolved.
pub(super) struct Resource {
    /// Such as `AWS::SQS::Queue`.
    pub(super) kind: String,
    /// Its properties; what is `AWS::NoValue` is not there.
    pub(super) properties: Value,
    /// What becomes of it when the stack, or the resource, goes.
    pub(super) policies: [Value; 2],
}

/// A function of the bundle.
pub(super) struct Function<'a> {
    /// Its logical id.
    pub(super) id: &'a str,
    /// Its name, that of its binary.
    pub(super) name: &'a str,
    /// Its properties.
    pub(super) properties: &'a Value,
}

impl Template {
    /// Reads a template whose parameters have their defaults.
    pub(super) fn new(document: Value, source: String) -> Self {
        Self::with_parameters(document, source, &BTreeMap::new())
    }

    /// Reads a template that is deployed with these parameters.
    pub(super) fn with_parameters(
        document: Value,
        source: String,
        given: &BTreeMap<String, String>,
    ) -> Self {
        let scope = Scope {
            document: &document,
            given,
        };
        let mut resources = BTreeMap::new();
        for (id, resource) in members(&document["Resources"]) {
            if let Some(condition) = resource["Condition"].as_str()
                && !scope.holds(condition)
            {
                continue;
            }
            let resource = Resource {
                kind: resource["Type"].as_str().unwrap_or_default().to_owned(),
                properties: scope
                    .resolve(&resource["Properties"])
                    .unwrap_or(Value::Null),
                policies: ["DeletionPolicy", "UpdateReplacePolicy"]
                    .map(|name| resource[name].clone()),
            };
            resources.insert(id.clone(), resource);
        }
        let outputs = scope.resolve(&document["Outputs"]).unwrap_or(Value::Null);
        Self {
            resources,
            outputs,
            source,
            document,
        }
    }

    /// The resources of a kind, with their logical ids.
    pub(super) fn all<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = (&'a str, &'a Value)> {
        let resources = self.resources.iter();
        resources
            .filter(move |(_, resource)| resource.kind == kind)
            .map(|(id, resource)| (id.as_str(), &resource.properties))
    }

    /// The properties of a resource that is of this kind, by a reference to it or to its ARN.
    pub(super) fn target<'a>(
        &'a self,
        kind: &str,
        reference: &Value,
    ) -> Option<(&'a str, &'a Value)> {
        let name = reference.as_str()?.strip_prefix("${")?.strip_suffix('}')?;
        let id = name.strip_suffix(".Arn").unwrap_or(name);
        let (id, resource) = self.resources.get_key_value(id)?;
        (resource.kind == kind).then_some((id.as_str(), &resource.properties))
    }

    /// The functions.
    pub(super) fn functions(&self) -> impl Iterator<Item = Function<'_>> {
        let functions = self.all("AWS::Lambda::Function");
        functions.map(|(id, properties)| Function {
            id,
            name: properties["Code"]["S3Key"].as_str().unwrap_or_default(),
            properties,
        })
    }

    /// Each queue that wakes a function: the mapping, the queue, the function.
    pub(super) fn wakings(&self) -> Vec<Waking<'_>> {
        let mappings = self.all("AWS::Lambda::EventSourceMapping");
        let wakings = mappings.map(|(id, mapping)| {
            let queue = self.target("AWS::SQS::Queue", &mapping["EventSourceArn"]);
            let function = self.target("AWS::Lambda::Function", &mapping["FunctionName"]);
            Waking {
                id,
                mapping,
                queue: queue.unwrap_or_else(|| panic!("{id}: a queue of the template")),
                function: function.unwrap_or_else(|| panic!("{id}: a function of the template")),
            }
        });
        wakings.collect()
    }
}

/// A queue and the function that it wakes.
pub(super) struct Waking<'a> {
    /// The event source mapping's logical id.
    pub(super) id: &'a str,
    /// Its properties.
    pub(super) mapping: &'a Value,
    /// The queue.
    pub(super) queue: (&'a str, &'a Value),
    /// The function.
    pub(super) function: (&'a str, &'a Value),
}

/// The members of an object; none of anything else.
pub(super) fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

/// The items of a list, or the one thing that stands for a list of one.
pub(super) fn items(value: &Value) -> &[Value] {
    match value {
        Value::Null => &[],
        Value::Array(items) => items,
        one => std::slice::from_ref(one),
    }
}

/// A number, which may stand in a text, as parameters do.
pub(super) fn number(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

/// What names mean.
struct Scope<'a> {
    document: &'a Value,
    given: &'a BTreeMap<String, String>,
}

impl Scope<'_> {
    fn reference(&self, name: &str) -> Option<Value> {
        if name == "AWS::NoValue" {
            return None;
        }
        if let Some(given) = self.given.get(name) {
            return Some(json!(given));
        }
        let default = &self.document["Parameters"][name]["Default"];
        Some(if default.is_null() {
            json!(format!("${{{name}}}"))
        } else {
            default.clone()
        })
    }

    fn holds(&self, condition: &str) -> bool {
        let condition = &self.document["Conditions"][condition];
        self.resolve(condition) == Some(Value::Bool(true))
    }

    /// `None` for `AWS::NoValue`.
    fn resolve(&self, value: &Value) -> Option<Value> {
        match value {
            Value::Array(items) => {
                Some(items.iter().filter_map(|item| self.resolve(item)).collect())
            }
            Value::Object(object) => {
                let mut one = object.iter();
                if let (Some((name, argument)), None) = (one.next(), one.next())
                    && (name == "Ref" || name.starts_with("Fn::"))
                {
                    return self.apply(name, argument);
                }
                let members = object
                    .iter()
                    .filter_map(|(name, value)| Some((name.clone(), self.resolve(value)?)));
                Some(Value::Object(members.collect::<Map<_, _>>()))
            }
            plain => Some(plain.clone()),
        }
    }

    fn apply(&self, name: &str, argument: &Value) -> Option<Value> {
        match (name, argument) {
            ("Ref", Value::String(name)) => self.reference(name),
            ("Fn::GetAtt", Value::Array(path)) => {
                let path: Vec<_> = path.iter().map(|part| part.as_str().unwrap()).collect();
                Some(json!(format!("${{{}}}", path.join("."))))
            }
            ("Fn::Sub", Value::String(pattern)) => {
                Some(json!(self.substituted(pattern, &Value::Null)?))
            }
            ("Fn::Sub", Value::Array(parts)) => match parts.as_slice() {
                [Value::String(pattern), variables] => {
                    Some(json!(self.substituted(pattern, variables)?))
                }
                _ => panic!("Fn::Sub of {argument}"),
            },
            ("Fn::If", Value::Array(parts)) => match parts.as_slice() {
                [Value::String(condition), yes, no] => {
                    self.resolve(if self.holds(condition) { yes } else { no })
                }
                _ => panic!("Fn::If of {argument}"),
            },
            ("Fn::Equals", Value::Array(parts)) => match parts.as_slice() {
                [left, right] => Some(json!(self.resolve(left) == self.resolve(right))),
                _ => panic!("Fn::Equals of {argument}"),
            },
            ("Fn::Not", Value::Array(parts)) => match parts.as_slice() {
                [one] => Some(json!(self.resolve(one) != Some(Value::Bool(true)))),
                _ => panic!("Fn::Not of {argument}"),
            },
            _ => panic!("the laws do not know {name} of {argument}"),
        }
    }
    /// With variables and parameters put in; what names a resource stays as it is.
    fn substituted(&self, pattern: &str, variables: &Value) -> Option<String> {
        let mut parts = pattern.split("${");
        let mut text = parts.next()?.to_owned();
        for part in parts {
            let (name, behind) = part.split_once('}')?;
            let value = match variables.get(name) {
                Some(variable) => self.resolve(variable)?,
                None => self.reference(name)?,
            };
            text += &written(&value);
            text += behind;
        }
        Some(text)
    }
}

/// A plain value as CloudFormation puts it into a text.
fn written(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}
