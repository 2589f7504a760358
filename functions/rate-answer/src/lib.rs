//! `POST /sessions/{id}/messages/{message_id}/rating`: the customer says whether a robot's answer helped.

use deskbridge::{
    answer::Answers,
    auth::Guard,
    config::{ConfigError, Settings, UDESK_ROBOT_EVALUATION_PATH},
    error::{Error, Kind},
    idempotency::Key,
    ids::MessageId,
    lambda,
    message::Author,
    outgoing::Task,
    sends::Sends,
};
use lambda_http::{Body, Request, Response};
use serde::{Deserialize, Serialize};

/// What it may answer.
pub const ANSWERS: Answers = Answers {
    successes: &[200, 202],
    errors: &[
        Kind::InvalidJson,
        Kind::InvalidRequest,
        Kind::Unauthorized,
        Kind::NotFound,
        Kind::SessionNotFound,
        Kind::IdempotencyConflict,
        Kind::BodyTooLarge,
        Kind::VendorRefused,
        Kind::VendorNotConfigured,
        Kind::StorageUnavailable,
        Kind::Internal,
    ],
};

/// What a caller sends.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Ask {
    useful: bool,
}

/// What the function needs. Made once at init.
#[derive(Debug)]
pub struct App {
    guard: Guard,
    sends: Sends,
    evaluation_path: Option<String>,
}

impl App {
    /// The function as the settings want it.
    ///
    /// # Errors
    /// Where a setting is missing or malformed.
    pub fn from_settings(settings: &Settings) -> Result<Self, ConfigError> {
        let evaluation_path = settings.optional(&UDESK_ROBOT_EVALUATION_PATH);
        if let Some(path) = evaluation_path.as_deref().filter(|path| !is_path(path)) {
            return Err(UDESK_ROBOT_EVALUATION_PATH.malformed(&format!("{path:?}")));
        }
        Ok(Self {
            guard: Guard::from_settings(settings)?,
            sends: Sends::of_udesk(settings)?,
            evaluation_path,
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
        let session = caller.may_see(self.sends.table.session(&id).await?)?;
        let message = lambda::path_parameter(&request, "message_id")
            .and_then(|id| MessageId::parse(&id))
            .ok_or_else(no_such_message)?;
        let scope = format!("{}#{id}#{message}#rating", caller.role());
        let key = Key::of_header(&request, scope, &ask)?;
        self.sends.desk.takes_feedback(&session)?;
        let message = self.sends.table.message(&id, &message).await?;
        let message = message.ok_or_else(no_such_message)?;
        if message.from != Author::Robot {
            return Err(Error::new(
                Kind::InvalidRequest,
                "only what a robot says is rated so; POST /sessions/{id}/survey rates an agent",
            ));
        }
        let answered = message.answer.unwrap_or_default();
        self.sends
            .perform(session, key.as_ref(), |session| {
                let task = Task::RateAnswer {
                    vendor_id: message.vendor_id.clone().unwrap_or_default(),
                    question: answered.question_id.clone(),
                    robot: session.robot.clone(),
                    path: self.evaluation_path.clone(),
                    useful: ask.useful,
                };
                self.sends.desk.takes(session, &task)?;
                Ok(task)
            })
            .await?
            .answer()
    }
}

/// Whether it is a path, and nothing more than that.
fn is_path(path: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/_-.".contains(&byte);
    path.len() > 1 && path.starts_with('/') && path.bytes().all(plain)
}

fn no_such_message() -> Error {
    Error::new(
        Kind::NotFound,
        "there is no such message in this session; GET /sessions/{id}/messages lists them",
    )
}
