//! `infra/template.yaml`, read: the functions with their events and settings, the tables and the queues.
//!
//! The SAM template is the one description of the bundle. What is not needed to run it (alarms, IAM, log groups, outputs)
//! is passed over; what would be needed and isn't known here is an error that names its place.

mod intrinsics;

use crate::cors::{CORS_ORIGINS, Cors, ORIGINS_PARAMETER};
use crate::error::Error;
pub(crate) use intrinsics::{Scope, text};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

/// What is read from a template.
#[derive(Clone, Debug)]
pub struct Template {
    functions: BTreeMap<String, Function>,
    tables: BTreeMap<String, Table>,
    queues: BTreeMap<String, Queue>,
    /// The HTTP API's CorsConfiguration and its place.
    cors: Option<(String, Value)>,
    pub(crate) scope: Scope,
}

/// A Lambda function.
#[derive(Clone, Debug)]
pub struct Function {
    /// Its name, which is its binary's: the last segment of CodeUri.
    pub name: String,
    /// Its name in the template.
    pub logical_id: String,
    /// How long one call may take.
    pub timeout: Duration,
    /// Memory in MB, only told to the function.
    pub memory_mb: u64,
    /// Its routes of the HTTP API.
    pub routes: Vec<Route>,
    /// Whether it has a function URL.
    pub url: bool,
    /// The queues that call it.
    pub queues: Vec<QueueSource>,
    /// The schedules that call it.
    pub schedules: Vec<Schedule>,
    /// The names of its settings, those of `Globals` included.
    pub settings: BTreeSet<String>,
    pub(crate) log_format: Option<String>,
    /// The settings' values, unresolved: one that is overridden need not be understood.
    pub(crate) environment: BTreeMap<String, (String, Value)>,
}

/// A route of the HTTP API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// In capitals; `ANY` takes every method.
    pub method: String,
    /// `/sessions/{id}/messages`; `{rest+}` at the end takes the rest; `$default` takes what nothing else takes.
    pub path: String,
}

/// A queue that calls a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueSource {
    /// The queue's logical id.
    pub queue: String,
    /// Messages for one call at most.
    pub batch_size: u32,
    /// Whether the function reports which messages failed.
    pub partial_failures: bool,
    /// Calls under way at once at most, where the template limits them.
    pub max_concurrency: Option<usize>,
}

/// A schedule that calls a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// The event's name in the template.
    pub name: String,
    /// The time between two calls.
    pub every: Duration,
}

/// A DynamoDB table.
#[derive(Clone, Debug)]
pub struct Table {
    /// Its name in the template.
    pub logical_id: String,
    /// Its name for DynamoDB: `TableName`, else made from the logical id.
    pub name: String,
    /// The attribute that holds the time after which an item is deleted.
    pub ttl_attribute: Option<String>,
    pub(crate) request: Value,
}

/// An SQS queue.
#[derive(Clone, Debug)]
pub struct Queue {
    /// Its name in the template.
    pub logical_id: String,
    /// Its name for SQS: `QueueName`, else made from the logical id.
    pub name: String,
    /// Its attributes as `CreateQueue` takes them, `RedrivePolicy` included.
    pub attributes: BTreeMap<String, String>,
}

/// What kinds of resources run code or answer requests, but aren't played here: passing over one would
/// make local and deployed drift.
const NOT_PLAYED: [&str; 7] = [
    "AWS::Lambda::Function",
    "AWS::Lambda::Url",
    "AWS::Lambda::EventSourceMapping",
    "AWS::ApiGatewayV2::Route",
    "AWS::ApiGateway::Method",
    "AWS::Events::Rule",
    "AWS::Scheduler::Schedule",
];

impl Template {
    /// Reads the file. `parameters` are the template's parameters by name; one that is not given has its default.
    ///
    /// # Errors
    /// The file can't be read, isn't YAML, or holds something that is needed and not understood.
    pub fn read(path: &Path, parameters: &BTreeMap<String, String>) -> Result<Template, Error> {
        let text = std::fs::read_to_string(path).map_err(|source| Error::File {
            path: path.to_owned(),
            source,
        })?;
        Template::parse(&text, parameters)
    }

