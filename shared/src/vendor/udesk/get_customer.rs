//! `GET /customers/get_customer`: Udesk's own number of a customer, which some of its look-ups want.
//!
//! Vendor page: <https://www.udeskglobal.com/doc/apiv2/customers>

use http::{HeaderMap, Method};

use super::{
    Account, Code, Endpoint, Fate, Id, Refusal, Stamp, Unsendable, id,
    reply::{self, Api},
    text,
};

/// How Udesk is told that `content` is the app's id of a customer. No page at hand prints this value of `type`, hence
/// the setting `UDESK_CUSTOMER_TYPE`.
pub const TYPE: &str = "token";

/// Whose number is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request<'a> {
    /// What `content` is: `email`, `cellphone`, [`TYPE`], …
    pub kind: &'a str,
    /// What the customer is known by.
    pub content: &'a str,
}

impl Endpoint for Request<'_> {
    const API: Api = Api::GetCustomer;
    type Response = Response;

    fn to_http(
        &self,
        account: &Account<'_>,
        stamp: Stamp<'_>,
    ) -> Result<http::Request<Vec<u8>>, Unsendable> {
        let query = [("type", self.kind), ("content", self.content)];
        account.bare(stamp, Method::GET, "/customers/get_customer", &query)
    }

    // A customer whom Udesk does not know is a refusal with `Code::NotAdminOrAbsent`.
    fn read(status: u16, headers: &HeaderMap, body: &[u8]) -> Result<Response, Refusal> {
        let answer = reply::read(Self::API, status, headers, body)?;
        let told = |name: &str| answer.body.get("customer")?.get(name);
        match told("id").and_then(id::integer) {
            Some(id) => Ok(Response {
                id: Id(id),
                nick_name: told("nick_name").and_then(text::filled),
            }),
            None => Err(Refusal {
                fate: Fate::RetryMaybeArrived,
                code: Some(Code::Success),
                message: "answered, but customer.id is missing".to_owned(),
            }),
        }
    }
}

/// What is of use of Udesk's customer. The object also holds a secret of the customer's and a good deal of personal
/// data, none of which is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// Udesk's number of the customer.
    pub id: Id,
    /// The name that agents see.
    pub nick_name: Option<String>,
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::vendor::udesk::account::tests::{ACCOUNT, STAMP, unsigned};

    #[test]
    fn names_the_customer_by_type_and_content() {
        let request = Request {
            kind: TYPE,
            content: "DE&1",
        };
        let http = request.to_http(&ACCOUNT, STAMP).unwrap();
        assert_eq!(http.method(), Method::GET);
        assert_eq!(http.uri().path(), "/open_api_v1/customers/get_customer");
        assert!(http.body().is_empty() && http.headers().is_empty());
        let query: Vec<_> = unsigned(&http).into_iter().collect();
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(query, [pair("content", "DE&1"), pair("type", "token")]);
    }

    #[test]
    fn reads_the_number() {
        let fixture = include_bytes!("../../../../tests/fixtures/udesk/get_customer.answer.json");
        assert_eq!(
            Request::read(200, &HeaderMap::new(), fixture).unwrap(),
            Response {
                id: Id(12_345),
                nick_name: Some("xxx".to_owned()),
            }
        );
        let text = r#"{"code":1000,"customer":{"id":"7"}}"#;
        let read = Request::read(200, &HeaderMap::new(), text.as_bytes()).unwrap();
        assert_eq!(read.id, Id(7));
        assert_eq!(read.nick_name, None);
    }

    #[test]
    fn who_is_not_there() {
        let read = |body: &str| Request::read(200, &HeaderMap::new(), body.as_bytes());
        let absent = read(&json!({"code": 2015, "message": "no"}).to_string()).unwrap_err();
        assert_eq!(absent.fate, Fate::Refused);
        assert_eq!(absent.code, Some(Code::NotAdminOrAbsent));
        for body in [
            r#"{"code":1000}"#,
            r#"{"code":1000,"customer":null}"#,
            r#"{"code":1000,"customer":{"id":null}}"#,
        ] {
            assert_eq!(read(body).unwrap_err().fate, Fate::RetryMaybeArrived);
        }
    }
}
