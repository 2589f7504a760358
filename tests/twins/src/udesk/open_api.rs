//! A call of `/open_api_v1/…`: noted, signature, faults, rate limit, endpoint, pushes, answer.
//!
//! The signature is checked first and uses the nonce up even where a fault then meets the call, so
//! that a client which repeats a call without signing it anew is always caught.

use std::collections::BTreeMap;

use axum::response::Response;
use http::{Method, StatusCode};
use jiff::Timestamp;
use serde_json::{Map, Value};
use tokio::time::{Instant, sleep};

use super::desk::Desk;
use super::refusal::Refusal;
use super::switches::{OverLimit, RateLimit, RateScope, Switches};
use super::twin::{Config, Twin};
use super::{
    customers, erase, feedback, lookups, messages, presence, register, sessions, sign, status,
    struct_messages,
};
use crate::calls::Call;
use crate::faults::Instead;
use crate::server::{Incoming, cut, json_response, status_response};

/// What an endpoint works with.
pub(crate) struct Request<'a> {
    pub(crate) config: &'a Config,
    pub(crate) switches: &'a Switches,
    pub(crate) desk: &'a mut Desk,
    pub(crate) now: Timestamp,
    pub(crate) query: &'a BTreeMap<String, String>,
    /// The query as it came: a list names its name again and again.
    pub(crate) pairs: &'a [(String, String)],
    /// Whether the Content-Type says that there is JSON.
    pub(crate) says_json: bool,
    pub(crate) body: Option<&'a Map<String, Value>>,
}

/// What an endpoint leads to.
pub(crate) struct Done {
    pub(crate) answer: Value,
    /// Pushes that are answered before the call is.
    pub(crate) before: Vec<Outgoing>,
    /// Pushes that follow the answer.
    pub(crate) after: Vec<Outgoing>,
}

impl Done {
    pub(crate) fn answer(answer: Value) -> Self {
        Self {
            answer,
            before: Vec::new(),
            after: Vec::new(),
        }
    }
}

/// A push's body and whose line it goes into.
pub(crate) struct Outgoing {
    pub(crate) customer: String,
    pub(crate) body: Value,
}

