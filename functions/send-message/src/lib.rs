//! `POST /sessions/{id}/messages`: pass on what a customer says, or what the app says as the desk: to the
//! vendor now, or queued.

mod ask;

use std::time::Duration;

use ask::Ask;
use deskbridge::{
    answer::{self, Answers},
    auth::Guard,
    change::Change,
    clock,
    config::{ConfigError, Settings},
    error::{Error, Kind as ErrorKind, VendorFault},
    idempotency::{self, Key},
    ids::{MessageId, SessionId},
    lambda,
    message::{Message, Status},
    outgoing::Task,
    sends::Sends,
    session::Session,
    table::{Seen, TableError},
};
use lambda_http::{Body, Request, Response};
use serde::Serialize;

/// How long one request may go on draining what stands before its own message; API Gateway waits 30 s.
const BUDGET: Duration = Duration::from_secs(10);
/// How often a change is made anew before the caller is asked to try again.
const TRIES: u32 = 40;

/// What it may answer.
pub const ANSWERS: Answers = Answers {
    successes: &[200, 202],
    errors: &[
        ErrorKind::InvalidJson,
        ErrorKind::InvalidRequest,
        ErrorKind::Unauthorized,
        ErrorKind::RoleNotAllowed,
        ErrorKind::SessionNotFound,
        ErrorKind::SessionClosed,
        ErrorKind::IdempotencyConflict,
        ErrorKind::BodyTooLarge,
        ErrorKind::VendorRefused,
        ErrorKind::StorageUnavailable,
        ErrorKind::Internal,
    ],
};

/// What the function needs. Made once at init.
#[derive(Debug)]
pub struct App {
    guard: Guard,
    sends: Sends,
}

#[derive(Serialize)]
struct Accepted<'a> {
    id: &'a MessageId,
    status: Status,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_at: Option<String>,
}

impl App {
    /// The function as the settings want it.
    ///
    /// # Errors
    /// Where a setting is missing or malformed.
    pub fn from_settings(settings: &Settings) -> Result<Self, ConfigError> {
        Ok(Self {
            guard: Guard::from_settings(settings)?,
            sends: Sends::from_settings(settings)?,
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
        let id = lambda::path_parameter(&request, "id")
            .and_then(|id| SessionId::parse(&id))
            .ok_or_else(Error::session_not_found)?;
        let ask = lambda::body::<Ask>(&request)?.checked(&caller, &request)?;
        let key = match ask.id() {
            Some(key) => Some(Key {
                scope: format!("{}#{id}", caller.role()),
                key: key.to_owned(),
                body: idempotency::fingerprint(&ask)?,
            }),
            None => None,
        };
        // Most messages are new, and the write itself refuses a repeat: whether this one came before is
        // asked only where something stands in its way.
        let mut in_doubt = false;
        for tries in 0..TRIES {
            let asked = key.as_ref().filter(|_| in_doubt);
            let (session, seen) =
                tokio::try_join!(self.sends.table.session(&id), self.seen(asked))?;
            let session = caller.may_see(session)?;
            if let (Some(seen), Some(key)) = (seen, &key) {
                return self.repeat(&session, &seen, key).await;
            }
            let (change, message) = match self.change(session, &ask, key.as_ref()) {
                Ok(prepared) => prepared,
                Err(_) if key.is_some() && !in_doubt => {
                    in_doubt = true;
                    continue;
                }
                Err(error) => return Err(error),
            };
            if let Some(drained) = self.sends.append(change, message.entry, BUDGET).await? {
                return accepted(&drained.session, &drained.message.unwrap_or(message));
            }
            in_doubt = true;
            clock::pause(tries).await;
        }
        Err(TableError::Contended.into())
    }

    /// Puts the message at the end of what must go to the vendor.
    fn change(
        &self,
        session: Session,
        ask: &Ask,
        key: Option<&Key>,
    ) -> Result<(Change, Message), Error> {
        if !session.is_open() || session.closing {
            return Err(Error::session_closed());
        }
        let mut change = Change::to(session, clock::now());
        let mut message = ask.message(change.next_message(), change.now());
        self.sends.desk.fits(&change.session, &message)?;
        let task = Task::Message {
            id: message.id.clone(),
        };
        message.entry = Some(change.send(task));
        change.put_message(message.clone());
        if let Some(key) = key {
            change.mark(key.mark(Some(message.id.clone()), message.entry));
        }
        Ok((change, message))
    }

    async fn seen(&self, key: Option<&Key>) -> Result<Option<Seen>, TableError> {
        match key {
            Some(Key { scope, key, .. }) => {
                self.sends.table.client_key(scope, key, clock::now()).await
            }
            None => Ok(None),
        }
    }

    /// The same message again: it is not sent again, and its present state is the answer.
    async fn repeat(
        &self,
        session: &Session,
        seen: &Seen,
        key: &Key,
    ) -> Result<Response<Body>, Error> {
        if seen.body != key.body {
            return Err(key.conflict());
        }
        let gone = || Error::new(ErrorKind::Internal, "something went wrong on our side");
        let id = seen.message.as_ref().ok_or_else(gone)?;
        let message = self
            .sends
            .table
            .message(&session.id, id)
            .await?
            .ok_or_else(gone)?;
        accepted(session, &message)
    }
}

/// The answer that a message's state gives.
fn accepted(session: &Session, message: &Message) -> Result<Response<Body>, Error> {
    let status = message.status_in(&session.sends).unwrap_or(Status::Queued);
    let (http, retry_at) = match status {
        Status::Sent | Status::Read => (200, None),
        Status::Queued | Status::Sending => (202, session.sends.next_at.map(clock::rfc3339)),
        Status::Unknown => (202, None),
        Status::Failed if message.too_late => return Err(Error::session_closed()),
        Status::Failed => {
            return Err(Error::vendor_refused(message.error.clone().unwrap_or_else(
                || VendorFault {
                    name: session.vendor.name().to_owned(),
                    code: None,
                    message: "the message was given up".to_owned(),
                },
            )));
        }
    };
    answer::json(
        http,
        &Accepted {
            id: &message.id,
            status,
            retry_at,
        },
    )
}
