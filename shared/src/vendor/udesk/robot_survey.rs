//! `POST /im/sessions/robot_survey`: the customer rates the session with Udesk's own robot.
//!
//! The session is the one that the robot's answers name (`sessionId`): the call must tell one customer's visits apart,
//! which the -1 of `POST /im/messages` would not.
//!
//! Vendor page: <https://www.udeskglobal.com/doc/apiv2/im>, "Urobot Robot Session Evaluation"

use http::{HeaderMap, Method};
use serde::{Serialize, Serializer};

use super::{
    Account, Endpoint, Id, Refusal, Stamp, Unsendable, UrobotSession,
    reply::{self, Api},
};

/// What the customer chose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Request<'a> {
    /// The app's id of the customer.
    pub customer_token: &'a str,
    /// The session with the robot.
    pub im_sub_session_id: UrobotSession,
    /// How the customer liked it.
    pub option_id: Satisfaction,
    /// What the customer adds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remark: Option<&'a str>,
    /// The robot.
    pub robot_id: Id,
    /// In this scene.
    pub scene_id: Id,
}

/// How a customer liked a robot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Satisfaction {
    /// 2
    Satisfied,
    /// 3
    Average,
    /// 4
    Unsatisfied,
}

impl Satisfaction {
    /// Each of them.
    pub const ALL: [Self; 3] = [Self::Satisfied, Self::Average, Self::Unsatisfied];

    /// The number that Udesk takes.
    pub const fn number(self) -> i64 {
        match self {
            Self::Satisfied => 2,
            Self::Average => 3,
            Self::Unsatisfied => 4,
        }
    }
}

impl Serialize for Satisfaction {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(self.number())
    }
}

impl Endpoint for Request<'_> {
    const API: Api = Api::RobotSurvey;
    type Response = Response;

    fn to_http(
        &self,
        account: &Account<'_>,
        stamp: Stamp<'_>,
    ) -> Result<http::Request<Vec<u8>>, Unsendable> {
        account.with_json(stamp, Method::POST, "/im/sessions/robot_survey", self)
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
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::vendor::udesk::{
        Fate,
        account::tests::{ACCOUNT, STAMP, unsigned},
    };

    const PAGE: &str = include_str!("../../../../tests/fixtures/udesk/robot_survey.request.json");
    const ANSWER: &[u8] =
        include_bytes!("../../../../tests/fixtures/udesk/robot_survey.answer.json");

    const RATED: Request<'static> = Request {
        customer_token: "1234121123123",
        im_sub_session_id: UrobotSession(Id(101)),
        option_id: Satisfaction::Satisfied,
        remark: Some("Very good"),
        robot_id: Id(1101),
        scene_id: Id(39),
    };

    fn body(request: Request<'_>) -> Value {
        let http = request.to_http(&ACCOUNT, STAMP).unwrap();
        assert_eq!(http.method(), Method::POST);
        assert_eq!(http.uri().path(), "/open_api_v1/im/sessions/robot_survey");
        assert!(unsigned(&http).is_empty());
        serde_json::from_slice(http.body()).unwrap()
    }

    #[test]
    fn sends_as_the_page_does() {
        let mut page: Value = serde_json::from_str(PAGE).unwrap();
        assert_eq!(body(RATED), page);
        page.as_object_mut().unwrap().remove("remark");
        let silent = Request {
            remark: None,
            ..RATED
        };
        assert_eq!(body(silent), page);
    }

    #[test]
    fn two_is_satisfied_three_average_four_unsatisfied() {
        let numbers = Satisfaction::ALL.map(Satisfaction::number);
        assert_eq!(numbers, [2, 3, 4]);
    }

    #[test]
    fn reads_answers() {
        let granted = Request::read(200, &HeaderMap::new(), ANSWER).unwrap();
        assert_eq!(granted.message, "Thank you for your feedback");
        // A robot that forgot the customer ends no conversation.
        let refused = Request::read(200, &HeaderMap::new(), br#"{"code":9200}"#).unwrap_err();
        assert_eq!(refused.fate, Fate::Refused);
    }
}
