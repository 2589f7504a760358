//! A call of `/v4/…`: noted, faults, frame, endpoint, answer.

use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::{any, get};
use http::StatusCode;
use jiff::Timestamp;
use serde_json::Value;

use super::refusal::{self, Refusal};
use super::twin::Twin;
use super::{Call, frame, send_msg, user};
use crate::faults::Instead;
use crate::server::{Incoming, cut, json_response, status_response};

/// The endpoint's path.
const SEND_MSG: &str = "/v4/desk_http_svc/send_msg";

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
            unknown_fields: fields.map(send_msg::unknown_fields).unwrap_or_default(),
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
            Instead::Limited => status_response(429, twin.lock().switches.retry_after),
            Instead::Code { code, message } => {
                answered(&twin, number, Err(Refusal::new(code, message)))
            }
            Instead::Cut => return cut(),
        };
        return noted(&twin, number, response);
    }
    let response = if call.path == SEND_MSG {
        let outcome = send(&twin, &call);
        answered(&twin, number, outcome)
    } else {
        status_response(404, None)
    };
    match fault {
        Some(fault) if !fault.answers(twin.life()).await => cut(),
        _ => noted(&twin, number, response),
    }
}

fn send(twin: &Twin, call: &Incoming) -> Result<(), Refusal> {
    let mut shared = twin.lock();
    let switches = shared.switches.clone();
    let now = switches.now();
    frame::check(twin.config(), &switches, call, now.as_second())?;
    let desk = &mut shared.desk;
    send_msg::send(twin.config(), &switches, desk, &call.bytes, now)?;
    twin.save(&shared);
    Ok(())
}

fn answered(twin: &Twin, number: usize, outcome: Result<(), Refusal>) -> Response {
    let (code, body) = match outcome {
        Ok(()) => (0, refusal::ok()),
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
