//! `PUT /customers/{customer}/presence`: tell the desk whether a customer is there.

use deskbridge::{
    answer::{self, Answers},
    auth::Guard,
    budget::Class,
    clock,
    config::{ConfigError, Settings},
    desk::{AskError, Desk},
    error::{Error, Kind},
    http::Client,
    lambda,
    table::Table,
    vendor::udesk::customer_online_state,
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
        Kind::RoleNotAllowed,
        Kind::BodyTooLarge,
        Kind::VendorRefused,
        Kind::VendorNotConfigured,
        Kind::VendorUnavailable,
        Kind::Internal,
    ],
};

/// What the function needs. Made once at init.
#[derive(Debug)]
pub struct App {
    guard: Guard,
    table: Table,
    desk: Desk,
    http: Client,
}

/// The body of a request.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ask {
    online: bool,
}

#[derive(Serialize)]
struct Came {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_at: Option<String>,
}

impl App {
    /// The function as the settings want it.
    ///
    /// # Errors
    /// Where a setting is missing or malformed.
    pub fn from_settings(settings: &Settings) -> Result<Self, ConfigError> {
        let http = Client::from_settings(settings)?;
        let table = Table::for_reading(settings, &http)?;
        Ok(Self {
            guard: Guard::from_settings(settings)?,
            desk: Desk::of_udesk(settings, &http, &table)?,
            table,
            http,
        })
    }

    /// Opens connections ahead of need.
    pub async fn warm(&self) {
        let table = self.table.warm_url();
        let mut urls = self.desk.warm_urls();
        urls.push(&table);
        self.http.warm(&urls).await;
    }

    /// Answers one request.
    ///
    /// # Errors
    /// Those of [`ANSWERS`].
    pub async fn handle(&self, request: Request) -> Result<Response<Body>, Error> {
        let caller = self.guard.check(request.headers())?;
        let customer = lambda::customer(&request)?;
        let customer = caller.customer(Some(customer))?;
        let Ask { online } = lambda::body(&request)?;
        let udesk = self.desk.udesk()?;
        let state = customer_online_state::Request {
            customer_token: customer.as_str(),
            online,
        };
        let (http, status, retry_at) = match udesk.ask(&state, Class::Read).await {
            Ok(customer_online_state::Response) => (200, "done", None),
            // Nothing is kept: by then the customer may have come back.
            Err(AskError::Wait { retry_at, .. }) => (202, "later", Some(retry_at)),
            Err(error) => return Err(error.into()),
        };
        let retry_at = retry_at.map(clock::rfc3339);
        answer::json(http, &Came { status, retry_at })
    }
}
