//! `DELETE /im/sessions/destroy_session`: erase sessions that are closed, by the time at which they began. Without a
//! customer Udesk erases everybody's.
//!
//! Vendor page: <https://www.udeskglobal.com/doc/apiv2/im>, "Delete Session"

use http::{HeaderMap, Method};

use super::{
    Account, Endpoint, Id, Refusal, Stamp, Unsendable,
    reply::{self, Api},
};

/// Which sessions go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request<'a> {
    /// Those that began at this time or later, as Udesk writes times: see [`super::date::write`].
    pub start_time: &'a str,
    /// And until then.
    pub end_time: &'a str,
    /// Whose.
    pub of: Whose,
}

/// Whose sessions go. No `Option`: what a forgotten one would do can't be undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// This customer's, by Udesk's own number.
    Customer(Id),
    /// Everybody's.
    Everybody,
}

impl Endpoint for Request<'_> {
    const API: Api = Api::DestroySession;
    type Response = ();

    fn to_http(
        &self,
        account: &Account<'_>,
        stamp: Stamp<'_>,
    ) -> Result<http::Request<Vec<u8>>, Unsendable> {
        let customer = match self.of {
            Whose::Customer(id) => Some(id.to_string()),
            Whose::Everybody => None,
        };
        let mut query = vec![("start_time", self.start_time), ("end_time", self.end_time)];
        query.extend(customer.iter().map(|id| ("customer_id", id.as_str())));
        account.bare(
            stamp,
            Method::DELETE,
            "/im/sessions/destroy_session",
            &query,
        )
    }

    fn read(status: u16, headers: &HeaderMap, body: &[u8]) -> Result<(), Refusal> {
        reply::read(Self::API, status, headers, body).map(drop)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::vendor::udesk::account::tests::{ACCOUNT, STAMP, printed, unsigned};

    const REQUEST: Request<'static> = Request {
        start_time: "2022-05-19 19:50:33",
        end_time: "2022-05-19 20:50:33",
        of: Whose::Customer(Id(123_123)),
    };

    #[test]
    fn asks_as_the_page_does() {
        let http = REQUEST.to_http(&ACCOUNT, STAMP).unwrap();
        assert_eq!(http.method(), Method::DELETE);
        let (path, query) = printed(include_str!(
            "../../../../tests/fixtures/udesk/destroy_session.request.url"
        ));
        assert!(http.headers().is_empty() && http.body().is_empty());
        assert_eq!((http.uri().path(), unsigned(&http)), (path.as_str(), query));
        // Letter by letter what the page's curl line ends with.
        assert!(http.uri().query().unwrap().ends_with(
            "&start_time=2022-05-19%2019%3A50%3A33&end_time=2022-05-19%2020%3A50%3A33&customer_id=123123"
        ));
    }

    #[test]
    fn everybody_is_said_and_not_forgotten() {
        let everybody = Request {
            of: Whose::Everybody,
            ..REQUEST
        };
        let query = unsigned(&everybody.to_http(&ACCOUNT, STAMP).unwrap());
        assert_eq!(query["start_time"], REQUEST.start_time);
        assert_eq!(query["end_time"], REQUEST.end_time);
        assert_eq!(query.len(), 2);
    }

    #[test]
    fn reads_the_page() {
        let page = include_bytes!("../../../../tests/fixtures/udesk/destroy_session.answer.json");
        assert_eq!(Request::read(200, &HeaderMap::new(), page), Ok(()));
        assert!(Request::read(200, &HeaderMap::new(), br#"{"code":2005}"#).is_err());
    }
}
