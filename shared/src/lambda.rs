//! What every function does around its own concern: logging, reading a request, answering, batches.

use std::{fmt, future::Future, pin::Pin};

use lambda_http::{Body, Request, RequestExt, Response, lambda_runtime, service_fn};
use serde::de::{DeserializeOwned, IgnoredAny};
use tracing::{Level, Metadata};
use tracing_subscriber::{
    filter::{FilterFn, Targets},
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

#[cfg(feature = "queues")]
use crate::queues::Task;
use crate::{
    answer,
    clock::{self, Millis},
    config::{ConfigError, METRICS_NAMESPACE, RUST_LOG, Settings},
    error::{Error, Kind},
    ids::{CustomerId, SessionId},
    line::{self, Between, Line, Outcome},
    object::Object,
};

/// The largest body that the API reads, in bytes.
pub const LARGEST_BODY: usize = 256 * 1024;

/// Reads the settings, makes what the function called `name` needs, and says in the log, before it ends,
/// what was wrong with them.
///
/// # Errors
/// Where `make` fails.
pub fn init<T>(
    name: &'static str,
    make: impl FnOnce(&Settings) -> Result<T, ConfigError>,
) -> Result<T, ConfigError> {
    let settings = Settings::from_env();
    let namespace = settings.optional(&METRICS_NAMESPACE);
    line::init(name, namespace.unwrap_or_else(|| "deskbridge".to_owned()));
    let filter: Targets = settings
        .optional(&RUST_LOG)
        .and_then(|value| value.parse().ok())
        .unwrap_or_else(|| Targets::new().with_default(Level::INFO));
    // A second subscriber can only be set in a test that runs two functions in one process.
    let _ = tracing_subscriber::registry()
        .with(Between)
        .with(filter)
        .with(FilterFn::new(move |line| is_for_the_log(name, line)))
        .try_init();
    // What a panic says may hold anything; where it happened is what one wants to know.
    std::panic::set_hook(Box::new(|panic| {
        let at = panic.location().map(tracing::field::display);
        tracing::error!(at, "panicked");
    }));
    make(&settings).inspect_err(|error| tracing::error!(%error, "the function cannot start"))
}

/// Whatever RUST_LOG says: libraries tell of URLs, headers and bodies at the levels below a warning.
fn is_for_the_log(function: &str, line: &Metadata<'_>) -> bool {
    let of = line.target().split("::").next().unwrap_or_default();
    *line.level() <= Level::WARN || of == "deskbridge" || of == function.replace('-', "_")
}

/// An error with all that lies behind it, for one line of the log.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut line = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let next = error.to_string();
        if !line.ends_with(&next) {
            line = format!("{line}: {next}");
        }
        source = error.source();
    }
    line
}

/// Serves API Gateway or a function URL with `handler` until Lambda ends the process.
///
/// # Errors
/// Where Lambda's runtime API is gone.
pub async fn serve_http<F, R>(handler: F) -> Result<(), lambda_http::Error>
where
    F: Fn(Request) -> R + Send,
    R: Future<Output = Result<Response<Body>, Error>> + Send,
{
    lambda_http::run(service_fn(|request| {
        let line = Line::of_request(&request);
        let handled = boxed(handler(request));
        async {
            let answered = async {
                handled.await.unwrap_or_else(|error| {
                    report(&error);
                    answer::error(&error)
                })
            };
            let status = |answer: &Response<Body>| Outcome::Status(answer.status().as_u16());
            Ok::<_, std::convert::Infallible>(line.follow(answered, status).await)
        }
    }))
    .await
}

/// All that a function does is in its handler's future, tens of kilobytes. On its way to where it is polled it goes
/// through a dozen hands, each of which would copy it.
fn boxed<R: Future>(handled: R) -> Pin<Box<R>> {
    Box::pin(handled)
}

/// An error of the caller's is told by its code alone: the sentence and the field may quote what the
/// caller sent.
fn report(error: &Error) {
    let code = error.kind().code();
    line::refused(code);
    if answer::status_of(error.kind()).is_server_error() {
        tracing::error!(code, error = chain(error), "refused");
    }
}

