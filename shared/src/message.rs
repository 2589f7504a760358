//! A message: something that a customer, a robot, an agent or the desk said.

use serde::{Deserialize, Serialize};
use serde_json::Number;

use crate::{
    clock::{Millis, rfc3339, rfc3339_field},
    error::VendorFault,
    html,
    ids::MessageId,
    log::Log,
    session::Agent,
};

/// Who said it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Author {
    /// The app's end user.
    Customer,
    /// A person at the desk.
    Agent,
    /// The desk's robot.
    Robot,
    /// The app, speaking as the desk.
    Desk,
}

/// What it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Plain text.
    Text,
    /// The URL of a picture.
    Image,
    /// The URL of a recording.
    Audio,
    /// The URL of a film.
    Video,
    /// The URL of a file.
    File,
    /// HTML.
    Rich,
    /// A card.
    Card,
    /// A place.
    Location,
    /// One of the app's own emoji.
    Face,
    /// Something of the vendor's own.
    Custom,
}

/// How far a message on its way to the vendor has come. It follows evidence and never goes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// In the log.
    Queued,
    /// An attempt is under way.
    Sending,
    /// The vendor took it.
    Sent,
    /// An agent read it.
    Read,
    /// The vendor refused it, or it was given up.
    Failed,
    /// It may have arrived and is not repeated by itself.
    Unknown,
}

impl Status {
    /// Whether evidence for `next` moves a message on from here. A read receipt overrules everything;
    /// nothing overrules it.
    #[must_use]
    pub fn gives_way_to(self, next: Self) -> bool {
        match self {
            Self::Queued => next != Self::Queued,
            Self::Sending => !matches!(next, Self::Queued | Self::Sending),
            // Taken up again, it may arrive after all, or leave no trace of whether it did.
            Self::Failed => matches!(next, Self::Sent | Self::Read | Self::Unknown),
            Self::Unknown => matches!(next, Self::Sent | Self::Read),
            Self::Sent => next == Self::Read,
            Self::Read => false,
        }
    }
}

/// How `content` is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// As it stands.
    Text,
    /// HTML as the vendor sent it, not cleaned: show `text`, or sanitise first.
    Html,
}

/// What is known of a file that a message points to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its size in words, such as `4.3M`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<String>,
    /// How long it plays, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration: Option<u32>,
    /// How wide a picture or film is, in pixels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
    /// How high, in pixels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
    /// The URL of a film's still picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thumbnail: Option<String>,
}

impl File {
    /// Whether nothing is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Its size in bytes, where its words say one: `4.3M`, `12 KB`, `1048576`.
    #[must_use]
    pub fn bytes(&self) -> Option<u64> {
        let words = self.size.as_deref()?.trim();
        let end = words.find(|letter: char| !letter.is_ascii_digit() && letter != '.');
        let (number, unit) = words.split_at(end.unwrap_or(words.len()));
        let unit = unit.trim().to_ascii_uppercase();
        let factor: u64 = match unit.trim_end_matches('B').trim_end_matches('I') {
            "" => 1,
            "K" => 1 << 10,
            "M" => 1 << 20,
            "G" => 1 << 30,
            _ => return None,
        };
        let (whole, part) = number.split_once('.').unwrap_or((number, ""));
        let whole = whole.parse::<u64>().ok()?.checked_mul(factor)?;
        // More digits than these say nothing of a size.
        let part = part.get(..part.len().min(6))?;
        let ten = 10u64.checked_pow(u32::try_from(part.len()).ok()?)?;
        let part = if part.is_empty() {
            0
        } else {
            part.parse::<u64>().ok()?
        };
        whole.checked_add(part.checked_mul(factor)? / ten)
    }
}

/// A place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// Degrees north.
    pub latitude: Number,
    /// Degrees east.
    pub longitude: Number,
}

/// A card: a picture with a title that leads somewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Card {
    /// What it is called.
    pub title: String,
    /// A line or two about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The URL of a picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// Where a tap leads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Where it is an order's: what a card of an order has beside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<OrderCard>,
}

/// What a card of an order has beside.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrderCard {
    /// What stands above it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guide: Option<String>,
    /// Its lines.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<OrderField>,
}

/// A line of an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrderField {
    /// What it is about.
    pub name: String,
    /// What it says.
    pub value: String,
}

/// What a robot proposes beside its answer: a question to ask next, or a page to read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suggestion {
    /// The words to show.
    pub text: String,
    /// The vendor's identifier of the question.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The page's address, `http` or `https`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// What the vendor is told when the customer chooses it. Whatever has no address can also be asked, as a message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<Action>,
    /// Whether it is one of the questions that are often asked.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub frequent: bool,
}

/// What the vendor is told when a customer chooses what a robot proposes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// It is a step of a flow: the robot goes on from there.
    Flow,
    /// It is a question: the click is counted.
    Click,
}

/// What a robot's message answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answered {
    /// What kind of answer it is, where the robot says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<AnswerKind>,
    /// What the robot took the customer's words for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub question: Option<String>,
    /// The vendor's identifier of that question, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub question_id: Option<String>,
}

