//! `POST /sessions/{id}/reads`: tell the desk which of its messages the customer has read.

mod reads;

use std::collections::BTreeSet;

use deskbridge::{
    answer::{self, Answers},
    auth::Guard,
    config::{ConfigError, Settings, UDESK_READ_MESSAGES_IN},
    error::{Error, Kind},
    idempotency::Key,
    ids::MessageId,
    lambda,
    message::{Author, Message},
    outgoing::Task,
    sends::{Performed, Sends},
    session::Session,
    vendor::Vendor,
};
use lambda_http::{Body, Request, Response};
use reads::Reads;
use serde::{Deserialize, Serialize};

/// How many messages one request names at most, and how many are read at once.
const MOST: usize = 100;

/// What it may answer.
pub const ANSWERS: Answers = Answers {
    successes: &[200, 202],
    errors: &[
        Kind::InvalidJson,
        Kind::InvalidRequest,
        Kind::Unauthorized,
        Kind::SessionNotFound,
        Kind::IdempotencyConflict,
        Kind::BodyTooLarge,
        Kind::VendorRefused,
        Kind::StorageUnavailable,
        Kind::Internal,
    ],
};

/// What the function needs. Made once at init.
#[derive(Debug)]
pub struct App {
    guard: Guard,
    sends: Sends,
    in_query: bool,
}

/// The body of a request.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Ask {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    messages: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    through: Option<String>,
}

/// What the customer has read.
enum Read {
    /// These.
    Each(Vec<MessageId>),
    /// All up to this one.
    Through(MessageId),
}

#[derive(Serialize)]
struct Done {
    status: &'static str,
}

impl App {
    /// The function as the settings want it.
    ///
    /// # Errors
    /// Where a setting is missing or malformed.
    pub fn from_settings(settings: &Settings) -> Result<Self, ConfigError> {
        let in_query = match settings.optional(&UDESK_READ_MESSAGES_IN).as_deref() {
            None | Some("body") => false,
            Some("query") => true,
            Some(other) => return Err(UDESK_READ_MESSAGES_IN.malformed(&format!("{other:?}"))),
        };
        Ok(Self {
            guard: Guard::from_settings(settings)?,
            sends: Sends::of_udesk(settings)?,
            in_query,
        })
    }

    /// Opens connections ahead of need.
    pub async fn warm(&self) {
        self.sends.warm().await;
    }

    /// Answers one request.
    ///
    /// # Errors
    /// Those of [`ANSWERS`].
    pub async fn handle(&self, request: Request) -> Result<Response<Body>, Error> {
        let caller = self.guard.check(request.headers())?;
        let id = lambda::session_id(&request)?;
        let ask = lambda::body::<Ask>(&request)?;
        let read = ask.checked()?;
        let session = caller.may_see(self.sends.table.session(&id).await?)?;
        if session.vendor != Vendor::Udesk {
            return Err(Error::new(
                Kind::InvalidRequest,
                format!(
                    "only Udesk is told what was read, and this session is at {}",
                    session.vendor
                ),
            ));
        }
        let (reads, through) = match read {
            Read::Each(ids) => (self.each(&session, ids).await?, None),
            Read::Through(last) => (self.through(&session, &last).await?, Some(last)),
        };
        let mut came = None;
        let all = reads.len();
        // However many there are, the caller waits no longer than for one.
        let end = self.sends.end_of_request();
        for (place, (vendor_session, messages)) in reads.into_iter().enumerate() {
            let scope = format!("{}#{id}#reads#{place}", caller.role());
            let key = Key::of_header(&request, scope, &ask)?;
            let task = Task::Read {
                vendor_session,
                messages,
                // One of several may go out later than the others: which, is not known here.
                through: through.clone().filter(|_| all == 1),
                in_query: self.in_query,
            };
            let performed = self
                .sends
                .perform_until(end, session_now(&came, &session), key.as_ref(), |_| {
                    Ok(task.clone())
                })
                .await?;
            came = Some(latest(came, performed));
        }
        match came {
            Some(performed) => performed.answer(),
            // There is nothing that the vendor could be told.
            None => answer::json(200, &Done { status: "done" }),
        }
    }

