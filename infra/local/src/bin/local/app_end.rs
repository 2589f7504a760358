//! The app's end: takes events, verifies every signature, and says what came. Its page with Sobot's chat is `site`.

use crate::site::{self, Site};
use crate::{Problem, say};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use serde_json::Value;
use standardwebhooks::Webhook;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// How much of a message's content is shown.
const SHOWN: usize = 60;

/// A receiver of events. Dropped, it ends.
pub(crate) struct AppEnd {
    pub(crate) url: String,
    /// The page, which calls the API as soon as there is one.
    pub(crate) site: Site,
    server: JoinHandle<()>,
}

impl AppEnd {
    /// Listens at `/events`. Any of the `secrets` (`whsec_…`, separated by commas) may have signed.
    pub(crate) async fn start(port: u16, secrets: &str) -> Result<AppEnd, Problem> {
        let keys: Result<Vec<Webhook>, _> = secrets
            .split(',')
            .map(|secret| Webhook::new(secret.trim()))
            .collect();
        let keys = keys.map_err(|_| {
            "APP_EVENTS_SECRETS should be whsec_ and Base64, several separated by commas".to_owned()
        })?;
        let listener = TcpListener::bind(("127.0.0.1", port))
            .await
            .map_err(|e| format!("can't listen on 127.0.0.1:{port} ({e}): choose another --app-port, or end what uses it"))?;
        let url = format!(
            "http://{}/events",
            listener.local_addr().map_err(|e| e.to_string())?
        );
        let router = Router::new()
            .route("/events", post(take))
            .with_state(Arc::new(keys));
        let site = Site::default();
        let router = router.merge(site::routes(site.clone()));
        let server = tokio::spawn(async move {
            let _ = axum::serve(listener, router).await;
        });
        Ok(AppEnd { url, site, server })
    }
}

impl Drop for AppEnd {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn take(
    State(keys): State<Arc<Vec<Webhook>>>,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    if let Err(problem) = verify(&keys, &headers, &body) {
        say(&format!(
            "REFUSED  an event with a wrong signature: {problem}"
        ));
        return StatusCode::UNAUTHORIZED;
    }
    say(&format!("verified  {}", line(&body)));
    StatusCode::OK
}

fn verify(keys: &[Webhook], headers: &HeaderMap, body: &[u8]) -> Result<(), String> {
    let mut problem = "no secret".to_owned();
    for key in keys {
        match key.verify(body, headers) {
            Ok(()) => return Ok(()),
            Err(error) => problem = error.to_string(),
        }
    }
    Err(problem)
}

/// `message.received  seq 3  ses_…  "Hello"`.
fn line(body: &[u8]) -> String {
    let event: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |pointer: &str| {
        event
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let mut line = format!(
        "{}  seq {}  {}",
        text("/type"),
        event.get("seq").unwrap_or(&Value::Null),
        text("/session")
    );
    let message = "/data/message/text";
    let content = if event.pointer(message).is_some() {
        text(message)
    } else {
        text("/data/message/content")
    };
    if !content.is_empty() {
        let shown: String = content.chars().take(SHOWN).collect();
        let more = if content.chars().nth(SHOWN).is_some() {
            "…"
        } else {
            ""
        };
        line.push_str(&format!("  {:?}", format!("{shown}{more}")));
    }
    line
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    #[test]
    fn an_event_is_one_line() {
        let event = json!({"type": "message.received", "seq": 3, "session": "ses_1", "data": {"message": {"content": "a\nb"}}});
        assert_eq!(
            line(event.to_string().as_bytes()),
            "message.received  seq 3  ses_1  \"a\\nb\""
        );
        let event = json!({"type": "session.closed", "seq": 4, "session": "ses_1", "data": {}});
        assert_eq!(
            line(event.to_string().as_bytes()),
            "session.closed  seq 4  ses_1"
        );
        let long = json!({"type": "t", "seq": 1, "session": "s", "data": {"message": {"text": "x".repeat(61), "content": "<b>"}}});
        assert!(line(long.to_string().as_bytes()).ends_with("xxx…\""));
    }

    #[tokio::test]
    async fn only_signed_events_pass() {
        let secret = "whsec_bG9jYWwtb25seS1hcHAtZXZlbnRzLXNlY3JldC0tLS0=";
        let keys = [
            Webhook::new("whsec_b3RoZXI=").unwrap(),
            Webhook::new(secret).unwrap(),
        ];
        let seconds = jiff::Timestamp::now().as_second();
        let signature = Webhook::new(secret)
            .unwrap()
            .sign("evt_1", seconds, b"{}")
            .unwrap();
        let mut headers = HeaderMap::new();
        headers.insert("webhook-id", "evt_1".parse().unwrap());
        headers.insert("webhook-timestamp", seconds.to_string().parse().unwrap());
        assert!(verify(&keys, &headers, b"{}").is_err());
        headers.insert("webhook-signature", signature.parse().unwrap());
        assert_eq!(verify(&keys, &headers, b"{}"), Ok(()));
        assert!(verify(&keys, &headers, b"{ }").is_err());
    }
}