/// What kind of answer a robot gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnswerKind {
    /// What it knows, perhaps with more to ask.
    Answer,
    /// Nothing but more to ask.
    Suggestions,
    /// A greeting.
    Greeting,
    /// It does not know.
    Unknown,
    /// It does not take such words.
    Sensitive,
}

/// A message as the table holds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Its identifier; sorts by its place in the session.
    pub id: MessageId,
    /// Who said it.
    pub from: Author,
    /// What it is.
    pub kind: Kind,
    /// What was said, as it came.
    pub content: String,
    /// How `content` is to be read.
    pub format: Format,
    /// `content` as plain text, where that differs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The file that `content` points to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<File>,
    /// The card, where it is one; `content` is its title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card: Option<Card>,
    /// The place, where it is one; `content` says what is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// Which emoji, where it is one; `content` is what the app says of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub face: Option<i64>,
    /// What the robot proposes beside it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub suggestions: Vec<Suggestion>,
    /// What it answers, where a robot said it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<Answered>,
    /// The agent who said it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<Agent>,
    /// Custom data that travels with it, as the vendor or the app gave it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custom: Option<String>,
    /// How far it has come; for messages towards the vendor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// Whether the desk need not wait for an answer to it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub needs_no_answer: bool,
    /// The number that was drawn for it, by which the vendor knows a repeat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub random: Option<u32>,
    /// Its entry in the log of sends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<u64>,
    /// The client's own identifier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<VendorFault>,
    /// Whether it failed because the conversation had ended before it could be sent.
    #[serde(default)]
    pub too_late: bool,
    /// The vendor's identifier of what came from there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vendor_id: Option<String>,
    /// When it was said, by the vendor's clock, where it tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said_at: Option<Millis>,
    /// When it went out, where it may have arrived: by it, it is known again at a vendor that has no names for messages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent: Option<Sent>,
    /// Whether no push brought it: it was found later, and stands behind what was said after it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub late: bool,
    /// The vendor's session that it came in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vendor_session: Option<String>,
    /// When it was recorded.
    pub created_at: Millis,
}

/// When a message was on its way to the vendor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// When the first attempt that may have brought it there began.
    pub from: Millis,
    /// When what came of the last one was known.
    pub until: Millis,
}

/// A message as the API and the events show it.
#[derive(Debug, Serialize)]
pub struct View<'a> {
    id: &'a MessageId,
    from: Author,
    kind: Kind,
    content: &'a str,
    format: Format,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'a File>,
    #[serde(skip_serializing_if = "Option::is_none")]
    card: Option<&'a Card>,
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<&'a Place>,
    #[serde(skip_serializing_if = "Option::is_none")]
    face: Option<i64>,
    #[serde(skip_serializing_if = "<[Suggestion]>::is_empty")]
    suggestions: &'a [Suggestion],
    #[serde(skip_serializing_if = "Option::is_none")]
    answer: Option<&'a Answered>,
    #[serde(skip_serializing_if = "Option::is_none")]
    agent: Option<&'a Agent>,
    #[serde(skip_serializing_if = "Option::is_none")]
    custom: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<Status>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a VendorFault>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    late: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    said_at: Option<String>,
    #[serde(with = "rfc3339_field")]
    created_at: Millis,
}

/// What a vendor tells of a message without saying whose it is or under which id: enough for a list of
/// conversations, and no part of one.
#[derive(Debug, Serialize)]
pub struct Excerpt {
    kind: Kind,
    content: String,
    format: Format,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<String>,
}

impl Excerpt {
    /// `content` as it came, of this kind, said at this time; text may hold HTML.
    #[must_use]
    pub fn new(kind: Kind, content: String, at: Option<Millis>) -> Self {
        let is_html = matches!(kind, Kind::Text | Kind::Rich);
        Self {
            kind,
            format: if is_html { Format::Html } else { Format::Text },
            text: is_html.then(|| html::plain_text(&content)),
            content,
            at: at.map(rfc3339),
        }
    }
}

impl Message {
    /// A message of which no more is known than this. `content` is read as it stands.
    #[must_use]
    pub fn new(id: MessageId, from: Author, kind: Kind, content: String, now: Millis) -> Self {
        Self {
            id,
            from,
            kind,
            content,
            format: Format::Text,
            text: None,
            file: None,
            card: None,
            place: None,
            face: None,
            suggestions: Vec::new(),
            answer: None,
            agent: None,
            custom: None,
            status: None,
            needs_no_answer: false,
            random: None,
            entry: None,
            client_id: None,
            error: None,
            too_late: false,
            vendor_id: None,
            said_at: None,
            sent: None,
            late: false,
            vendor_session: None,
            created_at: now,
        }
    }

