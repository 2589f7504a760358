//! What a caller asks to be said: appended to the session's log as a message, and sent in the same request where it can
//! be.

use std::time::Duration;

use lambda_http::{Body, Response};
use serde::Serialize;

use super::{Sends, TRIES};
use crate::{
    answer,
    auth::Caller,
    change::Change,
    clock::{self, Millis},
    error::{Error, Kind, VendorFault},
    idempotency::Key,
    ids::{MessageId, SessionId},
    message::{Message, Status},
    outgoing::Task,
    session::Session,
    table::{Seen, TableError},
};

/// How long one request may go on draining what stands before its own message; API Gateway waits 30 s.
const BUDGET: Duration = Duration::from_secs(10);

#[derive(Serialize)]
struct Accepted<'a> {
    id: &'a MessageId,
    status: Status,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_at: Option<String>,
}

impl Sends {
    /// Says what `make` makes of an id and the time, in a session that the caller may see. A repeat under the same `key`
    /// is not said again, and gets the message's present state as its answer.
    ///
    /// # Errors
    /// Where there is no such session, it takes no such message, the vendor refuses it, the key stood for something
    /// else, or the table refuses.
    pub async fn say(
        &self,
        caller: &Caller,
        id: &SessionId,
        key: Option<&Key>,
        make: impl Fn(&Session, MessageId, Millis) -> Result<Message, Error>,
    ) -> Result<Response<Body>, Error> {
        // Most messages are new, and the write itself refuses a repeat: whether this one came before is
        // asked only where something stands in its way.
        let mut in_doubt = false;
        for tries in 0..TRIES {
            let asked = key.filter(|_| in_doubt);
            let (session, seen) = tokio::try_join!(self.table.session(id), self.seen(asked))?;
            let session = caller.may_see(session)?;
            if let (Some(seen), Some(key)) = (seen, key) {
                return self.said_before(&session, &seen, key).await;
            }
            let (change, message) = match self.saying(session, key, &make) {
                Ok(prepared) => prepared,
                Err(_) if key.is_some() && !in_doubt => {
                    in_doubt = true;
                    continue;
                }
                Err(error) => return Err(error),
            };
            if let Some(drained) = self.append(change, message.entry, BUDGET).await? {
                return accepted(&drained.session, &drained.message.unwrap_or(message));
            }
            in_doubt = true;
            clock::pause(tries).await;
        }
        Err(TableError::Contended.into())
    }

    /// Puts the message at the end of what must go to the vendor.
    fn saying(
        &self,
        session: Session,
        key: Option<&Key>,
        make: &impl Fn(&Session, MessageId, Millis) -> Result<Message, Error>,
    ) -> Result<(Change, Message), Error> {
        if !session.is_open() || session.closing {
            return Err(Error::session_closed());
        }
        let mut change = Change::to(session, clock::now());
        let id = change.next_message();
        let mut message = make(&change.session, id, change.now())?;
        self.desk.fits(&change.session, &message)?;
        let task = Task::Message {
            id: message.id.clone(),
        };
        message.entry = Some(change.send(task));
        self.desk.prepare(&mut change, &mut message);
        change.put_message(message.clone());
        if let Some(key) = key {
            change.mark(key.mark(Some(message.id.clone()), message.entry));
        }
        Ok((change, message))
    }

    async fn seen(&self, key: Option<&Key>) -> Result<Option<Seen>, TableError> {
        match key {
            Some(Key { scope, key, .. }) => self.table.client_key(scope, key, clock::now()).await,
            None => Ok(None),
        }
    }

    /// The same message again: it is not sent again, and its present state is the answer.
    async fn said_before(
        &self,
        session: &Session,
        seen: &Seen,
        key: &Key,
    ) -> Result<Response<Body>, Error> {
        if seen.body != key.body {
            return Err(key.conflict());
        }
        let gone = || Error::new(Kind::Internal, "something went wrong on our side");
        let id = seen.message.as_ref().ok_or_else(gone)?;
        let message = self.table.message(&session.id, id).await?;
        accepted(session, &message.ok_or_else(gone)?)
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
