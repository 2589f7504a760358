//! CloudFormation's functions, the handful that templates like ours use.

use super::object;
use crate::error::Error;
use crate::servers::{ACCOUNT, REGION};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The stack's name, the first part of every physical name.
const STACK: &str = "local";

/// YAML as JSON, with the short tags (`!Ref x`) in their long form (`{"Ref": "x"}`).
pub(super) fn long_form(yaml: serde_yaml_ng::Value) -> Result<Value, Error> {
    use serde_yaml_ng::Value as Yaml;
    Ok(match yaml {
        Yaml::Sequence(items) => {
            Value::Array(items.into_iter().map(long_form).collect::<Result<_, _>>()?)
        }
        Yaml::Mapping(members) => {
            let mut object = Map::new();
            for (key, value) in members {
                let key = match key {
                    Yaml::String(key) => key,
                    other => serde_yaml_ng::to_string(&other)
                        .unwrap_or_default()
                        .trim()
                        .to_owned(),
                };
                object.insert(key, long_form(value)?);
            }
            Value::Object(object)
        }
        Yaml::Tagged(tagged) => {
            let tag = tagged.tag.to_string();
            let tag = tag.trim_start_matches('!');
            let name = if tag == "Ref" || tag == "Condition" {
                tag.to_owned()
            } else {
                format!("Fn::{tag}")
            };
            Value::Object(Map::from_iter([(name, long_form(tagged.value)?)]))
        }
        plain => {
            serde_json::to_value(plain).map_err(|e| Error::template("the file", e.to_string()))?
        }
    })
}

/// What names stand for.
#[derive(Clone, Debug)]
pub(crate) struct Scope {
    parameters: BTreeMap<String, Option<String>>,
    conditions: BTreeMap<String, Value>,
    resources: BTreeMap<String, Resource>,
    /// Known once the queues exist, by logical id.
    pub(crate) queue_urls: BTreeMap<String, String>,
}

#[derive(Clone, Debug)]
struct Resource {
    kind: Kind,
    /// The physical name, where one can be told.
    name: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Table,
    Queue,
    Other,
}

impl Scope {
    pub(super) fn new(document: &Value, given: &BTreeMap<String, String>) -> Result<Scope, Error> {
        let mut scope = Scope {
            parameters: BTreeMap::new(),
            conditions: BTreeMap::new(),
            resources: BTreeMap::new(),
            queue_urls: BTreeMap::new(),
        };
        for (name, parameter) in object(document.get("Parameters")) {
            let default = parameter.get("Default").and_then(text);
            scope
                .parameters
                .insert(name.clone(), given.get(name).cloned().or(default));
        }
        if let Some(unknown) = given
            .keys()
            .find(|name| !scope.parameters.contains_key(*name))
        {
            return Err(Error::template(
                "Parameters",
                format!("there is no parameter {unknown}"),
            ));
        }
        scope.conditions = object(document.get("Conditions"))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        for (id, resource) in object(document.get("Resources")) {
            let properties = resource.get("Properties").unwrap_or(&Value::Null);
            let at = format!("Resources.{id}");
            let (kind, name) = match resource
                .get("Type")
                .and_then(Value::as_str)
                .unwrap_or_default()
            {
                "AWS::DynamoDB::Table" => (Kind::Table, scope.table_name(id, properties, &at)?),
                "AWS::SQS::Queue" => (Kind::Queue, scope.queue_name(id, properties, &at)?),
                _ => (Kind::Other, format!("{STACK}-{id}")),
            };
            scope.resources.insert(id.clone(), Resource { kind, name });
        }
        Ok(scope)
    }

    /// Gives a parameter another value.
    pub(super) fn set(&mut self, parameter: &str, value: &str) {
        let value = Some(value.to_owned());
        self.parameters.insert(parameter.to_owned(), value);
    }

    pub(super) fn table_name(
        &self,
        id: &str,
        properties: &Value,
        at: &str,
    ) -> Result<String, Error> {
        self.name(
            id,
            properties.get("TableName"),
            &format!("{at}.Properties.TableName"),
        )
    }

    pub(super) fn queue_name(
        &self,
        id: &str,
        properties: &Value,
        at: &str,
    ) -> Result<String, Error> {
        let name = self.name(
            id,
            properties.get("QueueName"),
            &format!("{at}.Properties.QueueName"),
        )?;
        let fifo = properties
            .get("FifoQueue")
            .and_then(text)
            .is_some_and(|fifo| fifo == "true");
        Ok(if fifo && !name.ends_with(".fifo") {
            format!("{name}.fifo")
        } else {
            name
        })
    }

    fn name(&self, id: &str, given: Option<&Value>, at: &str) -> Result<String, Error> {
        match given {
            Some(value) => {
                let value = self.resolve(value, at)?;
                text(&value).ok_or_else(|| Error::template(at, "should be a text"))
            }
            None => Ok(format!("{STACK}-{id}")),
        }
    }

