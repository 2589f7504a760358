//! A second opinion on event signatures: the official `standardwebhooks` package of PyPI.

use serde::{Deserialize, Serialize};

use crate::python;

/// A signed body: the three headers of the Standard Webhooks specification, and what they sign.
#[derive(Clone, Debug, Serialize)]
pub struct Signed {
    /// `webhook-id`
    pub id: String,
    /// `webhook-timestamp`: Unix seconds.
    pub timestamp: String,
    /// `webhook-signature`: `v1,…`, several apart by spaces.
    pub signature: String,
    /// The body, byte for byte.
    pub body: String,
}

/// What the package says of one body.
#[derive(Clone, Debug, Deserialize)]
pub struct Verdict {
    /// Why it refuses the signature; `None` where that is good and its time is within 5 minutes.
    pub error: Option<String>,
    /// The signature that it makes itself, whatever the time.
    pub expected: String,
}

/// Has the official Python package judge these, one verdict for each.
///
/// # Panics
/// Where there is no Python 3, or the package can't be installed.
pub async fn verify_with_python(secret: &str, events: &[Signed]) -> Vec<Verdict> {
    let given = serde_json::json!({ "secret": secret, "events": events });
    let verdicts = python::run("verify_event.py", given).await;
    serde_json::from_value(verdicts).expect("verdicts")
}
