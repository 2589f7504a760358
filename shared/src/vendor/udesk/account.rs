//! Address, query and signature of every call: `https://{host}/open_api_v1/{path}?{who signed}`.
//!
//! What identifies and signs goes into the query, what the endpoint is told goes into the body; the page's own
//! example mixes the two and contradicts itself.
//!
//! Vendor page: <https://www.udeskglobal.com/doc/apiv2/intro>

use std::fmt;

use http::{Method, header};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;

use super::sign;

/// All but RFC 3986's unreserved characters.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Who calls, and where.
#[derive(Clone, Copy)]
pub struct Account<'a> {
    /// Scheme and host, such as `https://demo.udesk.cn`.
    pub base_url: &'a str,
    /// The super-administrator's address.
    pub email: &'a str,
    /// The `open_api_token`; it signs and is never sent.
    pub api_token: &'a str,
}

impl fmt::Debug for Account<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account")
            .field("base_url", &self.base_url)
            .field("email", &self.email)
            .field("api_token", &"[redacted]")
            .finish()
    }
}

/// What makes one attempt differ from every other. Each attempt takes a fresh one.
#[derive(Clone, Copy, Debug)]
pub struct Stamp<'a> {
    /// Unix seconds.
    pub timestamp: i64,
    /// Any text; Udesk takes it once in fifteen minutes.
    pub nonce: &'a str,
}

