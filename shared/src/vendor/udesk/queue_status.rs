//! `GET /im/queue_status`: whether a customer waits, and at which place.
//!
//! Vendor page: <https://www.udeskglobal.com/doc/apiv2/im>, "Query Queue Status"

use http::{HeaderMap, Method};

use super::{
    Account, Endpoint, Refusal, Stamp, Unsendable, id,
    reply::{self, Api},
    text,
};

/// Whose place is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request<'a> {
    /// The app's id of the customer.
    pub customer_token: &'a str,
}

impl Endpoint for Request<'_> {
    const API: Api = Api::QueueStatus;
    type Response = Response;

    fn to_http(
        &self,
        account: &Account<'_>,
        stamp: Stamp<'_>,
    ) -> Result<http::Request<Vec<u8>>, Unsendable> {
        let query = [("customer_token", self.customer_token)];
        account.bare(stamp, Method::GET, "/im/queue_status", &query)
    }

    fn read(status: u16, headers: &HeaderMap, body: &[u8]) -> Result<Response, Refusal> {
        let answer = reply::read(Self::API, status, headers, body)?;
        let text = answer.body.get("status").and_then(text::filled);
        let count = answer.body.get("count").and_then(id::integer);
        let position = count
            .and_then(|count| u64::try_from(count).ok())
            .filter(|count| *count > 0);
        Ok(Response {
            standing: Standing::told(text.as_deref(), position),
            text,
        })
    }
}

/// Where a customer stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// In words that can be relied on.
    pub standing: Standing,
    /// What Udesk calls it.
    pub text: Option<String>,
}

/// Where a customer stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// In the queue.
    InQueue {
        /// The place, from 1.
        position: Option<u64>,
    },
    /// Neither in a queue nor in a session.
    NotInQueue,
    /// With an agent.
    InSession,
    /// An agent is being looked for.
    Assigning,
    /// Udesk says something that nobody knows.
    Unknown,
}

impl Standing {
    /// There is no code here, only a text that the page has in translation. Who has a place is in the queue, whatever
    /// the text; the rest is told by the page's words, and by those that the Chinese console shows.
    fn told(text: Option<&str>, position: Option<u64>) -> Self {
        if position.is_some() {
            return Self::InQueue { position };
        }
        let text = text.unwrap_or_default().trim().to_lowercase();
        match text.as_str() {
            "in queue" | "排队中" | "正在排队" | "在排队" => Self::InQueue { position },
            "not in queue" | "未排队" | "未在排队" | "未在排队中" | "不在排队" | "不在排队中"
            | "没有排队" => Self::NotInQueue,
            "in session" | "会话中" | "对话中" | "正在会话" | "正在对话" => {
                Self::InSession
            }
            "assigning" | "分配中" | "正在分配" => Self::Assigning,
            _ => Self::Unknown,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::vendor::udesk::{
        Code, Fate,
        account::tests::{ACCOUNT, STAMP, printed, unsigned},
    };

    fn told(status: &str, count: serde_json::Value) -> Standing {
        let body = json!({"code": 1000, "status": status, "count": count}).to_string();
        let read = Request::read(200, &HeaderMap::new(), body.as_bytes()).unwrap();
        assert_eq!(read.text.as_deref().unwrap_or_default(), status);
        read.standing
    }

    #[test]
    fn asks_as_the_page_does() {
        let request = Request {
            customer_token: "1234121123123",
        };
        let http = request.to_http(&ACCOUNT, STAMP).unwrap();
        assert_eq!(http.method(), Method::GET);
        assert!(http.body().is_empty() && http.headers().is_empty());
        let (path, query) = printed(include_str!(
            "../../../../tests/fixtures/udesk/queue_status.request.url"
        ));
        assert_eq!(http.uri().path(), path);
        assert_eq!(unsigned(&http), query);
    }

    #[test]
    fn reads_the_page() {
        let fixture = include_bytes!("../../../../tests/fixtures/udesk/queue_status.answer.json");
        assert_eq!(
            Request::read(200, &HeaderMap::new(), fixture).unwrap(),
            Response {
                standing: Standing::NotInQueue,
                text: Some("Not in queue".to_owned()),
            }
        );
    }

    #[test]
    fn contradiction_33_texts_are_translations() {
        let at = |position| Standing::InQueue { position };
        for (status, count, standing) in [
            ("In queue", json!(3), at(Some(3))),
            ("In queue", json!("3"), at(Some(3))),
            // A place says it all.
            ("排队中", json!(2), at(Some(2))),
            ("warteschlange", json!(2), at(Some(2))),
            ("排队中", json!(0), at(None)),
            ("In queue", json!(null), at(None)),
            ("未在排队", json!(0), Standing::NotInQueue),
            ("In session", json!(0), Standing::InSession),
            ("会话中", json!(0), Standing::InSession),
            ("Assigning", json!(0), Standing::Assigning),
            ("分配中", json!(0), Standing::Assigning),
            ("Something else", json!(0), Standing::Unknown),
            ("", json!(0), Standing::Unknown),
        ] {
            assert_eq!(told(status, count), standing, "{status}");
        }
    }

    #[test]
    fn refusals() {
        let refusal = |body: &str| Request::read(200, &HeaderMap::new(), body.as_bytes());
        // "Waiting" and "nobody online" are states of POST /im/sessions alone.
        for code in [2001, 2002, 2005, 2015] {
            let refused = refusal(&json!({ "code": code }).to_string()).unwrap_err();
            assert_eq!(refused.fate, Fate::Refused);
            assert_eq!(refused.code, Some(Code::from(code)));
        }
        assert_eq!(refusal("{}").unwrap_err().fate, Fate::RetryMaybeArrived);
    }
}
