//! `POST /v4/desk_http_svc/transfer_to_human`: a user who is with a robot is to be served by a person.
//!
//! Vendor page: <https://www.tencentcloud.com/document/product/1229/68820>

use http::HeaderMap;
use serde::{Deserialize, Serialize};

use super::{Account, Api, Endpoint, Refusal, Unsendable, reply};
use crate::vendor::text::optional;

/// Who is handed on, and to whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Request<'a> {
    /// The session.
    pub session_id: &'a str,
    /// To one of these agents; to any where it is empty.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub agent_id_list: &'a [&'a str],
    /// To an agent of this group; by Desk's own rule where none is named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent_group_id: Option<i64>,
}

/// What Tencent did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The agent who is to take the user.
    pub agent_id: Option<String>,
    /// Whether the user has to wait for one.
    pub is_in_queue: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    #[serde(default, deserialize_with = "optional")]
    agent_id: Option<String>,
    #[serde(default, deserialize_with = "optional")]
    is_in_queue: Option<String>,
}

impl Endpoint for Request<'_> {
    const API: Api = Api::TransferToHuman;

    type Response = Response;

    fn to_http(&self, account: &Account<'_>) -> Result<http::Request<Vec<u8>>, Unsendable> {
        let body = serde_json::to_vec(self).map_err(Unsendable::Body)?;
        account.with_json(Self::API.command(), body)
    }

    fn read(status: u16, headers: &HeaderMap, body: &[u8]) -> Result<Response, Refusal> {
        let answer: Answer = reply::answer(status, headers, body)?;
        Ok(Response {
            agent_id: answer.agent_id,
            is_in_queue: answer.is_in_queue.as_deref() == Some("1"),
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::{Value, json};

    use super::{super::account::tests::ACCOUNT, *};

    const REQUEST: &str =
        include_str!("../../../../tests/fixtures/tencent/transfer_to_human.request.json");
    const ANSWER: &[u8] =
        include_bytes!("../../../../tests/fixtures/tencent/transfer_to_human.answer.json");

    fn body(request: &Request<'_>) -> Value {
        serde_json::from_slice(request.to_http(&ACCOUNT).unwrap().body()).unwrap()
    }

    #[test]
    fn as_on_the_page() {
        let request = Request {
            session_id: "fd8a2e30-54de-4e40-bcaf-02718409c5cf",
            agent_id_list: &["test_agent@qq.com"],
            agent_group_id: Some(2473),
        };
        let pages: Value = serde_json::from_str(REQUEST).unwrap();
        assert_eq!(body(&request), pages);
        let answer = Request::read(200, &HeaderMap::new(), ANSWER).unwrap();
        let wanted = Response {
            agent_id: Some("test_agent@qq.com".to_owned()),
            is_in_queue: false,
        };
        assert_eq!(answer, wanted);
    }

    #[test]
    fn to_anybody_and_into_the_queue() {
        let request = Request {
            session_id: "a",
            agent_id_list: &[],
            agent_group_id: None,
        };
        assert_eq!(body(&request), json!({"SessionId": "a"}));
        let answer =
            br#"{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"AgentId":"","IsInQueue":1}"#;
        let answer = Request::read(200, &HeaderMap::new(), answer).unwrap();
        assert!(answer.is_in_queue && answer.agent_id.is_none());
    }
}
