//! `POST /sessions/{id}/survey`: the customer rates the conversation with an agent, or with the vendor's own robot, while
//! it goes on or after its end.

mod ask;

use ask::Ask;
use deskbridge::{
    answer::Answers,
    auth::Guard,
    clock::{self, Millis},
    config::{ConfigError, Settings},
    error::{Error, Kind},
    idempotency::Key,
    lambda,
    sends::Sends,
    session::Session,
    vendor::Vendor,
};
use lambda_http::{Body, Request, Response};

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
        Kind::VendorNotConfigured,
        Kind::StorageUnavailable,
        Kind::Internal,
    ],
};

/// The clocks of functions differ by less.
const SLACK: Millis = 60_000;

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
            sends: Sends::of_udesk_and_sobot(settings)?,
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
        let ask: Ask = lambda::body(&request)?;
        let scope = format!("{}#{id}#survey", caller.role());
        let key = Key::of_header(&request, scope, &ask)?;
        let (session, survey) = self.sends.table.session_and_survey(&id).await?;
        let session = caller.may_see(session)?;
        let is_over = self.is_over(&session).await?;
        self.sends
            .perform(session, key.as_ref(), |session| {
                let desk = &self.sends.desk;
                desk.takes_feedback(session)?;
                let task = ask.task(session, survey.as_ref())?;
                desk.takes(session, &task)?;
                if is_over {
                    let message = "the customer has begun another conversation since, and Sobot rates that one";
                    return Err(Error::new(Kind::InvalidRequest, message));
                }
                Ok(task)
            })
            .await?
            .answer()
    }

    /// Whether Sobot would take a rating for one of a later conversation: it knows the customer alone.
    async fn is_over(&self, session: &Session) -> Result<bool, Error> {
        if session.vendor != Vendor::Sobot || session.is_open() {
            return Ok(false);
        }
        let table = &self.sends.table;
        let (from, to) = (session.created_at, clock::now() + SLACK);
        let begun = table
            .begun_by(session.vendor, &session.customer, from, to, None)
            .await?;
        Ok(begun
            .sessions
            .iter()
            .any(|begun| begun.session > session.id))
    }
}
