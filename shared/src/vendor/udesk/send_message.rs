//! `POST /im/messages`: what the customer says, to an agent or a robot. A robot takes text alone.
//!
//! Vendor page: <https://www.udeskglobal.com/doc/apiv2/im>, "Send Message" and "Message Content Format"

use http::{HeaderMap, Method};
use serde::Serialize;

use super::{
    Account, Endpoint, Id, Refusal, Stamp, Unsendable, UrobotSession,
    reply::{self, Api},
};

/// One message of a customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request<'a> {
    /// The app's id of the customer.
    pub customer_token: &'a str,
    /// Where it goes.
    pub destination: Destination,
    /// Ours; the same over all attempts, so that Udesk can drop a repeat. Letters, digits, `_` and `-`.
    pub message_id: &'a str,
    /// What it is.
    pub kind: Kind,
    /// The text (which may hold HTML), or the URL of image, audio, video or file.
    pub content: &'a str,
    /// What is known of audio, video or file.
    pub file: Option<File<'a>>,
}

/// Where a message goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Destination {
    /// Into the open session with this `im_sub_session_id`.
    Session(Id),
    /// To the robot of another maker.
    Robot,
    /// To Udesk's own robot.
    Urobot {
        /// This one.
        robot_id: Id,
        /// In this scene.
        scene_id: Id,
        /// The session with it, where Udesk told of one.
        session: Option<UrobotSession>,
    },
    /// To whoever will answer: the customer is queued or being assigned.
    Queueing,
    /// Left for later, nobody being online.
    LeaveMessage {
        /// For this agent.
        agent_id: Option<Id>,
        /// For this group.
        group_id: Option<Id>,
    },
}

impl Destination {
    /// What `im_sub_session_id` says.
    pub const fn im_sub_session_id(self) -> Id {
        match self {
            Self::Session(id) => id,
            Self::Robot => Id(0),
            Self::Urobot { .. } => Id(-1),
            Self::LeaveMessage { .. } => Id(-2),
            Self::Queueing => Id(-3),
        }
    }
}

/// What a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text.
    Text,
    /// The URL of an image.
    Image,
    /// The URL of a voice message, amr.
    Audio,
    /// The URL of a video, mp4.
    Video,
    /// The URL of a file.
    File,
    /// HTML.
    Rich,
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::Text => "message",
            Self::Image => "image",
            Self::Audio => "audio",
            Self::Video => "video",
            Self::File => "file",
            Self::Rich => "rich",
        }
    }
}

/// What is known of audio, video or file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct File<'a> {
    /// Its name.
    pub name: Option<&'a str>,
    /// Its size for human readers, such as `4.3M`.
    pub size: Option<&'a str>,
    /// Seconds of audio.
    pub duration: Option<u64>,
}

#[derive(Serialize)]
struct Body<'a> {
    customer_token: &'a str,
    im_sub_session_id: Id,
    message_id: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    data: Data<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    robot_id: Option<Id>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scene_id: Option<Id>,
    #[serde(skip_serializing_if = "Option::is_none")]
    urobot_session_id: Option<Id>,
    #[serde(skip_serializing_if = "Option::is_none")]
    agent_id: Option<Id>,
    #[serde(skip_serializing_if = "Option::is_none")]
    group_id: Option<Id>,
}

#[derive(Serialize)]
struct Data<'a> {
    content: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    filename: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    filesize: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration: Option<u64>,
}

impl Endpoint for Request<'_> {
    const API: Api = Api::SendMessage;
    type Response = Response;

    fn to_http(
        &self,
        account: &Account<'_>,
        stamp: Stamp<'_>,
    ) -> Result<http::Request<Vec<u8>>, Unsendable> {
        if !is_message_id(self.message_id) {
            return Err(Unsendable::MessageId);
        }
        let file = self.file.unwrap_or_default();
        let body = Body {
            customer_token: self.customer_token,
            im_sub_session_id: self.destination.im_sub_session_id(),
            message_id: self.message_id,
            kind: self.kind.name(),
            data: Data {
                content: self.content,
                filename: file.name,
                filesize: file.size,
                duration: file.duration,
            },
            robot_id: None,
            scene_id: None,
            urobot_session_id: None,
            agent_id: None,
            group_id: None,
        };
        let body = match self.destination {
            Destination::Session(_) | Destination::Robot | Destination::Queueing => body,
            Destination::Urobot {
                robot_id,
                scene_id,
                session,
            } => Body {
                robot_id: Some(robot_id),
                scene_id: Some(scene_id),
                urobot_session_id: session.map(|UrobotSession(id)| id),
                ..body
            },
            Destination::LeaveMessage { agent_id, group_id } => Body {
                agent_id,
                group_id,
                ..body
            },
        };
        account.with_json(stamp, Method::POST, "/im/messages", &body)
    }

    fn read(status: u16, headers: &HeaderMap, body: &[u8]) -> Result<Response, Refusal> {
        reply::read(Self::API, status, headers, body).map(|_| Response)
    }
}

