//! `PUT /im/sessions/:session_id/message_preview`: shows the agent what the customer is typing. Udesk has to activate
//! it for a company, and takes three a second of one session.
//!
//! Vendor page: <https://www.udeskglobal.com/doc/apiv2/im>, "Send Message Preview"

use http::{HeaderMap, Method};
use serde::Serialize;

use super::{
    Account, Endpoint, Id, Refusal, Stamp, Unsendable,
    reply::{self, Api},
};

/// What the agent is to see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request<'a> {
    /// Udesk's id of the session, which is with an agent.
    pub im_sub_session_id: Id,
    /// What the customer has typed so far; empty takes it away. A message of the customer's does so too.
    pub content: &'a str,
}

#[derive(Serialize)]
struct Body<'a> {
    content: &'a str,
}

impl Endpoint for Request<'_> {
    const API: Api = Api::MessagePreview;
    type Response = Response;

    fn to_http(
        &self,
        account: &Account<'_>,
        stamp: Stamp<'_>,
    ) -> Result<http::Request<Vec<u8>>, Unsendable> {
        let path = format!("/im/sessions/{}/message_preview", self.im_sub_session_id);
        let body = Body {
            content: self.content,
        };
        account.with_json(stamp, Method::PUT, &path, &body)
    }

    // Where Udesk has not activated it, that is a refusal with `Code::NotActivated`.
    fn read(status: u16, headers: &HeaderMap, body: &[u8]) -> Result<Response, Refusal> {
        reply::read(Self::API, status, headers, body).map(|_| Response)
    }
}

/// The agent sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Response;

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::vendor::udesk::{
        Code, Fate,
        account::tests::{ACCOUNT, STAMP, unsigned},
    };

    fn body(content: &str) -> Value {
        let request = Request {
            im_sub_session_id: Id(1),
            content,
        };
        let http = request.to_http(&ACCOUNT, STAMP).unwrap();
        assert_eq!(http.method(), Method::PUT);
        let path = "/open_api_v1/im/sessions/1/message_preview";
        assert_eq!(http.uri().path(), path);
        assert!(unsigned(&http).is_empty());
        serde_json::from_slice(http.body()).unwrap()
    }

    #[test]
    fn previews_as_the_page_does() {
        let page: Value = serde_json::from_str(include_str!(
            "../../../../tests/fixtures/udesk/message_preview.request.json"
        ))
        .unwrap();
        assert_eq!(body("Test preview"), page);
        // What takes it away is sent, not left out.
        assert_eq!(body(""), json!({"content": ""}));
    }

    #[test]
    fn reads_answers() {
        let fixture =
            include_bytes!("../../../../tests/fixtures/udesk/message_preview.answer.json");
        assert_eq!(Request::read(200, &HeaderMap::new(), fixture), Ok(Response));
        let refusal = |code: i64| {
            let body = json!({ "code": code }).to_string();
            Request::read(200, &HeaderMap::new(), body.as_bytes()).unwrap_err()
        };
        // Contradiction 10: here 2062 is "session not found or closed" and nothing else.
        assert_eq!(refusal(2062).fate, Fate::SessionGone);
        assert_eq!(refusal(9200).fate, Fate::SessionGone);
    }

    #[test]
    fn contradiction_34_it_may_not_be_activated() {
        let body = br#"{"code":2065,"message":"Interface not activated."}"#;
        let refusal = Request::read(200, &HeaderMap::new(), body).unwrap_err();
        assert_eq!(refusal.fate, Fate::Refused);
        assert_eq!(refusal.code, Some(Code::NotActivated));
    }
}
