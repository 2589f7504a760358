//! What an answer means for the next attempt, decided once for every endpoint.
//!
//! Udesk answers `{code, message, …}` with HTTP 200, errors too. What it answers above its limit of 60 calls a
//! minute no page says, hence the reading of messages.
//!
//! Vendor page: <https://www.udeskglobal.com/doc/apiv2/intro>

use http::HeaderMap;
use serde_json::Value;

use super::{Code, text};
use crate::fate::{Fate, retry_after};

/// Udesk's endpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Api {
    /// `POST /customers`
    CreateCustomer,
    /// `GET /customers/get_customer`
    GetCustomer,
    /// `POST /im/sessions`
    CreateSession,
    /// `DELETE /im/sessions/:session_id`
    CloseSession,
    /// `DELETE /im/sessions/close_queue`
    CloseQueue,
    /// `DELETE /im/sessions/destroy_session`
    DestroySession,
    /// `PUT /im/sessions/:session_id/message_preview`
    MessagePreview,
    /// `POST /im/messages`
    SendMessage,
    /// `GET /im/messages/unread_customer_offline`
    UnreadCustomerOffline,
    /// `POST /im/customer_online_state`
    CustomerOnlineState,
    /// `POST /im/messages/read_messages`
    ReadMessages,
    /// `GET /im/im_sensitive_words`
    SensitiveWords,
    /// `GET /im/messages/agent_unread_messages`
    AgentUnread,
    /// The evaluation of a robot's answer; its method and path are unknown.
    RobotEvaluation,
    /// `POST /im/sessions/robot_survey`
    RobotSurvey,
    /// `POST /im/sessions/survey`
    Survey,
    /// `POST /im/messages/answer_survey`
    AnswerSurvey,
    /// `POST /im/messages/flow`
    Flow,
    /// `POST /im/messages/hit`
    Hit,
    /// `GET /im/urobots`
    Urobots,
    /// `POST /im/sessions/transfer_survey`
    TransferSurvey,
    /// `GET /im/queue_status`
    QueueStatus,
    /// `GET /im/customer_status`
    CustomerStatus,
    /// `GET /im/agent_status`
    AgentStatus,
    /// `GET /im/im_queues`
    AbandonedQueues,
    /// `POST /im/sessions/struct_messages`
    StructMessages,
}

impl Api {
    /// Every endpoint, in the order of the page.
    pub const ALL: [Self; 26] = [
        Self::CreateCustomer,
        Self::GetCustomer,
        Self::CreateSession,
        Self::CloseSession,
        Self::CloseQueue,
        Self::DestroySession,
        Self::MessagePreview,
        Self::SendMessage,
        Self::UnreadCustomerOffline,
        Self::CustomerOnlineState,
        Self::ReadMessages,
        Self::SensitiveWords,
        Self::AgentUnread,
        Self::RobotEvaluation,
        Self::RobotSurvey,
        Self::Survey,
        Self::AnswerSurvey,
        Self::Flow,
        Self::Hit,
        Self::Urobots,
        Self::TransferSurvey,
        Self::QueueStatus,
        Self::CustomerStatus,
        Self::AgentStatus,
        Self::AbandonedQueues,
        Self::StructMessages,
    ];