/// Whether Udesk takes this as a `message_id`.
pub fn is_message_id(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

/// Udesk has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Response;

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::vendor::udesk::{
        Code, Fate,
        account::tests::{ACCOUNT, STAMP, unsigned},
    };

    const TEXT: Request<'static> = Request {
        customer_token: "DE",
        destination: Destination::Session(Id(11)),
        message_id: "msg_1-a",
        kind: Kind::Text,
        content: "hello",
        file: None,
    };

    fn body(request: Request<'_>) -> Value {
        let http = request.to_http(&ACCOUNT, STAMP).unwrap();
        assert_eq!(http.method(), Method::POST);
        assert_eq!(http.uri().path(), "/open_api_v1/im/messages");
        assert!(unsigned(&http).is_empty());
        serde_json::from_slice(http.body()).unwrap()
    }

    #[test]
    fn sends_as_the_page_does() {
        let page: Value = serde_json::from_str(include_str!(
            "../../../../tests/fixtures/udesk/send_message.image.request.json"
        ))
        .unwrap();
        let request = Request {
            customer_token: "1234123123",
            destination: Destination::Session(Id(11)),
            message_id: "1",
            kind: Kind::Image,
            content: page.pointer("/data/content").unwrap().as_str().unwrap(),
            file: None,
        };
        assert_eq!(body(request), page);
    }

    #[test]
    fn names_every_kind() {
        for (kind, name) in [
            (Kind::Text, "message"),
            (Kind::Image, "image"),
            (Kind::Audio, "audio"),
            (Kind::Video, "video"),
            (Kind::File, "file"),
            (Kind::Rich, "rich"),
        ] {
            let body = body(Request { kind, ..TEXT });
            assert_eq!(body.get("type").unwrap(), name);
        }
    }

    #[test]
    fn tells_of_a_file() {
        let request = Request {
            kind: Kind::Audio,
            content: "https://files.example/1.amr",
            file: Some(File {
                name: Some("1.amr"),
                size: Some("4.3M"),
                duration: Some(200),
            }),
            ..TEXT
        };
        assert_eq!(
            body(request).get("data").unwrap(),
            &json!({"content": "https://files.example/1.amr", "filename": "1.amr", "filesize": "4.3M", "duration": 200})
        );
    }

    #[test]
    fn names_every_destination() {
        let left = Destination::LeaveMessage {
            agent_id: Some(Id(397)),
            group_id: Some(Id(1)),
        };
        let urobot = Destination::Urobot {
            robot_id: Id(12_362),
            scene_id: Id(39),
            session: Some(UrobotSession(Id(23_702))),
        };
        for (destination, number) in [
            (Destination::Session(Id(11)), 11),
            (Destination::Robot, 0),
            (urobot, -1),
            (left, -2),
            (Destination::Queueing, -3),
        ] {
            let body = body(Request {
                destination,
                ..TEXT
            });
            assert_eq!(body.get("im_sub_session_id").unwrap(), number);
            assert_eq!(body.get("agent_id").is_some(), destination == left);
            assert_eq!(body.get("group_id").is_some(), destination == left);
            for name in ["robot_id", "scene_id", "urobot_session_id"] {
                assert_eq!(body.get(name).is_some(), destination == urobot, "{name}");
            }
        }
        // The session's number alone: what tells it from an agent's is ours.
        let body = body(Request {
            destination: urobot,
            ..TEXT
        });
        assert_eq!(body.get("robot_id").unwrap(), 12_362);
        assert_eq!(body.get("scene_id").unwrap(), 39);
        assert_eq!(body.get("urobot_session_id").unwrap(), 23_702);
        assert_eq!(body.get("message_id").unwrap(), "msg_1-a");
    }

    #[test]
    fn refuses_ids_that_udesk_does_not_take() {
        for message_id in ["", "a b", "a.b", "é", "a/b", "1\n"] {
            let request = Request { message_id, ..TEXT };
            let error = request.to_http(&ACCOUNT, STAMP).unwrap_err();
            assert!(matches!(error, Unsendable::MessageId), "{message_id}");
        }
    }

    // 9200 is a gone session, 2062 can't be known and is final.
    #[test]
    fn contradiction_10_reads_answers() {
        let fixture = include_bytes!("../../../../tests/fixtures/udesk/send_message.answer.json");
        assert_eq!(Request::read(200, &HeaderMap::new(), fixture), Ok(Response));
        for (code, fate) in [
            (Code::SessionGone, Fate::SessionGone),
            (Code::MissingOrClosed, Fate::Refused),
        ] {
            let body = json!({"code": code, "message": "no"}).to_string();
            assert_eq!(
                Request::read(200, &HeaderMap::new(), body.as_bytes()),
                Err(Refusal {
                    fate,
                    code: Some(code),
                    message: "no".into()
                })
            );
        }
    }
}
