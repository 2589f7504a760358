//! `POST /im/sessions/transfer_survey`: the customer went on from Udesk's own robot to an agent. It is counted.
//!
//! The session is the one with the robot: the call names no customer, so the -1 of `POST /im/messages` would be
//! nobody's, and an agent's session has no scene.
//!
//! Vendor page: <https://www.udeskglobal.com/doc/apiv2/im>, "Transfer to Human Statistics Interface"

use http::{HeaderMap, Method};
use serde::Serialize;

use super::{
    Account, Endpoint, Id, Refusal, Stamp, Unsendable, UrobotSession,
    reply::{self, Api},
};

/// Which robot was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Request {
    /// The session with the robot.
    pub im_sub_session_id: UrobotSession,
    /// The robot.
    pub robot_id: Id,
    /// In this scene.
    pub scene_id: Id,
}

impl Endpoint for Request {
    const API: Api = Api::TransferSurvey;
    type Response = Response;

    fn to_http(
        &self,
        account: &Account<'_>,
        stamp: Stamp<'_>,
    ) -> Result<http::Request<Vec<u8>>, Unsendable> {
        account.with_json(stamp, Method::POST, "/im/sessions/transfer_survey", self)
    }

    fn read(status: u16, headers: &HeaderMap, body: &[u8]) -> Result<Response, Refusal> {
        reply::read(Self::API, status, headers, body).map(|answer| Response {
            message: answer.message,
        })
    }
}

/// It is counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// What Udesk says to it; may be empty.
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

    const PAGE: &str =
        include_str!("../../../../tests/fixtures/udesk/transfer_survey.request.json");
    const ANSWER: &[u8] =
        include_bytes!("../../../../tests/fixtures/udesk/transfer_survey.answer.json");

    // The page's example holds the session as text.
    #[test]
    fn contradiction_4_ids_are_sent_as_integers() {
        let mut page: Value = serde_json::from_str(PAGE).unwrap();
        assert_eq!(page["im_sub_session_id"], "111");
        page["im_sub_session_id"] = json!(111);
        let request = Request {
            im_sub_session_id: UrobotSession(Id(111)),
            robot_id: Id(1),
            scene_id: Id(10),
        };
        let http = request.to_http(&ACCOUNT, STAMP).unwrap();
        assert_eq!(http.method(), Method::POST);
        assert_eq!(
            http.uri().path(),
            "/open_api_v1/im/sessions/transfer_survey"
        );
        assert!(unsigned(&http).is_empty());
        assert_eq!(serde_json::from_slice::<Value>(http.body()).unwrap(), page);
    }

    #[test]
    fn reads_answers() {
        let granted = Request::read(200, &HeaderMap::new(), ANSWER).unwrap();
        assert_eq!(granted.message, "success");
        let refused = Request::read(200, &HeaderMap::new(), br#"{"code":9200}"#).unwrap_err();
        assert_eq!(refused.fate, Fate::Refused);
    }
}
