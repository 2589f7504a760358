//! The record of calls: a test reads from it what reached the vendor and how it was signed.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use crate::faults::Fault;

/// One call of the API, whatever came of it. `C` is how the vendor writes its codes.
#[derive(Debug, Clone)]
pub struct Call<C> {
    /// When it arrived.
    pub at: Timestamp,
    /// The HTTP method.
    pub method: String,
    /// The path; at Udesk what follows `/open_api_v1`, such as `/im/messages`.
    pub path: String,
    /// The query, decoded.
    pub query: BTreeMap<String, String>,
    /// The Content-Type header.
    pub content_type: Option<String>,
    /// The body, if it was JSON.
    pub body: Option<Value>,
    /// Names in the body that the vendor's page does not list for this endpoint. Udesk ignores
    /// them, so there they are no refusal; a test may insist that there are none.
    pub unknown_fields: Vec<String>,
    /// The fault that met the call.
    pub fault: Option<Fault<C>>,
    /// The HTTP status answered; `None` while the call is under way, and when it was cut.
    pub status: Option<u16>,
    /// The vendor's code that the call led to, also where a fault kept the answer from the client.
    pub code: Option<C>,
}

impl<C> Call<C> {
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

impl<C: Serialize> Call<C> {
    /// For the pages.
    pub(crate) fn shown(&self) -> Value {
        json!({
            "at": self.at.to_string(),
            "method": self.method,
            "path": self.path,
            "query": self.query,
            "body": self.body,
            "status": self.status,
            "code": self.code,
        })
    }
}
