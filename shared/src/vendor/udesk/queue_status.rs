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
        Ok(Response { position, text })
    }
}

/// Where a customer stands, as Udesk tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The place in the queue, from 1.
    pub position: Option<u64>,
    /// What Udesk calls it. There is no code here, only this text, which the page has in translation.
    pub text: Option<String>,
}

impl Response {
    /// Where that is. Who has a place is in the queue, whatever the text; the rest is told by the account's own words,
    /// by the page's, and by those that the Chinese console shows.
    #[must_use]
    pub fn standing(&self, own: &Texts) -> Standing {
        if self.position.is_some() {
            return Standing::InQueue;
        }
        let text = folded(self.text.as_deref().unwrap_or_default());
        own.standing(&text).unwrap_or_else(|| usual(&text))
    }
}

/// Where a customer stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// In the queue.
    InQueue,
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
    /// What it is called here, in settings and in answers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::InQueue => "in_queue",
            Self::NotInQueue => "not_in_queue",
            Self::InSession => "in_session",
            Self::Assigning => "assigning",
            Self::Unknown => "other",
        }
    }
}

fn usual(text: &str) -> Standing {
    match text {
        "in queue" | "排队中" | "正在排队" | "在排队" => Standing::InQueue,
        "not in queue" | "未排队" | "未在排队" | "未在排队中" | "不在排队" | "不在排队中"
        | "没有排队" => Standing::NotInQueue,
        "in session" | "会话中" | "对话中" | "正在会话" | "正在对话" => {
            Standing::InSession
        }
        "assigning" | "分配中" | "正在分配" => Standing::Assigning,
        _ => Standing::Unknown,
    }
}

fn folded(text: &str) -> String {
    text.trim().to_lowercase()
}

/// An account's own words for where a customer stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Texts(Vec<(String, Standing)>);

/// A text that is given in another way than [`Texts::parse`] reads.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?}; give the text, `=`, and in_queue, not_in_queue, in_session or assigning")]
pub struct TextError(String);

impl Texts {
    /// Reads `text=standing` of each.
    ///
    /// # Errors
    /// Where one is something else.
    pub fn parse(list: &[String]) -> Result<Self, TextError> {
        let each = list.iter().map(|given| {
            let (text, name) = given.rsplit_once('=').unwrap_or_default();
            let known = [
                Standing::InQueue,
                Standing::NotInQueue,
                Standing::InSession,
                Standing::Assigning,
            ];
            let standing = known.into_iter().find(|one| one.name() == name.trim());
            let text = Some(folded(text)).filter(|text| !text.is_empty());
            text.zip(standing).ok_or_else(|| TextError(given.clone()))
        });
        each.collect::<Result<_, _>>().map(Self)
    }

    fn standing(&self, text: &str) -> Option<Standing> {
        let mut all = self.0.iter();
        all.find(|(known, _)| known == text)
            .map(|(_, standing)| *standing)
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

    fn told(status: &str, count: serde_json::Value, own: &Texts) -> (Standing, Option<u64>) {
        let body = json!({"code": 1000, "status": status, "count": count}).to_string();
        let read = Request::read(200, &HeaderMap::new(), body.as_bytes()).unwrap();
        assert_eq!(read.text.as_deref().unwrap_or_default(), status);
        (read.standing(own), read.position)
    }

    fn texts(list: &[&str]) -> Result<Texts, TextError> {
        let list: Vec<_> = list.iter().map(|text| (*text).to_owned()).collect();
        Texts::parse(&list)
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
        let read = Request::read(200, &HeaderMap::new(), fixture).unwrap();
        assert_eq!(
            read,
            Response {
                position: None,
                text: Some("Not in queue".to_owned()),
            }
        );
        assert_eq!(read.standing(&Texts::default()), Standing::NotInQueue);
    }

    #[test]
    fn contradiction_33_texts_are_translations() {
        for (status, count, standing, position) in [
            ("In queue", json!(3), Standing::InQueue, Some(3)),
            ("In queue", json!("3"), Standing::InQueue, Some(3)),
            // A place says it all.
            ("排队中", json!(2), Standing::InQueue, Some(2)),
            ("warteschlange", json!(2), Standing::InQueue, Some(2)),
            ("排队中", json!(0), Standing::InQueue, None),
            ("In queue", json!(null), Standing::InQueue, None),
            ("未在排队", json!(0), Standing::NotInQueue, None),
            ("In session", json!(0), Standing::InSession, None),
            ("会话中", json!(0), Standing::InSession, None),
            ("Assigning", json!(0), Standing::Assigning, None),
            ("分配中", json!(0), Standing::Assigning, None),
            ("Something else", json!(0), Standing::Unknown, None),
            ("", json!(0), Standing::Unknown, None),
        ] {
            assert_eq!(
                told(status, count, &Texts::default()),
                (standing, position),
                "{status}"
            );
        }
    }

    #[test]
    fn contradiction_33_an_account_may_have_words_of_its_own() {
        let own = texts(&[
            "等待接入 = in_queue",
            "a=b=not_in_queue",
            "In session=assigning",
        ])
        .unwrap();
        for (status, count, standing) in [
            ("等待接入", json!(0), Standing::InQueue),
            (" A=b ", json!(0), Standing::NotInQueue),
            // They overrule ours, and no place.
            ("in session", json!(0), Standing::Assigning),
            ("In session", json!(1), Standing::InQueue),
            ("会话中", json!(0), Standing::InSession),
            ("b", json!(0), Standing::Unknown),
        ] {
            assert_eq!(told(status, count, &own).0, standing, "{status}");
        }
        for bad in [
            "等待接入",
            "等待接入=",
            "=in_queue",
            "等待接入=other",
            "a=In_queue",
        ] {
            assert_eq!(texts(&[bad]), Err(TextError(bad.to_owned())), "{bad}");
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
