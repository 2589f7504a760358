//! `POST /im/messages/hit`: the customer clicked on a question that Udesk's own robot proposed. It is counted.
//!
//! Vendor page: <https://www.udeskglobal.com/doc/apiv2/im>, "User Click Behavior Interface". What `query_type` may be
//! stands in an older text alone: 6 is a frequent question, 7 one that the robot proposed beside an answer.

use http::{HeaderMap, Method};
use serde::{Serialize, Serializer};

use super::{
    Account, Endpoint, Id, Refusal, Stamp, Unsendable, UrobotSession,
    reply::{self, Api},
};

/// What was clicked on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Request<'a> {
    /// The app's id of the customer.
    pub customer_token: &'a str,
    /// The `logId` of the message that proposed it.
    pub message_id: Id,
    /// The session with the robot.
    pub im_sub_session_id: UrobotSession,
    /// The robot.
    pub robot_id: Id,
    /// In this scene.
    pub scene_id: Id,
    /// Udesk's id of the question.
    pub question_id: Id,
    /// The question.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub question: Option<&'a str>,
    /// Where it stood.
    pub query_type: QueryType,
}

/// Where a question stood that was clicked on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueryType {
    /// 6: among the frequent ones.
    Frequent,
    /// 7: beside an answer.
    Suggested,
    /// Another, as Udesk's own example has it.
    Other(i64),
}

impl QueryType {
    /// The number that Udesk takes.
    pub const fn number(self) -> i64 {
        match self {
            Self::Frequent => 6,
            Self::Suggested => 7,
            Self::Other(number) => number,
        }
    }
}

impl Serialize for QueryType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(self.number())
    }
}

impl Endpoint for Request<'_> {
    const API: Api = Api::Hit;
    type Response = Response;

    fn to_http(
        &self,
        account: &Account<'_>,
        stamp: Stamp<'_>,
    ) -> Result<http::Request<Vec<u8>>, Unsendable> {
        account.with_json(stamp, Method::POST, "/im/messages/hit", self)
    }

    fn read(status: u16, headers: &HeaderMap, body: &[u8]) -> Result<Response, Refusal> {
        reply::read(Self::API, status, headers, body).map(|_| Response)
    }
}

/// It is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Response;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::vendor::udesk::{
        Fate,
        account::tests::{ACCOUNT, STAMP, unsigned},
    };

    const PAGE: &str = include_str!("../../../../tests/fixtures/udesk/hit.request.json");
    const ANSWER: &[u8] = include_bytes!("../../../../tests/fixtures/udesk/hit.answer.json");

    const CLICK: Request<'static> = Request {
        customer_token: "111",
        message_id: Id(1),
        im_sub_session_id: UrobotSession(Id(10)),
        robot_id: Id(1),
        scene_id: Id(1),
        question_id: Id(1),
        question: None,
        query_type: QueryType::Other(1),
    };

    fn body(request: Request<'_>) -> Value {
        let http = request.to_http(&ACCOUNT, STAMP).unwrap();
        assert_eq!(http.method(), Method::POST);
        assert_eq!(http.uri().path(), "/open_api_v1/im/messages/hit");
        assert!(unsigned(&http).is_empty());
        serde_json::from_slice(http.body()).unwrap()
    }

    // The table lacks both, the example and an older text have them.
    #[test]
    fn contradiction_23_hit_sends_scene_and_question() {
        let page: Value = serde_json::from_str(PAGE).unwrap();
        assert_eq!(body(CLICK), page);
        assert_eq!(
            (&page["scene_id"], &page["question_id"]),
            (&1.into(), &1.into())
        );
    }

    // The table says Int, and "Question content".
    #[test]
    fn contradiction_17_a_question_is_text() {
        let click = Request {
            question: Some("Question 1"),
            query_type: QueryType::Suggested,
            ..CLICK
        };
        assert_eq!(body(click)["question"], "Question 1");
        assert_eq!(body(click)["query_type"], 7);
        assert_eq!(QueryType::Frequent.number(), 6);
    }

    #[test]
    fn reads_answers() {
        assert_eq!(Request::read(200, &HeaderMap::new(), ANSWER), Ok(Response));
        let refused = Request::read(200, &HeaderMap::new(), br#"{"code":9200}"#).unwrap_err();
        assert_eq!(refused.fate, Fate::Refused);
    }
}