    /// Whether a resource's `Condition` holds.
    pub(super) fn exists(&self, id: &str, resource: &Value, at: &str) -> Result<bool, Error> {
        match resource.get("Condition") {
            Some(Value::String(name)) => self.condition(name, at),
            Some(_) => Err(Error::template(
                format!("Resources.{id}.Condition"),
                "should be a condition's name",
            )),
            None => Ok(true),
        }
    }

    /// The logical id of the queue with that ARN.
    pub(super) fn queue_of_arn(&self, arn: &str) -> Option<String> {
        let name = arn.strip_prefix("arn:aws:sqs:")?.rsplit(':').next()?;
        let queue = self
            .resources
            .iter()
            .find(|(_, resource)| resource.kind == Kind::Queue && resource.name == name)?;
        Some(queue.0.clone())
    }

    /// Whether a value is made of one of the template's resources.
    pub(super) fn names_a_resource(&self, value: &Value) -> bool {
        match value {
            Value::Array(items) => items.iter().any(|item| self.names_a_resource(item)),
            Value::Object(members) => {
                members
                    .iter()
                    .any(|(key, value)| match (key.as_str(), value) {
                        ("Ref", Value::String(name)) => self.resources.contains_key(name),
                        ("Fn::GetAtt", _) => true,
                        ("Fn::Sub", Value::String(pattern)) => self.resources.keys().any(|id| {
                            pattern.contains(&format!("${{{id}}}"))
                                || pattern.contains(&format!("${{{id}."))
                        }),
                        _ => self.names_a_resource(value),
                    })
            }
            _ => false,
        }
    }

    /// A value with its functions applied. `Null` stands for `AWS::NoValue`, and is left out of what holds it.
    pub(crate) fn resolve(&self, value: &Value, at: &str) -> Result<Value, Error> {
        match value {
            Value::Array(items) => {
                let items = items
                    .iter()
                    .enumerate()
                    .map(|(index, item)| self.resolve(item, &format!("{at}[{index}]")));
                Ok(Value::Array(
                    items
                        .filter(|item| !matches!(item, Ok(Value::Null)))
                        .collect::<Result<_, _>>()?,
                ))
            }
            Value::Object(members) => {
                if let (1, Some((name, argument))) = (members.len(), members.iter().next())
                    && (name == "Ref" || name == "Condition" || name.starts_with("Fn::"))
                {
                    return self.apply(name, argument, at);
                }
                let mut resolved = Map::new();
                for (key, value) in members {
                    let value = self.resolve(value, &format!("{at}.{key}"))?;
                    if !value.is_null() {
                        resolved.insert(key.clone(), value);
                    }
                }
                Ok(Value::Object(resolved))
            }
            plain => Ok(plain.clone()),
        }
    }

    fn apply(&self, name: &str, argument: &Value, at: &str) -> Result<Value, Error> {
        let wrong = || Error::template(at, format!("{name} can't be read: {argument}"));
        match (name, argument) {
            ("Ref", Value::String(target)) => self.reference(target, at),
            ("Fn::GetAtt", Value::String(path)) => {
                let (id, attribute) = path.split_once('.').ok_or_else(wrong)?;
                self.attribute(id, attribute, at).map(Value::from)
            }
            ("Fn::GetAtt", Value::Array(parts)) => match parts.as_slice() {
                [Value::String(id), Value::String(attribute)] => {
                    self.attribute(id, attribute, at).map(Value::from)
                }
                _ => Err(wrong()),
            },
            ("Fn::Sub", Value::String(pattern)) => {
                self.substitute(pattern, &Value::Null, at).map(Value::from)
            }
            ("Fn::Sub", Value::Array(parts)) => match parts.as_slice() {
                [Value::String(pattern), variables] => {
                    self.substitute(pattern, variables, at).map(Value::from)
                }
                _ => Err(wrong()),
            },
            ("Fn::Join", Value::Array(parts)) => match parts.as_slice() {
                [Value::String(between), items] => {
                    let items = self.resolve(items, at)?;
                    let items: Option<Vec<String>> = items
                        .as_array()
                        .ok_or_else(wrong)?
                        .iter()
                        .map(text)
                        .collect();
                    Ok(Value::from(items.ok_or_else(wrong)?.join(between)))
                }
                _ => Err(wrong()),
            },
            ("Fn::Split", Value::Array(parts)) => match parts.as_slice() {
                [Value::String(between), source] => {
                    let source = text(&self.resolve(source, at)?).ok_or_else(wrong)?;
                    Ok(source.split(between.as_str()).map(Value::from).collect())
                }
                _ => Err(wrong()),
            },
            ("Fn::If", Value::Array(parts)) => match parts.as_slice() {
                [Value::String(condition), yes, no] => self.resolve(
                    if self.condition(condition, at)? {
                        yes
                    } else {
                        no
                    },
                    at,
                ),
                _ => Err(wrong()),
            },
            ("Fn::Equals", Value::Array(parts)) => match parts.as_slice() {
                [left, right] => Ok(Value::Bool(
                    text(&self.resolve(left, at)?) == text(&self.resolve(right, at)?),
                )),
                _ => Err(wrong()),
            },
            ("Fn::Not", Value::Array(parts)) => match parts.as_slice() {
                [one] => Ok(Value::Bool(!self.truth(one, at)?)),
                _ => Err(wrong()),
            },
            ("Fn::And" | "Fn::Or", Value::Array(parts)) => {
                let truths: Vec<bool> = parts
                    .iter()
                    .map(|part| self.truth(part, at))
                    .collect::<Result<_, _>>()?;
                Ok(Value::Bool(if name == "Fn::And" {
                    truths.iter().all(|truth| *truth)
                } else {
                    truths.contains(&true)
                }))
            }
            ("Condition", Value::String(condition)) => {
                self.condition(condition, at).map(Value::from)
            }
            _ => Err(Error::template(
                at,
                format!(
                    "{name} isn't understood here: Ref, GetAtt, Sub, Join, Split, If, Equals, Not, And, Or are"
                ),
            )),
        }
    }

