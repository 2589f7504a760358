//! A small client that signs, and can be told to do it wrongly.

use deskbridge_twins::sobot::{Options, Twin, sign_token};
use serde_json::{Value, json};

use crate::wire::{Answer, Http};

pub(crate) const TOKEN: &str = "/api/page/token";

pub(crate) struct Client {
    http: Http,
}

impl Answer {
    pub(crate) fn code(&self) -> &str {
        self.body["ret_code"].as_str().unwrap_or("none")
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

/// A request that is in order, for a token that lasts an hour.
pub(crate) fn request(partner_id: &str, fields: Option<&str>) -> Value {
    let ts = (jiff::Timestamp::now().as_second() + 3600).to_string();
    let options = Options::default();
    let sign = sign_token(&options.sysnum, &options.key, partner_id, &ts, fields);
    let mut body = json!({
        "sysnum": options.sysnum,
        "partnerid": partner_id,
        "ts": ts,
        "sign": sign,
        "source": 0,
        "channel_flag": 2,
    });
    if let Some(fields) = fields {
        body["customized_fields"] = fields.into();
    }
    body
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

    pub(crate) async fn try_ask(&self, body: &Value) -> Result<Answer, String> {
        let json = [("content-type", "application/json")];
        self.send("POST", TOKEN, &json, &body.to_string()).await
    }

    pub(crate) async fn ask(&self, body: &Value) -> Answer {
        let answer = self.try_ask(body).await.unwrap();
        assert_eq!(answer.status, 200, "failures are HTTP 200 too");
        answer
    }

    /// A token for this customer.
    pub(crate) async fn token(&self, partner_id: &str) -> String {
        let answer = self.ask(&request(partner_id, None)).await;
        answer.body["token"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], "").await.unwrap()
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, &[], &body.to_string())
            .await
            .unwrap()
    }
}
