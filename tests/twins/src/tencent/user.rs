//! The user's page at `/user` and the JSON under `/user/api` that it, and curl, work with. The user
//! comes in as with Tencent's client: every call carries the user id and its UserSig.
//!
//! | call | does |
//! |---|---|
//! | `POST /user/api/log_in {"user","usersig"}` | who it is and until when; 403 with the reason |
//! | `POST /user/api/messages {"user","usersig"}` | the session, and what the desk sent |
//! | `POST /user/api/session {"user","usersig","begin"}` | `begin` true begins a session, false ends it |
//! | `POST /user/api/say {"user","usersig","text"}` | the user says something in the session, which begins with it |
//! | `GET /user/api/calls` | what came in at the API |
//! | `POST /agent/api/users/{user}/take`, `say {"text"}`, `close` | what an agent does |
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
use super::twin::Twin;
use super::user_sig::{self, UserSig};
use crate::pages::{self, fail, object, ok, own_page_only};
use crate::server::json_response;

const PAGE: &str = include_str!("user.html");

pub(crate) fn routes() -> Router<Twin> {
    Router::new()
        .route("/user", get(async || pages::html_with_pictures(PAGE)))
        .route("/user/api/log_in", post(log_in))
        .route("/user/api/messages", post(messages))
        .route("/user/api/session", post(session))
        .route("/user/api/say", post(say))
        .route("/agent/api/users/{user}/{action}", post(agent))
        .route("/user/api/calls", get(calls))
        .layer(middleware::from_fn(own_page_only))
}

/// A refusal's status and body.
type Refused = (StatusCode, Value);

/// Lets the user in as Tencent's client does.
fn enter(twin: &Twin, body: &Bytes) -> Result<(UserSig, Value), Refused> {
    let bad = |why: &str| (StatusCode::BAD_REQUEST, json!({ "error": why }));
    let body = object(body).ok_or_else(|| bad("the body must be a JSON object"))?;
    let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
    let (user, given) = (text("user"), text("usersig"));
    if user.is_empty() {
        return Err(bad("user is missing"));
    }
    let now = twin.lock().switches.now().as_second();
    let config = twin.config();
    match user_sig::verify(given, &config.secret_key, config.sdk_app_id, user, now) {
        Ok(user) => Ok((user, body)),
        Err(why) => Err((
            StatusCode::FORBIDDEN,
            json!({"error": format!("{}: {why}", why.code()), "code": why.code()}),
        )),
    }
}

async fn log_in(State(twin): State<Twin>, body: Bytes) -> Response {
    match enter(&twin, &body) {
        Ok((user, _)) => {
            let end = jiff::Timestamp::from_second(user.time.saturating_add(user.expire));
            let end = end.map(|end| end.to_string()).ok();
            ok(&json!({"user": user.identifier, "expires_at": end}))
        }
        Err((status, body)) => json_response(status, &body),
    }
}

async fn messages(State(twin): State<Twin>, body: Bytes) -> Response {
    match enter(&twin, &body) {
        Ok((user, _)) => shown(&twin, &user.identifier),
        Err((status, body)) => json_response(status, &body),
    }
}

async fn session(State(twin): State<Twin>, body: Bytes) -> Response {
    let (user, body) = match enter(&twin, &body) {
        Ok(entered) => entered,
        Err((status, body)) => return json_response(status, &body),
    };
    match body.get("begin").and_then(Value::as_bool) {
        Some(true) => {
            twin.agent_closes(&user.identifier, None).await;
            twin.user_comes(&user.identifier).await;
        }
        Some(false) => {
            twin.agent_closes(&user.identifier, None).await;
        }
        None => return fail(StatusCode::BAD_REQUEST, "begin must be true or false"),
    }
    shown(&twin, &user.identifier)
}

async fn say(State(twin): State<Twin>, body: Bytes) -> Response {
    let (user, body) = match enter(&twin, &body) {
        Ok(entered) => entered,
        Err((status, body)) => return json_response(status, &body),
    };
    let Some(words) = body.get("text").and_then(Value::as_str) else {
        return fail(StatusCode::BAD_REQUEST, "text must be a text");
    };
    twin.user_comes(&user.identifier).await;
    twin.user_says(&user.identifier, words).await;
    shown(&twin, &user.identifier)
}

async fn agent(
    State(twin): State<Twin>,
    Path((user, action)): Path<(String, String)>,
    body: Bytes,
) -> Response {
    let outcome = match action.as_str() {
        "take" => {
            let agent = twin.lock().switches.agents.first().cloned();
            twin.agent_takes(&user, &agent.unwrap_or_default()).await
        }
        "say" => {
            let body = object(&body).unwrap_or_default();
            let Some(words) = body.get("text").and_then(Value::as_str) else {
                return fail(StatusCode::BAD_REQUEST, "text must be a text");
            };
            twin.agent_says(&user, words).await
        }
        "close" => twin.agent_closes(&user, None).await,
        _ => return fail(StatusCode::NOT_FOUND, "no such action"),
    };
    match outcome {
        Some(outcome) => ok(&json!({ "pushed": outcome.told() })),
        None => fail(StatusCode::CONFLICT, "the user has no session"),
    }
}

fn shown(twin: &Twin, user: &str) -> Response {
    let known = twin.user(user).unwrap_or_default();
    ok(&json!({
        "session": known.live().map(|session| &session.id),
        "messages": known.messages,
    }))
}

async fn calls(State(twin): State<Twin>) -> Response {
    let list: Vec<Value> = twin.calls().iter().map(Call::shown).collect();
    ok(&json!({ "calls": list }))
}
