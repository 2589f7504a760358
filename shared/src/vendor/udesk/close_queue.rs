//! `DELETE /im/sessions/close_queue`: the customer leaves the queue.
//!
//! Vendor page: <https://www.udeskglobal.com/doc/apiv2/im>, "Abandon Queue"

use http::{HeaderMap, Method};

use super::{
    Account, Endpoint, Refusal, Stamp, Unsendable,
    reply::{self, Api},
};

/// Who leaves which queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request<'a> {
    /// The app's id of the customer.
    pub customer_token: &'a str,
    /// The queue's name, as [`super::create_session::Response::Queued`] told it.
    pub queue: &'a str,
}

impl Endpoint for Request<'_> {
    const API: Api = Api::CloseQueue;
    type Response = Response;

    // A DELETE has no body, so here the query holds the parameters.
    fn to_http(
        &self,
        account: &Account<'_>,
        stamp: Stamp<'_>,
    ) -> Result<http::Request<Vec<u8>>, Unsendable> {
        let query = [
            ("customer_token", self.customer_token),
            ("queue", self.queue),
        ];
        account.bare(stamp, Method::DELETE, "/im/sessions/close_queue", &query)
    }

    fn read(status: u16, headers: &HeaderMap, body: &[u8]) -> Result<Response, Refusal> {
        reply::read(Self::API, status, headers, body).map(|_| Response)
    }
}

/// The customer has left it.
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

    // Contradiction 29: signed as v2, although the page's example is not, and the queue's colons escaped.
    #[test]
    fn contradiction_29_signs_v2_and_escapes_the_queue() {
        let request = Request {
            customer_token: "123qwe",
            queue: "queue:company:1:agent:486",
        };
        let http = request.to_http(&ACCOUNT, STAMP).unwrap();
        assert_eq!(http.method(), Method::DELETE);
        assert_eq!(http.uri().path(), "/open_api_v1/im/sessions/close_queue");
        let query = http.uri().query().unwrap();
        assert!(query.contains("queue=queue%3Acompany%3A1%3Aagent%3A486"));
        let rest: Vec<_> = unsigned(&http).into_iter().collect();
        assert_eq!(
            rest,
            [
                (
                    "customer_token".to_owned(),
                    request.customer_token.to_owned()
                ),
                ("queue".to_owned(), request.queue.to_owned())
            ]
        );
    }

    #[test]
    fn reads_answers() {
        let granted = Request::read(200, &HeaderMap::new(), br#"{"code":1000}"#);
        assert_eq!(granted, Ok(Response));
        let refused = Request::read(200, &HeaderMap::new(), br#"{"code":2002}"#).unwrap_err();
        assert_eq!(refused.fate, Fate::Refused);
    }
}
