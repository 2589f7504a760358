//! Events, made from the functions' fixtures in `tests/fixtures/events`.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::Problem;

/// The session that the fixtures name.
const SESSION: &str = "ses_01KAF3YV2S8Q4T6W9X0Z1B3C5D";

/// The message that they name.
const MESSAGE: &str = "msg_01KAF3YW5T9R5V7X0Y1A2C4D6E";

/// A function's fixture.
pub(crate) fn fixture(root: &Path, function: &str) -> Result<Value, Problem> {
    let path = root.join(format!("tests/fixtures/events/{function}.json"));
    let text = std::fs::read_to_string(&path)
        .map_err(|error| format!("{function} has no event, {}: {error}", path.display()))?;
    serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))
}

/// The same request, of another session.
pub(crate) fn of_session(event: &Value, session: &str) -> Result<Value, Problem> {
    let text = event.to_string().replace(SESSION, session);
    serde_json::from_str(&text).map_err(|error| format!("an event: {error}"))
}

/// The same request, about another customer.
pub(crate) fn of_customer(event: &Value, customer: &str) -> Result<Value, Problem> {
    let mut event = event.clone();
    let paths = ["/rawPath", "/requestContext/http/path"];
    for path in paths {
        let path = event.pointer_mut(path).ok_or("an event without a path")?;
        let other = path.as_str().unwrap_or_default();
        *path = other.replacen("/DE", &format!("/{customer}"), 1).into();
    }
    *event
        .pointer_mut("/pathParameters/customer")
        .ok_or("an event without a customer")? = customer.into();
    Ok(event)
}

/// The same request, about another message.
pub(crate) fn of_message(event: &Value, message: &str) -> Result<Value, Problem> {
    let mut event = event.clone();
    // Two ids may differ in length, and so does the body then.
    if let Ok(body) = body(&event) {
        let body = body.to_string().replace(MESSAGE, message);
        let body = serde_json::from_str(&body).map_err(|error| format!("a body: {error}"))?;
        event = with_body(event, &body);
    }
    let text = event.to_string().replace(MESSAGE, message);
    serde_json::from_str(&text).map_err(|error| format!("an event: {error}"))
}

/// The same request, with another body.
pub(crate) fn with_body(mut event: Value, body: &Value) -> Value {
    let body = body.to_string();
    if let Some(length) = event.pointer_mut("/headers/content-length") {
        *length = body.len().to_string().into();
    }
    if let Some(event) = event.as_object_mut() {
        event.insert("body".to_owned(), body.into());
    }
    event
}

/// What an event's body says.
pub(crate) fn body(event: &Value) -> Result<Value, Problem> {
    let body = event
        .get("body")
        .and_then(Value::as_str)
        .unwrap_or_default();
    serde_json::from_str(body).map_err(|error| format!("a body: {error}"))
}

/// An SQS event of these records.
pub(crate) fn batch(records: Vec<Value>) -> Value {
    json!({ "Records": records })
}

/// The inbox's event with another webhook body in it.
pub(crate) fn in_inbox(event: &Value, webhook: &Value) -> Result<Value, Problem> {
    let not_understood = || "ingest-inbox's event holds no webhook".to_owned();
    let mut event = event.clone();
    let message = event
        .pointer_mut("/Records/0/body")
        .ok_or_else(not_understood)?;
    let mut task: Value = message
        .as_str()
        .and_then(|text| serde_json::from_str(text).ok())
        .ok_or_else(not_understood)?;
    let body = task
        .pointer_mut("/webhook_v1/body")
        .ok_or_else(not_understood)?;
    *body = STANDARD.encode(webhook.to_string()).into();
    *message = task.to_string().into();
    Ok(event)
}
