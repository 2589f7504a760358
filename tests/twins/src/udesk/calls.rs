//! The record of calls: a test reads from it what reached the vendor and how it was signed.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use super::faults::Fault;

/// One call of the API, whatever came of it.
#[derive(Debug, Clone)]
pub struct Call {
    /// When it arrived.
    pub at: Timestamp,
    /// The HTTP method.
    pub method: String,
    /// The path after `/open_api_v1`, such as `/im/messages`.
    pub path: String,
    /// The query, decoded: email, timestamp, nonce, sign, sign_version and what else it held.
    pub query: BTreeMap<String, String>,
    /// The Content-Type header.
    pub content_type: Option<String>,
    /// The body, if it was JSON.
    pub body: Option<Value>,
    /// Names in the body that the vendor's page does not list for this endpoint. Udesk ignores
    /// them, so they are no refusal; a test may insist that there are none.
    pub unknown_fields: Vec<String>,
    /// The fault that met the call.
    pub fault: Option<Fault>,
    /// The HTTP status answered; `None` while the call is under way, and when it was cut.
    pub status: Option<u16>,
    /// The vendor's code that the call led to, also where a fault kept the answer from the client.
    pub code: Option<i64>,
}

impl Call {
    /// A value of the query, empty if it was not given.
    pub fn query_value(&self, name: &str) -> &str {
        self.query.get(name).map(String::as_str).unwrap_or_default()
    }

    /// A text or number of the body's top level, as text.
    pub fn body_value(&self, name: &str) -> Option<String> {
        match self.body.as_ref()?.get(name)? {
            Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        }
    }
}