    /// The messages that were named.
    async fn each(&self, session: &Session, ids: Vec<MessageId>) -> Result<Reads, Error> {
        // A batch takes each key once.
        let wanted: Vec<_> = ids
            .iter()
            .cloned()
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect();
        let table = &self.sends.table;
        let found = table.messages_among(&session.id, &wanted).await?;
        let mut reads = Reads::default();
        for (place, id) in ids.iter().enumerate() {
            let field = || format!("messages[{place}]");
            let message = found.iter().find(|message| message.id == *id);
            let message = message
                .ok_or_else(|| Error::field(field(), "there is no such message in this session"))?;
            if matches!(message.from, Author::Customer | Author::Desk) {
                let why = "it came from your side; what agents wrote can be read";
                return Err(Error::field(field(), why));
            }
        }
        for message in &found {
            reads.add(session, message);
        }
        Ok(reads)
    }

    /// Everything from the desk up to `last`, as far as the vendor does not know it yet.
    async fn through(&self, session: &Session, last: &MessageId) -> Result<Reads, Error> {
        let mut reads = Reads::default();
        let mut after = session.read_through.clone();
        if after.as_ref() >= Some(last) {
            return Ok(reads);
        }
        loop {
            let table = &self.sends.table;
            let page = table
                .messages_after(&session.id, after.as_ref(), MOST)
                .await?;
            let mut up_to = page
                .messages
                .iter()
                .take_while(|message| message.id <= *last);
            let mut found: Option<&Message> = None;
            for message in up_to.by_ref() {
                reads.add(session, message);
                found = Some(message);
            }
            match found {
                Some(message) if message.id == *last => return Ok(reads),
                Some(message) if page.more => after = Some(message.id.clone()),
                _ => {
                    let why = "there is no such message in this session";
                    return Err(Error::field("through", why));
                }
            }
        }
    }
}

/// The session as the last write left it.
fn session_now(came: &Option<Performed>, read: &Session) -> Session {
    match came {
        Some(Performed::Done(session) | Performed::Waiting { session, .. }) => session.clone(),
        Some(Performed::Refused(_)) | None => read.clone(),
    }
}

/// What came of two: the worse, since the caller is told of both at once.
fn latest(before: Option<Performed>, now: Performed) -> Performed {
    match (before, now) {
        (Some(Performed::Refused(fault)), _) => Performed::Refused(fault),
        (Some(Performed::Waiting { retry_at, .. }), Performed::Done(session)) => {
            Performed::Waiting { session, retry_at }
        }
        (
            Some(Performed::Waiting {
                retry_at: before, ..
            }),
            Performed::Waiting { session, retry_at },
        ) => Performed::Waiting {
            session,
            retry_at: retry_at.max(before),
        },
        (_, now) => now,
    }
}

impl Ask {
    fn checked(&self) -> Result<Read, Error> {
        let id = |field: String, given: &str| {
            MessageId::parse(given).ok_or_else(|| {
                Error::field(
                    field,
                    "give a message's id as GET /sessions/{id}/messages tells it",
                )
            })
        };
        match (&self.messages, &self.through) {
            (Some(messages), None) => {
                if messages.is_empty() || messages.len() > MOST {
                    let why = format!("name 1 to {MOST} messages, or all up to one with `through`");
                    return Err(Error::field("messages", why));
                }
                let ids = messages.iter().enumerate();
                let ids = ids.map(|(place, given)| id(format!("messages[{place}]"), given));
                Ok(Read::Each(ids.collect::<Result<_, _>>()?))
            }
            (None, Some(through)) => Ok(Read::Through(id("through".to_owned(), through)?)),
            (Some(_), Some(_)) => Err(Error::field(
                "through",
                "name the messages, or the last of all that were read; not both",
            )),
            (None, None) => Err(Error::field(
                "messages",
                "say which messages were read, or with `through` up to which",
            )),
        }
    }
}
