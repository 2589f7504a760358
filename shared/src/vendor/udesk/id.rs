//! Udesk's integer ids. Its tables say Integer, its examples also print them as text: `397` and `"397"` are both
//! read, a number is written.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, de};
use serde_json::Value;

pub(super) use crate::vendor::number::integer;

/// An id that Udesk gave: of a session, an agent, a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Id(pub i64);

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl From<i64> for Id {
    fn from(number: i64) -> Self {
        Self(number)
    }
}

/// Udesk's id of a session with its own robot. It is counted apart from the sessions with agents, and written with
/// its kind, so that the two are never taken for one another: `urobot:23702`. Udesk itself is told the number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct UrobotSession(pub Id);

impl UrobotSession {
    const KIND: &'static str = "urobot:";

    /// What [`Display`](fmt::Display) wrote; `None` for the id of a session with an agent.
    pub fn parse(text: &str) -> Option<Self> {
        let id = text.strip_prefix(Self::KIND)?;
        id.parse().ok().map(Id).map(Self)
    }
}

impl fmt::Display for UrobotSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", Self::KIND, self.0)
    }
}

/// What Udesk's own robot said, by its `logId`, which is counted per session: `urobot:23702:55392`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UrobotMessage {
    /// In which session.
    pub session: UrobotSession,
    /// `logId`
    pub log: Id,
}

impl UrobotMessage {
    /// What [`Display`](fmt::Display) wrote; `None` for the id of another's message.
    pub fn parse(text: &str) -> Option<Self> {
        let (session, log) = text.rsplit_once(':')?;
        Some(Self {
            session: UrobotSession::parse(session)?,
            log: Id(log.parse().ok()?),
        })
    }
}

impl fmt::Display for UrobotMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.session, self.log)
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        integer(&value)
            .map(Self)
            .ok_or_else(|| de::Error::custom("expected an integer, or one as text"))
    }
}

/// For a field that may be absent: null and the empty text are absent too, anything else must be an id.
pub(super) fn optional<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Id>, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Null => Ok(None),
        Value::String(text) if text.trim().is_empty() => Ok(None),
        value => Id::deserialize(value).map(Some).map_err(de::Error::custom),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    // Contradiction 4.
    #[test]
    fn contradiction_4_reads_numbers_and_numeric_text_and_writes_numbers() {
        for json in ["397", r#""397""#, r#"" 397 ""#] {
            let id: Id = serde_json::from_str(json).unwrap();
            assert_eq!(id, Id(397));
            assert_eq!(serde_json::to_string(&id).unwrap(), "397");
        }
        assert_eq!(serde_json::from_str::<Id>("-3").unwrap(), Id(-3));
    }

    #[test]
    fn a_robots_session_is_no_agents() {
        let session = UrobotSession(Id(23_702));
        assert_eq!(session.to_string(), "urobot:23702");
        assert_eq!(UrobotSession::parse("urobot:23702"), Some(session));
        for other in ["23702", "urobot:", "urobot:x", "robot:1"] {
            assert_eq!(UrobotSession::parse(other), None, "{other}");
        }
        assert!(session.to_string().parse::<i64>().is_err());
        assert_eq!(serde_json::to_string(&session).unwrap(), "23702");
    }

    #[test]
    fn what_a_robot_said_is_known_by_session_and_log() {
        let said = UrobotMessage {
            session: UrobotSession(Id(23_702)),
            log: Id(55_392),
        };
        assert_eq!(said.to_string(), "urobot:23702:55392");
        assert_eq!(UrobotMessage::parse("urobot:23702:55392"), Some(said));
        for other in [
            "urobot:23702",
            "23702:55392",
            "urobot:23702:x",
            "f862f80d-89aa-4f31-92d9-ccd4fcacffcf",
            "sha256-0",
            "",
        ] {
            assert_eq!(UrobotMessage::parse(other), None, "{other}");
        }
    }

    #[test]
    fn refuses_the_rest() {
        for json in [
            "null",
            "true",
            "3.5",
            r#""""#,
            r#""abc""#,
            "[1]",
            "{}",
            "99999999999999999999",
        ] {
            assert!(serde_json::from_str::<Id>(json).is_err(), "{json}");
        }
    }
}
