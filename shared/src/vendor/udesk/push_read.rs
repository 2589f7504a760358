//! The push that says which of a customer's messages were read: `{session_id, message_ids}`.
//!
//! Vendor page: <https://www.udeskglobal.com/doc/apiv2/im>, "Send Customer Message Read Status"

use serde::{Deserialize, Deserializer, de};
use serde_json::Value;

use super::{Id, text};

/// Messages of one session that were read.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ReadPush {
    /// Udesk's id of the session.
    pub session_id: Id,
    /// The ids under which they were sent.
    #[serde(deserialize_with = "message_ids")]
    pub message_ids: Vec<String>,
}

fn message_ids<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let ids = Vec::<MessageId>::deserialize(deserializer)?;
    Ok(ids.into_iter().map(|MessageId(id)| id).collect())
}

/// A text, or a number that stands for one.
struct MessageId(String);

impl<'de> Deserialize<'de> for MessageId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text::filled(&Value::deserialize(deserializer)?)
            .map(Self)
            .ok_or_else(|| de::Error::custom("expected a message id"))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    // Contradiction 4.
    #[test]
    fn ids_may_be_numbers_or_text() {
        let read: ReadPush =
            serde_json::from_str(r#"{"session_id":"7","message_ids":[123,"msg_1"]}"#).unwrap();
        assert_eq!(read.session_id, Id(7));
        assert_eq!(read.message_ids, ["123", "msg_1"]);
    }
}