    /// What a robot says: HTML, and what it proposes beside. Where it only proposes, `text` holds that, so that nobody
    /// shows an empty message.
    #[must_use]
    pub fn from_robot(
        id: MessageId,
        content: String,
        suggestions: Vec<Suggestion>,
        now: Millis,
    ) -> Self {
        let mut text = html::plain_text(&content);
        if text.is_empty() {
            let proposed: Vec<_> = suggestions.iter().map(|one| one.text.as_str()).collect();
            text = proposed.join("\n");
        }
        Self {
            format: Format::Html,
            text: Some(text),
            suggestions,
            ..Self::new(id, Author::Robot, Kind::Text, content, now)
        }
    }

    /// The message as the API and the events show it.
    #[must_use]
    pub fn view(&self) -> View<'_> {
        View {
            id: &self.id,
            from: self.from,
            kind: self.kind,
            content: &self.content,
            format: self.format,
            text: self.text.as_deref(),
            file: self.file.as_ref(),
            card: self.card.as_ref(),
            place: self.place.as_ref(),
            face: self.face,
            suggestions: &self.suggestions,
            answer: self.answer.as_ref(),
            agent: self.agent.as_ref(),
            custom: self.custom.as_deref(),
            status: self.status,
            client_id: self.client_id.as_deref(),
            error: self.error.as_ref(),
            late: self.late,
            // A message in its place was said when it was recorded.
            said_at: self.said_at.filter(|_| self.late).map(rfc3339),
            created_at: self.created_at,
        }
    }

    /// What the vendor itself calls it; `None` where it gave no identifier.
    #[must_use]
    pub fn known_to_vendor(&self) -> Option<&str> {
        let id = self.vendor_id.as_deref()?;
        // What has none of the vendor's is kept under a hash; of namesakes, the later ones with their place.
        let id = id.split('#').next()?;
        (!id.starts_with("sha256-") && !id.is_empty()).then_some(id)
    }

    /// How far it has come, seen together with the log of its session: what is queued is *sending*
    /// while an attempt of it is under way.
    #[must_use]
    pub fn status_in(&self, sends: &Log) -> Option<Status> {
        let under_way = self.entry.is_some() && self.entry == sends.under_way();
        match self.status {
            Some(Status::Queued) if under_way => Some(Status::Sending),
            status => status,
        }
    }

    /// The message as the API shows it, seen together with the log of its session.
    #[must_use]
    pub fn view_in(&self, sends: &Log) -> View<'_> {
        View {
            status: self.status_in(sends),
            ..self.view()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Status::{self, Failed, Queued, Read, Sending, Sent, Unknown};
    use super::{Author, File, Kind, Message, MessageId};

    #[test]
    fn how_many_bytes_a_size_says() {
        for (words, bytes) in [
            ("1048576", Some(1_048_576)),
            ("4.5M", Some(4_718_592)),
            ("12 KB", Some(12_288)),
            ("1.5GiB", Some(1_610_612_736)),
            ("0", Some(0)),
            ("", None),
            ("M", None),
            ("large", None),
            ("3 parsecs", None),
            ("99999999999999999999", None),
            ("1.2.3", None),
        ] {
            let file = File {
                size: Some(words.to_owned()),
                ..File::default()
            };
            assert_eq!(file.bytes(), bytes, "{words}");
        }
    }

    #[test]
    fn what_the_vendor_calls_a_message() {
        let id = MessageId::new(1);
        let message = Message::new(id, Author::Agent, Kind::Text, "x".to_owned(), 0);
        for (kept, known) in [
            (Some("f862f80d-89aa"), Some("f862f80d-89aa")),
            (Some("xxxxx#1"), Some("xxxxx")),
            (Some("sha256-00ff"), None),
            (Some("sha256-00ff#1"), None),
            (Some(""), None),
            (None, None),
        ] {
            let vendor_id = kept.map(str::to_owned);
            let message = Message {
                vendor_id,
                ..message.clone()
            };
            assert_eq!(message.known_to_vendor(), known, "{kept:?}");
        }
    }

    #[test]
    fn a_read_receipt_overrules_failed_and_unknown_and_nothing_overrules_it() {
        for status in [Queued, Sending, Sent, Failed, Unknown] {
            assert!(status.gives_way_to(Read));
            assert!(!Read.gives_way_to(status));
        }
    }

    #[test]
    fn a_status_never_goes_back() {
        let order = [Queued, Sending, Sent, Read];
        for (place, status) in order.iter().enumerate() {
            for earlier in order.iter().take(place + 1) {
                assert!(
                    !Status::gives_way_to(*status, *earlier),
                    "{status:?} to {earlier:?}"
                );
            }
        }
        for given_up in [Failed, Unknown] {
            assert!(!Sent.gives_way_to(given_up) && !Unknown.gives_way_to(given_up));
            for earlier in [Queued, Sending] {
                assert!(!given_up.gives_way_to(earlier));
            }
        }
    }

    #[test]
    fn what_was_given_up_is_sent_where_the_vendor_takes_it_after_all() {
        assert!(Failed.gives_way_to(Sent) && Unknown.gives_way_to(Sent));
        assert!(Failed.gives_way_to(Unknown) && !Failed.gives_way_to(Failed));
    }
}
