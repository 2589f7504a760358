//! What an answer means for the next attempt, decided once for every call.
//!
//! Vendor pages: <https://www.tencentcloud.com/document/product/1229/68821>,
//! <https://cloud.tencent.com/document/product/679/131708>

use http::HeaderMap;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Code;
use crate::fate::{Fate, retry_after};

/// A call that Tencent did not grant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Tencent refused ({fate:?}, code {}): {message}", code.map_or_else(|| "none".to_owned(), |code| code.number().to_string()))]
pub struct Refusal {
    /// What to do about it.
    pub fate: Fate,
    /// Tencent's code, if the answer held one.
    pub code: Option<Code>,
    /// Tencent's words, or what was wrong with the answer.
    pub message: String,
}

/// Reads an answer `{"ActionStatus","ErrorInfo","ErrorCode"}`, with what an endpoint adds to it.
///
/// # Errors
/// A [`Refusal`] that says what to do about it.
pub fn answer<T: DeserializeOwned>(
    status: u16,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<T, Refusal> {
    let granted = read(status, headers, body)?;
    serde_json::from_value(granted).map_err(|_| Refusal {
        fate: Fate::RetryMaybeArrived,
        code: Some(Code::Success),
        message: "the answer is not as the page says".to_owned(),
    })
}

/// Reads an answer and gives it as it is.
///
/// # Errors
/// A [`Refusal`] that says what to do about it.
pub fn read(status: u16, headers: &HeaderMap, body: &[u8]) -> Result<Value, Refusal> {
    let body: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
    let code = body
        .get("ErrorCode")
        .and_then(Value::as_i64)
        .map(Code::from);
    let fate = match (status, code) {
        (408 | 429 | 503, _) => Fate::Retry {
            after: retry_after(headers),
        },
        (500.., _) | (200..=299, None) => Fate::RetryMaybeArrived,
        (200..=299, Some(code)) => match fate(code, headers) {
            Some(fate) => fate,
            None => return Ok(body),
        },
        // A redirect or a refusal of the server in front: no code of a call's own can be trusted there.
        (_, _) => Fate::Refused,
    };
    let said = body.get("ErrorInfo").and_then(Value::as_str);
    Err(Refusal {
        fate,
        code,
        message: said
            .filter(|said| !said.is_empty())
            .map_or_else(|| format!("HTTP {status} without words"), str::to_owned),
    })
}

/// The one decision; `None` is success. No wildcard: a new code has to be thought about here.
fn fate(code: Code, headers: &HeaderMap) -> Option<Fate> {
    match code {
        Code::Success => None,
        Code::OverLimit | Code::OverOtherLimit | Code::TooFrequent | Code::OthersTooFrequent => {
            Some(Fate::Retry {
                after: retry_after(headers),
            })
        }
        // No page says that an internal error comes before the message has gone out.
        Code::Internal | Code::TimedOut | Code::TimedOutInside => Some(Fate::RetryMaybeArrived),
        Code::SessionGone => Some(Fate::SessionGone),
        Code::NotJson
        | Code::MalformedBody
        | Code::NoRandom
        | Code::NoArray
        | Code::NotAdmin
        | Code::Malformed
        | Code::TooLong
        | Code::Failed
        | Code::NobodyOnline
        | Code::NotTransferable
        | Code::InvalidParameter
        | Code::AgentOffline
        | Code::AgentUnavailable
        | Code::Unknown(_) => Some(Fate::Refused),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use http::header;

    use super::*;

    const OK: &[u8] = include_bytes!("../../../../tests/fixtures/tencent/send_msg.answer.json");

    fn answered(status: u16, code: i64) -> Option<Fate> {
        let body = format!(r#"{{"ActionStatus":"FAIL","ErrorInfo":"no","ErrorCode":{code}}}"#);
        read(status, &HeaderMap::new(), body.as_bytes())
            .err()
            .map(|refusal| refusal.fate)
    }

    #[test]
    fn the_pages_answer_is_success() {
        assert!(read(200, &HeaderMap::new(), OK).is_ok());
    }

    /// Contradiction 9: of the page's codes, 141002 says to retry, 141005 that the session is gone; no other is retried.
    #[test]
    fn contradiction_9_every_code_of_the_page_and_141002_alone_is_retried() {
        for number in [
            90001, 90002, 90005, 90007, 90009, 90010, 93000, 141_000, 141_001, 141_003, 141_004,
            141_011, 141_012,
        ] {
            assert_eq!(answered(200, number), Some(Fate::Refused), "{number}");
        }
        assert_eq!(answered(200, 141_002), Some(Fate::RetryMaybeArrived));
        assert_eq!(answered(200, 141_005), Some(Fate::SessionGone));
        assert_eq!(
            answered(200, 70_001),
            Some(Fate::Refused),
            "an expired UserSig"
        );
        assert_eq!(answered(200, 4_711), Some(Fate::Refused));
    }

    /// The page of Desk's common codes: over the limit nothing was done, and what took too long may have been.
    #[test]
    fn limits_and_time_outs_that_come_with_200_are_retried() {
        for number in [60_007, 60_011, 60_018, 60_019] {
            let retry = Fate::Retry { after: None };
            assert_eq!(answered(200, number), Some(retry), "{number}");
        }
        for number in [60_008, 60_014] {
            assert_eq!(
                answered(200, number),
                Some(Fate::RetryMaybeArrived),
                "{number}"
            );
        }
        let headers = HeaderMap::from_iter([(header::RETRY_AFTER, "7".parse().unwrap())]);
        let refusal = read(200, &headers, br#"{"ErrorCode":60007}"#).unwrap_err();
        let after = Some(std::time::Duration::from_secs(7));
        assert_eq!(refusal.fate, Fate::Retry { after });
    }

    #[test]
    fn limits_and_failures_of_the_server() {
        let headers = HeaderMap::from_iter([(header::RETRY_AFTER, "7".parse().unwrap())]);
        let refusal = read(429, &headers, b"").unwrap_err();
        let after = Some(std::time::Duration::from_secs(7));
        assert_eq!(refusal.fate, Fate::Retry { after });
        for status in [500, 502, 504] {
            assert_eq!(
                answered(status, 0),
                Some(Fate::RetryMaybeArrived),
                "{status}"
            );
        }
        for body in ["", "<html>", "{}", "[]", r#"{"ErrorCode":"0"}"#] {
            let refusal = read(200, &HeaderMap::new(), body.as_bytes()).unwrap_err();
            assert_eq!(refusal.fate, Fate::RetryMaybeArrived, "{body}");
        }
        assert_eq!(answered(302, 0), Some(Fate::Refused));
        assert_eq!(answered(404, 0), Some(Fate::Refused));
    }

    #[test]
    fn a_refusal_says_code_and_words() {
        let body = br#"{"ActionStatus":"FAIL","ErrorInfo":"gone","ErrorCode":141005}"#;
        let refusal = read(200, &HeaderMap::new(), body).unwrap_err();
        assert_eq!(
            refusal.to_string(),
            "Tencent refused (SessionGone, code 141005): gone"
        );
    }
}
