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

/// The endpoints, as far as a code means something else on one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Endpoint {
    CreateSession,
    SendMessage,
    CloseSession,
    CloseQueue,
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
    endpoint: Endpoint,
    status: u16,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Answer, Refusal> {
    let body: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
    let code = body
        .get("code")
        .and_then(super::id::integer)
        .map(Code::from);
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

/// The one decision. No wildcard: a new code has to be thought about here.
fn verdict(endpoint: Endpoint, code: Code, message: &str, headers: &HeaderMap) -> Verdict {
    let fate = match code {
        Code::Success => return Verdict::Done,
        Code::Waiting => match endpoint {
            Endpoint::CreateSession => return Verdict::Waiting,
            Endpoint::SendMessage | Endpoint::CloseSession | Endpoint::CloseQueue => Fate::Refused,
        },
        Code::NobodyOnline => match endpoint {
            Endpoint::CreateSession => return Verdict::Offline,
            // There it is "invalid subdomain": a setting is wrong.
            Endpoint::SendMessage | Endpoint::CloseSession | Endpoint::CloseQueue => Fate::Refused,
        },
        Code::SessionGone => Fate::SessionGone,
        Code::MissingOrClosed => match endpoint {
            // "Missing parameters" on the page, "session missing or closed" at its neighbours: can't be known.
            Endpoint::SendMessage | Endpoint::CreateSession | Endpoint::CloseQueue => Fate::Refused,
            // There is no parameter here to be missing.
            Endpoint::CloseSession => Fate::SessionGone,
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

    const ENDPOINTS: [Endpoint; 4] = [
        Endpoint::CreateSession,
        Endpoint::SendMessage,
        Endpoint::CloseSession,
        Endpoint::CloseQueue,
    ];

    fn of(endpoint: Endpoint, status: u16, body: &str) -> Verdict {
        match read(endpoint, status, &HeaderMap::new(), body.as_bytes()) {
            Ok(answer) => answer.verdict,
            Err(refusal) => Verdict::Failed(refusal.fate),
        }
    }

    fn coded(endpoint: Endpoint, code: Code) -> Verdict {
        let body = serde_json::json!({"code": code, "message": "x"}).to_string();
        of(endpoint, 200, &body)
    }

    #[test]
    fn every_documented_code_on_every_endpoint() {
        use Code::*;
        let refused = Verdict::Failed(Fate::Refused);
        for endpoint in ENDPOINTS {
            for code in Code::DOCUMENTED {
                let expected = match (code, endpoint) {
                    (Success, _) => Verdict::Done,
                    (Waiting, Endpoint::CreateSession) => Verdict::Waiting,
                    // Contradiction 9.
                    (NobodyOnline, Endpoint::CreateSession) => Verdict::Offline,
                    (SessionGone, _) => Verdict::Failed(Fate::SessionGone),
                    (MissingOrClosed, Endpoint::CloseSession) => Verdict::Failed(Fate::SessionGone),
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
        for endpoint in ENDPOINTS {
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
            assert_eq!(of(Endpoint::SendMessage, 429, body), retry);
            assert_eq!(of(Endpoint::SendMessage, 503, body), retry);
            assert_eq!(of(Endpoint::SendMessage, 500, body), maybe);
            assert_eq!(of(Endpoint::SendMessage, 502, body), maybe);
            assert_eq!(of(Endpoint::SendMessage, 504, body), maybe);
            assert_eq!(of(Endpoint::SendMessage, 302, body), refused);
            assert_eq!(of(Endpoint::SendMessage, 404, body), refused);
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
            assert_eq!(of(Endpoint::SendMessage, 200, body), maybe, "{body}");
            assert_eq!(of(Endpoint::SendMessage, 400, body), refused, "{body}");
        }
        assert_eq!(
            of(Endpoint::SendMessage, 400, r#"{"code":9200}"#),
            Verdict::Failed(Fate::SessionGone)
        );
        assert_eq!(
            of(Endpoint::SendMessage, 200, r#"{"code":"1000"}"#),
            Verdict::Done
        );
    }

    #[test]
    fn udesks_own_wait_is_kept() {
        let headers = HeaderMap::from_iter([(header::RETRY_AFTER, "7".parse().unwrap())]);
        match read(Endpoint::SendMessage, 429, &headers, b"") {
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
            Endpoint::SendMessage,
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
