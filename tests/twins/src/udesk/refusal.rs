//! The vendor's refusals: HTTP 200 with `{"code", "message"}`, and `{"status", "message"}` on one endpoint.
//!
//! Codes: the IM page where it names one for the endpoint, else the general table of
//! <https://www.udesk.cn/doc/apiv2/intro/>.

use serde_json::{Value, json};

/// Success.
pub(crate) const OK: i64 = 1000;
/// Unknown error, or a required parameter is missing (general table).
pub(crate) const MISSING: i64 = 2000;
/// In the queue, or being assigned.
pub(crate) const WAITING: i64 = 2001;
/// Nobody is online.
pub(crate) const NOBODY: i64 = 2002;
/// A parameter is invalid.
pub(crate) const INVALID: i64 = 2005;
/// Not a super-admin, or what is asked for does not exist.
pub(crate) const ABSENT: i64 = 2015;
/// The signature is wrong.
pub(crate) const SIGN: i64 = 2059;
/// Sending a message: a parameter is missing.
pub(crate) const MESSAGE_MISSING: i64 = 2062;
/// Previewing a message: the session does not exist or is closed.
pub(crate) const PREVIEW_GONE: i64 = 2062;
/// The feature is not activated for this company.
pub(crate) const NOT_ACTIVATED: i64 = 2065;
/// The session does not exist or is closed.
pub(crate) const SESSION_GONE: i64 = 9200;
/// The agent group does not exist.
pub(crate) const GROUP_ABSENT: i64 = 11012;
/// The timestamp is malformed.
pub(crate) const TIMESTAMP_MALFORMED: i64 = 20621;
/// The timestamp is more than five minutes off.
pub(crate) const TIMESTAMP_OFF: i64 = 20622;
/// The nonce was used within the last fifteen minutes.
pub(crate) const NONCE_REPLAYED: i64 = 20623;
/// The nonce is empty.
pub(crate) const NONCE_EMPTY: i64 = 20624;

/// A refusal with its code and the text that goes with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) code: i64,
    pub(crate) message: String,
}

impl Refusal {
    pub(crate) fn new(code: i64, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }

    pub(crate) fn session_gone() -> Self {
        Self::new(SESSION_GONE, "Session not found or closed")
    }

    /// The answer, with the code under this name.
    pub(crate) fn body(&self, code: &str) -> Value {
        json!({code: self.code, "message": self.message})
    }
}
