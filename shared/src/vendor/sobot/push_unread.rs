//! The push of what an agent writes to a customer who has left the chat window: the eight fields of an offline
//! message, and eight that say where and when.
//!
//! Vendor page: <https://developer.sobot.io/en/pages/415168>, "Customer Unread Message"

use serde::Deserialize;

use super::{id, push_offline::OfflinePush, time};
use crate::{
    clock::Millis,
    vendor::{
        text,
        unreadable::{Unreadable, parse},
    },
};

/// One message of an agent's, and where it belongs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnreadPush {
    /// What was said, and to whom.
    pub message: OfflinePush,
    /// Where and when.
    pub chat: Chat,
}

/// What an unread message has beyond an offline one.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Chat {
    /// Sobot's id of the company, ours or another's.
    #[serde(rename = "sysNum", default, deserialize_with = "id::optional")]
    pub sys_num: Option<String>,
    /// When the chat began.
    #[serde(
        rename = "createChatTime",
        default,
        deserialize_with = "time::optional"
    )]
    pub create_chat_time: Option<Millis>,
    /// Sobot's id of the sub-channel.
    #[serde(rename = "channelFlag", default, deserialize_with = "text::optional")]
    pub channel_flag: Option<String>,
    /// The name of the sub-channel.
    #[serde(rename = "appName", default, deserialize_with = "text::optional")]
    pub app_name: Option<String>,
    /// Sobot's id of the agent.
    #[serde(default, deserialize_with = "id::optional")]
    pub aid: Option<String>,
    /// When it was said.
    #[serde(default, deserialize_with = "time::optional")]
    pub ts: Option<Millis>,
    /// Sobot's id of the chat.
    #[serde(default, deserialize_with = "id::optional")]
    pub cid: Option<String>,
    /// Sobot's id of the customer.
    #[serde(default, deserialize_with = "id::optional")]
    pub uid: Option<String>,
}

impl UnreadPush {
    /// The fields by which an unread message is told from an offline one.
    pub(super) const FIELDS: [&'static str; 8] = [
        "sysNum",
        "createChatTime",
        "channelFlag",
        "appName",
        "aid",
        "ts",
        "cid",
        "uid",
    ];

    pub(super) fn read(body: &str) -> Result<Self, Unreadable> {
        Ok(Self {
            message: OfflinePush::read(body)?,
            chat: parse(body)?,
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        clock::rfc3339,
        vendor::{sobot::push_offline::MsgType, unreadable::Fault},
    };

    const FILLED: &str = include_str!("../../../../tests/fixtures/sobot/ours.unread.filled.json");

    /// The filled example with one field changed.
    fn with(name: &str, value: Value) -> Result<UnreadPush, Unreadable> {
        let mut body: Value = serde_json::from_str(FILLED).unwrap();
        body.as_object_mut().unwrap().insert(name.into(), value);
        UnreadPush::read(&body.to_string())
    }

    #[test]
    fn reads_every_field() {
        let push = UnreadPush::read(FILLED).unwrap();
        assert_eq!(push.message.msg_id.as_deref(), Some("sobot_msg_2"));
        assert_eq!(push.message.msg_type, MsgType::Image);
        assert_eq!(push.message.content, "https://img.sobot.io/label.png");
        let chat = push.chat;
        assert_eq!(chat.ts.map(rfc3339).unwrap(), "2020-12-17T08:09:38.781Z");
        assert_eq!(
            chat.create_chat_time.map(rfc3339).unwrap(),
            "2020-12-17T08:06:12.781Z"
        );
        assert_eq!(
            [
                chat.sys_num,
                chat.channel_flag,
                chat.app_name,
                chat.aid,
                chat.cid,
                chat.uid
            ]
            .map(Option::unwrap),
            ["ABC", "1", "Shop", "agent_3", "cid_1", "sobot_customer_7"]
        );
    }

    // Contradiction 13: tolerant types.
    #[test]
    fn contradiction_13_ids_may_be_numbers_and_numbers_text() {
        let chat = |name, value| with(name, value).unwrap().chat;
        assert_eq!(chat("cid", json!(12)).cid.as_deref(), Some("12"));
        assert_eq!(chat("cid", json!("")).cid, None);
        assert_eq!(chat("aid", json!(3)).aid.as_deref(), Some("3"));
        assert_eq!(
            chat("channelFlag", json!("1")).channel_flag.as_deref(),
            Some("1")
        );
        assert_eq!(
            chat("ts", json!("1608192578781")).ts,
            Some(1_608_192_578_781)
        );
        assert_eq!(chat("ts", json!("soon")).ts, None);
    }

    #[test]
    fn an_id_that_is_none_is_named() {
        for name in ["cid", "aid", "uid", "sysNum", "msgId"] {
            let error = with(name, json!({"secret": 1})).unwrap_err();
            assert_eq!((error.path.as_str(), error.fault), (name, Fault::WrongType));
        }
    }
}
