//! Our own token, with which a customer's client calls this API.

use deskbridge::{
    auth::{Caller, Guard},
    clock::{self, Millis},
    error::Error,
    ids::CustomerId,
    life::Life,
};
use serde::{Deserialize, Serialize, de::IgnoredAny};

const LIFE: Life = Life {
    default: 900,
    longest: 86_400,
    // Customers don't get any.
    longest_for_customers: 0,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ask {
    #[serde(rename = "kind")]
    _kind: IgnoredAny,
    customer: CustomerId,
    expires_in: Option<i64>,
}

#[derive(Serialize)]
pub(crate) struct Token {
    token: String,
    expires_at: String,
}

pub(crate) fn issue(guard: &Guard, caller: &Caller, ask: Ask, now: Millis) -> Result<Token, Error> {
    let life = LIFE.of(ask.expires_in, caller)?;
    let (token, ends) = guard.issue(&ask.customer, life, now)?;
    Ok(Token {
        token,
        expires_at: clock::rfc3339(ends),
    })
}