/// An endpoint of the API.
#[derive(Clone, Copy)]
enum Endpoint<'a> {
    CreateCustomer,
    DestroySession,
    CreateSession,
    CloseSession(&'a str),
    LeaveQueue,
    SendMessage,
    MessagePreview(&'a str),
    CustomerOnlineState,
    ReadMessages,
    UnreadCustomerOffline,
    GetCustomer,
    Survey,
    RobotSurvey,
    AnswerSurvey,
    Flow,
    Hit,
    TransferSurvey,
    RobotEvaluation,
    QueueStatus,
    CustomerStatus,
    AgentStatus,
    SensitiveWords,
    AgentUnread,
    Urobots,
    AbandonedQueues,
    StructMessages,
}

impl<'a> Endpoint<'a> {
    /// `evaluation` is where a robot's answers are rated, if anywhere.
    fn find(method: &Method, path: &'a str, evaluation: Option<&str>) -> Option<Self> {
        if method == Method::POST && evaluation == Some(path) {
            return Some(Self::RobotEvaluation);
        }
        Some(match (method.as_str(), path) {
            ("POST", "/customers") => Self::CreateCustomer,
            ("DELETE", "/im/sessions/destroy_session") => Self::DestroySession,
            ("POST", "/im/sessions") => Self::CreateSession,
            ("DELETE", "/im/sessions/close_queue") => Self::LeaveQueue,
            ("POST", "/im/messages") => Self::SendMessage,
            ("POST", "/im/customer_online_state") => Self::CustomerOnlineState,
            ("POST", "/im/messages/read_messages") => Self::ReadMessages,
            ("GET", "/im/messages/unread_customer_offline") => Self::UnreadCustomerOffline,
            ("GET", "/customers/get_customer") => Self::GetCustomer,
            ("POST", "/im/sessions/survey") => Self::Survey,
            ("POST", "/im/sessions/robot_survey") => Self::RobotSurvey,
            ("POST", "/im/messages/answer_survey") => Self::AnswerSurvey,
            ("POST", "/im/messages/flow") => Self::Flow,
            ("POST", "/im/messages/hit") => Self::Hit,
            ("POST", "/im/sessions/transfer_survey") => Self::TransferSurvey,
            ("GET", "/im/queue_status") => Self::QueueStatus,
            ("GET", "/im/customer_status") => Self::CustomerStatus,
            ("GET", "/im/agent_status") => Self::AgentStatus,
            ("GET", "/im/im_sensitive_words") => Self::SensitiveWords,
            ("GET", "/im/messages/agent_unread_messages") => Self::AgentUnread,
            ("GET", "/im/urobots") => Self::Urobots,
            ("GET", "/im/im_queues") => Self::AbandonedQueues,
            ("POST", "/im/sessions/struct_messages") => Self::StructMessages,
            ("PUT", path) => {
                let id = path.strip_prefix("/im/sessions/")?;
                let id = id.strip_suffix("/message_preview")?;
                if id.is_empty() || id.contains('/') {
                    return None;
                }
                Self::MessagePreview(id)
            }
            ("DELETE", path) => {
                let id = path.strip_prefix("/im/sessions/")?;
                if id.is_empty() || id.contains('/') {
                    return None;
                }
                Self::CloseSession(id)
            }
            _ => return None,
        })
    }

    /// What the rate limit counts by.
    fn api(self) -> &'static str {
        match self {
            Self::CreateCustomer => "POST /customers",
            Self::DestroySession => "DELETE /im/sessions/destroy_session",
            Self::CreateSession => "POST /im/sessions",
            Self::CloseSession(_) => "DELETE /im/sessions/:session_id",
            Self::LeaveQueue => "DELETE /im/sessions/close_queue",
            Self::SendMessage => "POST /im/messages",
            Self::MessagePreview(_) => "PUT /im/sessions/:session_id/message_preview",
            Self::CustomerOnlineState => "POST /im/customer_online_state",
            Self::ReadMessages => "POST /im/messages/read_messages",
            Self::UnreadCustomerOffline => "GET /im/messages/unread_customer_offline",
            Self::GetCustomer => "GET /customers/get_customer",
            Self::Survey => "POST /im/sessions/survey",
            Self::RobotSurvey => "POST /im/sessions/robot_survey",
            Self::AnswerSurvey => "POST /im/messages/answer_survey",
            Self::Flow => "POST /im/messages/flow",
            Self::Hit => "POST /im/messages/hit",
            Self::TransferSurvey => "POST /im/sessions/transfer_survey",
            Self::RobotEvaluation => "robot Q&A evaluation",
            Self::QueueStatus => "GET /im/queue_status",
            Self::CustomerStatus => "GET /im/customer_status",
            Self::AgentStatus => "GET /im/agent_status",
            Self::SensitiveWords => "GET /im/im_sensitive_words",
            Self::AgentUnread => "GET /im/messages/agent_unread_messages",
            Self::Urobots => "GET /im/urobots",
            Self::AbandonedQueues => "GET /im/im_queues",
            Self::StructMessages => "POST /im/sessions/struct_messages",
        }
    }

    /// The fields of its body.
    fn fields(self) -> &'static [&'static str] {
        match self {
            Self::CreateCustomer => register::FIELDS,
            Self::CreateSession => sessions::CREATE_FIELDS,
            Self::SendMessage => messages::FIELDS,
            Self::MessagePreview(_) => presence::PREVIEW_FIELDS,
            Self::CustomerOnlineState => presence::ONLINE_FIELDS,
            Self::ReadMessages => presence::READ_FIELDS,
            Self::Survey => feedback::SESSION_FIELDS,
            Self::RobotSurvey => feedback::ROBOT_FIELDS,
            Self::AnswerSurvey => feedback::ANSWER_FIELDS,
            Self::Flow => feedback::FLOW_FIELDS,
            Self::Hit => feedback::HIT_FIELDS,
            Self::TransferSurvey => feedback::TRANSFER_FIELDS,
            Self::RobotEvaluation => feedback::EVALUATION_FIELDS,
            Self::StructMessages => struct_messages::FIELDS,
            _ => &[],
        }
    }

    /// What the code is called in its answers.
    fn code(self) -> &'static str {
        match self {
            Self::StructMessages => struct_messages::CODE,
            _ => "code",
        }
    }

    /// A limit beside that of every API: what it counts by, and how many it lets through.
    fn own_limit(self, switches: &Switches) -> Option<(String, RateLimit)> {
        match self {
            Self::MessagePreview(id) => {
                let limit = switches.preview_limit?;
                Some((format!("{} of {id}", self.api()), limit))
            }
            Self::StructMessages => {
                let limit = switches.card_limit?;
                Some((format!("{} of all", self.api()), limit))
            }
            _ => None,
        }
    }

    fn run(self, request: &mut Request<'_>) -> Result<Done, Refusal> {
        match self {
            Self::CreateCustomer => register::create(request),
            Self::DestroySession => erase::destroy(request),
            Self::CreateSession => sessions::create(request),
            Self::CloseSession(id) => sessions::close(request, id),
            Self::LeaveQueue => sessions::leave_queue(request),
            Self::SendMessage => messages::send(request),
            Self::MessagePreview(id) => presence::preview(request, id),
            Self::CustomerOnlineState => presence::online(request),
            Self::ReadMessages => presence::read(request),
            Self::UnreadCustomerOffline => customers::unread(request),
            Self::GetCustomer => customers::get(request),
            Self::Survey => feedback::session(request),
            Self::RobotSurvey => feedback::robot(request),
            Self::AnswerSurvey => feedback::answer(request),
            Self::Flow => feedback::flow(request),
            Self::Hit => feedback::hit(request),
            Self::TransferSurvey => feedback::transfer(request),
            Self::RobotEvaluation => feedback::evaluation(request),
            Self::QueueStatus => status::queue(request),
            Self::CustomerStatus => status::customer(request),
            Self::AgentStatus => status::agents(request),
            Self::SensitiveWords => Ok(lookups::sensitive_words(request)),
            Self::AgentUnread => lookups::agent_unread(request),
            Self::Urobots => Ok(lookups::urobots(request)),
            Self::AbandonedQueues => lookups::im_queues(request),
            Self::StructMessages => struct_messages::send(request),
        }
    }
}

