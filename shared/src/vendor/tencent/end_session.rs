//! `POST /v4/desk_http_svc/end_session`: end a session that a person has, or is to have. One with a robot ends by
//! itself.
//!
//! Vendor page: <https://www.tencentcloud.com/document/product/1229/68948>

use http::HeaderMap;
use serde::Serialize;

use super::{Account, Api, Endpoint, Refusal, Unsendable, reply};

/// Which session ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Request<'a> {
    /// Its identifier.
    pub session_id: &'a str,
}

impl Endpoint for Request<'_> {
    const API: Api = Api::EndSession;

    type Response = ();

    fn to_http(&self, account: &Account<'_>) -> Result<http::Request<Vec<u8>>, Unsendable> {
        let body = serde_json::to_vec(self).map_err(Unsendable::Body)?;
        account.with_json(Self::API.command(), body)
    }

    fn read(status: u16, headers: &HeaderMap, body: &[u8]) -> Result<(), Refusal> {
        reply::read(status, headers, body).map(drop)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::Value;

    use super::{super::account::tests::ACCOUNT, *};

    const REQUEST: &str =
        include_str!("../../../../tests/fixtures/tencent/end_session.request.json");
    const ANSWER: &[u8] =
        include_bytes!("../../../../tests/fixtures/tencent/end_session.answer.json");

    #[test]
    fn as_on_the_page() {
        let request = Request {
            session_id: "b0f4ca12-4850-4218-a284-efe679a87066",
        };
        let request = request.to_http(&ACCOUNT).unwrap();
        assert_eq!(request.uri().path(), "/v4/desk_http_svc/end_session");
        let ours: Value = serde_json::from_slice(request.body()).unwrap();
        let pages: Value = serde_json::from_str(REQUEST).unwrap();
        assert_eq!(ours, pages);
        assert_eq!(Request::read(200, &HeaderMap::new(), ANSWER), Ok(()));
    }
}
