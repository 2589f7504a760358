//! `POST {prefix}chat_send`: a customer writes to the agent. Sobot gives the message no id, and drops no repeat.
//!
//! Vendor page: <https://developer.sobot.io/en/pages/7dbd90>

use serde::Serialize;

use super::{
    Refusal,
    answer::{Item, unknown},
    live_chat::{Call, Endpoint},
};
use crate::fate::Fate;

/// A message. Its `appoint_cid` and `appoint_msgid` would quote another one; nothing here quotes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Request<'a> {
    /// The customer.
    pub partnerid: &'a str,
    /// The text, or the public address of what is sent.
    pub content: &'a str,
    /// What it is.
    pub msg_type: MsgType,
}

/// What a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum MsgType {
    /// Plain text.
    Text,
    /// A picture, by its address.
    Image,
    /// A sound, by its address; see [`is_sound`].
    Voice,
    /// A film, by its address.
    Video,
}

/// Whether a file of this name can be a sound of Sobot's, which are mp3 or wav. What has no extension may be one.
pub fn is_sound(name: &str) -> bool {
    let name = name.rsplit('/').next().unwrap_or_default();
    match name.rsplit_once('.') {
        Some((_, extension)) => ["mp3", "wav"]
            .iter()
            .any(|known| extension.eq_ignore_ascii_case(known)),
        None => true,
    }
}

impl Endpoint for Request<'_> {
    const CALL: Call = Call::ChatSend;
    type Response = ();

    fn of_item(item: &Item) -> Result<(), Refusal> {
        match item.status()? {
            1 => Ok(()),
            2 => Err(Refusal::of(
                Fate::SessionGone,
                "the customer is not connected to an agent",
            )),
            other => Err(unknown(other)),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use http::HeaderMap;
    use serde_json::json;

    use super::*;
    use crate::vendor::sobot::{answer::tests::granted, live_chat::tests::body};

    #[test]
    fn says_what_the_message_is() {
        for (msg_type, word) in [
            (MsgType::Text, "text"),
            (MsgType::Image, "image"),
            (MsgType::Voice, "voice"),
            (MsgType::Video, "video"),
        ] {
            let request = Request {
                partnerid: "DE",
                content: "https://files.example.com/a",
                msg_type,
            };
            assert_eq!(
                body(&request),
                json!({"partnerid": "DE", "content": "https://files.example.com/a", "msg_type": word})
            );
        }
    }

    // vendors.md, 2.5: 1 ok, 2 not connected to an agent.
    #[test]
    fn each_status_has_its_fate() {
        let fate = |item| {
            let read = Request::read(200, &HeaderMap::new(), &granted(&item));
            read.err().map(|refusal| refusal.fate)
        };
        assert_eq!(fate(json!({"status": 1})), None);
        assert_eq!(fate(json!({"status": "1"})), None);
        assert_eq!(fate(json!({"status": 2})), Some(Fate::SessionGone));
        assert_eq!(fate(json!({"status": 0})), Some(Fate::Refused));
        assert_eq!(fate(json!(null)), Some(Fate::RetryMaybeArrived));
    }

    // vendors.md, 2.5: voice is mp3 or wav.
    #[test]
    fn sounds_are_mp3_or_wav() {
        for good in ["a.mp3", "/b/c.WAV", "https-host/voice", "/v1.2/voice"] {
            assert!(is_sound(good), "{good}");
        }
        for bad in ["a.amr", "/b/c.mp4", "a.mp3.zip", "a."] {
            assert!(!is_sound(bad), "{bad}");
        }
    }
}
