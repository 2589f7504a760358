//! A call of `/v4/…`: noted, faults, frame, endpoint, answer.

use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::{any, get};
use http::StatusCode;
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::callback::Event;
use super::refusal::{self, Refusal};
use super::twin::Twin;
use super::{Call, frame, send_msg, sessions, user, user_send_msg};
use crate::faults::Instead;
use crate::server::{Incoming, cut, json_response, status_response};

/// The endpoints' paths.
const SEND_MSG: &str = "/v4/desk_http_svc/send_msg";
const GET_SESSION_STATE: &str = "/v4/desk_http_svc/get_session_state";
const END_SESSION: &str = "/v4/desk_http_svc/end_session";
const TRANSFER_TO_HUMAN: &str = "/v4/desk_http_svc/transfer_to_human";
const DESCRIBE_CHAT_MESSAGES: &str = "/v4/desk_http_svc/describe_chat_messages";
const USER_SEND_MSG: &str = "/v4/openim/sendmsg";

/// What a call led to: what is added to the answer, and the events that it brings about.
pub(crate) struct Done {
    pub(crate) answer: Map<String, Value>,
    pub(crate) events: Vec<Event>,
}

impl Done {
    pub(crate) fn with(events: Vec<Event>) -> Self {
        Self {
            answer: Map::new(),
            events,
        }
    }
}

pub(crate) fn routes(twin: Twin) -> Router {
    Router::new()
        // What warms a connection up is no call.
        .route("/", get(|| async { "Tencent twin\n" }))
        .route("/v4/{*path}", any(call))
        .merge(user::routes())
        .with_state(twin)
}

async fn call(State(twin): State<Twin>, request: Request) -> Response {
    let call = Incoming::read(request).await;
    let life = twin.life().clone();
    life.detached(serve(twin, call)).await
}

/// Works on a call until its answer.
async fn serve(twin: Twin, call: Incoming) -> Response {
    let body: Option<Value> = serde_json::from_slice(&call.bytes).ok();
    let fields = body.as_ref().and_then(Value::as_object);
    let (number, fault) = {
        let mut shared = twin.lock();
        let fault = shared.faults.take(call.method.as_str(), &call.path);
        shared.calls.push(Call {
            at: Timestamp::now(),
            method: call.method.to_string(),
            path: call.path.clone(),
            query: call.query.clone(),
            content_type: call.content_type.clone(),
            unknown_fields: fields
                .map(|fields| unknown_fields(&call.path, fields))
                .unwrap_or_default(),
            body: body.clone(),
            fault: fault.clone(),
            status: None,
            code: None,
        });
        (shared.calls.len() - 1, fault)
    };
    if let Some(fault) = &fault
        && let Some(instead) = fault.before(twin.life()).await
    {
        let response = match instead {
            Instead::Status(status) => status_response(status, None),
            Instead::Limited => limited(&twin, number),
            Instead::Code { code, message } => {
                answered(&twin, number, Err(Refusal::new(code, message)))
            }
            Instead::Cut => return cut(),
        };
        return noted(&twin, number, response);
    }
    let response = match take(&twin, &call) {
        None => status_response(404, None),
        Some(Err(Limited)) => limited(&twin, number),
        Some(Ok(outcome)) => answered(&twin, number, outcome),
    };
    match fault {
        Some(fault) if !fault.answers(twin.life()).await => cut(),
        _ => noted(&twin, number, response),
    }
}

/// There were too many calls in this second.
struct Limited;

/// The fields of an answer beside those of success, or what the vendor minds.
type Outcome = Result<Map<String, Value>, Refusal>;

/// Names that the page's table of an endpoint does not have.
fn unknown_fields(path: &str, body: &Map<String, Value>) -> Vec<String> {
    let known = match path {
        SEND_MSG => send_msg::FIELDS,
        GET_SESSION_STATE => sessions::STATE_FIELDS,
        END_SESSION => sessions::END_FIELDS,
        TRANSFER_TO_HUMAN => sessions::TRANSFER_FIELDS,
        DESCRIBE_CHAT_MESSAGES => sessions::DESCRIBE_FIELDS,
        USER_SEND_MSG => user_send_msg::FIELDS,
        _ => return Vec::new(),
    };
    let unknown = body.keys().filter(|name| !known.contains(&name.as_str()));
    unknown.cloned().collect()
}

/// What comes of a call; `None` where there is no such endpoint.
fn take(twin: &Twin, call: &Incoming) -> Option<Result<Outcome, Limited>> {
    let mut shared = twin.lock();
    let switches = shared.switches.clone();
    let now = switches.now();
    let (config, bytes) = (twin.config(), &call.bytes);
    let is_known = [
        SEND_MSG,
        GET_SESSION_STATE,
        END_SESSION,
        TRANSFER_TO_HUMAN,
        DESCRIBE_CHAT_MESSAGES,
        USER_SEND_MSG,
    ]
    .contains(&call.path.as_str());
    if !is_known {
        return None;
    }
    if let Some(limit) = switches.rate_limit {
        let arrived = Timestamp::now();
        let recent = shared.calls.iter().rev().take_while(|earlier| {
            arrived.duration_since(earlier.at) < jiff::SignedDuration::from_secs(1)
        });
        if recent.filter(|earlier| earlier.path == call.path).count() > limit {
            return Some(Err(Limited));
        }
    }
    let desk = &mut shared.desk;
    let framed = frame::check(config, &switches, call, now.as_second());
    let done = framed.and_then(|()| match call.path.as_str() {
        SEND_MSG => {
            let taken = send_msg::send(config, &switches, desk, bytes, now)?;
            let echo = taken.filter(|_| switches.echo);
            let events = echo.map(|taken| Event::of_taken(desk, config, &switches, &taken, now));
            Ok(Done::with(events.into_iter().flatten().collect()))
        }
        GET_SESSION_STATE => sessions::state(config, &switches, desk, bytes),
        END_SESSION => sessions::end(config, &switches, desk, bytes, now),
        TRANSFER_TO_HUMAN => sessions::transfer(config, &switches, desk, bytes, now),
        DESCRIBE_CHAT_MESSAGES => sessions::describe(desk, bytes),
        _ => user_send_msg::send(config, &switches, desk, bytes, now),
    });
    let outcome = done.map(|done| {
        twin.save(&shared);
        drop(shared);
        twin.call_back_later(done.events);
        done.answer
    });
    Some(Ok(outcome))
}

/// What a call is answered of which there were too many.
fn limited(twin: &Twin, number: usize) -> Response {
    let switches = twin.lock().switches.clone();
    if switches.limits_by_status {
        return status_response(429, switches.retry_after);
    }
    let refusal = Refusal::new(refusal::OVER_LIMIT, "call frequency exceeded");
    answered(twin, number, Err(refusal))
}

fn answered(twin: &Twin, number: usize, outcome: Outcome) -> Response {
    let (code, body) = match outcome {
        Ok(more) => (0, refusal::ok(more)),
        Err(refusal) => (refusal.code, refusal.body()),
    };
    twin.noted(number, |noted| noted.code = Some(code));
    json_response(StatusCode::OK, &body)
}

fn noted(twin: &Twin, number: usize, response: Response) -> Response {
    let status = response.status().as_u16();
    twin.noted(number, |noted| noted.status = Some(status));
    response
}
