//! `GET /im/im_sensitive_words`: the words that Udesk minds in what customers write.
//!
//! Vendor page: <https://www.udeskglobal.com/doc/apiv2/im>, "Get Customer Sensitive Word Configuration"

use http::{HeaderMap, Method};

use super::{
    Account, Endpoint, Refusal, Stamp, Unsendable, id,
    reply::{self, Api},
    text,
};

/// Which words are they?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request;

/// The words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Response {
    /// Whether Udesk looks for them.
    pub enabled: bool,
    /// The words, also while it does not.
    pub words: Vec<String>,
}

impl Endpoint for Request {
    const API: Api = Api::SensitiveWords;
    type Response = Response;

    fn to_http(
        &self,
        account: &Account<'_>,
        stamp: Stamp<'_>,
    ) -> Result<http::Request<Vec<u8>>, Unsendable> {
        account.bare(stamp, Method::GET, "/im/im_sensitive_words", &[])
    }

    fn read(status: u16, headers: &HeaderMap, body: &[u8]) -> Result<Response, Refusal> {
        let answer = reply::read(Self::API, status, headers, body)?.body;
        let words = answer.get("customer_words_string").and_then(text::filled);
        Ok(Response {
            // "0 or empty for disabled", and it may be missing where nothing was ever configured.
            enabled: answer.get("customer_is_open").and_then(id::integer) == Some(1),
            words: words
                .unwrap_or_default()
                .split([',', '，'])
                .map(str::trim)
                .filter(|word| !word.is_empty())
                .map(str::to_owned)
                .collect(),
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::vendor::udesk::account::tests::{ACCOUNT, STAMP, printed, unsigned};

    fn read(body: &str) -> Response {
        Request::read(200, &HeaderMap::new(), body.as_bytes()).unwrap()
    }

    #[test]
    fn asks_as_the_page_does() {
        let http = Request.to_http(&ACCOUNT, STAMP).unwrap();
        assert_eq!(http.method(), Method::GET);
        let (path, query) = printed(include_str!(
            "../../../../tests/fixtures/udesk/sensitive_words.request.url"
        ));
        assert_eq!((http.uri().path(), unsigned(&http)), (path.as_str(), query));
        assert!(http.body().is_empty() && http.headers().is_empty());
    }

    #[test]
    fn reads_the_page() {
        let page = include_str!("../../../../tests/fixtures/udesk/sensitive_words.answer.json");
        let words = ["a", "b", "c", "d"].map(str::to_owned).to_vec();
        assert_eq!(
            read(page),
            Response {
                enabled: true,
                words
            }
        );
    }

    #[test]
    fn off_is_zero_or_empty() {
        for off in [json!(0), json!("0"), json!(""), json!(null)] {
            let body =
                json!({"code": 1000, "customer_words_string": " a ,,b", "customer_is_open": off});
            let read = read(&body.to_string());
            assert!(!read.enabled, "{off}");
            assert_eq!(read.words, ["a", "b"]);
        }
        assert!(read(r#"{"code":1000,"customer_is_open":"1"}"#).enabled);
        assert_eq!(read(r#"{"code":1000}"#), Response::default());
    }
}