    fn truth(&self, value: &Value, at: &str) -> Result<bool, Error> {
        self.resolve(value, at)?
            .as_bool()
            .ok_or_else(|| Error::template(at, "should be a condition"))
    }

    fn condition(&self, name: &str, at: &str) -> Result<bool, Error> {
        let condition = self
            .conditions
            .get(name)
            .ok_or_else(|| Error::template(at, format!("there is no condition {name}")))?;
        self.truth(condition, &format!("Conditions.{name}"))
    }

    fn reference(&self, target: &str, at: &str) -> Result<Value, Error> {
        if let Some(parameter) = self.parameters.get(target) {
            let missing = || {
                Error::template(
                    at,
                    format!("parameter {target} has no default and isn't given"),
                )
            };
            return parameter.clone().map(Value::from).ok_or_else(missing);
        }
        match target {
            "AWS::NoValue" => return Ok(Value::Null),
            "AWS::Region" => return Ok(Value::from(REGION)),
            "AWS::AccountId" => return Ok(Value::from(ACCOUNT)),
            "AWS::StackName" => return Ok(Value::from(STACK)),
            "AWS::Partition" => return Ok(Value::from("aws")),
            "AWS::URLSuffix" => return Ok(Value::from("amazonaws.com")),
            _ => {}
        }
        match self.resources.get(target) {
            Some(resource) if resource.kind == Kind::Queue => {
                let url = self.queue_urls.get(target).cloned().map(Value::from);
                url.ok_or_else(|| Error::template(at, format!("the URL of {target} is known only to running functions; use `!GetAtt {target}.Arn`")))
            }
            Some(resource) => Ok(Value::from(resource.name.clone())),
            None => Err(Error::template(
                at,
                format!("there is no parameter or resource {target}"),
            )),
        }
    }

    fn attribute(&self, id: &str, attribute: &str, at: &str) -> Result<String, Error> {
        let resource = self
            .resources
            .get(id)
            .ok_or_else(|| Error::template(at, format!("there is no resource {id}")))?;
        let name = &resource.name;
        match (resource.kind, attribute) {
            (Kind::Queue, "Arn") => Ok(format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{name}")),
            (Kind::Queue, "QueueName") => Ok(name.clone()),
            (Kind::Queue, "QueueUrl") => self
                .reference(id, at)
                .map(|url| text(&url).unwrap_or_default()),
            (Kind::Table, "Arn") => Ok(format!("arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{name}")),
            _ => Err(Error::template(
                at,
                format!(
                    "GetAtt {id}.{attribute} isn't understood here: Arn and QueueName of queues and tables are"
                ),
            )),
        }
    }

    /// `${Name}` and `${Name.Attribute}`; `${!Name}` stays `${Name}`.
    fn substitute(&self, pattern: &str, variables: &Value, at: &str) -> Result<String, Error> {
        let mut done = String::new();
        let mut rest = pattern;
        while let Some((before, after)) = rest.split_once("${") {
            let (name, after) = after
                .split_once('}')
                .ok_or_else(|| Error::template(at, "a ${ without its }"))?;
            done.push_str(before);
            rest = after;
            let value = if let Some(literal) = name.strip_prefix('!') {
                format!("${{{literal}}}")
            } else if let Some(variable) = variables.get(name) {
                text(&self.resolve(variable, at)?).unwrap_or_default()
            } else if let Some((id, attribute)) = name.split_once('.') {
                self.attribute(id, attribute, at)?
            } else {
                text(&self.reference(name, at)?).unwrap_or_default()
            };
            done.push_str(&value);
        }
        done.push_str(rest);
        Ok(done)
    }
}

/// A plain value as CloudFormation turns it into a text.
pub(crate) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        _ => None,
    }
}
