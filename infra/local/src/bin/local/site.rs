//! `GET /site`: a page as an app has it, with the deployment code that `POST /sobot/web-access` answers.

use crate::settings::API_KEY;
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use serde_json::{Value, json};
use std::io;
use std::sync::{Arc, OnceLock};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const PAGE: &str = include_str!("site.html");

/// The page. It is there before the API is.
#[derive(Clone, Default)]
pub(crate) struct Site(Arc<OnceLock<String>>);

impl Site {
    /// The API answers at `url`.
    pub(crate) fn opens(&self, url: &str) {
        let _ = self.0.set(url.trim_start_matches("http://").to_owned());
    }
}

pub(crate) fn routes(site: Site) -> Router {
    Router::new().route("/site", get(show)).with_state(site)
}

async fn show(State(Site(api)): State<Site>, headers: HeaderMap) -> Response {
    // A page of elsewhere that has its name lead here must not read what opens Sobot's page.
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let name = host
        .and_then(|host| host.rsplit_once(':'))
        .map(|(name, _)| name);
    if !matches!(name, Some("127.0.0.1" | "localhost")) {
        return (
            StatusCode::FORBIDDEN,
            "open the page at http://127.0.0.1 itself",
        )
            .into_response();
    }
    let Some(api) = api.get() else {
        let why = "The API is not there yet, or its keys are your own: this page knows the fixed one alone.";
        return (StatusCode::SERVICE_UNAVAILABLE, why).into_response();
    };
    match snippet(api).await {
        Ok(snippet) => Html(PAGE.replacen("<!--snippet-->", &snippet, 1)).into_response(),
        Err(problem) => (StatusCode::BAD_GATEWAY, problem).into_response(),
    }
}

async fn snippet(api: &str) -> Result<String, String> {
    let answer = ask(api, &request()).await.map_err(|e| e.to_string())?;
    // Behind the head; the API's answers have a length.
    let (_, body) = answer.split_once("\r\n\r\n").unwrap_or(("", &answer));
    let body: Value = serde_json::from_str(body).map_err(|_| answer.clone())?;
    match body.get("snippet").and_then(Value::as_str) {
        Some(snippet) => Ok(snippet.to_owned()),
        None => Err(body.to_string()),
    }
}

fn request() -> Value {
    json!({
        "mode": "token",
        "customer": "DE",
        "outputs": ["snippet"],
        "parameters": {
            "uname": "Zoë 客户 مرحبا 😀", "color": "04babc", "locale": "en", "type": "bot_first", "msg_flag": "on",
            "params": {"Level": "Boss"}, "cur_visit_url": "http://127.0.0.1/site", "cur_visit_title": "A shop",
        },
        "calls": [
            {"call": "receive_message", "handler": "shop.onAgent"},
            {"call": "offline_message_count", "handler": "shop.onAway"},
            {"call": "frame_ready", "handler": "shop.onReady"},
            {"call": "chat_collapse_window", "handler": "shop.onFolded"},
            {"call": "frame_status", "on_click": "status", "handler": "shop.onStatus"},
            {"call": "trace", "on_click": "trace"},
        ],
    })
}

/// One call of the API. It is this process's own, so that plain HTTP of one connection does.
async fn ask(api: &str, body: &Value) -> io::Result<String> {
    let body = body.to_string();
    let mut stream = TcpStream::connect(api.trim_end_matches('/')).await?;
    let request = format!(
        "POST /sobot/web-access HTTP/1.1\r\nhost: {api}\r\nauthorization: Bearer {API_KEY}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}