/// Reads the request's JSON body as a `T`.
///
/// # Errors
/// Where it is too large, not JSON, no object, or not a `T`; the error names the field.
pub fn body<T: DeserializeOwned>(request: &Request) -> Result<T, Error> {
    let body: &[u8] = request.body();
    if body.len() > LARGEST_BODY {
        return Err(Error::new(
            Kind::BodyTooLarge,
            format!(
                "the body has {} bytes; at most {LARGEST_BODY} are read",
                body.len()
            ),
        ));
    }
    if body.is_empty() {
        return Err(Error::new(
            Kind::InvalidJson,
            "the body is empty; send a JSON object",
        ));
    }
    // Whether it is JSON is decided by the whole of it, and before any field: serde_json calls `1` in
    // place of an enum a syntax error.
    let text = std::str::from_utf8(body).map_err(|error| not_json(&error))?;
    serde_json::from_str::<IgnoredAny>(text).map_err(|error| not_json(&error))?;
    let reader = &mut serde_json::Deserializer::from_str(text);
    let Object(read) = serde_path_to_error::deserialize(reader)
        .map_err(|error| invalid(error.path(), error.inner()))?;
    Ok(read)
}

fn not_json(error: &dyn fmt::Display) -> Error {
    Error::new(Kind::InvalidJson, format!("the body is not JSON: {error}"))
}

/// JSON that is not what the route takes. The error names the field where there is one: not where
/// the whole body is something else than an object.
fn invalid(path: &serde_path_to_error::Path, error: &serde_json::Error) -> Error {
    let message = error.to_string();
    let mut field: Vec<String> = path.iter().map(ToString::to_string).collect();
    // A field that is missing or came twice has no place of its own: serde tells its parent's.
    let named = ["missing field `", "duplicate field `"]
        .into_iter()
        .find_map(|sentence| message.strip_prefix(sentence)?.split('`').next());
    field.extend(named.map(str::to_owned));
    if field.is_empty() {
        return Error::new(Kind::InvalidRequest, message);
    }
    // An index stands in brackets behind the name of its list.
    Error::field(field.join(".").replace(".[", "["), message)
}

/// A parameter of the route's path, such as `id` of `/sessions/{id}`.
#[must_use]
pub fn path_parameter(request: &Request, name: &str) -> Option<String> {
    request
        .path_parameters_ref()?
        .first(name)
        .map(str::to_owned)
}

/// A parameter of the query.
#[must_use]
pub fn query_parameter(request: &Request, name: &str) -> Option<String> {
    request
        .query_string_parameters_ref()?
        .first(name)
        .map(str::to_owned)
}

/// A parameter of the query, read; `why` says what it takes.
///
/// # Errors
/// Where it is given and can't be read; the error names it.
pub fn parameter<T>(
    request: &Request,
    name: &str,
    why: &str,
    read: impl FnOnce(&str) -> Option<T>,
) -> Result<Option<T>, Error> {
    query_parameter(request, name)
        .map(|given| read(&given).ok_or_else(|| Error::field(name, why)))
        .transpose()
}

/// How many of a list the query asks for, as `limit`: one to a hundred, fifty where it does not say.
///
/// # Errors
/// Where it is something else.
pub fn limit(request: &Request) -> Result<usize, Error> {
    let limit = parameter(request, "limit", "a whole number from 1 to 100", |given| {
        given.parse().ok().filter(|limit| (1..=100).contains(limit))
    })?;
    Ok(limit.unwrap_or(50))
}

