//! The push of what an agent writes to a customer who is not there: eight fields, `type` 202. What Sobot calls the
//! unread message has the same eight and more.
//!
//! Vendor page: <https://developer.sobot.io/en/pages/415168>, "Offline Message"

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::id;
use crate::vendor::{
    text,
    unreadable::{Unreadable, parse},
};

/// One message of an agent's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfflinePush {
    /// The app's id of the customer.
    pub partner_id: Option<String>,
    /// Sobot's id of the message.
    pub msg_id: Option<String>,
    /// Text, which may hold HTML, or a URL.
    pub content: String,
    /// What `content` is.
    pub msg_type: MsgType,
    /// The agent's nickname.
    pub aname: Option<String>,
    /// The URL of the agent's picture.
    pub aface: Option<String>,
    /// The app's own data, which it gave Sobot with the customer; JSON often, as text.
    pub params: Option<String>,
}

/// The page's words for what a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MsgType {
    /// `text`
    Text,
    /// `image`
    Image,
    /// `file`
    File,
    /// `voice`
    Voice,
    /// `video`
    Video,
    /// Any other.
    Unknown,
}

impl MsgType {
    fn named(name: &str) -> Self {
        match name {
            "text" => Self::Text,
            "image" => Self::Image,
            "file" => Self::File,
            "voice" => Self::Voice,
            "video" => Self::Video,
            _ => Self::Unknown,
        }
    }
}

/// The eight as they come, but for `type`, which told what this is.
#[derive(Deserialize)]
struct Fields {
    #[serde(rename = "partnerId", default, deserialize_with = "text::optional")]
    partner_id: Option<String>,
    #[serde(rename = "msgId", default, deserialize_with = "id::optional")]
    msg_id: Option<String>,
    #[serde(default, deserialize_with = "text::optional")]
    content: Option<String>,
    #[serde(rename = "msgType", default, deserialize_with = "text::optional")]
    msg_type: Option<String>,
    #[serde(default, deserialize_with = "text::optional")]
    aname: Option<String>,
    #[serde(default, deserialize_with = "text::optional")]
    aface: Option<String>,
    #[serde(default, deserialize_with = "params")]
    params: Option<String>,
}

/// Text as it stands; an object or a list that was not made text of, as it was written.
fn params<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    let text = match raw.get() {
        "null" => return Ok(None),
        json => serde_json::from_str(json).unwrap_or_else(|_| json.to_owned()),
    };
    Ok(Some(text).filter(|text| !text.trim().is_empty()))
}

impl OfflinePush {
    pub(super) fn read(body: &str) -> Result<Self, Unreadable> {
        let fields: Fields = parse(body)?;
        let missing = |name: &'static str| move || Unreadable::missing(name);
        Ok(Self {
            partner_id: fields.partner_id,
            msg_id: fields.msg_id,
            content: fields.content.ok_or_else(missing("content"))?,
            msg_type: MsgType::named(&fields.msg_type.ok_or_else(missing("msgType"))?),
            aname: fields.aname,
            aface: fields.aface,
            params: fields.params,
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::vendor::sobot::Push;

    const FILLED: &str = include_str!("../../../../tests/fixtures/sobot/ours.offline.filled.json");

    /// The filled example with one field changed.
    fn with(name: &str, value: Value) -> Result<OfflinePush, Unreadable> {
        let mut body: Value = serde_json::from_str(FILLED).unwrap();
        body.as_object_mut().unwrap().insert(name.into(), value);
        match Push::read(body.to_string().as_bytes()) {
            Ok(Push::Offline(push)) => Ok(push),
            Ok(other) => panic!("no offline message: {other:?}"),
            Err(error) => Err(error),
        }
    }

    #[test]
    fn reads_every_field() {
        assert_eq!(
            OfflinePush::read(FILLED),
            Ok(OfflinePush {
                partner_id: Some("DE".into()),
                msg_id: Some("sobot_msg_1".into()),
                content: "<p>Your parcel is on its <b>way</b></p>".into(),
                msg_type: MsgType::Text,
                aname: Some("Tom".into()),
                aface: Some("https://img.sobot.io/tom.png".into()),
                params: Some(r#"{"order":"A-17"}"#.into()),
            })
        );
    }

    #[test]
    fn the_words_of_the_page_and_others() {
        for (word, kind) in [
            ("text", MsgType::Text),
            ("image", MsgType::Image),
            ("file", MsgType::File),
            ("voice", MsgType::Voice),
            ("video", MsgType::Video),
            ("hologram", MsgType::Unknown),
            ("TEXT", MsgType::Unknown),
            ("0", MsgType::Unknown),
        ] {
            assert_eq!(with("msgType", json!(word)).unwrap().msg_type, kind);
        }
    }

    // Contradiction 13: tolerant types.
    #[test]
    fn ids_may_be_numbers() {
        let push = with("msgId", json!(17)).unwrap();
        assert_eq!(push.msg_id.as_deref(), Some("17"));
        let push = with("partnerId", json!(4711)).unwrap();
        assert_eq!(push.partner_id.as_deref(), Some("4711"));
    }

    #[test]
    fn empty_is_absent() {
        for empty in [json!(""), json!(" "), json!(null)] {
            assert_eq!(with("partnerId", empty.clone()).unwrap().partner_id, None);
            assert_eq!(with("msgId", empty.clone()).unwrap().msg_id, None);
            assert_eq!(with("aname", empty.clone()).unwrap().aname, None);
            assert_eq!(with("params", empty.clone()).unwrap().params, None);
            for name in ["content", "msgType"] {
                let error = with(name, empty.clone()).unwrap_err();
                assert_eq!(error, Unreadable::missing(name));
            }
        }
    }

    #[test]
    fn params_are_kept_whatever_they_are() {
        for (given, kept) in [
            (json!(r#"{"a":1}"#), r#"{"a":1}"#),
            (json!({"a": 1}), r#"{"a":1}"#),
            (json!([1, "b"]), r#"[1,"b"]"#),
            (json!(7), "7"),
            (json!("words"), "words"),
        ] {
            let push = with("params", given).unwrap();
            assert_eq!(push.params.as_deref(), Some(kept));
        }
    }
}
