//! A call that Sobot did not grant, and what to do about it.

use super::Code;
use crate::fate::Fate;

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
