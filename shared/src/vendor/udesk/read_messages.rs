//! `POST /im/messages/read_messages`: tells Udesk which of the agents' messages the customer has read.
//!
//! Vendor page: <https://www.udeskglobal.com/doc/apiv2/im>, "Modify Agent Message Read Status"

use http::{HeaderMap, Method};
use serde::Serialize;

use super::{
    Account, Endpoint, Id, Refusal, Stamp, Unsendable,
    reply::{self, Api},
};

/// What the customer has read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request<'a> {
    /// Udesk's id of the session.
    pub session_id: Id,
    /// The messages, as Udesk names them.
    pub message_ids: &'a [String],
    /// Where the parameters stand.
    pub form: Form,
}

/// Where the parameters stand: the page's table has them as those of a POST, its example in the query.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// In a JSON body, as in every other POST of the page.
    #[default]
    Body,
    /// In the query, as in the example: `message_ids=['123','123456']`.
    Query,
}

#[derive(Serialize)]
struct Body<'a> {
    session_id: Id,
    message_ids: &'a [String],
}

impl Endpoint for Request<'_> {
    const API: Api = Api::ReadMessages;
    type Response = Response;

    fn to_http(
        &self,
        account: &Account<'_>,
        stamp: Stamp<'_>,
    ) -> Result<http::Request<Vec<u8>>, Unsendable> {
        const PATH: &str = "/im/messages/read_messages";
        match self.form {
            Form::Body => {
                let body = Body {
                    session_id: self.session_id,
                    message_ids: self.message_ids,
                };
                account.with_json(stamp, Method::POST, PATH, &body)
            }
            Form::Query => {
                let session_id = self.session_id.to_string();
                let quoted: Vec<_> = self
                    .message_ids
                    .iter()
                    .map(|id| format!("'{id}'"))
                    .collect();
                let message_ids = format!("[{}]", quoted.join(","));
                let query = [
                    ("session_id", session_id.as_str()),
                    ("message_ids", &message_ids),
                ];
                account.bare(stamp, Method::POST, PATH, &query)
            }
        }
    }

    fn read(status: u16, headers: &HeaderMap, body: &[u8]) -> Result<Response, Refusal> {
        reply::read(Self::API, status, headers, body).map(|_| Response)
    }
}

/// Udesk knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Response;

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::vendor::udesk::{
        Fate,
        account::tests::{ACCOUNT, STAMP, printed, unsigned},
    };

    fn http(form: Form) -> http::Request<Vec<u8>> {
        let request = Request {
            session_id: Id(1234),
            message_ids: &["123".to_owned(), "123456".to_owned()],
            form,
        };
        let http = request.to_http(&ACCOUNT, STAMP).unwrap();
        assert_eq!(http.method(), Method::POST);
        let path = "/open_api_v1/im/messages/read_messages";
        assert_eq!(http.uri().path(), path);
        http
    }

    #[test]
    fn contradiction_19_a_post_has_a_body() {
        let http = http(Form::Body);
        assert!(unsigned(&http).is_empty());
        let body: Value = serde_json::from_slice(http.body()).unwrap();
        let fixture: Value = serde_json::from_str(include_str!(
            "../../../../tests/fixtures/udesk/read_messages.request.json"
        ))
        .unwrap();
        assert_eq!(body, fixture);
    }

    #[test]
    fn contradiction_19_the_query_of_the_example() {
        let http = http(Form::Query);
        assert!(http.body().is_empty() && http.headers().is_empty());
        let (path, query) = printed(include_str!(
            "../../../../tests/fixtures/udesk/read_messages.request.url"
        ));
        assert_eq!(http.uri().path(), path);
        assert_eq!(unsigned(&http), query);
    }

    #[test]
    fn reads_answers() {
        let fixture = include_bytes!("../../../../tests/fixtures/udesk/read_messages.answer.json");
        assert_eq!(Request::read(200, &HeaderMap::new(), fixture), Ok(Response));
        let refusal = |body: &[u8]| Request::read(200, &HeaderMap::new(), body).unwrap_err();
        assert_eq!(refusal(br#"{"code":9200}"#).fate, Fate::SessionGone);
        assert_eq!(refusal(br#"{"code":2062}"#).fate, Fate::Refused);
    }
}
