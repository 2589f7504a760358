//! How long a token may live.

use crate::{auth::Caller, error::Error};

/// The shortest life of any token, in seconds.
const SHORTEST: i64 = 60;

/// The lives that tokens of one kind may have, in seconds.
#[derive(Clone, Copy, Debug)]
pub struct Life {
    /// Where the caller names none.
    pub default: i64,
    /// At most.
    pub longest: i64,
    /// At most, where a customer asks for their own.
    pub longest_for_customers: i64,
}

impl Life {
    /// The life that the caller gets, in seconds.
    ///
    /// # Errors
    /// Where it is shorter or longer than the caller may ask for; the error names `expires_in`.
    pub fn of(&self, asked: Option<i64>, caller: &Caller) -> Result<i64, Error> {
        let life = asked.unwrap_or(self.default);
        let (longest, whose) = match caller {
            Caller::Server => (self.longest, ""),
            Caller::Customer(_) => (self.longest_for_customers, " with a customer token"),
        };
        if (SHORTEST..=longest).contains(&life) {
            return Ok(life);
        }
        let message = format!("`expires_in` is {SHORTEST} to {longest} seconds{whose}");
        Err(Error::field("expires_in", message))
    }
}
