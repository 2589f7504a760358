//! What agents wrote and the customer has not read, as the vendor lists it.

use deskbridge::{
    clock::rfc3339,
    html,
    message::{Author, File, Format, Kind},
    session::Agent,
    vendor::udesk::{
        self,
        push_agent::{AgentMessage, Content, Media},
        unread_customer_offline,
    },
};
use jiff::tz::Offset;
use serde::{Deserialize, Serialize};

/// What is unread.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Unread {
    /// How many messages, by the vendor's count.
    count: u64,
    /// Those that the vendor shows and that are to be shown.
    messages: Vec<Said>,
}

/// A message as the vendor tells it. Most of these the app was told of as `message.received`.
#[derive(Debug, Serialize, Deserialize)]
struct Said {
    from: Author,
    kind: Kind,
    content: String,
    format: Format,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    file: Option<File>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    agent: Option<Agent>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    said_at: Option<String>,
}

impl Unread {
    pub(crate) fn of(found: unread_customer_offline::Response, offset: Offset) -> Self {
        let count = found.count;
        let messages = found.messages(offset).into_iter().flatten();
        Self {
            count,
            messages: messages.filter_map(said).collect(),
        }
    }
}

/// `None` of what is not to be shown.
fn said(message: AgentMessage) -> Option<Said> {
    let (kind, content, file) = match message.content {
        Content::Message { content } => (Kind::Text, content, None),
        Content::Rich { content } => (Kind::Rich, content, None),
        Content::Image(media) => of_media(Kind::Image, media),
        Content::Audio(media) => of_media(Kind::Audio, media),
        Content::Video(media) => of_media(Kind::Video, media),
        Content::File(media) => of_media(Kind::File, media),
        Content::StartSession { .. }
        | Content::Transfer { .. }
        | Content::Close { .. }
        | Content::NotShown => return None,
    };
    let is_html = matches!(kind, Kind::Text | Kind::Rich);
    Some(Said {
        from: Author::Agent,
        kind,
        format: if is_html { Format::Html } else { Format::Text },
        text: is_html.then(|| html::plain_text(&content)),
        content,
        file: file.filter(|file| !file.is_empty()),
        agent: message.agent.and_then(udesk::Agent::person),
        said_at: message.created_at.map(|at| rfc3339(at.as_millisecond())),
    })
}

fn of_media(kind: Kind, media: Media) -> (Kind, String, Option<File>) {
    let duration = media.duration;
    let file = File {
        name: media.filename,
        size: media.filesize,
        duration: duration.and_then(|seconds| u32::try_from(seconds).ok()),
        ..File::default()
    };
    (kind, media.content, Some(file))
}