/// The stretch of time from the query's `from` up to its `to`.
///
/// # Errors
/// Where one of them is missing or no time, or they stand the wrong way round.
pub fn stretch(request: &Request) -> Result<(Millis, Millis), Error> {
    let time = |name| {
        let why = "a time as RFC 3339 writes it, such as 2026-11-21T09:52:11Z (a + as %2B)";
        let read = parameter(request, name, why, clock::of_rfc3339)?;
        read.ok_or_else(|| Error::field(name, why))
    };
    let (from, to) = (time("from")?, time("to")?);
    if to <= from {
        return Err(Error::field("to", "it must be later than `from`"));
    }
    Ok((from, to))
}

/// The session that the path names as `id`. What can't be one's id is no session.
///
/// # Errors
/// Where it names none.
pub fn session_id(request: &Request) -> Result<SessionId, Error> {
    path_parameter(request, "id")
        .and_then(|id| SessionId::parse(&id))
        .ok_or_else(Error::session_not_found)
}

/// The customer that the path names.
///
/// # Errors
/// Where it can be none of ours.
pub fn customer(request: &Request) -> Result<CustomerId, Error> {
    path_parameter(request, "customer")
        .and_then(|customer| CustomerId::parse(&customer))
        .ok_or_else(|| Error::field("customer", CustomerId::FORM))
}

/// All values of a parameter that the query names again and again.
#[must_use]
pub fn query_parameters(request: &Request, name: &str) -> Vec<String> {
    let given = request.query_string_parameters_ref();
    let values = given.and_then(|given| given.all(name));
    values
        .unwrap_or_default()
        .into_iter()
        .map(str::to_owned)
        .collect()
}

/// The messages of an SQS batch, handled side by side: they belong to different sessions, and one
/// that is slow must not hold up the others.
///
/// Gives the batch response that names those that failed, so that SQS keeps only them.
#[cfg(feature = "queues")]
pub async fn each_task<F, R, E>(batch: &Batch, handler: F) -> BatchResponse
where
    F: Fn(Task) -> R,
    R: Future<Output = Result<(), E>>,
    E: fmt::Display,
{
    let all = batch.records.iter().map(|record| {
        let task = record.task();
        let correlation = task.as_ref().ok().and_then(Task::correlation).cloned();
        let line = Line::of_message(batch.records.len(), correlation);
        let handled = async {
            let failed = match task {
                Ok(task) => {
                    let done = boxed(handler(task)).await;
                    done.err().map(|error| error.to_string())
                }
                Err(error) => Some(error),
            };
            failed.map(|error| {
                tracing::error!(message_id = record.message_id, error, "left in the queue");
                Failure {
                    item_identifier: record.message_id.clone(),
                }
            })
        };
        line.follow(handled, |failed| match failed {
            Some(_) => Outcome::Failed,
            None => Outcome::Done,
        })
    });
    let failures = futures_util::future::join_all(all).await;
    BatchResponse {
        batch_item_failures: failures.into_iter().flatten().collect(),
    }
}

/// An SQS event, as far as deskbridge reads it.
#[derive(Debug, serde::Deserialize)]
pub struct Batch {
    /// Its messages.
    #[serde(rename = "Records")]
    pub records: Vec<Record>,
}

/// A message of a batch.
#[derive(Debug, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// SQS's identifier, named where the message could not be handled.
    pub message_id: String,
    /// What was put into the queue.
    pub body: String,
}

#[cfg(feature = "queues")]
impl Record {
    /// What the message says.
    ///
    /// # Errors
    /// Where it is nothing that deskbridge puts into a queue; SQS keeps it for a person to look at. The
    /// error says where it ends to be one, and quotes nothing.
    pub fn task(&self) -> Result<Task, String> {
        serde_json::from_str(&self.body).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            format!("not a task of ours, at line {line}, column {column}")
        })
    }
}

/// Which messages of a batch failed.
#[derive(Debug, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BatchResponse {
    batch_item_failures: Vec<Failure>,
}

#[derive(Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct Failure {
    item_identifier: String,
}

