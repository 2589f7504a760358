//! What a caller asks to be sent, and the message that it becomes.

use deskbridge::{
    auth::Caller,
    clock::Millis,
    error::Error,
    html, idempotency,
    ids::MessageId,
    message::{Author, Card, File, Format, Kind, Message, Place, Status},
    object::Object,
};
use lambda_http::Request;
use serde::{Deserialize, Serialize};

/// The largest content, in bytes of JSON: written twice, as it is and as plain text, it still fits an
/// item of the table, and so does the event that tells of it.
const LARGEST_CONTENT: usize = 100 * 1024;
/// The largest card, custom data or description of a file, likewise.
const LARGEST_EXTRA: usize = 16 * 1024;

/// The body of a request.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ask {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    r#as: Option<Speaker>,
    kind: AskedKind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    content: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    file: Option<Object<File>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    card: Option<Object<Card>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    place: Option<Object<Place>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    face: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    custom: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    needs_no_answer: bool,
}

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum Speaker {
    Customer,
    Desk,
}

/// What can be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum AskedKind {
    Text,
    Image,
    Audio,
    Video,
    File,
    Rich,
    Card,
    Location,
    Face,
    Custom,
}

impl AskedKind {
    /// Whether the content says where it is, and not what it is: the desk loads it from there.
    fn is_elsewhere(self) -> bool {
        match self {
            Self::Image | Self::Audio | Self::Video | Self::File => true,
            Self::Text | Self::Rich | Self::Card | Self::Location | Self::Face | Self::Custom => {
                false
            }
        }
    }
}

impl Ask {
    /// Checks what can be checked without the session, and takes over the id that a header gives.
    pub(crate) fn checked(mut self, caller: &Caller, request: &Request) -> Result<Self, Error> {
        if self.r#as == Some(Speaker::Desk) {
            caller.must_be_server()?;
        }
        match (self.kind, &self.content, &self.card) {
            (AskedKind::Card, None, Some(Object(card))) => {
                if card.title.is_empty() {
                    return Err(Error::field("card.title", "a card has a title"));
                }
                fits("card", card, LARGEST_EXTRA)?;
            }
            (AskedKind::Card, Some(_), _) => {
                let why = "leave it out: what a card says stands in `card`";
                return Err(Error::field("content", why));
            }
            (AskedKind::Card, None, None) => {
                let why = "a card needs `card`, an object with a title";
                return Err(Error::field("card", why));
            }
            (_, _, Some(_)) => {
                return Err(Error::field("card", "only `kind` card has a `card`"));
            }
            (_, content, None) => {
                let Some(content) = content.as_ref().filter(|content| !content.is_empty()) else {
                    let why = "say something; the content is empty";
                    return Err(Error::field("content", why));
                };
                fits("content", content, LARGEST_CONTENT)?;
                if self.kind.is_elsewhere() && !is_url(content) {
                    let why = "give the http or https URL of what is sent; HTML is of kind `rich`";
                    return Err(Error::field("content", why));
                }
            }
        }
        self.check_place_and_face()?;
        if let Some(Object(file)) = &self.file {
            fits("file", file, LARGEST_EXTRA)?;
        }
        if let Some(custom) = &self.custom {
            fits("custom", custom, LARGEST_EXTRA)?;
        }
        self.id = client_id(self.id, request)?;
        Ok(self)
    }

    /// A place is somewhere on Earth, and an emoji has a number; nothing else has either.
    fn check_place_and_face(&self) -> Result<(), Error> {
        match (self.kind == AskedKind::Location, &self.place) {
            (true, None) => {
                let why = "say where it is: latitude and longitude";
                return Err(Error::field("place", why));
            }
            (false, Some(_)) => {
                let why = "only `kind` location has a `place`";
                return Err(Error::field("place", why));
            }
            (true, Some(Object(place))) => {
                for (field, given, most) in [
                    ("place.latitude", &place.latitude, 90.0),
                    ("place.longitude", &place.longitude, 180.0),
                ] {
                    if given.as_f64().is_none_or(|degrees| degrees.abs() > most) {
                        let why = format!("it is {most} degrees at most");
                        return Err(Error::field(field, why));
                    }
                }
            }
            (false, None) => {}
        }
        match (self.kind == AskedKind::Face, self.face) {
            (true, None) => Err(Error::field("face", "say which emoji, by its number")),
            (false, Some(_)) => {
                let why = "only `kind` face has a `face`";
                Err(Error::field("face", why))
            }
            (true, Some(_)) | (false, None) => Ok(()),
        }
    }

    /// The caller's own identifier.
    pub(crate) fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// The message that it becomes, under this id.
    pub(crate) fn message(&self, id: MessageId, now: Millis) -> Message {
        let from = match self.r#as {
            Some(Speaker::Desk) => Author::Desk,
            Some(Speaker::Customer) | None => Author::Customer,
        };
        let kind = match self.kind {
            AskedKind::Text => Kind::Text,
            AskedKind::Image => Kind::Image,
            AskedKind::Audio => Kind::Audio,
            AskedKind::Video => Kind::Video,
            AskedKind::File => Kind::File,
            AskedKind::Rich => Kind::Rich,
            AskedKind::Card => Kind::Card,
            AskedKind::Location => Kind::Location,
            AskedKind::Face => Kind::Face,
            AskedKind::Custom => Kind::Custom,
        };
        let card = self.card.as_ref().map(|Object(card)| card.clone());
        // Whoever draws no cards still has something to show.
        let title = card.as_ref().map(|card| card.title.clone());
        let content = title.or_else(|| self.content.clone()).unwrap_or_default();
        let is_html = kind == Kind::Rich;
        let file = self.file.as_ref().map(|Object(file)| file.clone());
        Message {
            format: if is_html { Format::Html } else { Format::Text },
            text: is_html.then(|| html::plain_text(&content)),
            file: file.filter(|file| !file.is_empty()),
            card,
            place: self.place.as_ref().map(|Object(place)| place.clone()),
            face: self.face,
            custom: self.custom.clone(),
            needs_no_answer: self.needs_no_answer,
            status: Some(Status::Queued),
            client_id: self.id.clone(),
            ..Message::new(id, from, kind, content, now)
        }
    }
}

/// Whether it looks like a URL of a web server. What the desk makes of it is the desk's: letters that a browser would
/// escape are left, as names of files have them.
fn is_url(content: &str) -> bool {
    let (scheme, rest) = content.split_once("://").unwrap_or_default();
    let is_web = scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http");
    let odd = |letter: char| letter <= ' ' || matches!(letter, '"' | '<' | '>' | '\u{7f}');
    is_web && !rest.is_empty() && !rest.starts_with(['/', '?', '#']) && !rest.contains(odd)
}

/// Refuses what has more than `most` bytes as JSON.
fn fits(field: &str, value: &impl Serialize, most: usize) -> Result<(), Error> {
    let size = serde_json::to_string(value).map_or(usize::MAX, |json| json.len());
    if size > most {
        let message = format!("it has {size} bytes as JSON; at most {most} are taken");
        return Err(Error::field(field, message));
    }
    Ok(())
}

/// The caller's own identifier, from the body or the header.
fn client_id(given: Option<String>, request: &Request) -> Result<Option<String>, Error> {
    let (field, id) = match (given, idempotency::header(request)) {
        (Some(id), _) => ("id", id),
        (None, Some(id)) => ("Idempotency-Key", id.to_owned()),
        (None, None) => return Ok(None),
    };
    idempotency::check(field, &id)?;
    Ok(Some(id))
}
