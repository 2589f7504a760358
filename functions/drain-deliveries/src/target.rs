//! The app's end: where events go, how they are signed, and what its answer means.

use std::time::Duration;

use deskbridge::{
    clock::{self, Millis},
    config::{
        APP_EVENTS_ALLOWED_HOSTS, APP_EVENTS_SECRETS, APP_EVENTS_URL, APP_TIMEOUT_MS, ConfigError,
        Settings,
    },
    correlation::TRACEPARENT,
    event::Event,
    fate::retry_after,
    http::{Answer, Client},
    lambda,
    line::{self, Metric},
};
use http::{Request, Uri, header};
use standardwebhooks::{
    HEADER_WEBHOOK_ID, HEADER_WEBHOOK_SIGNATURE, HEADER_WEBHOOK_TIMESTAMP, Webhook,
};

/// Where events go. Made once at init.
pub(crate) struct Target {
    url: Uri,
    signers: Vec<Webhook>,
    http: Client,
    limit: Duration,
}

/// The longest wait that the app is granted.
const LONGEST_WAIT: Millis = 24 * 3_600 * 1_000;

/// What came of a delivery.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// The app has it.
    Done,
    /// The app has not, and may be asked again, after its own wait where it named one.
    NotYet {
        /// The app's own wait.
        after: Option<Millis>,
        /// Why.
        because: String,
    },
    /// The app does not want it.
    Never(String),
}

impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Target")
            .field("host", &self.url.host())
            .finish_non_exhaustive()
    }
}

impl Target {
    pub(crate) fn from_settings(settings: &Settings, http: &Client) -> Result<Self, ConfigError> {
        let text = settings.required(&APP_EVENTS_URL)?;
        let url = APP_EVENTS_URL.url(&text)?;
        let allowed = settings.list(&APP_EVENTS_ALLOWED_HOSTS);
        let host = url.host().unwrap_or_default();
        let is_open =
            url.scheme_str() == Some("http") && allowed.iter().any(|allowed| allowed == host);
        if host.is_empty() || !(url.scheme_str() == Some("https") || is_open) {
            // Not the URL itself, which may hold a secret of the app's.
            return Err(APP_EVENTS_URL.malformed(&"not https"));
        }
        let secrets = settings.required_secrets(&APP_EVENTS_SECRETS, 24)?;
        let signers = secrets.iter().map(|secret| Webhook::new(secret.expose()));
        let limit: u64 = settings.parsed_or(&APP_TIMEOUT_MS, 10_000)?;
        Ok(Self {
            url,
            signers: signers
                .collect::<Result<_, _>>()
                .map_err(|_| APP_EVENTS_SECRETS.malformed(&"not base64"))?,
            http: http.clone(),
            limit: Duration::from_millis(limit.max(1)),
        })
    }

    pub(crate) fn limit(&self) -> Duration {
        self.limit
    }

    /// Makes one delivery, signed with every live secret, so that the app may rotate at its leisure.
    pub(crate) async fn deliver(&self, event: &Event) -> Delivery {
        let request = match self.request(event, clock::now() / 1_000) {
            Ok(request) => request,
            Err(because) => return Delivery::Never(because),
        };
        let started = clock::now();
        let answer = self.http.ask(request, self.limit).await;
        let took_ms = clock::now() - started;
        line::add(Metric::AppTime, took_ms);
        tracing::info!(
            event = %event.id,
            r#type = event.r#type,
            correlation_id = event.correlation.as_ref().map(tracing::field::display),
            status = answer.as_ref().map_or(0, |answer| answer.status),
            took_ms,
            "delivered or not"
        );
        match answer {
            Ok(answer) => read(&answer),
            Err(error) => Delivery::NotYet {
                after: None,
                because: lambda::chain(&error),
            },
        }
    }

    fn request(&self, event: &Event, timestamp: i64) -> Result<Request<Vec<u8>>, String> {
        let id = event.id.as_str();
        let signatures = self
            .signers
            .iter()
            .map(|signer| signer.sign(id, timestamp, event.body.as_bytes()));
        let signatures: Vec<_> = signatures
            .collect::<Result<_, _>>()
            .map_err(|error| error.to_string())?;
        let mut request = Request::post(&self.url);
        if let Some(correlation) = &event.correlation {
            request = request.header(TRACEPARENT, correlation.traceparent());
        }
        request
            .header(header::CONTENT_TYPE, "application/json")
            .header(HEADER_WEBHOOK_ID, id)
            .header(HEADER_WEBHOOK_TIMESTAMP, timestamp)
            .header(HEADER_WEBHOOK_SIGNATURE, signatures.join(" "))
            .body(event.body.clone().into_bytes())
            .map_err(|error| error.to_string())
    }
}

/// What the app's answer means.
fn read(answer: &Answer) -> Delivery {
    let because = format!("the app answered {}", answer.status);
    match answer.status {
        200..=299 => Delivery::Done,
        410 => Delivery::Never(because),
        429 | 503 => Delivery::NotYet {
            after: wait(answer),
            because,
        },
        _ => Delivery::NotYet {
            after: None,
            because,
        },
    }
}

/// The app's own wait; a day at most.
fn wait(answer: &Answer) -> Option<Millis> {
    let wait = retry_after(&answer.headers)?;
    Some(i64::try_from(wait.as_millis()).map_or(LONGEST_WAIT, |wait| wait.min(LONGEST_WAIT)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, retry_after: &str) -> Answer {
        let headers = retry_after
            .parse()
            .map(|value| (header::RETRY_AFTER, value));
        Answer {
            status,
            headers: http::HeaderMap::from_iter(headers),
            body: Vec::new(),
        }
    }

    #[test]
    fn every_2xx_is_delivered_and_410_is_final() {
        assert_eq!(read(&answer(200, "")), Delivery::Done);
        assert_eq!(read(&answer(204, "")), Delivery::Done);
        assert!(matches!(read(&answer(410, "")), Delivery::Never(_)));
    }

    #[test]
    fn the_apps_own_wait_counts_with_429_and_503_alone() {
        let wait = |status| match read(&answer(status, "7")) {
            Delivery::NotYet { after, .. } => after,
            Delivery::Done | Delivery::Never(_) => None,
        };
        assert_eq!(
            (wait(429), wait(503), wait(500), wait(302)),
            (Some(7_000), Some(7_000), None, None)
        );
    }

    #[test]
    fn a_wait_is_a_day_at_most() {
        assert_eq!(wait(&answer(503, "99999999999")), Some(24 * 3_600 * 1_000));
        assert_eq!(wait(&answer(503, "soon")), None);
    }
}
