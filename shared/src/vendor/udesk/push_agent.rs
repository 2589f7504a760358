//! The push that brings what an agent wrote or did: `{customer_token, assign_type: "agent", messages: […]}`.
//!
//! The order of the messages counts: a start comes before its welcome, a transfer before its notice. A transfer's
//! `im_sub_session_id` is the session's new one.
//!
//! Vendor page: <https://www.udeskglobal.com/doc/apiv2/im>, "Reply Message Notification" and "Message Content Format"

use jiff::{Timestamp, tz::Offset};
use serde::Deserialize;
use serde_json::{Value, value::RawValue};

use super::{Agent, Id, date, id, push, survey_options, text};
use crate::{
    survey::Survey,
    vendor::unreadable::{Members, Unreadable, parse},
};

/// What one push of agents' messages holds.
#[derive(Clone, Debug)]
pub struct AgentPush {
    /// The app's id of the customer.
    pub customer_token: Option<String>,
    /// In order. One that can't be read does not spoil the others.
    pub messages: Vec<Result<AgentMessage, UnreadableMessage>>,
}

/// A message, or an event, of an agent.
#[derive(Clone, Debug)]
pub struct AgentMessage {
    /// What `type` names.
    pub kind: Kind,
    /// Udesk's id of it; may be prefixed text.
    pub message_id: Option<String>,
    /// Udesk's id of the session.
    pub im_sub_session_id: Option<Id>,
    /// Who wrote it.
    pub agent: Option<Agent>,
    /// When; `None` when the date is missing or none.
    pub created_at: Option<Timestamp>,
    /// What it says, by its kind.
    pub content: Content,
    /// As it came.
    pub raw: Box<RawValue>,
}

/// A message that is not what Udesk documents.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{fault}")]
pub struct UnreadableMessage {
    /// Where, seen from the body: `messages[2].data.content`.
    #[source]
    pub fault: Unreadable,
    /// As it came.
    pub raw: Box<RawValue>,
}

/// Every type of the page's list; another is kept by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `message`: text, which may hold HTML.
    Message,
    /// `image`
    Image,
    /// `audio`
    Audio,
    /// `video`
    Video,
    /// `file`
    File,
    /// `rich`: HTML.
    Rich,
    /// `start_session`
    StartSession,
    /// `transfer`
    Transfer,
    /// `close`
    Close,
    /// `survey`: of the agents' workbench.
    Survey,
    /// `struct`: a card, of web and SDK.
    Struct,
    /// `info_transfer`: a transfer, for display.
    InfoTransfer,
    /// `active_guest`: an agent begins a conversation, on the web.
    ActiveGuest,
    /// `info_appoint`: an agent is given a customer.
    InfoAppoint,
    /// `form`
    Form,
    /// `form_received`
    FormReceived,
    /// `info`: a form before the session, for agents.
    Info,
    /// `robot_transfer`: for agents.
    RobotTransfer,
    /// Any other.
    Unknown(String),
}

impl Kind {
    fn named(name: String) -> Self {
        match name.as_str() {
            "message" => Self::Message,
            "image" => Self::Image,
            "audio" => Self::Audio,
            "video" => Self::Video,
            "file" => Self::File,
            "rich" => Self::Rich,
            "start_session" => Self::StartSession,
            "transfer" => Self::Transfer,
            "close" => Self::Close,
            "survey" => Self::Survey,
            "struct" => Self::Struct,
            "info_transfer" => Self::InfoTransfer,
            "active_guest" => Self::ActiveGuest,
            "info_appoint" => Self::InfoAppoint,
            "form" => Self::Form,
            "form_received" => Self::FormReceived,
            "info" => Self::Info,
            "robot_transfer" => Self::RobotTransfer,
            _ => Self::Unknown(name),
        }
    }

    /// The name that Udesk writes.
    pub fn name(&self) -> &str {
        match self {
            Self::Message => "message",
            Self::Image => "image",
            Self::Audio => "audio",
            Self::Video => "video",
            Self::File => "file",
            Self::Rich => "rich",
            Self::StartSession => "start_session",
            Self::Transfer => "transfer",
            Self::Close => "close",
            Self::Survey => "survey",
            Self::Struct => "struct",
            Self::InfoTransfer => "info_transfer",
            Self::ActiveGuest => "active_guest",
            Self::InfoAppoint => "info_appoint",
            Self::Form => "form",
            Self::FormReceived => "form_received",
            Self::Info => "info",
            Self::RobotTransfer => "robot_transfer",
            Self::Unknown(name) => name,
        }
    }
}

