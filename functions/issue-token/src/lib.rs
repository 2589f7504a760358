//! `POST /tokens`: a short-lived token with which a customer's own client may call the API.

use deskbridge::{
    answer::{self, Answers},
    auth::Guard,
    clock,
    config::{ConfigError, Settings},
    error::{self, Error},
    ids::CustomerId,
    lambda,
};
use lambda_http::{Body, Request, Response};
use serde::{Deserialize, Serialize};

/// The shortest and the longest life of a customer token, in seconds.
const LIFE: std::ops::RangeInclusive<i64> = 60..=86_400;
/// The life of one whose caller names none.
const QUARTER_OF_AN_HOUR: i64 = 900;

/// What it may answer.
pub const ANSWERS: Answers = Answers {
    successes: &[200],
    errors: &[
        error::Kind::InvalidJson,
        error::Kind::InvalidRequest,
        error::Kind::Unauthorized,
        error::Kind::RoleNotAllowed,
        error::Kind::BodyTooLarge,
        error::Kind::Internal,
    ],
};

/// What the function needs. Made once at init.
#[derive(Debug)]
pub struct App {
    guard: Guard,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ask {
    kind: Kind,
    customer: CustomerId,
    expires_in: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Customer,
}

#[derive(Serialize)]
struct Token {
    token: String,
    expires_at: String,
}

impl App {
    /// The function as the settings want it.
    ///
    /// # Errors
    /// Where a setting is missing or malformed.
    pub fn from_settings(settings: &Settings) -> Result<Self, ConfigError> {
        Ok(Self {
            guard: Guard::from_settings(settings)?,
        })
    }

    /// Answers one request.
    ///
    /// # Errors
    /// Those of [`ANSWERS`].
    pub async fn handle(&self, request: Request) -> Result<Response<Body>, Error> {
        self.guard.check(request.headers())?.must_be_server()?;
        let ask: Ask = lambda::body(&request)?;
        let Kind::Customer = ask.kind;
        let life = ask.expires_in.unwrap_or(QUARTER_OF_AN_HOUR);
        if !LIFE.contains(&life) {
            let message = format!("`expires_in` is {} to {} seconds", LIFE.start(), LIFE.end());
            return Err(Error::field("expires_in", message));
        }
        let (token, ends) = self.guard.issue(&ask.customer, life, clock::now())?;
        answer::json(
            200,
            &Token {
                token,
                expires_at: clock::rfc3339(ends),
            },
        )
    }
}