/// How a call ends on the wire.
enum End {
    /// HTTP 200 with this JSON.
    Json(Value),
    /// Another HTTP status, with seconds for Retry-After.
    Status(u16, Option<u64>),
    /// No answer: the connection is cut.
    Cut,
}

/// Works on a call until its answer.
pub(crate) async fn serve(twin: Twin, call: Incoming) -> Response {
    let evaluation = twin.lock().switches.robot_evaluation_path.clone();
    let endpoint = Endpoint::find(&call.method, &call.path, evaluation.as_deref());
    let body = parsed(&call);
    let number = twin.note(Call {
        at: Timestamp::now(),
        method: call.method.to_string(),
        path: call.path.clone(),
        query: call.query.clone(),
        content_type: call.content_type.clone(),
        unknown_fields: unknown(endpoint, body.as_ref()),
        body: body.clone(),
        fault: None,
        status: None,
        code: None,
    });
    let end = work(&twin, &call, endpoint, body.as_ref(), number).await;
    match end {
        End::Json(value) => {
            twin.noted(number, |noted| noted.status = Some(200));
            json_response(StatusCode::OK, &value)
        }
        End::Status(status, retry_after) => {
            twin.noted(number, |noted| noted.status = Some(status));
            status_response(status, retry_after)
        }
        End::Cut => cut(),
    }
}

