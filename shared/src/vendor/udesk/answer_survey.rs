//! `POST /im/messages/answer_survey`: the customer rates one answer of Udesk's own robot.
//!
//! The message is known by the `logId` of the push that brought it.
//!
//! Vendor page: <https://www.udeskglobal.com/doc/apiv2/im>, "Answer Evaluation"

use http::{HeaderMap, Method};
use serde::{Serialize, Serializer};

use super::{
    Account, Endpoint, Id, Refusal, Stamp, Unsendable, UrobotSession,
    reply::{self, Api},
};

/// What the customer thinks of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Request<'a> {
    /// The app's id of the customer.
    pub customer_token: &'a str,
    /// The answer's `logId`.
    pub message_id: Id,
    /// The session with the robot.
    pub im_sub_session_id: UrobotSession,
    /// Whether it helped.
    #[serde(rename = "option_id", serialize_with = "option")]
    pub useful: bool,
    /// The robot.
    pub robot_id: Id,
    /// In this scene.
    pub scene_id: Id,
}

/// 1 is satisfied, 2 is not. Satisfied is the default, and said all the same.
#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "the form that serde calls"
)]
fn option<S: Serializer>(useful: &bool, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_i64(if *useful { 1 } else { 2 })
}

impl Endpoint for Request<'_> {
    const API: Api = Api::AnswerSurvey;
    type Response = Response;

    fn to_http(
        &self,
        account: &Account<'_>,
        stamp: Stamp<'_>,
    ) -> Result<http::Request<Vec<u8>>, Unsendable> {
        account.with_json(stamp, Method::POST, "/im/messages/answer_survey", self)
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
    use serde_json::Value;

    use super::*;
    use crate::vendor::udesk::{
        Fate,
        account::tests::{ACCOUNT, STAMP, unsigned},
    };

    const PAGE: &str = include_str!("../../../../tests/fixtures/udesk/answer_survey.request.json");
    const ANSWER: &[u8] =
        include_bytes!("../../../../tests/fixtures/udesk/answer_survey.answer.json");

    const RATED: Request<'static> = Request {
        customer_token: "123411111",
        message_id: Id(111),
        im_sub_session_id: UrobotSession(Id(11)),
        useful: true,
        robot_id: Id(12),
        scene_id: Id(1),
    };

    fn body(request: Request<'_>) -> Value {
        let http = request.to_http(&ACCOUNT, STAMP).unwrap();
        assert_eq!(http.method(), Method::POST);
        assert_eq!(http.uri().path(), "/open_api_v1/im/messages/answer_survey");
        assert!(unsigned(&http).is_empty());
        serde_json::from_slice(http.body()).unwrap()
    }

    #[test]
    fn sends_as_the_page_does() {
        let page: Value = serde_json::from_str(PAGE).unwrap();
        assert_eq!(body(RATED), page);
    }

    #[test]
    fn two_is_unsatisfied() {
        let useless = Request {
            useful: false,
            ..RATED
        };
        assert_eq!(body(useless)["option_id"], 2);
    }

    #[test]
    fn reads_answers() {
        let granted = Request::read(200, &HeaderMap::new(), ANSWER).unwrap();
        assert_eq!(granted.message, "Thank you for your feedback");
        let refused = Request::read(200, &HeaderMap::new(), br#"{"code":9200}"#).unwrap_err();
        assert_eq!(refused.fate, Fate::Refused);
    }
}