    /// Its verb and path, as the page prints them.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::CreateCustomer => "POST /customers",
            Self::GetCustomer => "GET /customers/get_customer",
            Self::CreateSession => "POST /im/sessions",
            Self::CloseSession => "DELETE /im/sessions/:session_id",
            Self::CloseQueue => "DELETE /im/sessions/close_queue",
            Self::DestroySession => "DELETE /im/sessions/destroy_session",
            Self::MessagePreview => "PUT /im/sessions/:session_id/message_preview",
            Self::SendMessage => "POST /im/messages",
            Self::UnreadCustomerOffline => "GET /im/messages/unread_customer_offline",
            Self::CustomerOnlineState => "POST /im/customer_online_state",
            Self::ReadMessages => "POST /im/messages/read_messages",
            Self::SensitiveWords => "GET /im/im_sensitive_words",
            Self::AgentUnread => "GET /im/messages/agent_unread_messages",
            Self::RobotEvaluation => "robot Q&A evaluation",
            Self::RobotSurvey => "POST /im/sessions/robot_survey",
            Self::Survey => "POST /im/sessions/survey",
            Self::AnswerSurvey => "POST /im/messages/answer_survey",
            Self::Flow => "POST /im/messages/flow",
            Self::Hit => "POST /im/messages/hit",
            Self::Urobots => "GET /im/urobots",
            Self::TransferSurvey => "POST /im/sessions/transfer_survey",
            Self::QueueStatus => "GET /im/queue_status",
            Self::CustomerStatus => "GET /im/customer_status",
            Self::AgentStatus => "GET /im/agent_status",
            Self::AbandonedQueues => "GET /im/im_queues",
            Self::StructMessages => "POST /im/sessions/struct_messages",
        }
    }
}

/// What a code says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Done.
    Done,
    /// A session was asked for: the customer is queued or being assigned.
    Waiting,
    /// A session was asked for: no agent is online.
    Offline,
    /// It was not done.
    Failed(Fate),
}

/// A call that Udesk did not grant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Udesk refused ({fate:?}, code {}): {message}", code.map_or_else(|| "none".to_owned(), |code| code.number().to_string()))]
pub struct Refusal {
    /// What to do about it.
    pub fate: Fate,
    /// Udesk's code, if the answer held one.
    pub code: Option<Code>,
    /// Udesk's message, or what was wrong with the answer.
    pub message: String,
}

/// A readable answer: its code has a meaning, and it is none of the refusals.
pub(super) struct Answer {
    pub(super) verdict: Verdict,
    pub(super) message: String,
    pub(super) body: Value,
}

/// Reads an answer of `endpoint`; its `verdict` is never [`Verdict::Failed`].
pub(super) fn read(
    endpoint: Api,
    status: u16,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Answer, Refusal> {
    let body: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
    let code = code_of(endpoint, &body);
    let message = body.get("message").and_then(text::text);

    let verdict = match (status, code) {
        (408 | 429 | 503, _) => Verdict::Failed(Fate::Retry {
            after: retry_after(headers),
        }),
        (500.., _) => Verdict::Failed(Fate::RetryMaybeArrived),
        (200..=299, None) => Verdict::Failed(Fate::RetryMaybeArrived),
        (200..=299, Some(code)) => verdict(
            endpoint,
            code,
            message.as_deref().unwrap_or_default(),
            headers,
        ),
        // A redirect or a refusal of the server in front. Only a code may say something better than "final".
        (_, None) => Verdict::Failed(Fate::Refused),
        (_, Some(code)) => {
            match verdict(
                endpoint,
                code,
                message.as_deref().unwrap_or_default(),
                headers,
            ) {
                Verdict::Failed(fate) => Verdict::Failed(fate),
                Verdict::Done | Verdict::Waiting | Verdict::Offline => {
                    Verdict::Failed(Fate::Refused)
                }
            }
        }
    };

    match verdict {
        Verdict::Failed(fate) => Err(Refusal {
            fate,
            code,
            message: message.unwrap_or_else(|| format!("HTTP {status} without a readable answer")),
        }),
        Verdict::Done | Verdict::Waiting | Verdict::Offline => Ok(Answer {
            verdict,
            message: message.unwrap_or_default(),
            body,
        }),
    }
}

/// The list that a granted answer holds under `name`. Where there is none, the answer is none that can be read; asking
/// again does no harm.
pub(super) fn list<'a>(answer: &'a Value, name: &str) -> Result<&'a [Value], Refusal> {
    let list = answer.get(name).and_then(Value::as_array);
    list.map(Vec::as_slice).ok_or_else(|| Refusal {
        fate: Fate::RetryMaybeArrived,
        code: Some(Code::Success),
        message: format!("granted, but {name} is missing"),
    })
}

