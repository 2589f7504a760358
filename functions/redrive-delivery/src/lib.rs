//! `POST /deliveries/{id}/redrive`, `POST /deliveries/redrive`: take up again what was given up. It goes
//! out under the session's lease like all else, late, under the id that it has.

mod ask;

use ask::{Ask, One};
use deskbridge::{
    answer::{self, Answers},
    auth::ServerGuard,
    change::Change,
    clock,
    config::{ConfigError, DELIVERIES_QUEUE_URL, SENDS_QUEUE_URL, Settings},
    error::{Error, Kind},
    http::Client,
    ids::{MessageId, SessionId},
    lambda,
    log::Log,
    outgoing::{Entry, Task},
    outstanding::{Direction, EntryId},
    queues::Queue,
    session::Session,
    table::{Outcome, Table, TableError},
};
use lambda_http::{Body, Request, Response};
use serde::Serialize;

/// How many dead entries one request looks at.
const LIMIT: usize = 100;
/// How many are taken up in one write: each may have 400 KB, and a transaction 4 MB.
const AT_ONCE: usize = 8;
/// How often a change is made anew before the caller is asked to try again.
const TRIES: u32 = 40;

/// What it may answer.
pub const ANSWERS: Answers = Answers {
    successes: &[200],
    errors: &[
        Kind::InvalidJson,
        Kind::InvalidRequest,
        Kind::Unauthorized,
        Kind::RoleNotAllowed,
        Kind::NotFound,
        Kind::SessionNotFound,
        Kind::SessionClosed,
        Kind::BodyTooLarge,
        Kind::StorageUnavailable,
        Kind::Internal,
    ],
};

/// What the function needs. Made once at init.
#[derive(Debug)]
pub struct App {
    guard: ServerGuard,
    table: Table,
    deliveries: Queue,
    sends: Queue,
    http: Client,
}

#[derive(Serialize)]
struct Redriven {
    dry_run: bool,
    count: usize,
    ids: Vec<EntryId>,
    /// Where to go on; absent where this was all.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

impl Redriven {
    fn answer(
        dry_run: bool,
        ids: Vec<EntryId>,
        next: Option<String>,
    ) -> Result<Response<Body>, Error> {
        let count = ids.len();
        answer::json(
            200,
            &Self {
                dry_run,
                count,
                ids,
                next,
            },
        )
    }
}

fn no_such_delivery() -> Error {
    Error::new(
        Kind::NotFound,
        "there is no such delivery; GET /deliveries lists them",
    )
}

/// What is asked of a vendor again: the customer's words. To be served, or to leave, is asked anew.
fn message_of(entry: &Entry) -> Option<&MessageId> {
    match &entry.task {
        Task::Message { id } => Some(id),
        _ => None,
    }
}

impl App {
    /// The function as the settings want it.
    ///
    /// # Errors
    /// Where a setting is missing or malformed.
    pub fn from_settings(settings: &Settings) -> Result<Self, ConfigError> {
        let http = Client::from_settings(settings)?;
        let deliveries = Queue::from_settings(settings, &DELIVERIES_QUEUE_URL, &http)?;
        Ok(Self {
            guard: ServerGuard::from_settings(settings)?,
            table: Table::for_writing(settings, &http)?,
            sends: deliveries.beside(settings, &SENDS_QUEUE_URL)?,
            deliveries,
            http,
        })
    }

    /// Opens connections ahead of need.
    pub async fn warm(&self) {
        self.http
            .warm(&[&self.table.warm_url(), self.deliveries.warm_url()])
            .await;
    }

    /// Answers one request.
    ///
    /// # Errors
    /// Those of [`ANSWERS`].
    pub async fn handle(&self, request: Request) -> Result<Response<Body>, Error> {
        self.guard.check(request.headers())?;
        match lambda::path_parameter(&request, "id") {
            Some(id) => {
                let One { dry_run } = One::read(&request)?;
                self.one(&id, dry_run.unwrap_or_default()).await
            }
            None => self.many(Ask::read(&request)?).await,
        }
    }

    async fn one(&self, id: &str, dry_run: bool) -> Result<Response<Body>, Error> {
        let id = EntryId::parse(id).ok_or_else(no_such_delivery)?;
        let (direction, session, number) = id.place().ok_or_else(no_such_delivery)?;
        let found = self.table.session(&session).await?;
        let found = found.ok_or_else(no_such_delivery)?;
        let now = clock::now();
        match direction {
            Direction::Deliveries => {
                let events = self.table.events_among(&session, &[number], now).await?;
                events.first().ok_or_else(no_such_delivery)?;
            }
            Direction::Sends => {
                let entries = self.table.sends_among(&session, &[number], now).await?;
                let entry = entries.first().ok_or_else(no_such_delivery)?;
                if entry.dead_at.is_some() && message_of(entry).is_none() {
                    return Err(Error::field(
                        "id",
                        "only messages are sent again; POST /sessions asks anew for somebody to talk to",
                    ));
                }
                if entry.dead_at.is_some() && !found.is_open() {
                    return Err(Error::session_closed());
                }
            }
        }
        let taken = self
            .take_up(direction, &session, &[number], dry_run)
            .await?;
        Redriven::answer(dry_run, taken, None)
    }

