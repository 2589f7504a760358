//! The push for a customer who looks at the list of chats: how much is unread in one of them, and the last of it.
//! It has no `type`, no message id and no agent.
//!
//! Vendor page: <https://developer.sobot.io/en/pages/415168>, "Merchant Chat List Message"

use serde::{Deserialize, Deserializer, de};
use serde_json::Value;

use super::{id, time};
use crate::{
    clock::Millis,
    vendor::{
        number, text,
        unreadable::{Unreadable, parse},
    },
};

/// Where one chat of a customer stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChatListPush {
    /// Sobot's id of the company, ours or another's.
    pub sys_num: Option<String>,
    /// Sobot's id of the visitor.
    pub visitor_id: Option<String>,
    /// The app's id of the customer.
    pub partner_id: Option<String>,
    /// Sobot's id of the chat.
    pub last_cid: Option<String>,
    /// How many messages are unread.
    pub unread_num: u64,
    /// The last of them.
    pub last_msg: Option<LastMsg>,
    /// When the last of them was said.
    pub last_msg_time: Option<Millis>,
}

/// The last message of a chat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastMsg {
    /// Text, which may hold HTML, or a URL.
    pub content: String,
    /// What `content` is.
    pub kind: LastMsgType,
}

/// The page's numbers for what a message is; not the words of the other two pushes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LastMsgType {
    /// 0
    Text,
    /// 1
    Image,
    /// 2
    Voice,
    /// Any other.
    Rich,
}

impl LastMsgType {
    /// The words of the other two pushes are taken as well.
    fn named(name: &str) -> Self {
        match name.trim() {
            "0" | "text" => Self::Text,
            "1" | "image" => Self::Image,
            "2" | "voice" => Self::Voice,
            _ => Self::Rich,
        }
    }
}

#[derive(Deserialize)]
struct Fields {
    #[serde(rename = "sysNum", default, deserialize_with = "id::optional")]
    sys_num: Option<String>,
    #[serde(rename = "visitorId", default, deserialize_with = "id::optional")]
    visitor_id: Option<String>,
    #[serde(rename = "partnerId", default, deserialize_with = "text::optional")]
    partner_id: Option<String>,
    #[serde(rename = "lastCid", default, deserialize_with = "id::optional")]
    last_cid: Option<String>,
    #[serde(
        rename = "lastMsgContent",
        default,
        deserialize_with = "text::optional"
    )]
    last_msg_content: Option<String>,
    #[serde(rename = "lastMsgTime", default, deserialize_with = "time::optional")]
    last_msg_time: Option<Millis>,
    #[serde(rename = "lastMsgType", default, deserialize_with = "text::optional")]
    last_msg_type: Option<String>,
    #[serde(rename = "unReadNum", default, deserialize_with = "count")]
    unread_num: Option<u64>,
}

/// A whole number that is not negative, or one as text; empty is absent.
fn count<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Null => Ok(None),
        Value::String(text) if text.trim().is_empty() => Ok(None),
        value => number::integer(&value)
            .and_then(|count| u64::try_from(count).ok())
            .map(Some)
            .ok_or_else(|| de::Error::custom("expected a count")),
    }
}

impl ChatListPush {
    /// The fields that no other push has.
    pub(super) const FIELDS: [&'static str; 5] = [
        "lastCid",
        "lastMsgContent",
        "lastMsgTime",
        "lastMsgType",
        "unReadNum",
    ];

    pub(super) fn read(body: &str) -> Result<Self, Unreadable> {
        let fields: Fields = parse(body)?;
        let last_msg = match fields.last_msg_content {
            None => None,
            Some(content) => Some(LastMsg {
                content,
                kind: LastMsgType::named(
                    &fields
                        .last_msg_type
                        .ok_or_else(|| Unreadable::missing("lastMsgType"))?,
                ),
            }),
        };
        Ok(Self {
            sys_num: fields.sys_num,
            visitor_id: fields.visitor_id,
            partner_id: fields.partner_id,
            last_cid: fields.last_cid,
            unread_num: fields
                .unread_num
                .ok_or_else(|| Unreadable::missing("unReadNum"))?,
            last_msg,
            last_msg_time: fields.last_msg_time,
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{clock::rfc3339, vendor::unreadable::Fault};

    const PAGE: &str = include_str!("../../../../tests/fixtures/sobot/push.chat_list.json");
    const FILLED: &str =
        include_str!("../../../../tests/fixtures/sobot/ours.chat_list.filled.json");

    /// The filled example with one field changed.
    fn with(name: &str, value: Value) -> Result<ChatListPush, Unreadable> {
        let mut body: Value = serde_json::from_str(FILLED).unwrap();
        body.as_object_mut().unwrap().insert(name.into(), value);
        ChatListPush::read(&body.to_string())
    }

    #[test]
    fn reads_every_field() {
        let push = ChatListPush::read(FILLED).unwrap();
        assert_eq!(push.sys_num.as_deref(), Some("ABC"));
        assert_eq!(push.visitor_id.as_deref(), Some("visitor_7"));
        assert_eq!(push.partner_id.as_deref(), Some("DE"));
        assert_eq!(push.last_cid.as_deref(), Some("cid_1"));
        assert_eq!(push.unread_num, 1);
        let last = push.last_msg.unwrap();
        assert_eq!(
            (last.content.as_str(), last.kind),
            ("Are you still there?", LastMsgType::Text)
        );
        assert_eq!(
            push.last_msg_time.map(rfc3339).unwrap(),
            "2020-12-17T09:45:22.000Z"
        );
    }

    #[test]
    fn the_empty_example_of_the_page_counts_and_says_nothing() {
        let push = ChatListPush::read(PAGE).unwrap();
        assert_eq!((push.unread_num, push.last_msg), (1, None));
        assert_eq!((push.partner_id, push.last_cid), (None, None));
    }

    #[test]
    fn contradiction_13_last_msg_type_is_a_number_or_a_word() {
        for (number, kind) in [
            (json!(0), LastMsgType::Text),
            (json!("0"), LastMsgType::Text),
            (json!(1), LastMsgType::Image),
            (json!("2"), LastMsgType::Voice),
            (json!(3), LastMsgType::Rich),
            (json!(-7), LastMsgType::Rich),
            (json!("voice"), LastMsgType::Voice),
            (json!("file"), LastMsgType::Rich),
        ] {
            let push = with("lastMsgType", number).unwrap();
            assert_eq!(push.last_msg.unwrap().kind, kind);
        }
        assert_eq!(with("unReadNum", json!("12")).unwrap().unread_num, 12);
    }

    #[test]
    fn what_must_be_there_is_named() {
        for (name, value, fault) in [
            ("unReadNum", json!(null), Fault::Missing),
            ("unReadNum", json!(""), Fault::Missing),
            ("unReadNum", json!(-1), Fault::WrongType),
            ("unReadNum", json!(1.5), Fault::WrongType),
            ("unReadNum", json!("many"), Fault::WrongType),
            ("lastMsgType", json!(""), Fault::Missing),
            ("lastMsgType", json!(true), Fault::WrongType),
            ("lastCid", json!(["cid_1"]), Fault::WrongType),
            ("lastMsgContent", json!({"a": 1}), Fault::WrongType),
        ] {
            let error = with(name, value).unwrap_err();
            assert_eq!((error.path.as_str(), error.fault), (name, fault));
        }
    }
}