/// The code that an answer holds: under a name of its own on one endpoint, where what stands before it may use the other.
fn code_of(endpoint: Api, body: &Value) -> Option<Code> {
    let named = |name| body.get(name).and_then(super::id::integer);
    let code = match endpoint {
        Api::StructMessages => named("status").or_else(|| named("code")),
        _ => named("code"),
    };
    code.map(Code::from)
}

/// The one decision. No wildcard: a new code has to be thought about here.
fn verdict(endpoint: Api, code: Code, message: &str, headers: &HeaderMap) -> Verdict {
    let fate = match code {
        Code::Success => return Verdict::Done,
        Code::Waiting => match endpoint {
            Api::CreateSession => return Verdict::Waiting,
            _ => Fate::Refused,
        },
        Code::NobodyOnline => match endpoint {
            Api::CreateSession => return Verdict::Offline,
            // Elsewhere it is "invalid subdomain": a setting is wrong.
            _ => Fate::Refused,
        },
        Code::SessionGone => match endpoint {
            // A robot's session, or a rating that came too late: the conversation itself may well go on.
            Api::RobotEvaluation
            | Api::RobotSurvey
            | Api::Survey
            | Api::AnswerSurvey
            | Api::Flow
            | Api::Hit
            | Api::TransferSurvey => Fate::Refused,
            _ => Fate::SessionGone,
        },
        Code::MissingOrClosed => match endpoint {
            // There is no parameter here to be missing.
            Api::CloseSession | Api::MessagePreview | Api::UnreadCustomerOffline => {
                Fate::SessionGone
            }
            // "Missing parameters" on the page of `POST /im/messages`, "session missing or closed" at its
            // neighbours: can't be known.
            _ => Fate::Refused,
        },
        Code::StaleTimestamp | Code::ReplayedNonce => Fate::Resign,
        Code::UnknownError
        | Code::InvalidParameter
        | Code::NotAdminOrAbsent
        | Code::NotInPlan
        | Code::WrongSignature
        | Code::NotActivated
        | Code::NoSuchGroup
        | Code::MalformedTimestamp
        | Code::EmptyNonce => Fate::Refused,
        Code::Unknown(_) if speaks_of_a_limit(message) => Fate::Retry {
            after: retry_after(headers),
        },
        Code::Unknown(_) => Fate::Refused,
    };
    Verdict::Failed(fate)
}

