//! `POST /tokens`: a short-lived token with which a customer's own client may call the API.

use deskbridge::{
    answer,
    auth::Guard,
    clock,
    config::{ConfigError, Settings},
    error::Error,
    ids::CustomerId,
    lambda,
};
use lambda_http::{Body, Request, Response};
use serde::{Deserialize, Serialize};

/// The shortest and the longest life of a customer token, in seconds.
const LIFE: std::ops::RangeInclusive<i64> = 60..=86_400;

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
    #[serde(default = "quarter_of_an_hour")]
    expires_in: i64,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Customer,
}

fn quarter_of_an_hour() -> i64 {
    900
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
    /// As `infra/openapi.yaml` lists them.
    pub async fn handle(&self, request: Request) -> Result<Response<Body>, Error> {
        self.guard.check(request.headers())?.must_be_server()?;
        let ask: Ask = lambda::body(&request)?;
        let Kind::Customer = ask.kind;
        if !LIFE.contains(&ask.expires_in) {
            let message = format!("`expires_in` is {} to {} seconds", LIFE.start(), LIFE.end());
            return Err(Error::field("expires_in", message));
        }
        let (token, ends) = self
            .guard
            .issue(&ask.customer, ask.expires_in, clock::now())?;
        answer::json(
            200,
            &Token {
                token,
                expires_at: clock::rfc3339(ends),
            },
        )
    }
}