    /// [`Template::read`] for a text.
    ///
    /// # Errors
    /// As for [`Template::read`].
    pub fn parse(text: &str, parameters: &BTreeMap<String, String>) -> Result<Template, Error> {
        let yaml: serde_yaml_ng::Value = serde_yaml_ng::from_str(text)
            .map_err(|e| Error::template("the file", e.to_string()))?;
        let document = intrinsics::long_form(yaml)?;
        let scope = Scope::new(&document, parameters)?;
        let globals = document
            .pointer("/Globals/Function")
            .cloned()
            .unwrap_or(Value::Null);
        let mut template = Template {
            functions: BTreeMap::new(),
            tables: BTreeMap::new(),
            queues: BTreeMap::new(),
            cors: None,
            scope,
        };
        for (id, resource) in object(document.get("Resources")) {
            let at = format!("Resources.{id}");
            if !template.scope.exists(id, resource, &at)? {
                continue;
            }
            let properties = resource.get("Properties").unwrap_or(&Value::Null);
            match resource
                .get("Type")
                .and_then(Value::as_str)
                .unwrap_or_default()
            {
                "AWS::Serverless::Function" => {
                    let function = Reader {
                        scope: &template.scope,
                        at: &at,
                        properties,
                        globals: &globals,
                    }
                    .function(id)?;
                    if let Some(other) = template.functions.insert(function.name.clone(), function)
                    {
                        return Err(Error::template(
                            at,
                            format!(
                                "{} has the same CodeUri: each function needs a binary of its own",
                                other.logical_id
                            ),
                        ));
                    }
                }
                "AWS::DynamoDB::Table" => {
                    let table = table(&template.scope, id, properties, &at)?;
                    template.tables.insert(id.clone(), table);
                }
                "AWS::SQS::Queue" => {
                    let queue = queue(&template.scope, id, properties, &at)?;
                    template.queues.insert(id.clone(), queue);
                }
                "AWS::Serverless::HttpApi" => {
                    if let Some(given) = properties.get("CorsConfiguration") {
                        let at = format!("{at}.Properties.CorsConfiguration");
                        template.cors = Some((at, given.clone()));
                        template.cors(None)?;
                    }
                }
                kind if kind.starts_with("AWS::Serverless::") || NOT_PLAYED.contains(&kind) => {
                    return Err(Error::template(
                        format!("{at}.Type"),
                        format!(
                            "{kind} can't be run locally: use AWS::Serverless::Function with its Events, or AWS::Serverless::HttpApi"
                        ),
                    ));
                }
                _ => {}
            }
        }
        for function in template.functions.values() {
            for source in &function.queues {
                if !template.queues.contains_key(&source.queue) {
                    return Err(Error::template(
                        format!("Resources.{}.Events", function.logical_id),
                        format!("there is no queue {}", source.queue),
                    ));
                }
            }
        }
        Ok(template)
    }

    /// The functions by name.
    pub fn functions(&self) -> &BTreeMap<String, Function> {
        &self.functions
    }

    /// The tables by logical id.
    pub fn tables(&self) -> &BTreeMap<String, Table> {
        &self.tables
    }

    /// The queues by logical id.
    pub fn queues(&self) -> &BTreeMap<String, Queue> {
        &self.queues
    }

    /// What the HTTP API lets pages of other origins do, where it lets them do anything; with these origins, where
    /// they are given, in place of the template's parameter.
    ///
    /// # Errors
    /// The template says what isn't understood here.
    pub fn cors(&self, origins: Option<&str>) -> Result<Option<Cors>, Error> {
        let Some((at, given)) = &self.cors else {
            return Ok(None);
        };
        let mut scope = self.scope.clone();
        if let Some(origins) = origins {
            scope.set(ORIGINS_PARAMETER, origins);
        }
        cors(&scope.resolve(given, at)?, at)
    }

    /// The settings that come from outside: declared by some function, and not made of the template's own resources
    /// (as the table's name is); and `CORS_ORIGINS`, where the HTTP API has a word on origins.
    pub fn outside_settings(&self) -> BTreeSet<String> {
        let declared = self
            .functions
            .values()
            .flat_map(|function| &function.environment);
        declared
            .filter(|(_, (_, value))| !self.scope.names_a_resource(value))
            .map(|(name, _)| name.clone())
            .chain(self.cors.is_some().then(|| CORS_ORIGINS.to_owned()))
            .collect()
    }
}

/// The members of an object; none for anything else.
fn object(value: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    value.and_then(Value::as_object).into_iter().flatten()
}

/// Reads one function.
struct Reader<'a> {
    scope: &'a Scope,
    at: &'a str,
    properties: &'a Value,
    globals: &'a Value,
}

