//! The agent's page at `/agent` and the JSON under `/agent/api` that it, and curl, work with.
//!
//! | call | does |
//! |---|---|
//! | `GET /agent/api/customers` | every customer, and the last pushes |
//! | `GET /agent/api/customers/{partnerid}` | one customer |
//! | `POST …/{partnerid}/say {"text","push","kind"?}` | the agent says it, told by this push |
//! | `POST …/{partnerid}/again {"msg_id","push"}` | pushes what was said once more |
//! | `POST …/{partnerid}/end` | ends the chat: the next message has another `cid` |
//! | `POST /agent/api/push/{push}` | pushes the body as it is |
//! | `GET /agent/api/pushes`, `GET /agent/api/calls` | what went out, what came in |
//!
//! `push` is `offline`, `unread` or `chat_list`; `kind` is `text` (if it is left out), `image`,
//! `file`, `voice` or `video`, whose text is an address. Anybody can be spoken to: a customer whom
//! the twin has not seen is one from then on.
//!
//! A body may come with any content type, so that plain `curl -d` works. A page of another origin
//! is refused, and so is a host name other than this machine's.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::middleware;
use axum::response::Response;
use axum::routing::{get, post};
use http::StatusCode;
use serde_json::{Map, Value, json};

use super::Call;
use super::agent::{Push, Pushed};
use super::body::PushKind;
use super::desk::MsgKind;
use super::twin::Twin;
use crate::pages::{self, fail, object, ok, own_page_only};
use crate::push::PushOutcome;

const PAGE: &str = include_str!("agent.html");

/// How many of the last pushes the page shows.
const SHOWN: usize = 20;

pub(crate) fn routes() -> Router<Twin> {
    Router::new()
        .route("/agent", get(async || pages::html(PAGE)))
        .route("/agent/api/customers", get(customers))
        .route("/agent/api/customers/{customer}", get(customer))
        .route("/agent/api/customers/{customer}/{action}", post(action))
        .route("/agent/api/push/{push}", post(push))
        .route("/agent/api/pushes", get(pushes))
        .route("/agent/api/calls", get(calls))
        .layer(middleware::from_fn(own_page_only))
}

async fn customers(State(twin): State<Twin>) -> Response {
    let visitors = twin.visitors();
    let shared = twin.lock();
    let urls: Map<String, Value> = PushKind::ALL
        .iter()
        .map(|kind| {
            let set = shared.push_urls.contains_key(kind);
            (kind.name().to_owned(), json!(set))
        })
        .collect();
    let last: Vec<Value> = shared.pushes.iter().rev().take(SHOWN).map(record).collect();
    ok(&json!({
        "push_urls_set": urls,
        "pushes": shared.pushes.len(),
        "last_pushes": last,
        "customers": visitors,
    }))
}

async fn customer(State(twin): State<Twin>, Path(customer): Path<String>) -> Response {
    match twin.visitor(&customer) {
        Some(visitor) => ok(&json!(visitor)),
        None => fail(StatusCode::NOT_FOUND, "no such customer"),
    }
}

async fn action(
    State(twin): State<Twin>,
    Path((customer, action)): Path<(String, String)>,
    body: Bytes,
) -> Response {
    let Some(body) = object(&body) else {
        return fail(StatusCode::BAD_REQUEST, "the body must be a JSON object");
    };
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    let push = text("push").and_then(PushKind::named);
    let bad_push = || {
        fail(
            StatusCode::BAD_REQUEST,
            "push must be \"offline\", \"unread\" or \"chat_list\"",
        )
    };
    match action.as_str() {
        "say" => {
            let Some(push) = push else { return bad_push() };
            let Some(said) = text("text").filter(|text| !text.is_empty()) else {
                return fail(StatusCode::BAD_REQUEST, "text is missing");
            };
            let kind = match body.get("kind") {
                None => Some(MsgKind::Text),
                Some(kind) => serde_json::from_value(kind.clone()).ok(),
            };
            let Some(kind) = kind else {
                return fail(
                    StatusCode::BAD_REQUEST,
                    "kind must be \"text\", \"image\", \"file\", \"voice\" or \"video\"",
                );
            };
            told(&twin.agent_sends(&customer, push, kind, said).await)
        }
        "again" => {
            let Some(push) = push else { return bad_push() };
            match twin
                .push_again(text("msg_id").unwrap_or_default(), push)
                .await
            {
                Ok(pushed) => told(&pushed),
                Err(not_said) => fail(StatusCode::NOT_FOUND, &not_said.to_string()),
            }
        }
        "end" => {
            twin.end_chat(&customer);
            ok(&json!(twin.visitor(&customer)))
        }
        _ => fail(StatusCode::NOT_FOUND, "no such action"),
    }
}

async fn push(State(twin): State<Twin>, Path(name): Path<String>, body: String) -> Response {
    let Some(kind) = PushKind::named(&name) else {
        return fail(StatusCode::NOT_FOUND, "no such push");
    };
    let outcome = twin.push(kind, &body).await;
    ok(&json!({"outcomes": [outcome.told()]}))
}

async fn pushes(State(twin): State<Twin>) -> Response {
    let list: Vec<Value> = twin.pushes().iter().map(record).collect();
    ok(&json!({ "pushes": list }))
}

async fn calls(State(twin): State<Twin>) -> Response {
    let list: Vec<Value> = twin.calls().iter().map(Call::shown).collect();
    ok(&json!({ "calls": list }))
}

fn record(push: &Push) -> Value {
    json!({
        "push": push.kind.name(),
        "at": push.at.to_string(),
        "customer": push.partner_id,
        "body": push.body,
        "outcome": push.outcome.told(),
        "good": push.is_good(),
        "took_ms": u64::try_from(push.took.as_millis()).unwrap_or(u64::MAX),
    })
}

fn told(pushed: &Pushed) -> Response {
    let outcomes: Vec<String> = pushed.outcomes.iter().map(PushOutcome::told).collect();
    ok(&json!({
        "msg_id": pushed.msg_id,
        "cid": pushed.cid,
        "outcomes": outcomes,
        "good": pushed.is_good(),
    }))
}
