//! `POST /sessions/{id}/messages`: pass on what a customer says, or what the app says as the desk: to the
//! vendor now, or queued.

mod ask;

use ask::Ask;
use deskbridge::{
    answer::Answers,
    auth::Guard,
    config::{ConfigError, Settings},
    error::{Error, Kind as ErrorKind},
    idempotency::{self, Key},
    lambda,
    sends::Sends,
};
use lambda_http::{Body, Request, Response};

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
        let ask = lambda::body::<Ask>(&request)?.checked(&caller, &request)?;
        let key = match ask.id() {
            Some(key) => Some(Key {
                scope: format!("{}#{id}", caller.role()),
                key: key.to_owned(),
                body: idempotency::fingerprint(&ask)?,
            }),
            None => None,
        };
        self.sends
            .say(&caller, &id, key.as_ref(), |_, id, now| {
                Ok(ask.message(id, now))
            })
            .await
    }
}
