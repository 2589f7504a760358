//! `DELETE /sessions/{id}`: end a conversation, or leave the queue. It goes out behind the messages that
//! were written before it.

use std::time::Duration;

use deskbridge::{
    answer::{self, Answers},
    auth::Guard,
    change::Change,
    clock,
    config::{ConfigError, Settings},
    error::{Error, Kind},
    lambda,
    outgoing::Task,
    sends::Sends,
    session::Session,
    survey::Survey,
    table::TableError,
};
use lambda_http::{Body, Request, Response};

/// How long one request may go on draining what stands before; API Gateway waits 30 s.
const BUDGET: Duration = Duration::from_secs(10);
/// How often a change is made anew before the caller is asked to try again.
const TRIES: u32 = 40;

/// What it may answer.
pub const ANSWERS: Answers = Answers {
    successes: &[200, 202],
    errors: &[
        Kind::Unauthorized,
        Kind::SessionNotFound,
        Kind::StorageUnavailable,
        Kind::Internal,
    ],
};

/// What the function needs. Made once at init.
#[derive(Debug)]
pub struct App {
    guard: Guard,
    sends: Sends,
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
        let id = lambda::session_id(&request)?;
        for tries in 0..TRIES {
            let session = caller.may_see(self.sends.table.session(&id).await?)?;
            if !session.is_open() || session.closing {
                let survey = self.sends.table.survey(&id).await?;
                return ended(&session, survey.as_ref());
            }
            let mut change = Change::to(session, clock::now());
            // What waits at Sobot for an agent would hold up the end.
            if change.session.waits_in_line() {
                change.session.sends.hurry();
            }
            change.session.closing = true;
            change.send(Task::Close);
            if let Some(drained) = self.sends.append(change, None, BUDGET).await? {
                return ended(&drained.session, drained.survey.as_ref());
            }
            clock::pause(tries).await;
        }
        Err(TableError::Contended.into())
    }
}

fn ended(session: &Session, survey: Option<&Survey>) -> Result<Response<Body>, Error> {
    answer::json(
        if session.is_open() { 202 } else { 200 },
        &session.view(survey),
    )
}
