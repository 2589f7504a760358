//! `POST <function URL>/<path secret>`: the one URL that Udesk calls, with replies and with read status.
//!
//! Udesk wants 200 and an empty body within 5 s, stops calling for 60 s after ten slow answers, and
//! documents no redelivery: so nothing is done here but one durable write and a nudge.

use std::time::Duration;

use base64::{Engine, prelude::BASE64_STANDARD};
use deskbridge::{
    answer::{self, Answers},
    config::{ConfigError, DELIVERIES_QUEUE_URL, INBOX_QUEUE_URL, Settings, UDESK_WEBHOOK_SECRETS},
    error::{Error, Kind},
    http::Client,
    inbound::udesk::Recorder,
    lambda,
    queues::{Queue, Task},
    secret::Secret,
    table::Table,
    vendor::Vendor,
};
use lambda_http::{Body, Request, RequestExt, Response, http::Method};

/// The largest push that is taken, in bytes: in base64 it still fits an SQS message.
const LARGEST: usize = 128 * 1024;
/// How long the table may take before the inbox is tried.
const TABLE_LIMIT: Duration = Duration::from_millis(2_500);

/// What it may answer.
pub const ANSWERS: Answers = Answers {
    successes: &[200],
    errors: &[Kind::NotFound, Kind::BodyTooLarge, Kind::StorageUnavailable],
};

/// What the function needs. Made once at init.
#[derive(Debug)]
pub struct App {
    secrets: Vec<Secret>,
    table: Table,
    recorder: Recorder,
    deliveries: Queue,
    inbox: Queue,
    http: Client,
}

impl App {
    /// The function as the settings want it.
    ///
    /// # Errors
    /// Where a setting is missing or malformed.
    pub fn from_settings(settings: &Settings) -> Result<Self, ConfigError> {
        let http = Client::from_settings(settings)?;
        let table = Table::for_writing(settings, &http)?;
        Ok(Self {
            secrets: settings.secrets(&UDESK_WEBHOOK_SECRETS, 16)?,
            recorder: Recorder::from_settings(settings, &table)?,
            deliveries: Queue::from_settings(settings, &DELIVERIES_QUEUE_URL, &http)?,
            inbox: Queue::from_settings(settings, &INBOX_QUEUE_URL, &http)?,
            table,
            http,
        })
    }

    /// Opens connections ahead of need.
    pub async fn warm(&self) {
        self.http
            .warm(&[&self.table.warm_url(), self.deliveries.warm_url()])
            .await;
    }

    /// Answers one request.
    ///
    /// # Errors
    /// A wrong path secret, too large a body, and where neither table nor queue takes it.
    pub async fn handle(&self, request: Request) -> Result<Response<Body>, Error> {
        let given = request.raw_http_path().trim_matches('/');
        if !Secret::any_matches(&self.secrets, given) {
            return Err(Error::new(Kind::NotFound, "there is nothing here"));
        }
        if request.method() != Method::POST {
            return Ok(answer::empty(405));
        }
        let body: &[u8] = request.body();
        if body.len() > LARGEST {
            return Err(Error::new(
                Kind::BodyTooLarge,
                format!(
                    "the push has {} bytes; at most {LARGEST} are taken",
                    body.len()
                ),
            ));
        }
        let why = match tokio::time::timeout(TABLE_LIMIT, self.recorder.record(body)).await {
            Ok(Ok(recorded)) => {
                recorded.wake(&self.deliveries).await;
                return Ok(answer::empty(200));
            }
            Ok(Err(error)) => lambda::chain(&error),
            Err(_) => "the table took too long".to_owned(),
        };
        tracing::error!(error = why, "not recorded; it goes to the inbox");
        let task = Task::Webhook {
            vendor: Vendor::Udesk,
            body: BASE64_STANDARD.encode(body),
        };
        self.inbox.put(&task, 0).await.map_err(|error| {
            Error::new(
                Kind::StorageUnavailable,
                "neither the table nor the inbox takes it; send it again",
            )
            .with_source(error)
        })?;
        Ok(answer::empty(200))
    }
}
