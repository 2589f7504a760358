//! What the calls of the Live Chat API have in common: `POST {prefix}{call}`, a JSON object, the token in a header.
//!
//! Sobot's sources differ in the prefix (`/api/chat/5/user/`, `/api/5/user/`) and in the header (`token`,
//! `Authorization: Bearer`): both are settings.
//!
//! Vendor page: <https://developer.sobot.io/en/pages/7dbd90>

use std::{fmt, str::FromStr};

use http::{HeaderMap, HeaderValue, Method, header};
use serde::Serialize;

use super::{Refusal, answer::Item};

/// The prefix that most sources have.
pub const PREFIX: &str = "/api/chat/5/user/";

/// A call that deskbridge makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// A customer asks for an agent.
    ChatConnect,
    /// A customer writes.
    ChatSend,
    /// A customer rates.
    Comment,
    /// A customer leaves.
    Out,
}

impl Call {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::ChatConnect, Self::ChatSend, Self::Comment, Self::Out];

    /// What follows the prefix.
    pub fn name(self) -> &'static str {
        match self {
            Self::ChatConnect => "chat_connect",
            Self::ChatSend => "chat_send",
            Self::Comment => "comment",
            Self::Out => "out",
        }
    }
}

/// A call as a value.
pub trait Endpoint: Serialize {
    /// Which one.
    const CALL: Call;
    /// What comes of it.
    type Response;

    /// Reads Sobot's answer.
    ///
    /// # Errors
    /// A [`Refusal`] that says what to do about it.
    fn read(status: u16, headers: &HeaderMap, body: &[u8]) -> Result<Self::Response, Refusal> {
        Self::of_item(&Item::read(status, headers, body)?)
    }

    /// What the `item` of a granted answer says.
    ///
    /// # Errors
    /// A [`Refusal`], where it is one after all.
    fn of_item(item: &Item) -> Result<Self::Response, Refusal>;
}

/// Where the token stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TokenHeader {
    /// `token: …`
    #[default]
    Token,
    /// `Authorization: Bearer …`
    Bearer,
}

/// No header that a token could stand in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("token or bearer")]
pub struct NoSuchHeader;

impl FromStr for TokenHeader {
    type Err = NoSuchHeader;

    fn from_str(text: &str) -> Result<Self, NoSuchHeader> {
        match text {
            "token" => Ok(Self::Token),
            "bearer" => Ok(Self::Bearer),
            _ => Err(NoSuchHeader),
        }
    }
}

/// Whether calls can be addressed by this prefix: a path that begins and ends with a slash.
pub fn is_prefix(text: &str) -> bool {
    let plain =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'_' | b'-' | b'.');
    text.len() > 1 && text.starts_with('/') && text.ends_with('/') && text.bytes().all(plain)
}

/// Where calls go, and as whom.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    /// Scheme and host.
    pub base_url: &'a str,
    /// See [`is_prefix`].
    pub prefix: &'a str,
    /// Where the token stands.
    pub header: TokenHeader,
    /// The token.
    pub token: &'a str,
}

impl fmt::Debug for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Place")
            .field("base_url", &self.base_url)
            .field("prefix", &self.prefix)
            .field("header", &self.header)
            .field("token", &"[redacted]")
            .finish()
    }
}

/// Why a call can't be made. Nothing was sent.
#[derive(Debug, thiserror::Error)]
pub enum Unsendable {
    /// The base URL, the prefix and the call make no address.
    #[error("SOBOT_BASE_URL and SOBOT_CHAT_PREFIX make no URL")]
    Url(#[source] http::Error),
    /// The body can't be written.
    #[error("the request can't be written as JSON")]
    Body(#[source] serde_json::Error),
    /// The token is nothing that a header can hold.
    #[error("Sobot's token fits no header")]
    Token(#[source] http::header::InvalidHeaderValue),
}

/// The request of a call.
///
/// # Errors
/// Where it can't be made.
pub fn to_http<E: Endpoint>(
    call: &E,
    place: &Place<'_>,
) -> Result<http::Request<Vec<u8>>, Unsendable> {
    let (name, value) = match place.header {
        TokenHeader::Token => ("token", HeaderValue::from_str(place.token)),
        TokenHeader::Bearer => (
            header::AUTHORIZATION.as_str(),
            HeaderValue::from_str(&format!("Bearer {}", place.token)),
        ),
    };
    let mut value = value.map_err(Unsendable::Token)?;
    value.set_sensitive(true);
    let body = serde_json::to_vec(call).map_err(Unsendable::Body)?;
    let (base_url, prefix, call) = (place.base_url, place.prefix, E::CALL.name());
    http::Request::builder()
        .method(Method::POST)
        .uri(format!("{base_url}{prefix}{call}"))
        .header(header::CONTENT_TYPE, "application/json")
        .header(name, value)
        .body(body)
        .map_err(Unsendable::Url)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
pub(super) mod tests {
    use serde_json::Value;

    use super::*;
    use crate::vendor::sobot::out;

    pub(in crate::vendor::sobot) const PLACE: Place<'static> = Place {
        base_url: "https://sg.sobot.io",
        prefix: PREFIX,
        header: TokenHeader::Token,
        token: "59a3d022993e4632bafd4f59a0f13604",
    };

    /// The body that a call sends.
    pub(in crate::vendor::sobot) fn body(call: &impl Endpoint) -> Value {
        serde_json::from_slice(to_http(call, &PLACE).unwrap().body()).unwrap()
    }

    #[test]
    fn goes_to_the_prefix_with_the_token_in_the_header_that_the_settings_want() {
        let out = out::Request { partnerid: "DE" };
        let http = to_http(&out, &PLACE).unwrap();
        assert_eq!(http.method(), Method::POST);
        assert_eq!(
            http.uri().to_string(),
            "https://sg.sobot.io/api/chat/5/user/out"
        );
        assert_eq!(http.headers()["content-type"], "application/json");
        assert_eq!(http.headers()["token"], PLACE.token);
        assert_eq!(http.headers().get("authorization"), None);

        let other = Place {
            prefix: "/api/5/user/",
            header: TokenHeader::Bearer,
            ..PLACE
        };
        let http = to_http(&out, &other).unwrap();
        assert_eq!(http.uri().path(), "/api/5/user/out");
        let bearer = format!("Bearer {}", PLACE.token);
        assert_eq!(http.headers()["authorization"], bearer.as_str());
        assert_eq!(http.headers().get("token"), None);
    }

    #[test]
    fn the_token_is_not_shown() {
        let http = to_http(&out::Request { partnerid: "DE" }, &PLACE).unwrap();
        assert!(!format!("{PLACE:?} {http:?}").contains(PLACE.token));
        let broken = Place {
            token: "a\nb",
            ..PLACE
        };
        assert!(matches!(
            to_http(&out::Request { partnerid: "DE" }, &broken),
            Err(Unsendable::Token(_))
        ));
    }

    #[test]
    fn what_is_a_prefix_and_what_a_header() {
        for good in ["/api/chat/5/user/", "/api/5/user/", "/a-b_c.d/"] {
            assert!(is_prefix(good), "{good}");
        }
        for bad in [
            "",
            "/",
            "api/5/user/",
            "/api/5/user",
            "/a b/",
            "/a?b/",
            "/é/",
        ] {
            assert!(!is_prefix(bad), "{bad}");
        }
        assert_eq!("token".parse(), Ok(TokenHeader::Token));
        assert_eq!("bearer".parse(), Ok(TokenHeader::Bearer));
        assert_eq!("Token".parse::<TokenHeader>(), Err(NoSuchHeader));
    }
}
