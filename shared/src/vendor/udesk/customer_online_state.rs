//! `POST /im/customer_online_state`: tells Udesk whether the customer is there.
//!
//! Vendor page: <https://www.udeskglobal.com/doc/apiv2/im>, "Modify Customer Online Status"

use http::{HeaderMap, Method};
use serde::Serialize;

use super::{
    Account, Endpoint, Refusal, Stamp, Unsendable,
    reply::{self, Api},
};

/// Who is, or is not, there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request<'a> {
    /// The app's id of the customer.
    pub customer_token: &'a str,
    /// Whether the customer is there.
    pub online: bool,
}

#[derive(Serialize)]
struct Body<'a> {
    customer_token: &'a str,
    state: u8,
}

impl Endpoint for Request<'_> {
    const API: Api = Api::CustomerOnlineState;
    type Response = Response;

    fn to_http(
        &self,
        account: &Account<'_>,
        stamp: Stamp<'_>,
    ) -> Result<http::Request<Vec<u8>>, Unsendable> {
        let body = Body {
            customer_token: self.customer_token,
            state: u8::from(self.online),
        };
        account.with_json(stamp, Method::POST, "/im/customer_online_state", &body)
    }

    // A customer whom Udesk does not know is a refusal with `Code::NotAdminOrAbsent`.
    fn read(status: u16, headers: &HeaderMap, body: &[u8]) -> Result<Response, Refusal> {
        reply::read(Self::API, status, headers, body).map(|_| Response)
    }
}

/// Udesk knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Response;

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::vendor::udesk::{
        Code,
        account::tests::{ACCOUNT, STAMP, unsigned},
    };

    fn body(online: bool) -> Value {
        let request = Request {
            customer_token: "DE",
            online,
        };
        let http = request.to_http(&ACCOUNT, STAMP).unwrap();
        // The page's example is another call's; headline and table are this one's.
        assert_eq!(http.method(), Method::POST);
        let path = "/open_api_v1/im/customer_online_state";
        assert_eq!(http.uri().path(), path);
        assert!(unsigned(&http).is_empty());
        serde_json::from_slice(http.body()).unwrap()
    }

    #[test]
    fn contradiction_19_headline_and_table_count() {
        assert_eq!(body(false), json!({"customer_token": "DE", "state": 0}));
        let fixture: Value = serde_json::from_str(include_str!(
            "../../../../tests/fixtures/udesk/customer_online_state.request.json"
        ))
        .unwrap();
        assert_eq!(body(true), fixture);
    }

    #[test]
    fn reads_answers() {
        let fixture =
            include_bytes!("../../../../tests/fixtures/udesk/customer_online_state.answer.json");
        assert_eq!(Request::read(200, &HeaderMap::new(), fixture), Ok(Response));
        let refused = Request::read(200, &HeaderMap::new(), br#"{"code":2015}"#).unwrap_err();
        assert_eq!(refused.code, Some(Code::NotAdminOrAbsent));
    }
}
