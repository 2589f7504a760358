//! The agent's page at `/agent` and the JSON under `/agent/api` that it, and curl, work with.
//!
//! | call | does |
//! |---|---|
//! | `GET /agent/api/conversations` | the desk and every conversation |
//! | `GET /agent/api/conversations/{customer}` | one conversation |
//! | `POST …/{customer}/say {"text"}` | the agent writes |
//! | `POST …/{customer}/robot {"text"}` | the robot says something of its own accord |
//! | `POST …/{customer}/send {"type","data"}` | the agent sends anything |
//! | `POST …/{customer}/transfer` | to the next agent, under a new session id |
//! | `POST …/{customer}/close {"close_type"?}` | closes (`normal`) |
//! | `POST …/{customer}/read {"message_ids"?}` | has read these, or all |
//! | `POST …/{customer}/assign` | an agent takes who waits |
//! | `POST /agent/api/desk {"mode","place"?}` | `online`, `busy`, `assigning`, `offline` |
//! | `POST /agent/api/push` | pushes the body as it is |
//! | `GET /agent/api/pushes`, `GET /agent/api/calls` | what went out, what came in |
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
use serde_json::{Value, json};

use super::Call;
use super::agent::{NotPossible, Pushed};
use super::desk::{Author, Conversation, Mode};
use super::twin::Twin;
use crate::pages::{self, fail, object, ok, own_page_only};
use crate::push::{PushOutcome, PushRecord};

const PAGE: &str = include_str!("agent.html");

pub(crate) fn routes() -> Router<Twin> {
    Router::new()
        .route("/agent", get(page))
        .route("/agent/api/conversations", get(conversations))
        .route("/agent/api/conversations/{customer}", get(conversation))
        .route("/agent/api/conversations/{customer}/{action}", post(action))
        .route("/agent/api/desk", post(desk))
        .route("/agent/api/push", post(push))
        .route("/agent/api/pushes", get(pushes))
        .route("/agent/api/calls", get(calls))
        .layer(middleware::from_fn(own_page_only))
}

async fn page() -> Response {
    pages::html(PAGE)
}

async fn conversations(State(twin): State<Twin>) -> Response {
    let shared = twin.lock();
    let list: Vec<Value> = shared.desk.conversations.values().map(shown).collect();
    let last_push = shared.pushes.last().map(PushRecord::shown);
    ok(&json!({
        "desk": shared.desk.mode,
        "receive_url_set": shared.receive_url.is_some(),
        "pushes": shared.pushes.len(),
        "last_push": last_push,
        "conversations": list,
    }))
}

async fn conversation(State(twin): State<Twin>, Path(customer): Path<String>) -> Response {
    match twin.conversation(&customer) {
        Some(conversation) => ok(&shown(&conversation)),
        None => fail(StatusCode::NOT_FOUND, "no such customer"),
    }
}

fn shown(conversation: &Conversation) -> Value {
    json!({
        "customer": conversation.customer,
        "standing": conversation.standing,
        "online": conversation.online,
        "preview": conversation.preview,
        "robot": conversation.robot,
        "agent": conversation.live().map(|session| &session.agent),
        "sessions": conversation.sessions,
        "entries": conversation.entries,
    })
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
    // Only a customer who has come by can be answered.
    let Some(known) = twin.conversation(&customer) else {
        return fail(StatusCode::NOT_FOUND, "no such customer");
    };
    let done = match action.as_str() {
        "say" => match text("text").filter(|text| !text.is_empty()) {
            Some(text) => twin.agent_says(&customer, text).await,
            None => return fail(StatusCode::BAD_REQUEST, "text is missing"),
        },
        "robot" => match text("text").filter(|text| !text.is_empty()) {
            Some(text) => twin.robot_says(&customer, text).await,
            None => return fail(StatusCode::BAD_REQUEST, "text is missing"),
        },
        "send" => match (text("type"), body.get("data")) {
            (Some(kind), Some(data)) => twin.agent_sends(&customer, kind, data.clone()).await,
            _ => return fail(StatusCode::BAD_REQUEST, "type or data is missing"),
        },
        "transfer" => twin.agent_transfers(&customer).await,
        "close" => {
            let close_type = text("close_type").unwrap_or("normal");
            twin.agent_closes(&customer, close_type).await
        }
        "read" => {
            let ids = match body.get("message_ids") {
                Some(given) => serde_json::from_value(given.clone()).ok(),
                None => Some(unread(&known)),
            };
            match ids {
                Some(ids) => {
                    let ids: Vec<String> = ids;
                    twin.agent_reads(&customer, &ids).await
                }
                None => return fail(StatusCode::BAD_REQUEST, "message_ids must be texts"),
            }
        }
        "assign" => twin.assign(&customer).await,
        _ => return fail(StatusCode::NOT_FOUND, "no such action"),
    };
    done.map_or_else(|refused| impossible(&refused), |pushed| told(&pushed))
}

fn unread(conversation: &Conversation) -> Vec<String> {
    conversation
        .entries
        .iter()
        .filter(|entry| entry.from == Author::Customer && !entry.read)
        .map(|entry| entry.message_id.clone())
        .collect()
}

async fn desk(State(twin): State<Twin>, body: Bytes) -> Response {
    match serde_json::from_slice::<Mode>(&body) {
        Ok(mode) => {
            twin.set_mode(mode);
            ok(&json!({ "desk": mode }))
        }
        Err(_) => fail(
            StatusCode::BAD_REQUEST,
            "send {\"mode\":\"online\"|\"assigning\"|\"offline\"} or {\"mode\":\"busy\",\"place\":3}",
        ),
    }
}

async fn push(State(twin): State<Twin>, body: String) -> Response {
    let outcome = twin.push(&body).await;
    ok(&json!({"outcomes": [outcome.told()]}))
}

async fn pushes(State(twin): State<Twin>) -> Response {
    let list: Vec<Value> = twin
        .pushes()
        .iter()
        .map(|push| {
            let mut shown = push.shown();
            if let Some(shown) = shown.as_object_mut() {
                shown.insert("body".to_owned(), push.body.clone());
            }
            shown
        })
        .collect();
    ok(&json!({ "pushes": list }))
}

async fn calls(State(twin): State<Twin>) -> Response {
    let list: Vec<Value> = twin.calls().iter().map(Call::shown).collect();
    ok(&json!({ "calls": list }))
}

fn told(pushed: &Pushed) -> Response {
    let outcomes: Vec<String> = pushed.outcomes.iter().map(PushOutcome::told).collect();
    ok(&json!({
        "im_sub_session_id": pushed.im_sub_session_id,
        "message_ids": pushed.message_ids,
        "outcomes": outcomes,
        "good": pushed.is_good(),
    }))
}

fn impossible(refused: &NotPossible) -> Response {
    fail(StatusCode::CONFLICT, &refused.to_string())
}
