//! `POST {receive URL}`: everything that Udesk calls us with, at one URL and without a discriminator. What it is, is
//! told by its keys and `assign_type`; only then that kind's payload is read. Events have a URL of their own, and are told
//! by their keys as well, so that either URL takes either.
//!
//! Udesk wants 200 and an empty body within five seconds, and stops calling for sixty after ten slow answers.
//!
//! Vendor page: <https://www.udeskglobal.com/doc/apiv2/im>, "Reply Message Notification" and "Send Customer Message
//! Read Status"

use jiff::tz::Offset;
use serde_json::{Value, value::RawValue};

use super::{
    event::Event, push_agent::AgentPush, push_read::ReadPush, push_robot, push_urobot,
    robot_answer::RobotPush, text,
};
use crate::vendor::unreadable::{Fault, Members, Unreadable, members, parse};

/// One call of Udesk.
#[derive(Clone, Debug)]
pub enum Push {
    /// What an agent wrote or did.
    Agent(AgentPush),
    /// Which of the customer's messages were read.
    Read(ReadPush),
    /// What the third-party robot answered.
    Robot(RobotPush),
    /// What Udesk's own robot answered.
    Urobot(RobotPush),
    /// Something that happened at the desk.
    Event(Event),
    /// None of these.
    Unknown,
}

/// `messages`: a list, or one object, as Udesk writes it for its own robot.
pub(super) fn messages(members: &Members<'_>) -> Result<Vec<Box<RawValue>>, Unreadable> {
    let messages = members
        .get("messages")
        .ok_or_else(|| Unreadable::missing("messages"))?
        .get();
    match serde_json::from_str(messages) {
        Ok(list) => Ok(list),
        Err(_) if messages.starts_with('{') => Ok(vec![parse(messages)?]),
        Err(_) => Err(Unreadable::wrong("messages", Fault::WrongType)),
    }
}

/// `customer_token`, where it names anybody.
pub(super) fn customer_token(members: &Members<'_>) -> Option<String> {
    members
        .get("customer_token")
        .and_then(|raw| serde_json::from_str::<Value>(raw.get()).ok())
        .as_ref()
        .and_then(text::filled)
}

enum Kind {
    Agent,
    Read,
    Robot,
    Urobot,
    Event,
    Unknown,
}

impl Push {
    /// Reads a body. `offset` is that of dates without a zone.
    ///
    /// # Errors
    /// [`Unreadable`] when the body is no JSON object, or is of a known kind but not of its shape. One message that
    /// can't be read is no error of the whole, see [`AgentPush::messages`] and [`RobotPush::messages`].
    pub fn read(body: &[u8], offset: Offset) -> Result<Self, Unreadable> {
        let (body, members) = members(body)?;
        match kind(&members) {
            Kind::Agent => AgentPush::read(&members, offset).map(Self::Agent),
            Kind::Read => parse(body).map(Self::Read),
            Kind::Robot => push_robot::read(&members, offset).map(Self::Robot),
            Kind::Urobot => push_urobot::read(body, &members, offset).map(Self::Urobot),
            Kind::Event => Event::read(&members, offset).map(Self::Event),
            Kind::Unknown => Ok(Self::Unknown),
        }
    }
}

fn kind(members: &Members<'_>) -> Kind {
    let assign_type = members
        .get("assign_type")
        .and_then(|raw| serde_json::from_str::<Value>(raw.get()).ok());
    match assign_type.as_ref().and_then(text::filled).as_deref() {
        Some("agent") => Kind::Agent,
        Some("robot") => Kind::Robot,
        Some("urobot") => Kind::Urobot,
        Some(_) => Kind::Unknown,
        None if members.contains_key("messages") => unnamed(members),
        None if Event::is_one(members) => Kind::Event,
        None if members.contains_key("message_ids") => Kind::Read,
        // The page's urobot sample: the inner object without its envelope.
        None if members.contains_key("sessionId") && members.contains_key("logId") => Kind::Urobot,
        None => Kind::Unknown,
    }
}

