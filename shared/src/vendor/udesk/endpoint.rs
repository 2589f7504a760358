//! A call of Udesk's interface as a value: what is asked, and how the answer reads.

use http::HeaderMap;

use super::{Account, Refusal, Stamp, Unsendable, reply::Api};

/// A request of one endpoint. Implemented by the `Request` of each endpoint's file.
pub trait Endpoint {
    /// Which endpoint: what the rate limit counts by, and what a code means.
    const API: Api;

    /// What Udesk grants.
    type Response;

    /// The signed request.
    ///
    /// # Errors
    /// [`Unsendable`] where no request can be made of it: sending it again won't help.
    fn to_http(
        &self,
        account: &Account<'_>,
        stamp: Stamp<'_>,
    ) -> Result<http::Request<Vec<u8>>, Unsendable>;

    /// Reads Udesk's answer.
    ///
    /// # Errors
    /// A [`Refusal`] that says what to do about it.
    fn read(status: u16, headers: &HeaderMap, body: &[u8]) -> Result<Self::Response, Refusal>;
}
