//! `POST {callback URL}`: what Sobot calls us with. The three bodies of the page are told apart by their fields,
//! whatever the URL: two of them share `type` 202, the third has none.
//!
//! The page says nothing of an answer, of retries or of a signature.
//!
//! Vendor page: <https://developer.sobot.io/en/pages/415168>

use serde_json::Value;

use super::{push_chat_list::ChatListPush, push_offline::OfflinePush, push_unread::UnreadPush};
use crate::vendor::{
    number,
    unreadable::{Members, Unreadable, members},
};

/// `type` of what an agent says to a customer.
const AGENT_TO_CUSTOMER: i64 = 202;

/// One call of Sobot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Push {
    /// "Offline Message": an agent wrote.
    Offline(OfflinePush),
    /// "Customer Unread Message": an agent wrote, and it is said where and when.
    Unread(Box<UnreadPush>),
    /// "Merchant Chat List Message": how much is unread.
    ChatList(ChatListPush),
    /// None of these.
    Unknown,
}

enum Kind {
    Offline,
    Unread,
    ChatList,
    Unknown,
}

impl Push {
    /// Reads a body.
    ///
    /// # Errors
    /// [`Unreadable`] when the body is no JSON object, or is of a known kind but not of its shape.
    pub fn read(body: &[u8]) -> Result<Self, Unreadable> {
        let (body, members) = members(body)?;
        match kind(&members) {
            Kind::Offline => OfflinePush::read(body).map(Self::Offline),
            Kind::Unread => UnreadPush::read(body).map(|push| Self::Unread(Box::new(push))),
            Kind::ChatList => ChatListPush::read(body).map(Self::ChatList),
            Kind::Unknown => Ok(Self::Unknown),
        }
    }
}