/// Messages without an `assign_type`: told apart by what only one kind's messages hold.
fn unnamed(members: &Members<'_>) -> Kind {
    let messages = members
        .get("messages")
        .and_then(|raw| serde_json::from_str::<Value>(raw.get()).ok())
        .unwrap_or_default();
    let holds = |name| match &messages {
        Value::Array(list) => list.iter().any(|message| message.get(name).is_some()),
        one => one.get(name).is_some(),
    };
    if holds("im_sub_session_id") {
        Kind::Agent
    } else if holds("sessionId") {
        Kind::Urobot
    } else {
        Kind::Unknown
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::vendor::{udesk::Id, unreadable::Fault};

    const AGENT: &str = include_str!("../../../../tests/fixtures/udesk/push.agent.json");
    const READ: &str = include_str!("../../../../tests/fixtures/udesk/push.read.json");
    const ROBOT: &str = include_str!("../../../../tests/fixtures/udesk/push.robot.json");
    const UROBOT: &str = include_str!("../../../../tests/fixtures/udesk/push.urobot.json");

    fn read(body: &str) -> Result<Push, Unreadable> {
        Push::read(body.as_bytes(), Offset::constant(8))
    }

    // Contradiction 18: one URL, no discriminator.
    #[test]
    fn contradiction_18_replies_and_read_status_are_told_apart_by_their_keys() {
        assert!(matches!(read(AGENT), Ok(Push::Agent(_))));
        let Ok(Push::Read(read)) = read(READ) else {
            panic!("not read status")
        };
        assert_eq!(read.session_id, Id(1234));
        assert_eq!(read.message_ids, ["123", "123456"]);
    }

    #[test]
    fn robots_are_told_apart_by_their_names() {
        assert!(matches!(read(ROBOT), Ok(Push::Robot(_))));
        assert!(matches!(read(UROBOT), Ok(Push::Urobot(_))));
    }

    #[test]
    fn an_agent_push_is_known_without_its_assign_type() {
        let mut body: Value = serde_json::from_str(AGENT).unwrap();
        body.as_object_mut().unwrap().remove("assign_type");
        assert!(matches!(read(&body.to_string()), Ok(Push::Agent(_))));
    }

    #[test]
    fn the_rest_is_unknown() {
        for body in [
            "{}",
            r#"{"action":"ImSubSession_close"}"#,
            r#"{"assign_type":"oracle","messages":[]}"#,
            r#"{"messages":[{"type":"message"}]}"#,
            r#"{"messages":7}"#,
        ] {
            assert!(matches!(read(body), Ok(Push::Unknown)), "{body}");
        }
    }

    #[test]
    fn unreadable_says_where_and_not_what() {
        for (body, path, fault) in [
            ("", ".", Fault::NotJson),
            ("hello", ".", Fault::NotJson),
            (r#"{"a":1"#, ".", Fault::NotJson),
            ("[]", ".", Fault::WrongType),
            ("7", ".", Fault::WrongType),
            (
                r#"{"session_id":"secret","message_ids":[]}"#,
                "session_id",
                Fault::WrongType,
            ),
            (
                r#"{"session_id":1,"message_ids":["1",{"secret":1}]}"#,
                "message_ids[1]",
                Fault::WrongType,
            ),
            (r#"{"assign_type":"agent"}"#, "messages", Fault::Missing),
            (
                r#"{"assign_type":"agent","messages":"secret"}"#,
                "messages",
                Fault::WrongType,
            ),
        ] {
            let error = read(body).unwrap_err();
            assert_eq!((error.path.as_str(), error.fault), (path, fault), "{body}");
            assert!(!error.to_string().contains("secret"));
        }
        let invalid = Push::read(b"{\"a\":\"\xff\"}", Offset::UTC).unwrap_err();
        assert_eq!(invalid.fault, Fault::NotJson);
    }

    proptest! {
        #[test]
        fn never_panics_on_bytes(body in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = Push::read(&body, Offset::UTC);
        }

        #[test]
        fn never_panics_on_mutated_fixtures(
            fixture in prop::sample::select(vec![AGENT, READ, ROBOT, UROBOT]),
            changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..3), 1..8),
        ) {
            let mut body = fixture.as_bytes().to_vec();
            for (at, byte, how) in changes {
                let at = at.index(body.len());
                match how {
                    0 => { body.splice(at..=at, [byte]); }
                    1 => body.insert(at, byte),
                    _ if body.len() > 1 => { body.remove(at); }
                    _ => {}
                }
            }
            let _ = Push::read(&body, Offset::UTC);
        }

        // The document stays JSON, a value in it becomes another.
        #[test]
        fn never_panics_on_fixtures_with_odd_values(
            fixture in prop::sample::select(vec![AGENT, READ, ROBOT, UROBOT]),
            which in any::<prop::sample::Index>(),
            odd in prop::sample::select(vec![
                json!(null), json!(true), json!(-1), json!(1e300), json!(""), json!("ü"), json!([]), json!([[1]]), json!({}),
            ]),
        ) {
            let mut body: Value = serde_json::from_str(fixture).unwrap();
            let paths = paths(&body);
            let path = which.get(&paths).clone();
            *body.pointer_mut(&path).unwrap() = odd;
            let _ = Push::read(body.to_string().as_bytes(), Offset::UTC);
        }
    }

    fn paths(value: &Value) -> Vec<String> {
        let children: Vec<(String, &Value)> = match value {
            Value::Object(members) => members.iter().map(|(k, v)| (k.clone(), v)).collect(),
            Value::Array(items) => items
                .iter()
                .enumerate()
                .map(|(i, v)| (i.to_string(), v))
                .collect(),
            _ => Vec::new(),
        };
        let mut all = vec![String::new()];
        for (name, child) in children {
            all.extend(
                paths(child)
                    .into_iter()
                    .map(|rest| format!("/{name}{rest}")),
            );
        }
        all
    }
}
