//! What ties together the log lines of one message's way: from the webhook, or from the app's own
//! request, to the delivery of its event.
//!
//! It is the trace id of the W3C's Trace Context (<https://www.w3.org/TR/trace-context/>): an app that
//! traces its calls sends `traceparent` with each already, and a form of 32 hexadecimal digits leaves
//! no room for anything that must not be in a log.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ids::nonce;

/// The header that carries it, from the app and to the app.
pub const TRACEPARENT: &str = "traceparent";

/// 32 lower-case hexadecimal digits, not all of them 0.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Correlation(String);

fn is_hex(text: &str, digits: usize) -> bool {
    text.len() == digits
        && text
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn is_id(text: &str, digits: usize) -> bool {
    is_hex(text, digits) && text.bytes().any(|byte| byte != b'0')
}

impl Correlation {
    /// A new one.
    #[must_use]
    pub fn new() -> Self {
        Self(nonce())
    }

    /// Reads one as it was written; `None` where it is none.
    #[must_use]
    pub fn parse(given: &str) -> Option<Self> {
        is_id(given, 32).then(|| Self(given.to_owned()))
    }

    /// The trace id of a `traceparent` header; `None` where the header has not the form that the
    /// specification gives it: then it is as if there were none.
    #[must_use]
    pub fn of_traceparent(header: &str) -> Option<Self> {
        let mut parts = header.split('-');
        let (version, trace) = (parts.next()?, parts.next()?);
        let (parent, flags) = (parts.next()?, parts.next()?);
        // Later versions may append parts, version 00 has none.
        let ends = version != "00" || parts.next().is_none();
        let is_one = is_hex(version, 2) && version != "ff" && is_id(parent, 16);
        if is_one && is_hex(flags, 2) && ends {
            return Self::parse(trace);
        }
        None
    }

    /// A `traceparent` header for a call that is made on the way. `01`: there is a record of it, in our
    /// log; an app whose tracing asks its caller goes on with the trace.
    #[must_use]
    pub fn traceparent(&self) -> String {
        let parent: String = nonce().chars().take(16).collect();
        format!("00-{self}-{parent}-01")
    }
}

impl Default for Correlation {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Display for Correlation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Correlation {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let given = String::deserialize(deserializer)?;
        Self::parse(&given).ok_or_else(|| serde::de::Error::custom("not 32 hexadecimal digits"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

    #[test]
    fn the_specifications_own_example_is_read() {
        let header = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let read = Correlation::of_traceparent(header).map(|id| id.to_string());
        assert_eq!(read.as_deref(), Some(TRACE));
        // A later version with more to say.
        let later = header.replacen("00-", "cc-", 1);
        let header = format!("{later}-what-the-future-will-be-like");
        let read = Correlation::of_traceparent(&header).map(|id| id.to_string());
        assert_eq!(read.as_deref(), Some(TRACE));
    }

    #[test]
    fn whatever_is_not_of_the_form_counts_as_none() {
        for header in [
            "",
            TRACE,
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-a-secret-that-has-no-place-in-it-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e47\u{e9}6-00f067aa0ba902b7-01",
        ] {
            assert_eq!(Correlation::of_traceparent(header), None, "{header}");
        }
    }

    #[test]
    fn what_is_sent_on_can_be_read() {
        let made = Correlation::new();
        assert_eq!(
            Correlation::of_traceparent(&made.traceparent()).as_ref(),
            Some(&made)
        );
        assert_ne!(made, Correlation::new());
    }
}
