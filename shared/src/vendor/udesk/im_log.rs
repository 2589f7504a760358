//! A line of a transcript: who said what, when, as `im_log_infos` of [`super::event_session_close`] holds them.
//!
//! Assumed, from clients that read Udesk's session records: `sender` is `customer`, `agent` or another word, `created_at`
//! has no zone, and `content` is the text of an object `{type, data: {content, …}}` as pushes have it; where it is none,
//! it is what was said. `message_id` is the push's, where there is one. A line's own `id` is not taken for it: it may be
//! the number of a row.

use jiff::{Timestamp, tz::Offset};
use serde_json::{Value, json, value::RawValue};

use super::{
    Id, id,
    push_agent::{self, AgentMessage, CloseType, Content, Kind, UnreadableMessage},
    robot_answer::first,
    text,
};

/// A line of a transcript.
#[derive(Clone, Debug)]
pub struct ImLog {
    /// Who said it.
    pub sender: Sender,
    /// What, as a push would have it.
    pub message: Result<AgentMessage, UnreadableMessage>,
}

/// Who said something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sender {
    /// The customer.
    Customer,
    /// A person at the desk.
    Agent,
    /// Anybody else, by Udesk's word: a robot, the system.
    Other(String),
}

impl ImLog {
    /// Reads a line; `session` is the one that the transcript is of.
    pub(super) fn read(info: &Value, session: Option<Id>, offset: Offset) -> Self {
        let sender = first(info, &["sender", "sender_type"]).unwrap_or_default();
        let raw =
            serde_json::value::to_raw_value(info).unwrap_or_else(|_| RawValue::NULL.to_owned());
        let message = push_agent::message_as(&as_pushed(info, session), raw, offset);
        Self {
            sender: match sender.to_ascii_lowercase().as_str() {
                "customer" => Sender::Customer,
                "agent" => Sender::Agent,
                _ => Sender::Other(sender),
            },
            message,
        }
    }

    /// When it was said.
    #[must_use]
    pub fn created_at(&self) -> Option<Timestamp> {
        self.message.as_ref().ok()?.created_at
    }

    /// What it tells of the session itself.
    pub(super) fn event(&self) -> Option<SessionEvent> {
        let message = self.message.as_ref().ok()?;
        match (&message.kind, &message.content) {
            (_, Content::StartSession { .. }) => Some(SessionEvent::Start),
            (_, Content::Transfer { .. }) | (Kind::InfoTransfer, _) => Some(SessionEvent::Transfer),
            (_, Content::Close { close_type, .. }) => {
                let redirects = *close_type == Some(CloseType::Redirect);
                Some(if redirects {
                    SessionEvent::Transfer
                } else {
                    SessionEvent::End
                })
            }
            _ => None,
        }
    }
}

/// What happened to a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SessionEvent {
    Start,
    Transfer,
    End,
}

impl SessionEvent {
    /// Whether the customer is with another agent from then on.
    pub(super) fn hands_on(self) -> bool {
        self == Self::Transfer
    }
}

/// The line as an element of a push.
fn as_pushed(info: &Value, session: Option<Id>) -> Value {
    let inner = match info.get("content").or_else(|| info.get("message")) {
        Some(Value::String(said)) => serde_json::from_str(said)
            .ok()
            .filter(is_envelope)
            .unwrap_or_else(|| json!({"type": "message", "data": {"content": said}})),
        Some(object) if is_envelope(object) => object.clone(),
        // An element as pushes have it, or nothing that is known.
        _ => info.clone(),
    };
    let named = |names: &[&str]| first(info, names);
    let own = ["im_sub_session_id", "sub_session_id"]
        .iter()
        .find_map(|name| info.get(name).and_then(id::integer).map(Id));
    json!({
        "type": inner.get("type"),
        "data": inner.get("data"),
        "message_id": info.get("message_id").and_then(text::filled),
        "im_sub_session_id": own.or(session),
        "agent_id": info.get("agent_id").and_then(id::integer),
        "agent_name": named(&["agent_name", "agent_nick_name"]),
        "agent_avatar": named(&["agent_avatar"]),
        "message_created_at": named(&["message_created_at", "created_at", "send_time"]),
    })
}

fn is_envelope(value: &Value) -> bool {
    value.get("type").is_some_and(Value::is_string)
        && value.get("data").is_some_and(Value::is_object)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;

    fn line(info: Value) -> ImLog {
        ImLog::read(&info, Some(Id(7)), Offset::constant(8))
    }

    fn said(content: &str) -> Content {
        Content::Message {
            content: content.to_owned(),
        }
    }

    #[test]
    fn what_was_said_stands_in_an_envelope_beside_it_or_plainly() {
        let envelope = json!({"type": "message", "data": {"content": "Hello"}, "is_welcome": true});
        for content in [
            json!({"content": envelope.to_string()}),
            json!({"content": envelope}),
            envelope.clone(),
            json!({"content": "Hello"}),
            json!({"message": "Hello"}),
        ] {
            let mut info = content.clone();
            info["sender"] = json!("agent");
            let line = line(info);
            assert_eq!(line.sender, Sender::Agent);
            let message = line.message.unwrap();
            assert_eq!(message.content, said("Hello"), "{content}");
            assert_eq!(message.im_sub_session_id, Some(Id(7)));
        }
        // JSON that is no envelope was said as it stands.
        let odd = line(json!({"content": "{\"a\":1}"})).message.unwrap();
        assert_eq!(odd.content, said("{\"a\":1}"));
    }

    #[test]
    fn a_lines_own_number_is_no_messages_id() {
        let line = line(json!({
            "id": 5, "sender": "AGENT", "content": "x", "sub_session_id": "8", "agent_id": 3,
            "agent_nick_name": "Tom", "created_at": "2018-01-01 10:00:00",
        }));
        assert_eq!(line.sender, Sender::Agent);
        assert_eq!(
            line.created_at().unwrap().to_string(),
            "2018-01-01T02:00:00Z"
        );
        let message = line.message.unwrap();
        assert_eq!(message.message_id, None);
        assert_eq!(message.im_sub_session_id, Some(Id(8)));
        let agent = message.agent.unwrap();
        assert_eq!(
            (agent.id, agent.name.as_deref()),
            (Some(Id(3)), Some("Tom"))
        );
    }

    #[test]
    fn a_line_that_cannot_be_read_is_kept_as_it_came() {
        let line = line(json!({"sender": "agent", "content": ["secret"]}));
        let error = line.message.unwrap_err();
        assert!(!error.to_string().contains("secret"));
        assert_eq!(
            error.raw.get(),
            r#"{"content":["secret"],"sender":"agent"}"#
        );
        assert_eq!(
            ImLog::read(&json!(7), None, Offset::UTC).sender,
            Sender::Other(String::new())
        );
    }
}
