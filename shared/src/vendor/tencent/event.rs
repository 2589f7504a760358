//! The callback `Desk.SessionEventNotify`: what happens in a session, and what is said there.
//!
//! Vendor pages: <https://www.tencentcloud.com/document/product/1229/68989>,
//! <https://cloud.tencent.com/document/product/269/111212>

use serde::Deserialize;
use serde_json::Value;

use super::said::Said;
use crate::{
    digest,
    vendor::{
        number::integer,
        text::optional,
        unreadable::{Unreadable, members, parse},
    },
};

/// The callback's own name, in the query and in the body.
pub const COMMAND: &str = "Desk.SessionEventNotify";

/// The longest of Tencent's identifiers that is taken for one, in bytes.
const LONGEST_ID: usize = 256;

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionEvent {
    /// The session.
    pub session_id: String,
    /// What happened, in Tencent's word.
    pub event: String,
    /// When, in Unix milliseconds.
    pub event_time: Option<i64>,
    /// How the user came: `SDK` or `Web(H5)`.
    pub channel_type: Option<String>,
    /// The user.
    pub client_user_id: Option<String>,
    /// The customer-service account.
    pub customer_service_id: Option<String>,
    /// The agent.
    pub agent_id: Option<String>,
    /// The message's own identifier; see [`SessionEvent::msg_random`].
    pub msg_key: Option<String>,
    /// What was said.
    pub said: Vec<Said>,
    /// Custom data that travels with it.
    pub cloud_custom_data: Option<String>,
    /// Whether an agent began the conversation.
    pub is_contact_user: bool,
    /// How many of five stars the user gave.
    pub satisfaction: Option<u8>,
    /// Who had the session before.
    pub forward_from_agent_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Body {
    #[serde(default, deserialize_with = "optional")]
    callback_command: Option<String>,
    #[serde(default, deserialize_with = "optional")]
    session_id: Option<String>,
    #[serde(default, deserialize_with = "optional")]
    event: Option<String>,
    #[serde(default)]
    event_time: Value,
    #[serde(default, deserialize_with = "optional")]
    channel_type: Option<String>,
    #[serde(default, deserialize_with = "optional")]
    client_user_id: Option<String>,
    #[serde(default, deserialize_with = "optional")]
    customer_service_id: Option<String>,
    #[serde(default, deserialize_with = "optional")]
    agent_id: Option<String>,
    #[serde(default, deserialize_with = "optional")]
    msg_key: Option<String>,
    #[serde(default)]
    msg_body: Value,
    #[serde(default, deserialize_with = "optional")]
    cloud_custom_data: Option<String>,
    #[serde(default)]
    is_contact_user: Value,
    #[serde(default)]
    satisfaction_selected: Value,
    #[serde(default, deserialize_with = "optional")]
    forward_from_agent_id: Option<String>,
}

/// What a callback is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Callback {
    /// An event of a session's.
    Event(Box<SessionEvent>),
    /// Another callback of Tencent's, which is nothing to us.
    Other,
}

impl Callback {
    /// Reads a callback's body: its command first, then what belongs to that.
    ///
    /// # Errors
    /// [`Unreadable`], with the field that is at fault.
    pub fn read(body: &[u8]) -> Result<Self, Unreadable> {
        let (text, _) = members(body)?;
        let body: Body = parse(text)?;
        if body.callback_command.as_deref() != Some(COMMAND) {
            return Ok(Self::Other);
        }
        let named = |value: Option<String>, path: &str| {
            let value = value.filter(|value| value.len() <= LONGEST_ID);
            value.ok_or_else(|| Unreadable::missing(path))
        };
        Ok(Self::Event(Box::new(SessionEvent {
            session_id: named(body.session_id, "SessionId")?,
            event: named(body.event, "Event")?,
            event_time: integer(&body.event_time),
            channel_type: body.channel_type,
            client_user_id: body.client_user_id,
            customer_service_id: body.customer_service_id,
            agent_id: body.agent_id,
            msg_key: body.msg_key.filter(|key| key.len() <= LONGEST_ID),
            said: Said::all_of(&body.msg_body),
            cloud_custom_data: body.cloud_custom_data,
            is_contact_user: body.is_contact_user == Value::Bool(true)
                || integer(&body.is_contact_user) == Some(1),
            satisfaction: integer(&body.satisfaction_selected)
                .and_then(|stars| u8::try_from(stars).ok())
                .filter(|stars| (1..=5).contains(stars)),
            forward_from_agent_id: body.forward_from_agent_id,
        })))
    }
}

