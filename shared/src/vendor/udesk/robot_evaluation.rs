//! The customer rates one answer of the robot of another maker. The page prints parameters and answer, and neither
//! verb nor path: the path is the account's to say (`UDESK_ROBOT_EVALUATION_PATH`), and the verb of all its neighbours,
//! POST, is assumed.
//!
//! Vendor page: <https://www.udeskglobal.com/doc/apiv2/im>, "Robot Q&A Evaluation"

use http::{HeaderMap, Method};
use serde::Serialize;

use super::{
    Account, Endpoint, Id, Refusal, Stamp, Unsendable,
    reply::{self, Api},
};

/// What the customer thinks of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Request<'a> {
    /// Where it goes, after `/open_api_v1`: a path that begins with `/`.
    #[serde(skip)]
    pub path: &'a str,
    /// The app's id of the customer.
    pub customer_token: &'a str,
    /// Udesk's id of the answer.
    pub message_id: &'a str,
    /// Udesk's id of the question that was answered; never 0, which is a greeting.
    pub question_id: Id,
    /// Whether it helped.
    pub useful: bool,
}

impl Endpoint for Request<'_> {
    const API: Api = Api::RobotEvaluation;
    type Response = Response;

    fn to_http(
        &self,
        account: &Account<'_>,
        stamp: Stamp<'_>,
    ) -> Result<http::Request<Vec<u8>>, Unsendable> {
        account.with_json(stamp, Method::POST, self.path, self)
    }

    fn read(status: u16, headers: &HeaderMap, body: &[u8]) -> Result<Response, Refusal> {
        reply::read(Self::API, status, headers, body).map(|_| Response)
    }
}

/// Udesk has it.
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

    // The page prints no example: what its table says, with the ids of its robot's push.
    #[test]
    fn contradiction_32_it_goes_to_the_path_that_it_is_told() {
        let request = Request {
            path: "/im/messages/evaluation",
            customer_token: "axb",
            message_id: "f862f80d-89aa-4f31-92d9-ccd4fcacffcf",
            question_id: Id(210_530),
            useful: false,
        };
        let http = request.to_http(&ACCOUNT, STAMP).unwrap();
        assert_eq!(http.method(), Method::POST);
        assert_eq!(http.uri().path(), "/open_api_v1/im/messages/evaluation");
        assert!(unsigned(&http).is_empty());
        let wanted = json!({
            "customer_token": "axb",
            "message_id": "f862f80d-89aa-4f31-92d9-ccd4fcacffcf",
            "question_id": 210_530,
            "useful": false,
        });
        assert_eq!(
            serde_json::from_slice::<Value>(http.body()).unwrap(),
            wanted
        );
    }

    #[test]
    fn reads_answers() {
        let granted = Request::read(200, &HeaderMap::new(), br#"{"code":1000}"#);
        assert_eq!(granted, Ok(Response));
        let refused = Request::read(200, &HeaderMap::new(), br#"{"code":9200}"#).unwrap_err();
        assert_eq!(refused.fate, Fate::Refused);
    }
}