    async fn many(&self, ask: Ask) -> Result<Response<Body>, Error> {
        let Ask {
            filter,
            after,
            dry_run,
        } = ask;
        if let Some(session) = &filter.session {
            let found = self.table.session(session).await?;
            found.ok_or_else(Error::session_not_found)?;
        }
        let page = self
            .table
            .outstanding(&filter, after.as_ref(), LIMIT, clock::now())
            .await?;
        let mut sessions: Vec<(SessionId, Vec<u64>)> = Vec::new();
        for entry in &page.entries {
            let (session, number) = (&entry.cursor.session, entry.cursor.number);
            match sessions.iter_mut().find(|(id, _)| id == session) {
                Some((_, numbers)) => numbers.push(number),
                None => sessions.push((session.clone(), vec![number])),
            }
        }
        let mut taken = Vec::new();
        for (session, numbers) in &sessions {
            taken.extend(
                self.take_up(filter.direction, session, numbers, dry_run)
                    .await?,
            );
        }
        let last = page.entries.last().filter(|_| !page.is_last);
        Redriven::answer(dry_run, taken, last.map(|entry| entry.cursor.to_string()))
    }

    /// Takes up those of the session's entries with these numbers that are dead, and wakes a drainer. A
    /// dry run only says which.
    async fn take_up(
        &self,
        direction: Direction,
        session: &SessionId,
        numbers: &[u64],
        dry_run: bool,
    ) -> Result<Vec<EntryId>, TableError> {
        let mut taken = Vec::new();
        let mut wake = false;
        for numbers in numbers.chunks(AT_ONCE) {
            for tries in 0..=TRIES {
                if tries == TRIES {
                    return Err(TableError::Contended);
                }
                // Before the entries: whoever changes one writes the session too, so that this change
                // is overtaken then.
                let Some(session) = self.table.session(session).await? else {
                    return Ok(taken);
                };
                let mut change = Change::to(session, clock::now());
                let these = self.redriven(&mut change, direction, numbers).await?;
                if these.is_empty() || dry_run {
                    taken.extend(these);
                    break;
                }
                if self.table.commit(&change).await? == Outcome::Written {
                    wake = log_of(&change.session, direction).needs_nudge(change.now());
                    taken.extend(these);
                    break;
                }
                clock::pause(tries).await;
            }
        }
        if wake {
            let queue = match direction {
                Direction::Deliveries => &self.deliveries,
                Direction::Sends => &self.sends,
            };
            queue.nudge(session, None, clock::now()).await;
        }
        Ok(taken)
    }

    async fn redriven(
        &self,
        change: &mut Change,
        direction: Direction,
        numbers: &[u64],
    ) -> Result<Vec<EntryId>, TableError> {
        let (id, now) = (change.session.id.clone(), change.now());
        let mut taken = Vec::new();
        match direction {
            Direction::Deliveries => {
                for event in self.table.events_among(&id, numbers, now).await? {
                    let number = event.seq;
                    if change.redrive_event(event) {
                        taken.push(EntryId::new(direction, &id, number));
                    }
                }
            }
            // Nobody reads there any more.
            Direction::Sends if !change.session.is_open() => {}
            Direction::Sends => {
                let entries = self.table.sends_among(&id, numbers, now).await?;
                let wanted: Vec<_> = entries.iter().filter_map(message_of).cloned().collect();
                let mut messages = self.table.messages_among(&id, &wanted).await?;
                for entry in entries {
                    let number = entry.number;
                    // One that has outlived the retention is gone, and so there is nothing to send.
                    let message = message_of(&entry)
                        .and_then(|id| messages.iter().position(|message| message.id == *id))
                        .map(|place| messages.swap_remove(place));
                    if let Some(message) = message
                        && change.redrive_send(entry)
                    {
                        // Written anew, it is kept for as long as the entry is.
                        change.put_message(message);
                        taken.push(EntryId::new(direction, &id, number));
                    }
                }
            }
        }
        Ok(taken)
    }
}

fn log_of(session: &Session, direction: Direction) -> &Log {
    match direction {
        Direction::Deliveries => &session.deliveries,
        Direction::Sends => &session.sends,
    }
}
