//! The vendor's refusals: HTTP 200 with `{"ret_code", "ret_msg"}`, the code a string.
//!
//! The page names no code but success. 900003 is what Sobot's other calls say of a wrong signature;
//! everything else is answered with a code that can be switched.

use serde_json::{Value, json};

/// Success.
pub(crate) const OK: &str = "000000";
/// The signature is wrong.
pub(crate) const SIGN: &str = "900003";

/// Why a call is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The signature is wrong.
    Sign,
    /// Anything else.
    Request(String),
}

impl Refusal {
    pub(crate) fn must_be(name: &str, wanted: &str) -> Self {
        Self::Request(format!("{name} must be {wanted}"))
    }
}

/// A refusal's body.
pub(crate) fn body(code: &str, message: &str) -> Value {
    json!({"ret_code": code, "ret_msg": message})
}
