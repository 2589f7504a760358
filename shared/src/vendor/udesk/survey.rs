//! `POST /im/sessions/survey`: the customer rates the session with an agent.
//!
//! The page's example calls `/im/sessions/robot_survey`; its headline names the path.
//!
//! Vendor page: <https://www.udeskglobal.com/doc/apiv2/im>, "Session Evaluation"

use http::{HeaderMap, Method};
use serde::Serialize;

use super::{
    Account, Endpoint, Id, Refusal, Stamp, Unsendable,
    reply::{self, Api},
};

/// What the customer chose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Request<'a> {
    /// Udesk's id of the session.
    pub im_sub_session_id: Id,
    /// One of the options that are shown, see [`super::survey_options`].
    pub option_id: Id,
    /// What the customer adds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remark: Option<&'a str>,
    /// Whether the problem was solved: the place of the answer in `resolved_options`, 0 or 1.
    #[serde(rename = "resolved_state_v2", skip_serializing_if = "Option::is_none")]
    pub resolved: Option<u32>,
}

impl Endpoint for Request<'_> {
    const API: Api = Api::Survey;
    type Response = Response;

    fn to_http(
        &self,
        account: &Account<'_>,
        stamp: Stamp<'_>,
    ) -> Result<http::Request<Vec<u8>>, Unsendable> {
        account.with_json(stamp, Method::POST, "/im/sessions/survey", self)
    }

    fn read(status: u16, headers: &HeaderMap, body: &[u8]) -> Result<Response, Refusal> {
        reply::read(Self::API, status, headers, body).map(|answer| Response {
            message: answer.message,
        })
    }
}

/// Udesk has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// Its thanks; may be empty.
    pub message: String,
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::vendor::udesk::{
        Fate,
        account::tests::{ACCOUNT, STAMP, unsigned},
    };

    const PAGE: &str = include_str!("../../../../tests/fixtures/udesk/session_survey.request.json");
    const ANSWER: &[u8] =
        include_bytes!("../../../../tests/fixtures/udesk/session_survey.answer.json");

    const RATED: Request<'static> = Request {
        im_sub_session_id: Id(1_001_001_000),
        option_id: Id(111),
        remark: None,
        resolved: None,
    };

    fn body(request: Request<'_>) -> Value {
        let http = request.to_http(&ACCOUNT, STAMP).unwrap();
        assert!(unsigned(&http).is_empty());
        serde_json::from_slice(http.body()).unwrap()
    }

    // The page's example holds the option as text.
    #[test]
    fn contradiction_4_ids_are_sent_as_integers() {
        let mut page: Value = serde_json::from_str(PAGE).unwrap();
        assert_eq!(page["option_id"], "111");
        page["option_id"] = json!(111);
        assert_eq!(body(RATED), page);
    }

    #[test]
    fn contradiction_21_a_session_is_rated_at_the_headlines_path() {
        let http = RATED.to_http(&ACCOUNT, STAMP).unwrap();
        assert_eq!(http.method(), Method::POST);
        assert_eq!(http.uri().path(), "/open_api_v1/im/sessions/survey");
    }

    #[test]
    fn sends_all_of_the_table() {
        let request = Request {
            remark: Some("Very good"),
            resolved: Some(1),
            ..RATED
        };
        let wanted = json!({
            "im_sub_session_id": 1_001_001_000, "option_id": 111, "remark": "Very good", "resolved_state_v2": 1,
        });
        assert_eq!(body(request), wanted);
    }

    #[test]
    fn reads_answers() {
        let granted = Request::read(200, &HeaderMap::new(), ANSWER).unwrap();
        assert_eq!(granted.message, "Thank you for your feedback");
        let bare = Request::read(200, &HeaderMap::new(), br#"{"code":1000}"#).unwrap();
        assert_eq!(bare.message, "");
        // That a rating comes too late ends no conversation.
        for code in [2000, 2002, 2005, 2062, 9200] {
            let body = json!({ "code": code }).to_string();
            let refused = Request::read(200, &HeaderMap::new(), body.as_bytes()).unwrap_err();
            assert_eq!(refused.fate, Fate::Refused, "{code}");
        }
    }
}
