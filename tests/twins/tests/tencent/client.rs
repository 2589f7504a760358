//! A small client that signs, and can be told to do it wrongly.

use deskbridge_twins::tencent::{Options, Twin, sign_user_sig};
use serde_json::{Value, json};

use crate::wire::{Answer, Http};

pub(crate) const SEND_MSG: &str = "/v4/desk_http_svc/send_msg";

pub(crate) struct Client {
    http: Http,
}

impl Answer {
    pub(crate) fn code(&self) -> i64 {
        self.body["ErrorCode"].as_i64().unwrap_or(-1)
    }
}

pub(crate) async fn start() -> (Twin, Client) {
    start_with(Options::default()).await
}

pub(crate) async fn start_with(options: Options) -> (Twin, Client) {
    let twin = Twin::start(options).await.unwrap();
    let client = Client {
        http: Http::to(twin.url()),
    };
    (twin, client)
}

/// A UserSig made now that lasts a day.
pub(crate) fn user_sig(identifier: &str) -> String {
    let options = Options::default();
    let now = jiff::Timestamp::now().as_second();
    sign_user_sig(
        &options.secret_key,
        options.sdk_app_id,
        identifier,
        now,
        86400,
        None,
    )
}

/// A query that is in order, with these values in place of its own; `None` leaves a name out.
pub(crate) fn query(changes: &[(&str, Option<&str>)]) -> String {
    let user_sig = user_sig("administrator");
    let mut pairs = vec![
        ("sdkappid", "1400000000"),
        ("identifier", "administrator"),
        ("usersig", user_sig.as_str()),
        ("random", "99999999"),
        ("contenttype", "json"),
    ];
    for (name, value) in changes {
        pairs.retain(|(known, _)| known != name);
        pairs.extend(value.map(|value| (*name, value)));
    }
    let pairs: Vec<String> = pairs
        .iter()
        .map(|(name, value)| format!("{name}={}", value.replace(' ', "%20")))
        .collect();
    pairs.join("&")
}

/// A text from the service account to a user.
pub(crate) fn text(to: &str, msg_random: u32, text: &str) -> Value {
    json!({
        "FromAccount": "@customer_service_account",
        "ToAccount": to,
        "MsgRandom": msg_random,
        "MsgBody": [{"MsgType": "TIMTextElem", "MsgContent": {"Text": text}}],
    })
}

impl Client {
    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Result<Answer, String> {
        self.http.send(method, path, headers, body).await
    }

    pub(crate) async fn try_raw(&self, body: &str) -> Result<Answer, String> {
        let path = format!("{SEND_MSG}?{}", query(&[]));
        self.send("POST", &path, &[], body).await
    }

    /// The code that this body leads to; the HTTP status is 200 whatever it is.
    pub(crate) async fn raw(&self, body: &str) -> i64 {
        let answer = self.try_raw(body).await.unwrap();
        assert_eq!(answer.status, 200);
        let status = answer.body["ActionStatus"].as_str();
        let expected = if answer.code() == 0 { "OK" } else { "FAIL" };
        assert_eq!(status, Some(expected), "{answer:?}");
        answer.code()
    }

    pub(crate) async fn code(&self, body: &Value) -> i64 {
        self.raw(&body.to_string()).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, &[], &body.to_string())
            .await
            .unwrap()
    }
}