impl Reader<'_> {
    /// A property of the function, else of `Globals`, resolved, with its place.
    fn property(&self, name: &str) -> Result<(String, Value), Error> {
        let (at, value) = match self.properties.get(name) {
            Some(value) => (format!("{}.Properties.{name}", self.at), value),
            None => (
                format!("Globals.Function.{name}"),
                self.globals.get(name).unwrap_or(&Value::Null),
            ),
        };
        let value = self.scope.resolve(value, &at)?;
        Ok((at, value))
    }

    fn number(&self, name: &str, otherwise: u64) -> Result<u64, Error> {
        let (at, value) = self.property(name)?;
        if value.is_null() {
            Ok(otherwise)
        } else {
            number(&value, &at)
        }
    }

    fn function(&self, id: &str) -> Result<Function, Error> {
        let (at, code) = self.property("CodeUri")?;
        let name = code
            .as_str()
            .and_then(|uri| uri.trim_end_matches('/').rsplit('/').next())
            .filter(|name| !name.is_empty());
        let name = name.ok_or_else(|| {
            Error::template(
                at,
                "give the folder of the binary, such as ../target/lambda/send-message/",
            )
        })?;
        let log_format = self
            .property("LoggingConfig")?
            .1
            .get("LogFormat")
            .and_then(Value::as_str)
            .map(str::to_owned);
        let environment = self.environment();
        let mut function = Function {
            name: name.to_owned(),
            logical_id: id.to_owned(),
            timeout: Duration::from_secs(self.number("Timeout", 3)?),
            memory_mb: self.number("MemorySize", 128)?,
            routes: Vec::new(),
            url: !self.property("FunctionUrlConfig")?.1.is_null(),
            queues: Vec::new(),
            schedules: Vec::new(),
            settings: environment.keys().cloned().collect(),
            log_format,
            environment,
        };
        for (event, declared) in object(self.properties.get("Events")) {
            let at = format!("{}.Properties.Events.{event}", self.at);
            self.event(&mut function, event, declared, &at)?;
        }
        Ok(function)
    }

    fn environment(&self) -> BTreeMap<String, (String, Value)> {
        let mut environment = BTreeMap::new();
        for (place, from) in [
            ("Globals.Function".to_owned(), self.globals),
            (format!("{}.Properties", self.at), self.properties),
        ] {
            for (name, value) in object(from.pointer("/Environment/Variables")) {
                environment.insert(
                    name.clone(),
                    (
                        format!("{place}.Environment.Variables.{name}"),
                        value.clone(),
                    ),
                );
            }
        }
        environment
    }

    fn event(
        &self,
        function: &mut Function,
        event: &str,
        declared: &Value,
        at: &str,
    ) -> Result<(), Error> {
        let kind = declared
            .get("Type")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let get = |name: &str| {
            let value = declared
                .pointer(&format!("/Properties/{name}"))
                .unwrap_or(&Value::Null);
            self.scope.resolve(value, &format!("{at}.{name}"))
        };
        if get("Enabled")? == Value::Bool(false) || get("State")? == "DISABLED" {
            return Ok(());
        }
        match kind {
            "HttpApi" => {
                let path = get("Path")?.as_str().unwrap_or("$default").to_owned();
                let method = match get("Method")?
                    .as_str()
                    .unwrap_or("ANY")
                    .to_ascii_uppercase()
                {
                    any if any == "*" || any == "X-AMAZON-APIGATEWAY-ANY-METHOD" => {
                        "ANY".to_owned()
                    }
                    method => method,
                };
                function.routes.push(Route { method, path });
            }
            "SQS" => {
                let arn = get("Queue")?;
                let queue = arn.as_str().and_then(|arn| self.scope.queue_of_arn(arn));
                let queue = queue.ok_or_else(|| {
                    Error::template(
                        format!("{at}.Queue"),
                        "give `!GetAtt <queue>.Arn` of a queue of this template",
                    )
                })?;
                let size = get("BatchSize")?;
                let size = if size.is_null() {
                    10
                } else {
                    number(&size, &format!("{at}.BatchSize"))?
                };
                function.queues.push(QueueSource {
                    queue,
                    // One receive gives ten at most; AWS gathers more only with a batching window.
                    batch_size: u32::try_from(size.clamp(1, 10)).unwrap_or(10),
                    partial_failures: get("FunctionResponseTypes")?.as_array().is_some_and(
                        |types| types.iter().any(|kind| kind == "ReportBatchItemFailures"),
                    ),
                    max_concurrency: match get("ScalingConfig")?.get("MaximumConcurrency") {
                        Some(most) => usize::try_from(number(
                            most,
                            &format!("{at}.ScalingConfig.MaximumConcurrency"),
                        )?)
                        .ok(),
                        None => None,
                    },
                });
            }
            "Schedule" | "ScheduleV2" => {
                let (name, value) = if kind == "Schedule" {
                    ("Schedule", get("Schedule")?)
                } else {
                    ("ScheduleExpression", get("ScheduleExpression")?)
                };
                let every = value.as_str().and_then(rate);
                let every = every.ok_or_else(|| {
                    Error::template(
                        format!("{at}.{name}"),
                        format!("{value} can't be played: use rate(<n> minutes|hours|days)"),
                    )
                })?;
                function.schedules.push(Schedule {
                    name: event.to_owned(),
                    every,
                });
            }
            other => {
                return Err(Error::template(
                    format!("{at}.Type"),
                    format!("{other} events can't be played: HttpApi, SQS and Schedule can"),
                ));
            }
        }
        Ok(())
    }
}