fn speaks_of_a_limit(message: &str) -> bool {
    let message = message.to_lowercase();
    [
        "频率", "频繁", "限制", "too many", "limit", "frequen", "throttl",
    ]
    .iter()
    .any(|sign| message.contains(sign))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use http::header;

    use super::*;

    fn of(endpoint: Api, status: u16, body: &str) -> Verdict {
        match read(endpoint, status, &HeaderMap::new(), body.as_bytes()) {
            Ok(answer) => answer.verdict,
            Err(refusal) => Verdict::Failed(refusal.fate),
        }
    }

    fn coded(endpoint: Api, code: Code) -> Verdict {
        let body = serde_json::json!({"code": code, "message": "x"}).to_string();
        of(endpoint, 200, &body)
    }

    #[test]
    fn every_documented_code_on_every_endpoint() {
        use Code::*;
        let refused = Verdict::Failed(Fate::Refused);
        for endpoint in Api::ALL {
            for code in Code::DOCUMENTED {
                let expected = match (code, endpoint) {
                    (Success, _) => Verdict::Done,
                    (Waiting, Api::CreateSession) => Verdict::Waiting,
                    // Contradiction 9.
                    (NobodyOnline, Api::CreateSession) => Verdict::Offline,
                    (
                        SessionGone,
                        Api::RobotEvaluation
                        | Api::RobotSurvey
                        | Api::Survey
                        | Api::AnswerSurvey
                        | Api::Flow
                        | Api::Hit
                        | Api::TransferSurvey,
                    ) => refused,
                    (SessionGone, _) => Verdict::Failed(Fate::SessionGone),
                    (
                        MissingOrClosed,
                        Api::CloseSession | Api::MessagePreview | Api::UnreadCustomerOffline,
                    ) => Verdict::Failed(Fate::SessionGone),
                    (StaleTimestamp | ReplayedNonce, _) => Verdict::Failed(Fate::Resign),
                    // Contradiction 10 among them: 2062 on send is final, not "session gone".
                    _ => refused,
                };
                assert_eq!(coded(endpoint, code), expected, "{endpoint:?} {code:?}");
            }
        }
    }

    #[test]
    fn unlisted_codes_are_final_unless_they_speak_of_a_limit() {
        let retry = Verdict::Failed(Fate::Retry { after: None });
        for endpoint in Api::ALL {
            for message in [
                "Request frequency exceeded",
                "Too Many requests",
                "rate limit",
                "请求过于频繁",
                "超出调用频率",
                "接口调用次数限制",
            ] {
                let body = serde_json::json!({"code": 4711, "message": message}).to_string();
                assert_eq!(of(endpoint, 200, &body), retry, "{message}");
                assert_eq!(of(endpoint, 403, &body), retry, "{message}");
            }
            let refused = Verdict::Failed(Fate::Refused);
            assert_eq!(
                of(endpoint, 200, r#"{"code":4711,"message":"no"}"#),
                refused
            );
            assert_eq!(of(endpoint, 200, r#"{"code":4711}"#), refused);
            // A documented code means what it means, whatever its message.
            assert_eq!(
                of(endpoint, 200, r#"{"code":2005,"message":"limit"}"#),
                refused
            );
        }
    }

    #[test]
    fn statuses() {
        let retry = Verdict::Failed(Fate::Retry { after: None });
        let maybe = Verdict::Failed(Fate::RetryMaybeArrived);
        let refused = Verdict::Failed(Fate::Refused);
        for body in ["", "busy", r#"{"code":1000}"#, r#"{"code":2059}"#] {
            assert_eq!(of(Api::SendMessage, 429, body), retry);
            assert_eq!(of(Api::SendMessage, 503, body), retry);
            assert_eq!(of(Api::SendMessage, 500, body), maybe);
            assert_eq!(of(Api::SendMessage, 502, body), maybe);
            assert_eq!(of(Api::SendMessage, 504, body), maybe);
            assert_eq!(of(Api::SendMessage, 302, body), refused);
            assert_eq!(of(Api::SendMessage, 404, body), refused);
        }
        for body in [
            "",
            "<html>",
            "{}",
            "[]",
            r#"{"code":null}"#,
            r#"{"code":"x"}"#,
            r#"{"status":1000}"#,
        ] {
            assert_eq!(of(Api::SendMessage, 200, body), maybe, "{body}");
            assert_eq!(of(Api::SendMessage, 400, body), refused, "{body}");
        }
        assert_eq!(
            of(Api::SendMessage, 400, r#"{"code":9200}"#),
            Verdict::Failed(Fate::SessionGone)
        );
        assert_eq!(
            of(Api::SendMessage, 200, r#"{"code":"1000"}"#),
            Verdict::Done
        );
    }

    #[test]
    fn udesks_own_wait_is_kept() {
        let headers = HeaderMap::from_iter([(header::RETRY_AFTER, "7".parse().unwrap())]);
        match read(Api::SendMessage, 429, &headers, b"") {
            Err(Refusal {
                fate: Fate::Retry { after },
                ..
            }) => assert_eq!(after.map(|wait| wait.as_secs()), Some(7)),
            _ => panic!("not a retry"),
        }
    }

    #[test]
    fn a_refusal_says_code_and_message() {
        let Err(refusal) = read(
            Api::SendMessage,
            200,
            &HeaderMap::new(),
            br#"{"code":9200,"message":"gone"}"#,
        ) else {
            panic!("granted");
        };
        assert_eq!(
            refusal.to_string(),
            "Udesk refused (SessionGone, code 9200): gone"
        );
    }
}
