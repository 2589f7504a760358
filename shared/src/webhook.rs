//! What a webhook function does, whoever the vendor is: `POST <function URL>/<path secret>`.
//!
//! No vendor documents that it sends a push again, and one that waits too long stops calling: so
//! nothing is done here but one durable write and a nudge.

use std::time::Duration;

use base64::{Engine, prelude::BASE64_STANDARD};
use lambda_http::{Body, Request, RequestExt, Response, http::Method};
use tokio::time::{Instant, timeout, timeout_at};

use crate::{
    answer::{self, Answers},
    clock::{self, Millis},
    config::{ConfigError, DELIVERIES_QUEUE_URL, HEALS_QUEUE_URL, INBOX_QUEUE_URL, Settings},
    error::{Error, Kind},
    http::Client,
    inbound::{self, Record},
    lambda,
    line::{self, Metric},
    queues::{Queue, Task},
    secret::Secret,
    table::{Table, TableError},
};

/// The largest push, in bytes, that fits an SQS message in base64.
const LARGEST_IN_INBOX: usize = 128 * 1024;
/// How long the table may take before the inbox is tried.
const TABLE_LIMIT: Duration = Duration::from_millis(2_200);
/// How long everything may take. Lambda ends the function after 4 s, and Udesk waits for 5 s.
const LIMIT: Duration = Duration::from_millis(3_500);

/// What it may answer.
pub const ANSWERS: Answers = Answers {
    successes: &[200],
    errors: &[Kind::NotFound, Kind::StorageUnavailable],
};

/// What lets a call in beside its path secret, and how it is answered. Made once at init.
pub trait Door: Sized {
    /// A door as the settings want it.
    ///
    /// # Errors
    /// Where a setting is malformed.
    fn from_settings(settings: &Settings) -> Result<Self, ConfigError>;

    /// Lets `request` in at `now`, and gives what the vendor knows it by.
    ///
    /// # Errors
    /// Why it is not let in, for the log.
    fn admit(&self, request: &Request, now: Millis) -> Result<Option<String>, String>;

    /// What the vendor is answered once a call is recorded.
    ///
    /// # Errors
    /// Where the answer can't be written.
    fn answer(&self) -> Result<Response<Body>, Error>;
}

/// The door of vendors that sign nothing.
#[derive(Debug)]
pub struct Unsigned;

impl Door for Unsigned {
    fn from_settings(_: &Settings) -> Result<Self, ConfigError> {
        Ok(Self)
    }

    fn admit(&self, _: &Request, _: Millis) -> Result<Option<String>, String> {
        Ok(None)
    }

    fn answer(&self) -> Result<Response<Body>, Error> {
        Ok(answer::empty(200))
    }
}

/// What a webhook function needs. Made once at init.
#[derive(Debug)]
pub struct Receiver<R, D = Unsigned> {
    door: D,
    secrets: Vec<Secret>,
    table: Table,
    recorder: R,
    deliveries: Queue,
    heals: Option<Queue>,
    inbox: Queue,
    http: Client,
    patience: u32,
}

impl<R: Record, D: Door> Receiver<R, D> {
    /// A receiver as the settings want it.
    ///
    /// # Errors
    /// Where a setting is missing or malformed.
    pub fn from_settings(settings: &Settings) -> Result<Self, ConfigError> {
        let http = Client::from_settings(settings)?;
        let table = Table::for_writing(settings, &http)?;
        let deliveries = Queue::from_settings(settings, &DELIVERIES_QUEUE_URL, &http)?;
        let heals = match R::VENDOR.tells_what_was_missed() {
            true => Some(deliveries.beside(settings, &HEALS_QUEUE_URL)?),
            false => None,
        };
        Ok(Self {
            heals,
            door: D::from_settings(settings)?,
            secrets: settings.secrets(R::SECRETS, 16)?,
            recorder: R::from_settings(settings, &table)?,
            inbox: deliveries.beside(settings, &INBOX_QUEUE_URL)?,
            deliveries,
            table,
            http,
            patience: settings.patience()?,
        })
    }

    /// Opens connections ahead of need.
    pub async fn warm(&self) {
        self.http
            .warm(&[&self.table.warm_url(), self.deliveries.warm_url()])
            .await;
    }

    /// Answers one push: 200 and what the vendor wants to hear, once it is recorded.
    ///
    /// # Errors
    /// A wrong path secret, and where neither table nor queue takes it.
    pub async fn handle(&self, request: Request) -> Result<Response<Body>, Error> {
        let given = request.raw_http_path().trim_matches('/');
        if !Secret::any_matches(&self.secrets, given) {
            return Err(Error::new(Kind::NotFound, "there is nothing here"));
        }
        if request.method() != Method::POST {
            return Ok(answer::empty(405));
        }
        line::at(R::VENDOR);
        let named = match self.door.admit(&request, clock::now()) {
            Ok(named) => named,
            Err(because) => {
                tracing::warn!(because, "a call with the path secret was not let in");
                return Err(Error::new(Kind::NotFound, "there is nothing here"));
            }
        };
        line::add(Metric::Received, 1);
        let body: &[u8] = request.body();
        let end = Instant::now() + LIMIT * self.patience;
        let recording = self.recorder.record_request(body, named.as_deref());
        let why = match timeout(TABLE_LIMIT * self.patience, recording).await {
            Ok(Ok(recorded)) => {
                // Where SQS takes too long, `sweep` wakes the drainers.
                let _ = timeout_at(end, recorded.wake(&self.deliveries, self.heals.as_ref())).await;
                return self.door.answer();
            }
            Ok(Err(error)) => lambda::chain(&error),
            Err(_) => "the table took too long".to_owned(),
        };
        tracing::error!(error = why, "not recorded; it goes to the inbox");
        let lost = || {
            line::add(Metric::Lost, 1);
            Error::new(
                Kind::StorageUnavailable,
                "neither the table nor the inbox takes it; send it again",
            )
        };
        let put_aside = async {
            let task = self
                .task_of(body, named.clone())
                .await
                .map_err(|error| lost().with_source(error))?;
            let put = self.inbox.put(&task, 0).await;
            put.map_err(|error| lost().with_source(error))
        };
        match timeout_at(end, put_aside).await {
            Ok(put) => put.and_then(|()| self.door.answer()),
            Err(too_long) => Err(lost().with_source(too_long)),
        }
    }

    /// What the inbox is told of a push. One that no message of SQS holds is kept in the table, which takes it as it
    /// is sooner than it records what it says.
    async fn task_of(&self, body: &[u8], request: Option<String>) -> Result<Task, TableError> {
        let (vendor, correlation) = (R::VENDOR, line::correlation());
        if body.len() <= LARGEST_IN_INBOX {
            return Ok(Task::Webhook {
                vendor,
                body: BASE64_STANDARD.encode(body),
                request,
                correlation,
            });
        }
        let hash = inbound::hash(body);
        let parts = self
            .table
            .keep_body(vendor, &hash, body, clock::now())
            .await?;
        Ok(Task::KeptWebhook {
            vendor,
            hash,
            parts,
            request,
            correlation,
        })
    }
}
