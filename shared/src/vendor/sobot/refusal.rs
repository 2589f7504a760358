//! A call that Sobot did not grant, and what to do about it.

use super::Code;

/// What to do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Sobot is busy, or out of order: another attempt may be granted.
    Unavailable,
    /// Final.
    Refused,
}

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
