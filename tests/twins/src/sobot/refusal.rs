//! The vendor's refusals: HTTP 200 with `{"ret_code", "ret_msg"}`, the code a string.
//!
//! The page of the token names no code but success. 900003 is what Sobot's other calls say of a wrong
//! signature; everything else is answered with a code that can be switched. The open API's codes are
//! those of `vendors.md`, 2.3.

use serde_json::{Value, json};

/// Success.
pub(crate) const OK: &str = "000000";
/// The signature is wrong.
pub(crate) const SIGN: &str = "900003";

/// There is no token.
pub(crate) const NO_TOKEN: &str = "900001";
/// The token is not, or no longer, good.
pub(crate) const BAD_TOKEN: &str = "900002";
/// The company has no such application.
pub(crate) const NO_APPLICATION: &str = "900004";
/// A parameter that must be there is missing or empty.
pub(crate) const EMPTY: &str = "400004";

/// Why a call is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The signature is wrong.
    Sign,
    /// With a code of the open API's.
    Code(&'static str, String),
    /// Anything else.
    Request(String),
}

impl Refusal {
    /// The code and the words of it; `usual` is the code of what no page names one for.
    pub(crate) fn told(self, usual: &str) -> (String, String) {
        match self {
            Self::Sign => (SIGN.to_owned(), "sign is wrong".to_owned()),
            Self::Code(code, why) => (code.to_owned(), why),
            Self::Request(why) => (usual.to_owned(), why),
        }
    }

    pub(crate) fn must_be(name: &str, wanted: &str) -> Self {
        Self::Request(format!("{name} must be {wanted}"))
    }
}

/// A refusal's body.
pub(crate) fn body(code: &str, message: &str) -> Value {
    json!({"ret_code": code, "ret_msg": message})
}