async fn work(
    twin: &Twin,
    call: &Incoming,
    endpoint: Option<Endpoint<'_>>,
    body: Option<&Value>,
    number: usize,
) -> End {
    let code = endpoint.map_or("code", Endpoint::code);
    let (signed, fault, switches) = {
        let mut shared = twin.lock();
        let switches = shared.switches.clone();
        let now = Timestamp::now().as_second() + switches.clock_offset_seconds;
        let signed = signed(endpoint, twin.config(), call, &mut shared.desk, now);
        let fault = shared.faults.take(call.method.as_str(), &call.path);
        (signed, fault, switches)
    };
    twin.noted(number, |noted| noted.fault.clone_from(&fault));
    if let Some((least, most)) = switches.random_delay {
        sleep(least + most.saturating_sub(least).mul_f64(chance())).await;
    }
    if let Some(fault) = &fault
        && let Some(instead) = fault.before(twin.life()).await
    {
        return match instead {
            Instead::Status(status) => End::Status(status, None),
            Instead::Code {
                code: given,
                message,
            } => refused(twin, number, code, &Refusal::new(given, message)),
            Instead::Limited => over_limit(twin, number, code, &switches.over_limit),
            Instead::Cut => End::Cut,
        };
    }
    let Some(endpoint) = endpoint else {
        return End::Status(404, None);
    };
    let outcome = match signed {
        Err(refusal) => Err(refusal),
        Ok(()) => {
            let mut shared = twin.lock();
            let limit = shared.switches.rate_limit;
            let counted_as = match shared.switches.rate_scope {
                RateScope::Api => endpoint.api(),
                RateScope::Account => "all",
            };
            let now = Instant::now();
            let own = endpoint.own_limit(&shared.switches);
            let within_own = own.is_none_or(|(key, own)| shared.limiter.pass(&key, Some(own), now));
            if !within_own || !shared.limiter.pass(counted_as, limit, now) {
                let shape = shared.switches.over_limit.clone();
                drop(shared);
                return over_limit(twin, number, code, &shape);
            }
            let shared = &mut *shared;
            let mut request = Request {
                config: twin.config(),
                switches: &shared.switches,
                desk: &mut shared.desk,
                now: Timestamp::now(),
                query: &call.query,
                pairs: &call.pairs,
                says_json: call.says_json(),
                body: body.and_then(Value::as_object),
            };
            let outcome = endpoint.run(&mut request);
            let events = shared.events(Timestamp::now());
            twin.save(shared);
            // Into the customer's line while the desk is locked: pushes go out in the order in
            // which the desk changed.
            outcome.map(|done| {
                let before: Vec<_> = done
                    .before
                    .into_iter()
                    .map(|push| twin.enqueue(push, None))
                    .collect();
                for push in done.after {
                    drop(twin.enqueue(push, Some(AFTER_ANSWER)));
                }
                for event in events {
                    drop(twin.enqueue_event(event, Some(AFTER_ANSWER)));
                }
                (done.answer, before)
            })
        }
    };
    let answer = match outcome {
        Ok((answer, before)) => {
            let given = answer.get(code).and_then(Value::as_i64);
            twin.noted(number, |noted| noted.code = given);
            for push in before {
                push.outcome().await;
            }
            answer
        }
        Err(refusal) => {
            twin.noted(number, |noted| noted.code = Some(refusal.code));
            refusal.body(code)
        }
    };
    match fault {
        Some(fault) if !fault.answers(twin.life()).await => End::Cut,
        _ => End::Json(answer),
    }
}

/// A push that follows an answer waits this long, so that the answer is on its way first.
const AFTER_ANSWER: std::time::Duration = std::time::Duration::from_millis(15);

/// Whether the call is signed as its endpoint wants it.
fn signed(
    endpoint: Option<Endpoint<'_>>,
    config: &Config,
    call: &Incoming,
    desk: &mut Desk,
    now: i64,
) -> Result<(), Refusal> {
    if let Some(Endpoint::StructMessages) = endpoint {
        let key = &config.struct_message_key;
        return struct_messages::check(&call.raw_query, &call.query, key, now);
    }
    let (email, token) = (&config.email, &config.api_token);
    sign::check(email, token, &call.query, &mut desk.nonces, now)
}

/// `code` is what it is called in the answers of the endpoint.
fn over_limit(twin: &Twin, number: usize, code: &str, shape: &OverLimit) -> End {
    match shape {
        OverLimit::Status429 { retry_after } => End::Status(429, *retry_after),
        OverLimit::Code {
            code: limited,
            message,
        } => refused(twin, number, code, &Refusal::new(*limited, message)),
    }
}

fn refused(twin: &Twin, number: usize, code: &str, refusal: &Refusal) -> End {
    twin.noted(number, |noted| noted.code = Some(refusal.code));
    End::Json(refusal.body(code))
}

/// The body, if it was sent as JSON and is.
fn parsed(call: &Incoming) -> Option<Value> {
    if !call.says_json() {
        return None;
    }
    serde_json::from_slice(&call.bytes).ok()
}

fn unknown(endpoint: Option<Endpoint<'_>>, body: Option<&Value>) -> Vec<String> {
    let (Some(endpoint), Some(Value::Object(body))) = (endpoint, body) else {
        return Vec::new();
    };
    body.keys()
        .filter(|name| !endpoint.fields().contains(&name.as_str()))
        .cloned()
        .collect()
}

/// A number from 0 to 1: the standard library's keys for hash maps are random.
fn chance() -> f64 {
    use std::hash::{BuildHasher, RandomState};
    let random = RandomState::new().hash_one(0_u8);
    f64::from(u32::try_from(random >> 32).unwrap_or(0)) / f64::from(u32::MAX)
}