/// What a message says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// Text, which may hold HTML.
    Message {
        /// The text.
        content: String,
    },
    /// HTML.
    Rich {
        /// The HTML.
        content: String,
    },
    /// An image.
    Image(Media),
    /// A voice message.
    Audio(Media),
    /// A video.
    Video(Media),
    /// A file.
    File(Media),
    /// The session begins.
    StartSession {
        /// What the customer may be told; may be empty.
        content: String,
    },
    /// Another agent takes over, under a new session id.
    Transfer {
        /// What the customer may be told; may be empty.
        content: String,
    },
    /// The session ends.
    Close {
        /// How.
        close_type: Option<CloseType>,
        /// What the customer may be told; may be empty.
        content: String,
        /// What the customer may be asked.
        survey: Option<Box<Survey>>,
    },
    /// Not to be shown, Udesk says; or of a kind that nobody knows.
    NotShown,
}

/// Something at a URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Media {
    /// The URL.
    pub content: String,
    /// Its name.
    pub filename: Option<String>,
    /// Its size for human readers, such as `4.3M`.
    pub filesize: Option<String>,
    /// Whole seconds of audio.
    pub duration: Option<u64>,
}

/// How a session ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CloseType {
    /// `normal`
    Normal,
    /// `redirect`: the customer was handed on.
    Redirect,
    /// `force`
    Force,
    /// Any other.
    Unknown(String),
}

impl CloseType {
    pub(super) fn named(name: String) -> Self {
        match name.as_str() {
            "normal" => Self::Normal,
            "redirect" => Self::Redirect,
            "force" => Self::Force,
            _ => Self::Unknown(name),
        }
    }

    /// The name that Udesk writes.
    pub fn name(&self) -> &str {
        match self {
            Self::Normal => "normal",
            Self::Redirect => "redirect",
            Self::Force => "force",
            Self::Unknown(name) => name,
        }
    }
}

impl AgentPush {
    pub(super) fn read(members: &Members<'_>, offset: Offset) -> Result<Self, Unreadable> {
        let raws = push::messages(members)?;
        Ok(Self {
            customer_token: push::customer_token(members),
            messages: each("messages", raws, offset),
        })
    }
}

/// What every message has, whatever its kind.
#[derive(Deserialize)]
struct Head {
    #[serde(rename = "type", default, deserialize_with = "text::optional")]
    kind: Option<String>,
    #[serde(default, deserialize_with = "text::optional")]
    message_id: Option<String>,
    #[serde(default, deserialize_with = "id::optional")]
    im_sub_session_id: Option<Id>,
    #[serde(default)]
    message_created_at: Value,
}

/// `data`, as far as any kind that is shown has it.
#[derive(Default, Deserialize)]
struct Data {
    #[serde(default)]
    data: Option<Fields>,
}

#[derive(Default, Deserialize)]
struct Fields {
    #[serde(default, deserialize_with = "string_or_number")]
    content: Option<String>,
    #[serde(default)]
    filename: Value,
    #[serde(default)]
    filesize: Value,
    #[serde(default)]
    duration: Value,
    #[serde(default)]
    close_type: Value,
    #[serde(default)]
    survey_options: Value,
}

/// A message's text, an empty one too.
fn string_or_number<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Null => Ok(None),
        value => text::text(&value)
            .map(Some)
            .ok_or_else(|| serde::de::Error::custom("expected a text")),
    }
}

/// Reads each message of the list that stands at `path`.
pub(super) fn each(
    path: &str,
    raws: Vec<Box<RawValue>>,
    offset: Offset,
) -> Vec<Result<AgentMessage, UnreadableMessage>> {
    (0..)
        .zip(raws)
        .map(|(index, raw)| message(&format!("{path}[{index}]"), raw, offset))
        .collect()
}

fn message(
    path: &str,
    raw: Box<RawValue>,
    offset: Offset,
) -> Result<AgentMessage, UnreadableMessage> {
    made(path, read(raw.get(), offset), raw)
}

