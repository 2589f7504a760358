//! Address and query of every call:
//! `https://{domain}/v4/{service}/{command}?sdkappid=…&identifier=…&usersig=…&random=…&contenttype=json`.
//!
//! The UserSig stands in the query, so that the address of a call is a secret.
//!
//! Vendor page: <https://www.tencentcloud.com/document/product/1047/34620>

use std::fmt;

use http::{Method, header};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// All but RFC 3986's unreserved characters, and the `*` of a UserSig.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'*');

/// Who calls, and where.
#[derive(Clone, Copy)]
pub struct Account<'a> {
    /// Scheme and host, such as `https://console.tim.qq.com`.
    pub base_url: &'a str,
    /// The application.
    pub sdk_app_id: u64,
    /// The administrator who calls.
    pub identifier: &'a str,
    /// The administrator's UserSig.
    pub user_sig: &'a str,
    /// Any number, another one for each attempt.
    pub random: u32,
}

impl fmt::Debug for Account<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account")
            .field("base_url", &self.base_url)
            .field("sdk_app_id", &self.sdk_app_id)
            .field("identifier", &self.identifier)
            .field("user_sig", &"[redacted]")
            .finish()
    }
}

/// Why a request can't be made. Nothing was sent; sending again won't help.
#[derive(Debug, thiserror::Error)]
pub enum Unsendable {
    /// The base URL and the path make no address.
    #[error(
        "TENCENT_BASE_URL and path make no URL: set it to scheme and host, such as https://console.tim.qq.com"
    )]
    Url(#[source] http::Error),
    /// The body can't be written.
    #[error("the request can't be written as JSON")]
    Body(#[source] serde_json::Error),
    /// Tencent takes no larger one.
    #[error("the message has {bytes} bytes as Tencent's MsgBody; at most {limit} are taken")]
    TooLong {
        /// How long it is.
        bytes: usize,
        /// How long it may be.
        limit: usize,
    },
}

impl Account<'_> {
    /// A call of `command`, such as `desk_http_svc/send_msg`, with this JSON body.
    ///
    /// # Errors
    /// [`Unsendable::Url`] when the base URL is none.
    pub fn with_json(
        &self,
        command: &str,
        body: Vec<u8>,
    ) -> Result<http::Request<Vec<u8>>, Unsendable> {
        let escaped = |text| utf8_percent_encode(text, ESCAPED);
        let url = format!(
            "{}/v4/{command}?sdkappid={}&identifier={}&usersig={}&random={}&contenttype=json",
            self.base_url.trim_end_matches('/'),
            self.sdk_app_id,
            escaped(self.identifier),
            escaped(self.user_sig),
            self.random,
        );
        http::Request::builder()
            .method(Method::POST)
            .uri(url)
            .header(header::CONTENT_TYPE, "application/json")
            .body(body)
            .map_err(Unsendable::Url)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(super) mod tests {
    use super::*;

    pub(crate) const ACCOUNT: Account<'static> = Account {
        base_url: "https://console.tim.qq.com",
        sdk_app_id: 88_888_888,
        identifier: "admin",
        user_sig: "eJw*-_",
        random: 99_999_999,
    };

    // The page's own example, but for the sig.
    #[test]
    fn the_address_is_the_pages() {
        let request = ACCOUNT
            .with_json("desk_http_svc/send_msg", Vec::new())
            .unwrap();
        assert_eq!(request.method(), Method::POST);
        assert_eq!(
            request.uri().to_string(),
            "https://console.tim.qq.com/v4/desk_http_svc/send_msg?sdkappid=88888888&identifier=admin&usersig=eJw*-_&random=99999999&contenttype=json"
        );
    }

    #[test]
    fn takes_base_urls_with_ports_and_slashes_and_names_a_bad_one() {
        for base_url in ["http://127.0.0.1:9000", "http://127.0.0.1:9000/"] {
            let request = Account {
                base_url,
                ..ACCOUNT
            }
            .with_json("desk_http_svc/send_msg", Vec::new())
            .unwrap();
            assert_eq!(request.uri().path(), "/v4/desk_http_svc/send_msg");
            assert_eq!(request.uri().port_u16(), Some(9000));
        }
        let error = Account {
            base_url: "not a host",
            ..ACCOUNT
        }
        .with_json("x/y", Vec::new())
        .unwrap_err();
        assert!(error.to_string().contains("TENCENT_BASE_URL"));
    }

    #[test]
    fn escapes_what_a_query_may_not_hold_and_never_shows_the_sig() {
        let account = Account {
            identifier: "ad&min=1",
            ..ACCOUNT
        };
        let request = account.with_json("x/y", Vec::new()).unwrap();
        let query = request.uri().query().unwrap();
        assert!(query.contains("&identifier=ad%26min%3D1&"), "{query}");
        assert!(!format!("{account:?}").contains(ACCOUNT.user_sig));
    }
}
