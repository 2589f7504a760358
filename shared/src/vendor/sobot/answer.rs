//! What the open API answers: `{"ret_code", "ret_msg", "item"}`, with HTTP 200 for a refusal too. Its values come as
//! numbers and as texts.

use http::HeaderMap;
use serde::Deserialize;
use serde_json::Value;

use super::{Code, Refusal, id::LONGEST, refusal::by_status};
use crate::{
    fate::Fate,
    vendor::{number, text},
};

#[derive(Deserialize)]
struct Answer {
    ret_code: Code,
    #[serde(default)]
    ret_msg: Value,
    #[serde(default)]
    item: Value,
}

/// `item` of an answer that was granted.
#[derive(Debug)]
pub struct Item(Value);

impl Item {
    /// Reads an answer.
    ///
    /// # Errors
    /// A [`Refusal`] that says what to do about it.
    pub(super) fn read(status: u16, headers: &HeaderMap, body: &[u8]) -> Result<Self, Refusal> {
        let by_status = by_status(status, headers);
        let Ok(Answer {
            ret_code,
            ret_msg,
            item,
        }) = serde_json::from_slice(body)
        else {
            // What came may hold anything, a token too: it is not repeated.
            return Err(Refusal::of(
                by_status.unwrap_or(Fate::RetryMaybeArrived),
                format!("HTTP {status} without a readable answer"),
            ));
        };
        let message = text::filled(&ret_msg).unwrap_or_default();
        let fate = match (by_status, ret_code.fate(&message, headers)) {
            (None, None) => return Ok(Self(item)),
            // Only a code may say something better than "final".
            (None | Some(Fate::Refused), Some(by_code)) => by_code,
            (Some(by_status), _) => by_status,
        };
        Err(Refusal {
            fate,
            code: (ret_code != Code::Success).then_some(ret_code),
            message,
        })
    }

    /// `item.status`, which says what came of a call of the Live Chat API.
    ///
    /// # Errors
    /// Where there is none: the call may have had an effect.
    pub(super) fn status(&self) -> Result<i64, Refusal> {
        self.number("status").ok_or_else(|| {
            Refusal::of(
                Fate::RetryMaybeArrived,
                "success without a status that can be read",
            )
        })
    }

    /// A number.
    pub(super) fn number(&self, name: &str) -> Option<i64> {
        self.0.get(name).and_then(number::integer)
    }

    /// A text that is not empty.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.0.get(name).and_then(text::filled)
    }

    /// An id. What is too long for one is none.
    pub(super) fn id(&self, name: &str) -> Option<String> {
        self.text(name).filter(|id| id.len() <= LONGEST)
    }
}

/// What a status that no page names comes to.
pub(super) fn unknown(status: i64) -> Refusal {
    Refusal::of(
        Fate::Refused,
        format!("it answered with the status {status}, which its page does not name"),
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(super) mod tests {
    use serde_json::json;

    use super::*;

    /// The answer of a call that was granted.
    pub(in crate::vendor::sobot) fn granted(item: &Value) -> Vec<u8> {
        let answer = json!({"ret_code": "000000", "ret_msg": "success", "item": item});
        answer.to_string().into_bytes()
    }

    /// An answer that was none.
    pub(in crate::vendor::sobot) fn refused(code: &str) -> Vec<u8> {
        let answer = json!({"ret_code": code, "ret_msg": "not today"});
        answer.to_string().into_bytes()
    }

    fn fate(status: u16, body: &[u8]) -> Option<Fate> {
        Item::read(status, &HeaderMap::new(), body)
            .err()
            .map(|refusal| refusal.fate)
    }

    // vendors.md, 2.3: the code is a text.
    #[test]
    fn a_refusal_keeps_its_code_and_its_words() {
        let refusal = Item::read(200, &HeaderMap::new(), &refused("900003"));
        let refusal = refusal.err().unwrap();
        assert_eq!(refusal.fate, Fate::Refused);
        assert_eq!(refusal.code.map(|code| code.text()).unwrap(), "900003");
        assert_eq!(refusal.message, "not today");
    }

    #[test]
    fn a_failing_server_says_more_than_its_code() {
        let good = granted(&json!({}));
        assert_eq!(fate(200, &good), None);
        assert_eq!(fate(503, &good), Some(Fate::Retry { after: None }));
        assert_eq!(fate(500, &good), Some(Fate::RetryMaybeArrived));
        assert_eq!(fate(302, &good), Some(Fate::Refused));
        assert_eq!(fate(401, &refused("900002")), Some(Fate::Resign));
        for unreadable in ["", "<html>", "[]", "{}", r#"{"ret_code":null}"#] {
            assert_eq!(
                fate(200, unreadable.as_bytes()),
                Some(Fate::RetryMaybeArrived),
                "{unreadable}"
            );
        }
    }

    // Numbers and texts stand for each other.
    #[test]
    fn contradiction_5_values_are_numbers_or_texts() {
        for item in [
            json!({"status": 1, "cid": "5f", "count": 3}),
            json!({"status": "1", "cid": "5f", "count": "3"}),
        ] {
            let item = Item::read(200, &HeaderMap::new(), &granted(&item)).ok();
            let item = item.unwrap();
            assert_eq!(item.status(), Ok(1));
            assert_eq!(item.number("count"), Some(3));
            assert_eq!(item.id("cid").as_deref(), Some("5f"));
        }
        for odd in [json!(null), json!([]), json!({"status": "x"}), json!({})] {
            let item = Item::read(200, &HeaderMap::new(), &granted(&odd)).ok();
            let status = item.unwrap().status();
            assert_eq!(
                status.err().map(|refusal| refusal.fate),
                Some(Fate::RetryMaybeArrived),
                "{odd}"
            );
        }
    }
}