/// `rate(5 minutes)`.
fn rate(text: &str) -> Option<Duration> {
    let (count, unit) = text
        .trim()
        .strip_prefix("rate(")?
        .strip_suffix(')')?
        .trim()
        .split_once(' ')?;
    let seconds = match unit.trim() {
        "minute" | "minutes" => 60,
        "hour" | "hours" => 3600,
        "day" | "days" => 86_400,
        _ => return None,
    };
    let count: u64 = count.parse().ok().filter(|count| *count > 0)?;
    Some(Duration::from_secs(count * seconds))
}

/// A number, also one in quotes.
fn number(value: &Value, at: &str) -> Result<u64, Error> {
    let number = value.as_u64().or_else(|| value.as_str()?.parse().ok());
    number.ok_or_else(|| Error::template(at, format!("{value} should be a whole number")))
}

/// The HTTP API's CorsConfiguration.
fn cors(given: &Value, at: &str) -> Result<Option<Cors>, Error> {
    if given.is_null() {
        return Ok(None);
    }
    let wrong = |member: &str, problem: &str| Error::template(format!("{at}.{member}"), problem);
    let mut cors = Cors::default();
    for (name, value) in object(Some(given)) {
        let list = || {
            let items = value.as_array();
            let texts = items.and_then(|items| items.iter().map(text).collect::<Option<_>>());
            texts.ok_or_else(|| wrong(name, "should be a list of texts"))
        };
        match name.as_str() {
            "AllowOrigins" => cors.origins = list()?,
            "AllowMethods" => cors.methods = list()?,
            "AllowHeaders" => cors.headers = list()?,
            "ExposeHeaders" => cors.exposed = list()?,
            "MaxAge" => cors.max_age = Some(number(value, &format!("{at}.MaxAge"))?),
            _ => return Err(wrong(name, "isn't played here")),
        }
    }
    if !given.is_object() {
        return Err(Error::template(
            at,
            "list its AllowOrigins, AllowMethods and AllowHeaders",
        ));
    }
    Ok(Some(cors))
}

fn table(scope: &Scope, id: &str, properties: &Value, at: &str) -> Result<Table, Error> {
    // What CreateTable knows under the same name; the rest (backups, tags, encryption) makes no difference here.
    let taken = [
        "AttributeDefinitions",
        "KeySchema",
        "GlobalSecondaryIndexes",
        "LocalSecondaryIndexes",
        "BillingMode",
        "ProvisionedThroughput",
    ];
    let name = scope.table_name(id, properties, at)?;
    let mut request = Map::from_iter([("TableName".to_owned(), Value::from(name.clone()))]);
    for property in taken {
        if let Some(value) = properties.get(property) {
            request.insert(
                property.to_owned(),
                scope.resolve(value, &format!("{at}.Properties.{property}"))?,
            );
        }
    }
    let ttl = scope.resolve(
        properties
            .get("TimeToLiveSpecification")
            .unwrap_or(&Value::Null),
        &format!("{at}.Properties.TimeToLiveSpecification"),
    )?;
    let enabled = ttl
        .get("Enabled")
        .is_some_and(|enabled| enabled == &Value::Bool(true) || enabled == "true");
    let ttl_attribute = ttl
        .get("AttributeName")
        .and_then(Value::as_str)
        .filter(|_| enabled)
        .map(str::to_owned);
    Ok(Table {
        logical_id: id.to_owned(),
        name,
        ttl_attribute,
        request: Value::Object(request),
    })
}

fn queue(scope: &Scope, id: &str, properties: &Value, at: &str) -> Result<Queue, Error> {
    let taken = [
        "VisibilityTimeout",
        "DelaySeconds",
        "MessageRetentionPeriod",
        "MaximumMessageSize",
        "ReceiveMessageWaitTimeSeconds",
        "FifoQueue",
        "ContentBasedDeduplication",
        "RedrivePolicy",
    ];
    let mut attributes = BTreeMap::new();
    for property in taken {
        let value = scope.resolve(
            properties.get(property).unwrap_or(&Value::Null),
            &format!("{at}.Properties.{property}"),
        )?;
        let text = match value {
            Value::Null => continue,
            Value::String(text) => text,
            // Numbers and booleans as they are, the redrive policy as the JSON text that SQS takes.
            other => other.to_string(),
        };
        attributes.insert(property.to_owned(), text);
    }
    Ok(Queue {
        logical_id: id.to_owned(),
        name: scope.queue_name(id, properties, at)?,
        attributes,
    })
}

#[cfg(test)]
mod tests;