/// Why a request can't be made. Nothing was sent; sending again won't help.
#[derive(Debug, thiserror::Error)]
pub enum Unsendable {
    /// The base URL and the path make no address.
    #[error(
        "UDESK_BASE_URL and path make no URL: set it to scheme and host, such as https://demo.udesk.cn"
    )]
    Url(#[source] http::Error),
    /// The body can't be written.
    #[error("the request can't be written as JSON")]
    Body(#[source] serde_json::Error),
    /// Udesk takes letters, digits, `_` and `-` in a message id, and at least one.
    #[error("message id: use only letters, digits, '_' and '-', at least one")]
    MessageId,
}

impl Account<'_> {
    /// A signed request without a body.
    ///
    /// `path` begins with `/` and follows `/open_api_v1`; `query` is what the endpoint wants there.
    ///
    /// # Errors
    /// [`Unsendable::Url`] when the base URL is none.
    pub fn bare(
        &self,
        stamp: Stamp<'_>,
        method: Method,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<http::Request<Vec<u8>>, Unsendable> {
        // No Content-Type: Udesk's GET /im/im_queues fails with one.
        http::Request::builder()
            .method(method)
            .uri(self.url(stamp, path, query))
            .body(Vec::new())
            .map_err(Unsendable::Url)
    }

    /// A signed request with a JSON body.
    ///
    /// # Errors
    /// [`Unsendable::Url`] when the base URL is none, [`Unsendable::Body`] when the body can't be written.
    pub fn with_json(
        &self,
        stamp: Stamp<'_>,
        method: Method,
        path: &str,
        body: &impl Serialize,
    ) -> Result<http::Request<Vec<u8>>, Unsendable> {
        let body = serde_json::to_vec(body).map_err(Unsendable::Body)?;
        http::Request::builder()
            .method(method)
            .uri(self.url(stamp, path, &[]))
            .header(header::CONTENT_TYPE, "application/json")
            .body(body)
            .map_err(Unsendable::Url)
    }

    fn url(&self, stamp: Stamp<'_>, path: &str, query: &[(&str, &str)]) -> String {
        let timestamp = stamp.timestamp.to_string();
        let signature = sign::sign(self.email, self.api_token, stamp.timestamp, stamp.nonce);
        let signed = [
            ("email", self.email),
            ("timestamp", &timestamp),
            ("sign", &signature),
            ("nonce", stamp.nonce),
            ("sign_version", sign::VERSION),
        ];

        let mut url = format!("{}/open_api_v1{path}", self.base_url.trim_end_matches('/'));
        let mut separator = '?';
        for (name, value) in signed.iter().chain(query) {
            url.push(separator);
            url.push_str(name);
            url.push('=');
            url.extend(utf8_percent_encode(value, ESCAPED));
            separator = '&';
        }
        url
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
pub(crate) mod tests {
    use std::collections::BTreeMap;

    use super::*;

    pub(crate) const ACCOUNT: Account<'static> = Account {
        base_url: "https://demo.udesk.cn",
        email: "admin+im@udesk.cn",
        api_token: "0f6c9d2e-5b3a-4c1d-8e7f-112233445566",
    };
    pub(crate) const STAMP: Stamp<'static> = Stamp {
        timestamp: 1_494_474_404,
        nonce: "2d931510-d99f-494a-8c67-87feb05e1594",
    };

    /// A query's names and values, in order.
    fn decoded(query: &str) -> Vec<(String, String)> {
        let decode = |s: &str| {
            percent_encoding::percent_decode_str(s)
                .decode_utf8()
                .unwrap()
                .into_owned()
        };
        query
            .split('&')
            .map(|pair| pair.split_once('=').unwrap())
            .map(|(name, value)| (decode(name), decode(value)))
            .collect()
    }

    /// The names and values of a request's query, in order.
    pub(crate) fn pairs(request: &http::Request<Vec<u8>>) -> Vec<(String, String)> {
        decoded(request.uri().query().unwrap())
    }

    /// Reads the query back, checks that what came out of it signs to its own `sign`, and returns what is left.
    pub(crate) fn unsigned(request: &http::Request<Vec<u8>>) -> BTreeMap<String, String> {
        let pairs = pairs(request);
        let mut query: BTreeMap<_, _> = pairs.iter().cloned().collect();
        assert_eq!(query.len(), pairs.len(), "a parameter is named twice");

        let mut take = |name: &str| query.remove(name).unwrap();
        let (email, timestamp) = (take("email"), take("timestamp"));
        let (nonce, signature) = (take("nonce"), take("sign"));
        assert_eq!(take("sign_version"), "v2");
        assert_eq!(email, ACCOUNT.email);
        assert_eq!(
            signature,
            sign::sign(
                &email,
                ACCOUNT.api_token,
                timestamp.parse().unwrap(),
                &nonce
            )
        );
        query
    }

    /// Path and query of an example that the page prints, without what signs it.
    pub(crate) fn printed(url: &str) -> (String, BTreeMap<String, String>) {
        let (address, query) = url.trim().split_once('?').unwrap();
        // demo.udesk.cn or test.udesk.cn
        let (_, path) = address.split_once("udesk.cn").unwrap();
        let mut query: BTreeMap<String, String> = decoded(query).into_iter().collect();
        for signing in ["email", "timestamp", "sign", "nonce", "sign_version"] {
            query.remove(signing).unwrap();
        }
        (path.to_owned(), query)
    }

    #[test]
    fn escapes_what_a_query_may_not_hold() {
        let awkward = "queue:a&b=c d/ü?#%+";
        let request = ACCOUNT
            .bare(STAMP, Method::GET, "/x", &[("queue", awkward)])
            .unwrap();
        assert_eq!(unsigned(&request)["queue"], awkward);
        let query = request.uri().query().unwrap();
        assert!(query.starts_with("email=admin%2Bim%40udesk.cn&timestamp=1494474404&sign="));
        assert!(query.ends_with("&queue=queue%3Aa%26b%3Dc%20d%2F%C3%BC%3F%23%25%2B"));
    }

    #[test]
    fn content_type_only_with_a_body() {
        let bare = ACCOUNT.bare(STAMP, Method::GET, "/x", &[]).unwrap();
        assert!(bare.headers().is_empty() && bare.body().is_empty());
        let json = ACCOUNT
            .with_json(STAMP, Method::POST, "/x", &serde_json::json!({"a": 1}))
            .unwrap();
        assert_eq!(json.headers()[header::CONTENT_TYPE], "application/json");
        assert_eq!(json.body(), br#"{"a":1}"#);
    }

    #[test]
    fn takes_base_urls_with_ports_and_slashes() {
        for base_url in ["http://127.0.0.1:9000", "http://127.0.0.1:9000/"] {
            let account = Account {
                base_url,
                ..ACCOUNT
            };
            let request = account
                .bare(STAMP, Method::GET, "/im/agent_status", &[])
                .unwrap();
            assert_eq!(request.uri().path(), "/open_api_v1/im/agent_status");
            assert_eq!(request.uri().port_u16(), Some(9000));
        }
        let account = Account {
            base_url: "not a host",
            ..ACCOUNT
        };
        let error = account.bare(STAMP, Method::GET, "/x", &[]).unwrap_err();
        assert!(error.to_string().contains("UDESK_BASE_URL"));
    }

    #[test]
    fn never_shows_or_sends_the_token() {
        assert!(!format!("{ACCOUNT:?}").contains(ACCOUNT.api_token));
        let request = ACCOUNT.bare(STAMP, Method::GET, "/x", &[]).unwrap();
        assert!(!request.uri().to_string().contains(ACCOUNT.api_token));
    }
}