/// What a message of our own is known by when it comes back as an event: by its user, and the `MsgRandom` that it was
/// sent with.
#[must_use]
pub fn echo_key(user: &str, msg_random: u32) -> String {
    let digits = digest::half(format!("{user}\n{msg_random}"));
    format!("ours-{digits}")
}

impl SessionEvent {
    /// The `MsgRandom` of its message: the second part of `seq_random_time`.
    #[must_use]
    pub fn msg_random(&self) -> Option<u32> {
        let mut parts = self.msg_key.as_deref()?.split('_');
        let (_seq, random, _time) = (parts.next()?, parts.next()?, parts.next()?);
        random.parse().ok()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use serde_json::json;

    use super::*;

    const PAGE: &[u8] =
        include_bytes!("../../../../tests/fixtures/tencent/callback.session_event.json");

    fn read(body: &Value) -> SessionEvent {
        match Callback::read(body.to_string().as_bytes()).unwrap() {
            Callback::Event(event) => *event,
            Callback::Other => panic!("{body}"),
        }
    }

    #[test]
    fn every_field_of_the_page() {
        let Callback::Event(event) = Callback::read(PAGE).unwrap() else {
            panic!("another callback");
        };
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(
            *event,
            SessionEvent {
                session_id: "2baf4d84-beb4-4607-a1ea-6ebcaef3e0e6".to_owned(),
                event: "ChatBot.UserSendMsg".to_owned(),
                event_time: Some(1_725_540_020_017),
                channel_type: text("SDK"),
                client_user_id: text("your_user_id"),
                customer_service_id: text("@customer_service_account"),
                agent_id: text("test@qq.com"),
                msg_key: text("152_1600012345_abcdefg"),
                said: vec![Said::Text("How to request a refund?".to_owned())],
                cloud_custom_data: text("your cloud custom data"),
                is_contact_user: false,
                satisfaction: Some(5),
                forward_from_agent_id: None,
            }
        );
        assert_eq!(event.msg_random(), Some(1_600_012_345));
    }

    #[test]
    fn an_echo_is_known_by_user_and_random() {
        assert_eq!(echo_key("user45", 7), echo_key("user45", 7));
        assert_ne!(echo_key("user45", 7), echo_key("user45", 8));
        assert_ne!(echo_key("user45", 7), echo_key("user4", 57));
    }

    #[test]
    fn a_rating_has_one_to_five_stars() {
        for (given, stars) in [
            (json!(1), Some(1)),
            (json!("5"), Some(5)),
            (json!(0), None),
            (json!(6), None),
            (json!(-1), None),
            (json!(null), None),
        ] {
            let event = read(
                &json!({"CallbackCommand": COMMAND, "SessionId": "a", "Event": "x",
                "SatisfactionSelected": given}),
            );
            assert_eq!(event.satisfaction, stars, "{given}");
        }
    }

    #[test]
    fn a_key_of_another_form_has_no_random() {
        for key in ["", "152", "152_x_3", "152_4294967296_3", "152_-1_3"] {
            let event = read(
                &json!({"CallbackCommand": COMMAND, "SessionId": "a", "Event": "x",
                "MsgKey": key}),
            );
            assert_eq!(event.msg_random(), None, "{key}");
        }
    }

    #[test]
    fn what_is_no_event_is_told_apart_and_what_is_missing_is_named() {
        let other = json!({"CallbackCommand": "C2C.CallbackAfterSendMsg", "From_Account": "a"});
        let read = |body: &Value| Callback::read(body.to_string().as_bytes());
        assert_eq!(read(&other), Ok(Callback::Other));
        assert_eq!(read(&json!({})), Ok(Callback::Other));
        let no_session = json!({"CallbackCommand": COMMAND, "Event": "x"});
        assert_eq!(read(&no_session).unwrap_err().path, "SessionId");
        let no_event = json!({"CallbackCommand": COMMAND, "SessionId": "a", "Event": " "});
        assert_eq!(read(&no_event).unwrap_err().path, "Event");
        assert!(Callback::read(b"not JSON").is_err());
        assert!(Callback::read(b"[]").is_err());
    }
}