/// A message that came in another form: `pushed` is what a push would have made of it, `raw` what came.
pub(super) fn message_as(
    pushed: &Value,
    raw: Box<RawValue>,
    offset: Offset,
) -> Result<AgentMessage, UnreadableMessage> {
    made("", read(&pushed.to_string(), offset), raw)
}

fn made(
    path: &str,
    read: Result<Parts, Unreadable>,
    raw: Box<RawValue>,
) -> Result<AgentMessage, UnreadableMessage> {
    match read {
        Ok((head, kind, agent, created_at, content)) => Ok(AgentMessage {
            kind,
            message_id: head.message_id,
            im_sub_session_id: head.im_sub_session_id,
            agent,
            created_at,
            content,
            raw,
        }),
        Err(fault) => Err(UnreadableMessage {
            fault: fault.within(path),
            raw,
        }),
    }
}

type Parts = (Head, Kind, Option<Agent>, Option<Timestamp>, Content);

fn read(raw: &str, offset: Offset) -> Result<Parts, Unreadable> {
    let mut head: Head = parse(raw)?;
    let kind = head
        .kind
        .take()
        .ok_or_else(|| Unreadable::missing("type"))?;
    let kind = Kind::named(kind);
    let content = content(&kind, raw)?;
    let agent = Agent::of(&parse(raw)?);
    let created_at = text::filled(&head.message_created_at)
        .and_then(|created_at| date::read(&created_at, offset));
    Ok((head, kind, agent, created_at, content))
}

fn content(kind: &Kind, raw: &str) -> Result<Content, Unreadable> {
    let data = || parse::<Data>(raw).map(|data| data.data);
    let fields = || data()?.ok_or_else(|| Unreadable::missing("data"));
    // What is shown must say something; an event may go without words.
    let said = || {
        fields()?
            .content
            .ok_or_else(|| Unreadable::missing("data.content"))
    };
    let words = || Ok(data()?.and_then(|data| data.content).unwrap_or_default());
    let media = || {
        let fields = fields()?;
        Ok(Media {
            filename: text::filled(&fields.filename),
            filesize: text::filled(&fields.filesize),
            duration: seconds(&fields.duration),
            content: fields
                .content
                .filter(|url| !url.trim().is_empty())
                .ok_or_else(|| Unreadable::missing("data.content"))?,
        })
    };
    Ok(match kind {
        Kind::Message => Content::Message { content: said()? },
        Kind::Rich => Content::Rich { content: said()? },
        Kind::Image => Content::Image(media()?),
        Kind::Audio => Content::Audio(media()?),
        Kind::Video => Content::Video(media()?),
        Kind::File => Content::File(media()?),
        Kind::StartSession => Content::StartSession { content: words()? },
        Kind::Transfer => Content::Transfer { content: words()? },
        Kind::Close => {
            let fields = data()?.unwrap_or_default();
            Content::Close {
                close_type: text::filled(&fields.close_type).map(CloseType::named),
                survey: survey_options::read(&fields.survey_options).map(Box::new),
                content: fields.content.unwrap_or_default(),
            }
        }
        Kind::Survey
        | Kind::Struct
        | Kind::InfoTransfer
        | Kind::ActiveGuest
        | Kind::InfoAppoint
        | Kind::Form
        | Kind::FormReceived
        | Kind::Info
        | Kind::RobotTransfer
        | Kind::Unknown(_) => Content::NotShown,
    })
}

