//! `DELETE /im/sessions/:session_id`: the customer ends the session.
//!
//! Vendor page: <https://www.udeskglobal.com/doc/apiv2/im>, "Close Session"

use http::{HeaderMap, Method};

use super::{
    Account, Endpoint, Id, Refusal, Stamp, Unsendable,
    reply::{self, Api},
};

/// Which session ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// Udesk's id of it.
    pub im_sub_session_id: Id,
}

impl Endpoint for Request {
    const API: Api = Api::CloseSession;
    type Response = Response;

    // The id stands in the path alone; the page's example repeats it in the query.
    fn to_http(
        &self,
        account: &Account<'_>,
        stamp: Stamp<'_>,
    ) -> Result<http::Request<Vec<u8>>, Unsendable> {
        let path = format!("/im/sessions/{}", self.im_sub_session_id);
        account.bare(stamp, Method::DELETE, &path, &[])
    }

    // A session that was closed before is a refusal with [`super::Fate::SessionGone`].
    fn read(status: u16, headers: &HeaderMap, body: &[u8]) -> Result<Response, Refusal> {
        reply::read(Self::API, status, headers, body).map(|_| Response)
    }
}

/// It is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Response;

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::vendor::udesk::{
        Fate,
        account::tests::{ACCOUNT, STAMP, unsigned},
    };

    // Contradiction 29: no session_id in the query.
    #[test]
    fn contradiction_29_names_the_session_once() {
        let request = Request {
            im_sub_session_id: Id(123),
        };
        let http = request.to_http(&ACCOUNT, STAMP).unwrap();
        assert_eq!(http.method(), Method::DELETE);
        assert_eq!(http.uri().path(), "/open_api_v1/im/sessions/123");
        assert!(unsigned(&http).is_empty());
        assert!(http.body().is_empty() && http.headers().is_empty());
    }

    #[test]
    fn reads_answers() {
        let fixture = include_bytes!("../../../../tests/fixtures/udesk/close_session.answer.json");
        assert_eq!(Request::read(200, &HeaderMap::new(), fixture), Ok(Response));
        let gone = Request::read(200, &HeaderMap::new(), br#"{"code":9200}"#).unwrap_err();
        assert_eq!(gone.fate, Fate::SessionGone);
    }
}
