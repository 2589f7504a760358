//! A push: POST of JSON to an address that somebody else serves, and what became of it.

use std::time::Duration;

use axum::body::Bytes;
use http::header;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::time::timeout;

/// What became of one push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PushOutcome {
    /// An answer came in time.
    Answered {
        /// Its HTTP status.
        status: u16,
        /// Whether its body was empty, as Udesk's page asks.
        empty: bool,
    },
    /// No answer in time.
    TimedOut,
    /// No connection, or it broke.
    Unreachable(String),
    /// Not made: too many time-outs stopped the calls (Udesk).
    Stopped,
    /// Not made: no receive URL is set.
    NoReceiveUrl,
    /// Not made: the vendor has an outage (Udesk's `lose_pushes`).
    Lost,
    /// Put aside to follow the customer's next push (Udesk's `swap_next_pushes`).
    PutAside,
}

impl PushOutcome {
    /// 200 and nothing in the body.
    pub fn is_good(&self) -> bool {
        *self
            == Self::Answered {
                status: 200,
                empty: true,
            }
    }

    /// The HTTP status of the answer, if one came.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Answered { status, .. } => Some(*status),
            Self::TimedOut
            | Self::Unreachable(_)
            | Self::Stopped
            | Self::NoReceiveUrl
            | Self::Lost
            | Self::PutAside => None,
        }
    }

    /// In words, for the pages.
    pub(crate) fn told(&self) -> String {
        match self {
            Self::Answered { status, empty } => {
                let body = if *empty {
                    "empty body"
                } else {
                    "body not empty"
                };
                format!("{status}, {body}")
            }
            Self::TimedOut => "timed out".to_owned(),
            Self::Unreachable(why) => format!("unreachable: {why}"),
            Self::Stopped => "not made: calls are stopped after ten time-outs".to_owned(),
            Self::NoReceiveUrl => "not made: no receive URL is set".to_owned(),
            Self::Lost => "lost".to_owned(),
            Self::PutAside => "put aside".to_owned(),
        }
    }
}

/// One push that was made, or was not.
#[derive(Debug, Clone)]
pub struct PushRecord {
    /// When it was due.
    pub at: Timestamp,
    /// The customer, or empty where the body names none.
    pub customer: String,
    /// The body: a JSON value, or the raw text where it was none.
    pub body: Value,
    /// What became of it.
    pub outcome: PushOutcome,
    /// From the request to the end of the answer.
    pub took: Duration,
}

impl PushRecord {
    /// For the pages, without the body.
    pub(crate) fn shown(&self) -> Value {
        json!({
            "at": self.at.to_string(),
            "customer": self.customer,
            "outcome": self.outcome.told(),
            "good": self.outcome.is_good(),
            "took_ms": u64::try_from(self.took.as_millis()).unwrap_or(u64::MAX),
        })
    }
}

/// Makes the calls.
#[derive(Debug)]
pub(crate) struct Caller {
    client: Client<HttpConnector, Full<Bytes>>,
}

impl Caller {
    pub(crate) fn new() -> Self {
        // A new connection per push: none is spoilt by a receiver that was restarted or cut it.
        let client = Client::builder(TokioExecutor::new())
            .pool_max_idle_per_host(0)
            .build_http();
        Self { client }
    }

    /// POSTs this body as JSON and waits so long for the answer.
    pub(crate) async fn post(&self, url: &str, body: &str, limit: Duration) -> PushOutcome {
        self.exchange(url, body, limit).await.0
    }

    /// The same, with the body of the answer, if one came.
    pub(crate) async fn exchange(
        &self,
        url: &str,
        body: &str,
        limit: Duration,
    ) -> (PushOutcome, Option<Bytes>) {
        let request = http::Request::post(url)
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::from(body.to_owned())));
        let request = match request {
            Ok(request) => request,
            Err(error) => return (PushOutcome::Unreachable(error.to_string()), None),
        };
        let exchange = async {
            let answer = self
                .client
                .request(request)
                .await
                .map_err(|error| format!("{error}: {:?}", std::error::Error::source(&error)))?;
            let status = answer.status().as_u16();
            let body = answer.into_body().collect().await;
            let body = body.map_err(|error| error.to_string())?.to_bytes();
            let outcome = PushOutcome::Answered {
                status,
                empty: body.is_empty(),
            };
            Ok::<_, String>((outcome, Some(body)))
        };
        match timeout(limit, exchange).await {
            Ok(Ok(answered)) => answered,
            Ok(Err(error)) => (PushOutcome::Unreachable(error), None),
            Err(_) => (PushOutcome::TimedOut, None),
        }
    }
}
