//! `POST /im/messages/flow`: the customer takes a step in a flow of Udesk's own robot. What the robot says to it comes
//! by a push.
//!
//! Vendor page: <https://www.udeskglobal.com/doc/apiv2/im>, "Flow Question Interface"

use http::{HeaderMap, Method};
use serde::Serialize;

use super::{
    Account, Endpoint, Id, Refusal, Stamp, Unsendable, UrobotSession,
    reply::{self, Api},
};

/// Which step is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Request<'a> {
    /// The app's id of the customer.
    pub customer_token: &'a str,
    /// The session with the robot.
    pub im_sub_session_id: UrobotSession,
    /// The `data-id` of the step that the customer chose, see [`super::flow_content`].
    pub flow_id: Id,
    /// The robot.
    pub robot_id: Id,
    /// In this scene.
    pub scene_id: Id,
}

impl Endpoint for Request<'_> {
    const API: Api = Api::Flow;
    type Response = Response;

    fn to_http(
        &self,
        account: &Account<'_>,
        stamp: Stamp<'_>,
    ) -> Result<http::Request<Vec<u8>>, Unsendable> {
        account.with_json(stamp, Method::POST, "/im/messages/flow", self)
    }

    fn read(status: u16, headers: &HeaderMap, body: &[u8]) -> Result<Response, Refusal> {
        reply::read(Self::API, status, headers, body).map(|_| Response)
    }
}

/// The step is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Response;

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::vendor::udesk::{
        Fate,
        account::tests::{ACCOUNT, STAMP, unsigned},
    };

    const PAGE: &str = include_str!("../../../../tests/fixtures/udesk/flow.request.json");
    const ANSWER: &[u8] = include_bytes!("../../../../tests/fixtures/udesk/flow.answer.json");

    // The page's example lacks the required `flow_id` and holds two fields that its table does not know.
    #[test]
    fn contradiction_22_flow_sends_flow_id() {
        let mut page: Value = serde_json::from_str(PAGE).unwrap();
        let fields = page.as_object_mut().unwrap();
        assert_eq!(fields.remove("messgae_id"), Some(json!(1001)));
        assert_eq!(fields.remove("option_id"), Some(json!(1)));
        assert_eq!(fields.insert("flow_id".to_owned(), json!(81)), None);
        let request = Request {
            customer_token: "1234121123123",
            im_sub_session_id: UrobotSession(Id(17_001_700)),
            flow_id: Id(81),
            robot_id: Id(1),
            scene_id: Id(1),
        };
        let http = request.to_http(&ACCOUNT, STAMP).unwrap();
        assert_eq!(http.method(), Method::POST);
        assert_eq!(http.uri().path(), "/open_api_v1/im/messages/flow");
        assert!(unsigned(&http).is_empty());
        assert_eq!(serde_json::from_slice::<Value>(http.body()).unwrap(), page);
    }

    #[test]
    fn reads_answers() {
        assert_eq!(Request::read(200, &HeaderMap::new(), ANSWER), Ok(Response));
        let refused = Request::read(200, &HeaderMap::new(), br#"{"code":9200}"#).unwrap_err();
        assert_eq!(refused.fate, Fate::Refused);
    }
}
