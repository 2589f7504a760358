//! `POST /sessions/{id}/robot-actions`: what a customer does at the vendor's own robot beside writing: takes a step in a
//! flow, clicks on a question, goes on to an agent. At Tencent the last is all there is, and has an agent take over.

mod ask;

use ask::Ask;
use deskbridge::{
    answer::Answers,
    auth::Guard,
    config::{ConfigError, Settings},
    error::{Error, Kind},
    idempotency::Key,
    lambda,
    sends::Sends,
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
        Kind::SessionClosed,
        Kind::IdempotencyConflict,
        Kind::BodyTooLarge,
        Kind::VendorRefused,
        Kind::VendorNotConfigured,
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
            sends: Sends::of_udesk_and_tencent(settings)?,
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
        let message = ask.message()?;
        let scope = format!("{}#{id}#robot-action", caller.role());
        let key = Key::of_header(&request, scope, &ask)?;
        let session = caller.may_see(self.sends.table.session(&id).await?)?;
        if session.vendor == Vendor::Tencent {
            self.sends.desk.must_have(Vendor::Tencent)?;
            return self
                .sends
                .perform(session, key.as_ref(), |session| ask.at_tencent(session))
                .await?
                .answer();
        }
        ask.is_for_udesk()?;
        self.sends.desk.takes_feedback(&session)?;
        let message = match &message {
            Some(message) => self.sends.table.message(&id, message).await?,
            None => None,
        };
        self.sends
            .perform(session, key.as_ref(), |session| {
                let task = ask.task(session, message.as_ref())?;
                self.sends.desk.takes(session, &task)?;
                Ok(task)
            })
            .await?
            .answer()
    }
}
