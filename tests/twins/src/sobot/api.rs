//! A call: noted, faults, then the page token's endpoint, the open API, the customer's page, or what else the Web-JS page
//! leads to.

use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::{any, get};
use http::StatusCode;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::refusal::{self, Refusal};
use super::twin::{Shared, Twin};
use super::{Call, chat, live_chat, open_api, page, token, web};
use crate::faults::Instead;
use crate::server::{Incoming, cut, json_response, status_response};

/// The path of the token's endpoint.
const TOKEN: &str = "/api/page/token";

pub(crate) fn routes(twin: Twin) -> Router {
    Router::new()
        // What warms a connection up is no call.
        .route("/", get(|| async { "Sobot twin\n" }))
        .route("/api/{*path}", any(call))
        .route("/chat/{*path}", any(call))
        .route("/ticketclient/{*path}", any(call))
        .merge(page::routes())
        .with_state(twin)
}

async fn call(State(twin): State<Twin>, request: Request) -> Response {
    let call = Incoming::read(request).await;
    let life = twin.life().clone();
    life.detached(serve(twin, call)).await
}

/// Works on a call until its answer.
async fn serve(twin: Twin, call: Incoming) -> Response {
    let body: Option<Value> = match call.says_json() {
        true => serde_json::from_slice(&call.bytes).ok(),
        false => None,
    };
    let fields = body.as_ref().and_then(Value::as_object);
    let (number, fault) = {
        let mut shared = twin.lock();
        let fault = shared.faults.take(call.method.as_str(), &call.path);
        let asked = live_chat::name(&shared.switches, &call.path);
        let unknown_fields = fields.map(|fields| match asked {
            Some(name) => live_chat::unknown_fields(name, fields),
            None => token::unknown_fields(fields),
        });
        let unknown_fields =
            unknown_fields.unwrap_or_else(|| match call.path == open_api::GET_TOKEN {
                // It refuses them itself.
                true => Vec::new(),
                false => web::unknown(&call.query),
            });
        shared.calls.push(Call {
            at: Timestamp::now(),
            method: call.method.to_string(),
            path: call.path.clone(),
            query: call.query.clone(),
            content_type: call.content_type.clone(),
            unknown_fields,
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
            Instead::Code { code, message } => answered(&twin, number, &code, &message),
            Instead::Cut => return cut(),
        };
        return noted(&twin, number, response);
    }
    let response = match (call.method.as_str(), call.path.as_str()) {
        ("POST", TOKEN) => give(&twin, number, body.as_ref()),
        (_, TOKEN) => status_response(405, None),
        ("GET", open_api::GET_TOKEN) => open(&twin, number, |shared| {
            let now = Timestamp::now();
            open_api::mint(
                twin.config(),
                &shared.switches,
                &mut shared.desk,
                &call,
                now,
            )
        }),
        (_, open_api::GET_TOKEN) => status_response(405, None),
        (method, path) if is_live_chat(&twin, path) => match method {
            "POST" => open(&twin, number, |shared| {
                let now = Timestamp::now();
                let (switches, desk) = (&shared.switches, &mut shared.desk);
                open_api::admit(switches, desk, &call, now)?;
                live_chat::answer(twin.config(), switches, desk, &call, body.as_ref(), now)
            }),
            _ => status_response(405, None),
        },
        ("GET", path) => match chat::channel(path) {
            Some(channel) => chat::page(&twin, channel, &call),
            None => web::get(&twin, &call).unwrap_or_else(|| status_response(404, None)),
        },
        _ => status_response(404, None),
    };
    match fault {
        Some(fault) if !fault.answers(twin.life()).await => cut(),
        _ => noted(&twin, number, response),
    }
}

/// The answer of the token's endpoint.
fn give(twin: &Twin, number: usize, body: Option<&Value>) -> Response {
    let given = {
        let mut shared = twin.lock();
        let switches = shared.switches.clone();
        let given = token::issue(twin.config(), &switches, &mut shared.desk, body);
        twin.save(&shared);
        given.map_err(|refusal| refusal.told(&switches.refusal_code))
    };
    match given {
        Ok(answer) => {
            twin.noted(number, |noted| noted.code = Some(refusal::OK.to_owned()));
            json_response(StatusCode::OK, &answer)
        }
        Err((code, why)) => answered(twin, number, &code, &why),
    }
}

fn is_live_chat(twin: &Twin, path: &str) -> bool {
    live_chat::name(&twin.lock().switches, path).is_some()
}

/// The answer of the open API: what was asked for stands in `item`.
fn open(
    twin: &Twin,
    number: usize,
    ask: impl FnOnce(&mut Shared) -> Result<Value, Refusal>,
) -> Response {
    let given = {
        let mut shared = twin.lock();
        let given = ask(&mut shared);
        twin.save(&shared);
        given.map_err(|refusal| refusal.told(&shared.switches.refusal_code))
    };
    match given {
        Ok(item) => {
            twin.noted(number, |noted| noted.code = Some(refusal::OK.to_owned()));
            let answer = json!({"ret_code": refusal::OK, "ret_msg": "success", "item": item});
            json_response(StatusCode::OK, &answer)
        }
        Err((code, why)) => answered(twin, number, &code, &why),
    }
}

fn answered(twin: &Twin, number: usize, code: &str, message: &str) -> Response {
    twin.noted(number, |noted| noted.code = Some(code.to_owned()));
    json_response(StatusCode::OK, &refusal::body(code, message))
}

fn noted(twin: &Twin, number: usize, response: Response) -> Response {
    let status = response.status().as_u16();
    twin.noted(number, |noted| noted.status = Some(status));
    response
}