/// Whole seconds, of a number or a numeric text.
fn seconds(value: &Value) -> Option<u64> {
    let seconds: f64 = text::filled(value)?.trim().parse().ok()?;
    (0.0..1e9)
        .contains(&seconds)
        .then(|| std::time::Duration::from_secs_f64(seconds.round()).as_secs())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::vendor::{udesk::Push, unreadable::Fault};

    const FIXTURE: &str = include_str!("../../../../tests/fixtures/udesk/push.agent.json");

    fn push(body: &str) -> AgentPush {
        match Push::read(body.as_bytes(), Offset::constant(8)) {
            Ok(Push::Agent(push)) => push,
            other => panic!("not of an agent: {other:?}"),
        }
    }

    fn one(message: Value) -> Result<AgentMessage, UnreadableMessage> {
        let body = json!({"customer_token": "axb", "assign_type": "agent", "messages": [message]});
        push(&body.to_string()).messages.remove(0)
    }

    fn typed(kind: &str, data: Value) -> Result<AgentMessage, UnreadableMessage> {
        one(json!({"type": kind, "im_sub_session_id": 3, "data": data}))
    }

    #[test]
    fn reads_the_page() {
        let push = push(FIXTURE);
        assert_eq!(push.customer_token.as_deref(), Some("axb"));
        let messages: Vec<_> = push.messages.into_iter().map(Result::unwrap).collect();
        for message in &messages {
            assert_eq!(message.message_id.as_deref(), Some("xxxxx"));
            assert_eq!(message.im_sub_session_id, Some(Id(3)));
            assert_eq!(
                message.agent,
                Some(Agent {
                    id: Some(Id(1)),
                    name: Some("TOM".into()),
                    avatar: Some("https://123.com/1.png".into())
                })
            );
        }
        // Contradiction 25: two formats in one sample.
        let dates: Vec<_> = messages
            .iter()
            .map(|message| message.created_at.unwrap().to_string())
            .collect();
        assert_eq!(
            dates,
            [
                "2017-07-11T01:52:11Z",
                "2017-07-11T01:52:12Z",
                "2017-07-11T01:52:13Z",
                "2017-12-31T16:00:00Z"
            ]
        );
        let contents: Vec<_> = messages.into_iter().map(|m| m.content).collect();
        assert_eq!(
            contents,
            [
                Content::StartSession {
                    content: "Dialogue started".into()
                },
                Content::Message {
                    content: "Hello, what can I help you with?".into()
                },
                Content::Rich {
                    content: "Our company's promotional products are hot-selling. Don't miss it. <a href=\"https://xxx.com/1.png\">Hot sale.com</a>".into()
                },
                Content::Close {
                    close_type: Some(CloseType::Unknown(
                        "normal(normal)|redirect(redirect)|force(force)".into()
                    )),
                    content: "Close the session".into(),
                    // Contradiction 6: a text in the sample.
                    survey: None,
                },
            ]
        );
    }

    // Contradiction 4.
    #[test]
    fn ids_may_be_numbers_text_or_absent() {
        let message = one(json!({
            "type": "message", "message_id": 17, "agent_id": "1", "im_sub_session_id": "3", "data": {"content": "x"},
        }))
        .unwrap();
        assert_eq!(message.message_id.as_deref(), Some("17"));
        assert_eq!(message.im_sub_session_id, Some(Id(3)));
        assert_eq!(message.agent.unwrap().id, Some(Id(1)));

        let message = one(json!({
            "type": "message", "message_id": "udesk_1", "im_sub_session_id": "", "message_created_at": "?", "data": {"content": ""},
        }))
        .unwrap();
        assert_eq!(message.message_id.as_deref(), Some("udesk_1"));
        assert_eq!(message.im_sub_session_id, None);
        assert_eq!((message.agent, message.created_at), (None, None));

        let message = one(json!({"type": "message", "data": {"content": 5}})).unwrap();
        assert_eq!(message.message_id, None);
        assert_eq!(
            message.content,
            Content::Message {
                content: "5".into()
            }
        );
    }

    #[test]
    fn media_of_every_kind() {
        let media = Media {
            content: "https://f.example/1".into(),
            filename: Some("football.mp4".into()),
            filesize: Some("4.3M".into()),
            duration: Some(200),
        };
        let data = json!({"content": "https://f.example/1", "filename": "football.mp4", "filesize": "4.3M", "duration": "200"});
        for (kind, content) in [
            ("image", Content::Image(media.clone())),
            ("audio", Content::Audio(media.clone())),
            ("video", Content::Video(media.clone())),
            ("file", Content::File(media.clone())),
        ] {
            assert_eq!(typed(kind, data.clone()).unwrap().content, content);
        }
        for duration in [json!(-1), json!("long"), json!(null), json!({})] {
            let message = typed("audio", json!({"content": "u", "duration": duration})).unwrap();
            let Content::Audio(media) = message.content else {
                panic!("not audio")
            };
            assert_eq!(media.duration, None);
        }
    }

    #[test]
    fn events() {
        assert_eq!(
            typed("transfer", json!({"content": "Session transfer"}))
                .unwrap()
                .content,
            Content::Transfer {
                content: "Session transfer".into()
            }
        );
        // Without words, and without data at all.
        assert_eq!(
            one(json!({"type": "start_session"})).unwrap().content,
            Content::StartSession {
                content: String::new()
            }
        );
        let survey: Value = serde_json::from_str(include_str!(
            "../../../../tests/fixtures/udesk/survey_options.json"
        ))
        .unwrap();
        for (name, close_type) in [
            ("normal", CloseType::Normal),
            ("redirect", CloseType::Redirect),
            ("force", CloseType::Force),
        ] {
            let data = json!({"close_type": name, "content": "Bye", "survey_options": survey["survey_options"]});
            let Content::Close {
                close_type: read,
                survey,
                ..
            } = typed("close", data).unwrap().content
            else {
                panic!("not a close")
            };
            assert_eq!(close_type.name(), name);
            assert_eq!(read, Some(close_type));
            assert_eq!(survey.unwrap().options[0].id, "101");
        }
    }

    #[test]
    fn what_is_not_shown_is_not_looked_into() {
        for kind in [
            "survey",
            "struct",
            "info_transfer",
            "active_guest",
            "info_appoint",
            "form",
            "form_received",
            "info",
            "robot_transfer",
        ] {
            let message = typed(kind, json!(["anything"])).unwrap();
            assert_eq!(message.content, Content::NotShown);
            assert_eq!(message.kind.name(), kind);
            assert!(!matches!(message.kind, Kind::Unknown(_)), "{kind}");
        }
        let message = typed("hologram", json!({"content": "x"})).unwrap();
        assert_eq!(message.kind, Kind::Unknown("hologram".into()));
        assert_eq!(message.content, Content::NotShown);
    }

    #[test]
    fn kinds_come_back_by_name() {
        for name in ["message", "image", "audio", "video", "file", "rich"] {
            let kind = Kind::named(name.into());
            assert!(!matches!(kind, Kind::Unknown(_)));
            assert_eq!(kind.name(), name);
        }
    }

    #[test]
    fn one_that_cannot_be_read_does_not_spoil_the_others() {
        let body = r#"{"customer_token":"axb","assign_type":"agent","messages":[
            {"type":"message","data":{"content":"one"}},
            {"type":"message","data":{"content":["secret"]},  "z":1,"a":2},
            7,
            {"data":{}},
            {"type":"image","data":null},
            {"type":"message","data":"secret"},
            {"type":"message","data":{}},
            {"type":"file","data":{"content":" "}},
            {"type":"message","im_sub_session_id":"secret","data":{"content":"x"}},
            {"type":"message","data":{"content":"two"}}]}"#;
        let mut read = Vec::new();
        let mut faults = Vec::new();
        for message in push(body).messages {
            match message {
                Ok(message) => read.push(message.content),
                Err(message) => {
                    assert!(!message.to_string().contains("secret"));
                    faults.push((message.fault.path, message.fault.fault, message.raw));
                }
            }
        }
        let said = |content: &str| Content::Message {
            content: content.into(),
        };
        assert_eq!(read, [said("one"), said("two")]);
        let paths: Vec<_> = faults.iter().map(|(p, f, _)| (p.as_str(), *f)).collect();
        assert_eq!(
            paths,
            [
                ("messages[1].data.content", Fault::WrongType),
                ("messages[2]", Fault::WrongType),
                ("messages[3].type", Fault::Missing),
                ("messages[4].data", Fault::Missing),
                ("messages[5].data", Fault::WrongType),
                ("messages[6].data.content", Fault::Missing),
                ("messages[7].data.content", Fault::Missing),
                ("messages[8].im_sub_session_id", Fault::WrongType),
            ]
        );
        // Byte for byte.
        assert_eq!(
            faults[0].2.get(),
            r#"{"type":"message","data":{"content":["secret"]},  "z":1,"a":2}"#
        );
    }

    // Contradiction 16: Udesk writes an object where the table says array.
    #[test]
    fn one_message_without_its_list() {
        let push =
            push(r#"{"assign_type":"agent","messages":{"type":"message","data":{"content":"x"}}}"#);
        assert_eq!(push.messages.len(), 1);
        assert!(push.messages[0].is_ok());
        assert_eq!(push.customer_token, None);
    }
}