/// Serves a queue with `handler` until Lambda ends the process.
///
/// # Errors
/// Where Lambda's runtime API is gone.
#[cfg(feature = "queues")]
pub async fn serve_queue<F, R>(handler: F) -> Result<(), lambda_http::Error>
where
    F: Fn(Batch) -> R,
    R: Future<Output = BatchResponse>,
{
    lambda_runtime::run(lambda_runtime::service_fn(
        |event: lambda_runtime::LambdaEvent<Batch>| {
            let line = Line::of(Some(&event.context));
            let handled = boxed(handler(event.payload));
            async { Ok::<_, std::convert::Infallible>(line.over(handled).await) }
        },
    ))
    .await
}

/// Serves a schedule with `handler` until Lambda ends the process.
///
/// # Errors
/// Where Lambda's runtime API is gone.
pub async fn serve_schedule<F, R, E>(handler: F) -> Result<(), lambda_http::Error>
where
    F: Fn() -> R,
    R: Future<Output = Result<(), E>>,
    E: Into<lambda_http::Error> + std::error::Error,
{
    lambda_runtime::run(lambda_runtime::service_fn(
        |event: lambda_runtime::LambdaEvent<IgnoredAny>| {
            let line = Line::of(Some(&event.context));
            let handled = boxed(handler());
            async {
                let failed = |done: &Result<(), E>| match done {
                    Ok(()) => Outcome::Done,
                    Err(error) => {
                        tracing::error!(error = chain(error), "failed");
                        Outcome::Failed
                    }
                };
                line.follow(handled, failed).await.map_err(Into::into)
            }
        },
    ))
    .await
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code, reason = "only read")]
    struct Order {
        shop: String,
        #[serde(default)]
        parcel: Object<Parcel>,
        size: Option<Size>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Size {
        Small,
    }

    #[derive(Debug, Default, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    #[allow(dead_code, reason = "only read")]
    struct Parcel {
        grams: u32,
        labels: Vec<String>,
    }

    fn refused(text: &str) -> (Kind, Option<String>) {
        let request = Request::new(Body::from(text.to_owned()));
        let error = body::<Order>(&request).unwrap_err();
        (error.kind(), error.at_field().map(str::to_owned))
    }

    #[test]
    fn the_field_itself_is_named_with_its_whole_path() {
        for (text, field) in [
            (r#"{}"#, "shop"),
            (r#"{"shop":1}"#, "shop"),
            // Half a surrogate pair: JSON by its grammar, and no text.
            (r#"{"shop":"\ud800"}"#, "shop"),
            (r#"{"shop":"a","size":1}"#, "size"),
            (r#"{"shop":"a","door":1}"#, "door"),
            (r#"{"shop":"a","shop":"b"}"#, "shop"),
            (r#"{"shop":"a","a`, expected b":1}"#, "a`, expected b"),
            (r#"{"shop":"a","parcel":7}"#, "parcel"),
            (r#"{"shop":"a","parcel":["a"]}"#, "parcel"),
            (r#"{"shop":"a","parcel":{"grams":-1}}"#, "parcel.grams"),
            (r#"{"shop":"a","parcel":{"grams":1e999}}"#, "parcel.grams"),
            (
                r#"{"shop":"a","parcel":{"grams":1,"grams":2}}"#,
                "parcel.grams",
            ),
            (r#"{"shop":"a","parcel":{"pounds":1}}"#, "parcel.pounds"),
            (r#"{"shop":"a","parcel":{"parcel":1}}"#, "parcel.parcel"),
            (
                r#"{"shop":"a","parcel":{"labels":["a",1]}}"#,
                "parcel.labels[1]",
            ),
        ] {
            assert_eq!(
                refused(text),
                (Kind::InvalidRequest, Some(field.to_owned())),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_object_has_no_field_and_what_is_no_json_says_so() {
        for text in ["[]", r#"["a"]"#, "null", "1", r#""x""#] {
            assert_eq!(refused(text), (Kind::InvalidRequest, None), "{text}");
        }
        for text in ["", " ", "{", r#"{"shop":"a"}}"#, "{'shop':'a'}"] {
            assert_eq!(refused(text), (Kind::InvalidJson, None), "{text}");
        }
    }
}
