//! A call that Sobot did not grant, and what to do about it.

use http::HeaderMap;

use super::Code;
use crate::fate::{Fate, retry_after};

/// A call that Sobot did not grant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Sobot refused ({fate:?}, code {}): {message}", code.as_ref().map_or_else(|| "none".to_owned(), Code::text))]
pub struct Refusal {
    /// What to do about it.
    pub fate: Fate,
    /// Sobot's code, if the answer held one.
    pub code: Option<Code>,
    /// Sobot's message, or what was wrong with the answer.
    pub message: String,
}

impl Refusal {
    /// One that holds no code: what it means stands elsewhere in the answer, or nowhere.
    pub(super) fn of(fate: Fate, message: impl Into<String>) -> Self {
        Self {
            fate,
            code: None,
            message: message.into(),
        }
    }
}

/// What an answer's HTTP status says by itself; `None` where the code in the answer decides.
pub(super) fn by_status(status: u16, headers: &HeaderMap) -> Option<Fate> {
    match status {
        200..=299 => None,
        408 | 429 | 503 => Some(Fate::Retry {
            after: retry_after(headers),
        }),
        500.. => Some(Fate::RetryMaybeArrived),
        // A redirect or a refusal of the server in front.
        _ => Some(Fate::Refused),
    }
}
