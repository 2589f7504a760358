//! `GET /im/customer_status`: whether a customer is in a session, by whichever of their names is known.
//!
//! Vendor page: <https://www.udeskglobal.com/doc/apiv2/im>, "Query Customer Status"

use http::{HeaderMap, Method};

use super::{
    Account, Code, Endpoint, Fate, Refusal, Stamp, Unsendable, id,
    reply::{self, Api},
    text,
};

/// Whose status is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request<'a> {
    /// A customer of the app's own front end.
    Customer {
        /// The app's id of the customer.
        customer_token: &'a str,
    },
    /// A visitor of Udesk's page.
    Web {
        /// Udesk's id of the visitor.
        web_token: &'a str,
        /// Which of the visitor's sessions.
        session_key: Option<&'a str>,
    },
    /// A user of Udesk's SDK.
    Sdk {
        /// Udesk's id of the user.
        sdk_token: &'a str,
    },
}

impl Endpoint for Request<'_> {
    const API: Api = Api::CustomerStatus;
    type Response = Response;

    // Udesk takes the first name that has a value, so only one is ever given. The page's example gives a session_key
    // beside a customer_token; its table has it for web_token alone.
    fn to_http(
        &self,
        account: &Account<'_>,
        stamp: Stamp<'_>,
    ) -> Result<http::Request<Vec<u8>>, Unsendable> {
        let mut query = Vec::with_capacity(2);
        match *self {
            Self::Customer { customer_token } => query.push(("customer_token", customer_token)),
            Self::Web {
                web_token,
                session_key,
            } => {
                query.push(("web_token", web_token));
                query.extend(session_key.map(|key| ("session_key", key)));
            }
            Self::Sdk { sdk_token } => query.push(("sdk_token", sdk_token)),
        }
        account.bare(stamp, Method::GET, "/im/customer_status", &query)
    }

    fn read(status: u16, headers: &HeaderMap, body: &[u8]) -> Result<Response, Refusal> {
        let answer = reply::read(Self::API, status, headers, body)?;
        let text = answer.body.get("status").and_then(text::filled);
        let code = answer.body.get("status_code").and_then(id::integer);
        let standing = match code {
            Some(0) => Standing::NoSession,
            Some(1) => Standing::InSession,
            Some(2) => Standing::InQueue,
            Some(3) => Standing::Invalid,
            Some(other) => Standing::Unknown(other),
            // Success, but of what? Asking again does no harm.
            None => {
                return Err(Refusal {
                    fate: Fate::RetryMaybeArrived,
                    code: Some(Code::Success),
                    message: "answered, but status_code is missing".to_owned(),
                });
            }
        };
        Ok(Response { standing, text })
    }
}

/// Where a customer stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// By the number.
    pub standing: Standing,
    /// What Udesk calls it.
    pub text: Option<String>,
}

/// What `status_code` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// 0: in no session.
    NoSession,
    /// 1: with an agent.
    InSession,
    /// 2: in the queue.
    InQueue,
    /// 3: Udesk knows no such customer.
    Invalid,
    /// Any other.
    Unknown(i64),
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::vendor::udesk::account::tests::{ACCOUNT, STAMP, printed, unsigned};

    fn query(request: &Request<'_>) -> Vec<(String, String)> {
        let http = request.to_http(&ACCOUNT, STAMP).unwrap();
        assert_eq!(http.method(), Method::GET);
        assert_eq!(http.uri().path(), "/open_api_v1/im/customer_status");
        assert!(http.body().is_empty() && http.headers().is_empty());
        unsigned(&http).into_iter().collect()
    }

    #[test]
    fn asks_as_the_page_does() {
        let (path, mut page) = printed(include_str!(
            "../../../../tests/fixtures/udesk/customer_status.request.url"
        ));
        assert_eq!(path, "/open_api_v1/im/customer_status");
        // The table: "When web_token exists".
        page.remove("session_key").unwrap();
        let request = Request::Customer {
            customer_token: "1234121123123",
        };
        assert_eq!(query(&request), page.into_iter().collect::<Vec<_>>());
    }

    #[test]
    fn asks_by_one_name() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let web = |session_key| Request::Web {
            web_token: "w1",
            session_key,
        };
        assert_eq!(
            query(&web(Some("179306259"))),
            [pair("session_key", "179306259"), pair("web_token", "w1")]
        );
        assert_eq!(query(&web(None)), [pair("web_token", "w1")]);
        let sdk = Request::Sdk { sdk_token: "s1" };
        assert_eq!(query(&sdk), [pair("sdk_token", "s1")]);
    }

    #[test]
    fn reads_the_page() {
        let fixture =
            include_bytes!("../../../../tests/fixtures/udesk/customer_status.answer.json");
        assert_eq!(
            Request::read(200, &HeaderMap::new(), fixture).unwrap(),
            Response {
                standing: Standing::NoSession,
                text: Some("No session".to_owned()),
            }
        );
    }

    #[test]
    fn contradiction_33_the_number_decides() {
        for (code, standing) in [
            (json!(0), Standing::NoSession),
            (json!(1), Standing::InSession),
            (json!("1"), Standing::InSession),
            (json!(2), Standing::InQueue),
            (json!(3), Standing::Invalid),
            (json!(7), Standing::Unknown(7)),
        ] {
            // A text that says otherwise changes nothing.
            let body = json!({"code": 1000, "status_code": code, "status": "会话中"}).to_string();
            let read = Request::read(200, &HeaderMap::new(), body.as_bytes()).unwrap();
            assert_eq!(read.standing, standing);
            assert_eq!(read.text.as_deref(), Some("会话中"));
        }
        for body in [
            r#"{"code":1000,"status":"In session"}"#,
            r#"{"code":1000,"status_code":"x"}"#,
        ] {
            let refusal = Request::read(200, &HeaderMap::new(), body.as_bytes()).unwrap_err();
            assert_eq!(refusal.fate, Fate::RetryMaybeArrived, "{body}");
        }
    }
}