fn kind(members: &Members<'_>) -> Kind {
    let holds = |names: &[&str]| names.iter().any(|name| members.contains_key(*name));
    let of_type: Value = members
        .get("type")
        .and_then(|raw| serde_json::from_str(raw.get()).ok())
        .unwrap_or_default();
    let is_none = match &of_type {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        _ => false,
    };
    let is_said = number::integer(&of_type) == Some(AGENT_TO_CUSTOMER);
    if holds(&ChatListPush::FIELDS) && (is_none || is_said) {
        Kind::ChatList
    } else if holds(&UnreadPush::FIELDS) && is_said {
        Kind::Unread
    } else if is_said {
        Kind::Offline
    } else {
        // Sobot has other types and documents none.
        Kind::Unknown
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::vendor::unreadable::Fault;

    const OFFLINE: &str = include_str!("../../../../tests/fixtures/sobot/push.offline.json");
    const UNREAD: &str = include_str!("../../../../tests/fixtures/sobot/push.unread.json");
    const CHAT_LIST: &str = include_str!("../../../../tests/fixtures/sobot/push.chat_list.json");
    const OFFLINE_FILLED: &str =
        include_str!("../../../../tests/fixtures/sobot/ours.offline.filled.json");
    const UNREAD_FILLED: &str =
        include_str!("../../../../tests/fixtures/sobot/ours.unread.filled.json");
    const CHAT_LIST_FILLED: &str =
        include_str!("../../../../tests/fixtures/sobot/ours.chat_list.filled.json");
    const ALL: [&str; 6] = [
        OFFLINE,
        UNREAD,
        CHAT_LIST,
        OFFLINE_FILLED,
        UNREAD_FILLED,
        CHAT_LIST_FILLED,
    ];

    fn read(body: &str) -> Result<Push, Unreadable> {
        Push::read(body.as_bytes())
    }

    fn named(body: &str) -> Kind {
        kind(&members(body.as_bytes()).unwrap().1)
    }

    // Two bodies share a type, the third has none.
    #[test]
    fn contradiction_13_the_three_are_told_apart_by_their_fields() {
        assert!(matches!(named(OFFLINE), Kind::Offline));
        assert!(matches!(named(UNREAD), Kind::Unread));
        assert!(matches!(named(CHAT_LIST), Kind::ChatList));
        assert!(matches!(read(OFFLINE_FILLED), Ok(Push::Offline(_))));
        assert!(matches!(read(UNREAD_FILLED), Ok(Push::Unread(_))));
        assert!(matches!(read(CHAT_LIST_FILLED), Ok(Push::ChatList(_))));
    }

    #[test]
    fn the_type_may_be_text() {
        let body = OFFLINE_FILLED.replace("202", "\"202\"");
        assert!(matches!(read(&body), Ok(Push::Offline(_))));
    }

    #[test]
    fn one_field_of_its_own_is_enough() {
        for name in UnreadPush::FIELDS {
            let body = json!({"type": 202, name: ""}).to_string();
            assert!(matches!(named(&body), Kind::Unread), "{name}");
        }
        for name in ChatListPush::FIELDS {
            for body in [
                json!({name: ""}),
                json!({name: "", "type": ""}),
                json!({name: "", "type": 202, "msgId": "1"}),
            ] {
                assert!(matches!(named(&body.to_string()), Kind::ChatList), "{body}");
            }
        }
    }

    #[test]
    fn the_rest_is_unknown() {
        let mut typeless: Value = serde_json::from_str(UNREAD_FILLED).unwrap();
        typeless.as_object_mut().unwrap().remove("type");
        let mut typed: Value = serde_json::from_str(CHAT_LIST_FILLED).unwrap();
        typed["type"] = json!(203);
        for body in [
            "{}".to_owned(),
            OFFLINE_FILLED.replace("202", "203"),
            UNREAD_FILLED.replace("202", "\"2020\""),
            UNREAD_FILLED.replace("202", "null"),
            typeless.to_string(),
            typed.to_string(),
        ] {
            assert_eq!(read(&body), Ok(Push::Unknown), "{body}");
        }
    }

    #[test]
    fn unreadable_says_where_and_not_what() {
        for (body, path, fault) in [
            ("", ".", Fault::NotJson),
            ("secret", ".", Fault::NotJson),
            (r#"{"type":202"#, ".", Fault::NotJson),
            ("[]", ".", Fault::WrongType),
            ("7", ".", Fault::WrongType),
            (OFFLINE, "content", Fault::Missing),
            (UNREAD, "content", Fault::Missing),
            (
                r#"{"type":202,"content":{"secret":1}}"#,
                "content",
                Fault::WrongType,
            ),
            (
                r#"{"lastCid":"secret","unReadNum":"secret"}"#,
                "unReadNum",
                Fault::WrongType,
            ),
        ] {
            let error = read(body).unwrap_err();
            assert_eq!((error.path.as_str(), error.fault), (path, fault), "{body}");
            assert!(!error.to_string().contains("secret"));
        }
    }

    proptest! {
        #[test]
        fn never_panics_on_bytes(body in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = Push::read(&body);
        }

        #[test]
        fn never_panics_on_mutated_fixtures(
            fixture in prop::sample::select(ALL.to_vec()),
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
            let _ = Push::read(&body);
        }

        // The document stays JSON, a value in it becomes another: read, or refused by that field's name.
        #[test]
        fn odd_values_are_read_or_named(
            fixture in prop::sample::select(ALL.to_vec()),
            which in any::<prop::sample::Index>(),
            odd in prop::sample::select(vec![
                json!(null), json!(true), json!(-1), json!(1e300), json!(""), json!("ü"), json!([]), json!([[1]]), json!({}),
            ]),
        ) {
            let mut body: Value = serde_json::from_str(fixture).unwrap();
            let names: Vec<_> = body.as_object().unwrap().keys().cloned().collect();
            body[which.get(&names)] = odd;
            if let Err(Unreadable { path, .. }) = read(&body.to_string()) {
                prop_assert!(names.contains(&path), "{path}");
            }
        }
    }
}
