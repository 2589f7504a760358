//! A small client that signs, and can be told to do it wrongly.

use std::sync::atomic::{AtomicU64, Ordering};

use deskbridge_twins::udesk::{Options, Twin, sign_v2};
use serde_json::{Value, json};

use crate::wire::{Answer, Http};

static NONCE: AtomicU64 = AtomicU64::new(1);

pub(crate) struct Client {
    http: Http,
}

impl Answer {
    pub(crate) fn code(&self) -> i64 {
        self.body["code"].as_i64().unwrap_or(-1)
    }
}

pub(crate) async fn start() -> (Twin, Client) {
    start_with(Options::default()).await
}

pub(crate) async fn start_with(options: Options) -> (Twin, Client) {
    let twin = Twin::start(options).await.unwrap();
    let client = Client::new(&twin);
    (twin, client)
}

pub(crate) fn signed() -> String {
    let time = jiff::Timestamp::now().as_second().to_string();
    signed_with(&time, &new_nonce())
}

pub(crate) fn new_nonce() -> String {
    format!("nonce-{}", NONCE.fetch_add(1, Ordering::Relaxed))
}

pub(crate) fn signed_with(time: &str, nonce: &str) -> String {
    let options = Options::default();
    let sign = sign_v2(&options.email, &options.api_token, time, nonce);
    format!(
        "email={}&timestamp={time}&sign={sign}&nonce={nonce}&sign_version=v2",
        options.email
    )
}

impl Client {
    pub(crate) fn new(twin: &Twin) -> Self {
        Self {
            http: Http::to(twin.url()),
        }
    }

    pub(crate) async fn send(
        &self,
        method: &str,
        path_and_query: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Result<Answer, String> {
        self.http.send(method, path_and_query, headers, body).await
    }

    pub(crate) async fn try_post(&self, path: &str, body: &Value) -> Result<Answer, String> {
        let uri = format!("/open_api_v1{path}?{}", signed());
        let json = [("content-type", "application/json")];
        self.send("POST", &uri, &json, &body.to_string()).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.try_post(path, body).await.unwrap()
    }

    pub(crate) async fn bare(&self, method: &str, path: &str, query: &str) -> Answer {
        let uri = format!("/open_api_v1{path}?{}{query}", signed());
        self.send(method, &uri, &[], "").await.unwrap()
    }

    /// Asks for an agent; the session's id, if one was assigned.
    pub(crate) async fn open(&self, customer: &str) -> i64 {
        let body = json!({"customer_token": customer, "assign_type": "agent"});
        let answer = self.post("/im/sessions", &body).await;
        answer.body["assign_info"]["im_sub_session_id"]
            .as_i64()
            .unwrap_or(0)
    }

    pub(crate) async fn write(&self, customer: &str, session: i64, id: &str, text: &str) -> i64 {
        self.post("/im/messages", &message(customer, session, id, text))
            .await
            .code()
    }
}

pub(crate) fn message(customer: &str, session: i64, id: &str, text: &str) -> Value {
    json!({
        "customer_token": customer,
        "im_sub_session_id": session,
        "message_id": id,
        "type": "message",
        "data": {"content": text},
    })
}
