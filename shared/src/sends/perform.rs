//! What a caller asks to be done at the vendor and that is no message: appended to the session's log, and made
//! in the same request where it can be.

use std::time::{Duration, Instant};

use lambda_http::{Body, Response};
use serde::Serialize;

use super::{Sends, TRIES, Watched};
use crate::{
    answer,
    change::Change,
    clock::{self, Millis, rfc3339},
    error::{Error, VendorFault},
    idempotency::Key,
    outgoing::Task,
    session::Session,
    table::TableError,
};

/// How long one request may go on draining what stands before; API Gateway waits 30 s.
const BUDGET: Duration = Duration::from_secs(10);

/// What came of it.
#[derive(Debug)]
pub enum Performed {
    /// The vendor did it.
    Done(Session),
    /// It is done later, in order.
    Waiting {
        /// The session as last written.
        session: Session,
        /// When the next attempt is planned, where that is known.
        retry_at: Option<Millis>,
    },
    /// The vendor refused it, for good.
    Refused(VendorFault),
}

#[derive(Serialize)]
struct Accepted {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_at: Option<String>,
}

impl Performed {
    /// The answer to the caller: 200 `done`, or 202 `queued` with the time of the next attempt.
    ///
    /// # Errors
    /// The vendor's refusal.
    pub fn answer(self) -> Result<Response<Body>, Error> {
        let accepted = |status, retry_at: Option<Millis>| Accepted {
            status,
            retry_at: retry_at.map(rfc3339),
        };
        match self {
            Self::Done(_) => answer::json(200, &accepted("done", None)),
            Self::Waiting { retry_at, .. } => answer::json(202, &accepted("queued", retry_at)),
            Self::Refused(fault) => Err(Error::vendor_refused(fault)),
        }
    }
}

impl Sends {
    /// Appends the task that `make` makes of the session, and drains in the same request. `session` is the one
    /// that the caller was allowed to see; `make` refuses where it has no place in the session as it is then, and
    /// is asked again where another writer came first. A repeat under the same `key` does nothing new.
    ///
    /// # Errors
    /// What `make` says; where the key stood for something else; where the table refuses.
    pub async fn perform(
        &self,
        session: Session,
        key: Option<&Key>,
        make: impl Fn(&Session) -> Result<Task, Error>,
    ) -> Result<Performed, Error> {
        let end = self.end_of_request();
        self.perform_until(end, session, key, make).await
    }

    /// By when the last attempt of a request that has just come has to begin.
    #[must_use]
    pub fn end_of_request(&self) -> Instant {
        self.end_of(BUDGET)
    }

    /// The same for one of several tasks of a request: none is attempted in it after `end`, and what is left then
    /// is done later.
    ///
    /// # Errors
    /// Those of [`Sends::perform`].
    pub async fn perform_until(
        &self,
        end: Instant,
        session: Session,
        key: Option<&Key>,
        make: impl Fn(&Session) -> Result<Task, Error>,
    ) -> Result<Performed, Error> {
        let mut session = session;
        for tries in 0..TRIES {
            let id = session.id.clone();
            let task = match make(&session) {
                Ok(task) => task,
                // A repeat may come when the session is past it.
                Err(error) => {
                    return match self.repeat(session, key).await? {
                        Some(performed) => Ok(performed),
                        None => Err(error),
                    };
                }
            };
            let mut change = Change::to(session, clock::now());
            let entry = change.send(task);
            if let Some(key) = key {
                change.mark(key.mark(None, Some(entry)));
            }
            let left = end.saturating_duration_since(Instant::now());
            if let Some(drained) = self.append(change, Some(entry), left).await? {
                let session = drained.session;
                return Ok(match drained.watched {
                    Some(Watched::Done) => Performed::Done(session),
                    Some(Watched::Refused(fault)) => Performed::Refused(fault),
                    // Another drainer is at it.
                    Some(Watched::Later) | None => waiting(session, entry),
                });
            }
            session = self
                .table
                .session(&id)
                .await?
                .ok_or_else(Error::session_not_found)?;
            if let Some(performed) = self.repeat(session.clone(), key).await? {
                return Ok(performed);
            }
            clock::pause(tries).await;
        }
        Err(TableError::Contended.into())
    }

    /// What came of an earlier request under `key`, if there was one.
    async fn repeat(
        &self,
        session: Session,
        key: Option<&Key>,
    ) -> Result<Option<Performed>, Error> {
        let Some(key) = key else { return Ok(None) };
        let now = clock::now();
        let Some(seen) = self.table.client_key(&key.scope, &key.key, now).await? else {
            return Ok(None);
        };
        if seen.body != key.body {
            return Err(key.conflict());
        }
        let Some(entry) = seen.entry else {
            return Ok(Some(Performed::Done(session)));
        };
        if session.sends.holds(entry) {
            return Ok(Some(waiting(session, entry)));
        }
        let settled = self.table.send(&session.id, entry).await?;
        let dead = settled.filter(|entry| entry.dead_at.is_some());
        Ok(Some(match dead {
            Some(entry) => Performed::Refused(VendorFault {
                name: session.vendor.name().to_owned(),
                code: None,
                message: entry.dead_because.unwrap_or_default(),
            }),
            None => Performed::Done(session),
        }))
    }
}

fn waiting(session: Session, entry: u64) -> Performed {
    let retry_at = session.sends.tried(entry).and_then(|(_, at)| at);
    Performed::Waiting { session, retry_at }
}
