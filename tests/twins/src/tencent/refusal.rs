//! The vendor's refusals: HTTP 200 with `ActionStatus` FAIL and an `ErrorCode`.
//!
//! The codes of `send_msg` are the page's; those of the frame around it (the UserSig) are Tencent's
//! common ones.

use serde_json::{Map, Value, json};

/// There were more calls than are taken.
pub(crate) const OVER_LIMIT: i64 = 60007;
/// The UserSig has expired.
pub(crate) const SIG_EXPIRED: i64 = 70001;
/// The UserSig is invalid.
pub(crate) const SIG_INVALID: i64 = 70003;
/// The UserSig is another identifier's.
pub(crate) const SIG_IDENTIFIER: i64 = 70013;
/// The body is no JSON.
pub(crate) const JSON: i64 = 90001;
/// `MsgBody` does not match the message format.
pub(crate) const MSG_BODY: i64 = 90002;
/// `MsgRandom` is missing, or no Integer.
pub(crate) const MSG_RANDOM: i64 = 90005;
/// `MsgBody` is no Array.
pub(crate) const MSG_BODY_ARRAY: i64 = 90007;
/// The caller is no App administrator.
pub(crate) const NOT_ADMIN: i64 = 90009;
/// The packet does not match the message format.
pub(crate) const FORMAT: i64 = 90010;
/// The packet is too long.
pub(crate) const TOO_LONG: i64 = 93000;
/// No agent is online.
pub(crate) const NOBODY_ONLINE: i64 = 141001;
/// The session can't be handed on to a person.
pub(crate) const NOT_TRANSFERABLE: i64 = 141003;
/// The agent is offline.
pub(crate) const AGENT_OFFLINE: i64 = 141011;
/// A parameter is invalid.
pub(crate) const PARAMETER: i64 = 141004;
/// The session does not exist or has stopped.
pub(crate) const SESSION: i64 = 141005;

/// A refusal with its code and the text that goes with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) code: i64,
    pub(crate) info: String,
}

impl Refusal {
    pub(crate) fn new(code: i64, info: impl Into<String>) -> Self {
        Self {
            code,
            info: info.into(),
        }
    }

    pub(crate) fn must_be(code: i64, name: &str, wanted: &str) -> Self {
        Self::new(code, format!("{name} must be {wanted}"))
    }

    pub(crate) fn body(&self) -> Value {
        json!({"ActionStatus": "FAIL", "ErrorInfo": self.info, "ErrorCode": self.code})
    }
}

/// Success, as the page prints it, with what an endpoint adds.
pub(crate) fn ok(more: Map<String, Value>) -> Value {
    let mut body = Map::from_iter([
        ("ActionStatus".to_owned(), json!("OK")),
        ("ErrorInfo".to_owned(), json!("")),
        ("ErrorCode".to_owned(), json!(0)),
    ]);
    body.extend(more);
    Value::Object(body)
}
