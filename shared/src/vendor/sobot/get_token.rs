//! `GET /api/get_token`: the token with which the open API, the Live Chat API included, is called. Each call mints
//! another and begins its life anew; whether the one before it dies is nowhere said. So one is fetched for all
//! functions, and as seldom as can be.
//!
//! Vendor page: <https://developer.sobot.io/en/pages/6cc489/>

use std::fmt;

use http::{HeaderMap, Method};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::{Refusal, answer::Item, sign};
use crate::{fate::Fate, secret::Secret};

/// How long a token lives where the answer does not say, in seconds.
const USUAL_LIFE: i64 = 86_400;
/// The longest life that is believed, in seconds.
const LONGEST_LIFE: i64 = 30 * 86_400;

/// Who asks: an application of the account's.
#[derive(Clone, Copy)]
pub struct Application<'a> {
    /// Scheme and host.
    pub base_url: &'a str,
    /// Its id.
    pub app_id: &'a str,
    /// Its key; it signs and is never sent.
    pub app_key: &'a str,
}

impl fmt::Debug for Application<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Application")
            .field("base_url", &self.base_url)
            .field("app_id", &self.app_id)
            .field("app_key", &"[redacted]")
            .finish()
    }
}

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Request {
    /// Now, in Unix seconds.
    pub create_time: i64,
}

impl Request {
    /// The signed request.
    ///
    /// # Errors
    /// Where base URL and path make no address.
    pub fn to_http(
        self,
        application: &Application<'_>,
    ) -> Result<http::Request<Vec<u8>>, http::Error> {
        let Application {
            base_url,
            app_id,
            app_key,
        } = application;
        let create_time = self.create_time.to_string();
        let sign = sign::get_token(app_id, &create_time, app_key);
        let appid = utf8_percent_encode(app_id, NON_ALPHANUMERIC);
        http::Request::builder()
            .method(Method::GET)
            .uri(format!(
                "{base_url}/api/get_token?appid={appid}&create_time={create_time}&sign={sign}"
            ))
            .body(Vec::new())
    }
}

/// A token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The token.
    pub token: Secret,
    /// How long it lives, in seconds.
    pub life: i64,
}

/// Reads Sobot's answer. Its pages call the life `expires_in` and `expire_in`.
///
/// # Errors
/// A [`Refusal`] that says what to do about it.
pub fn read(status: u16, headers: &HeaderMap, body: &[u8]) -> Result<Response, Refusal> {
    let item = Item::read(status, headers, body)?;
    let Some(token) = item.text("token") else {
        let why = "success without a token";
        return Err(Refusal::of(Fate::RetryMaybeArrived, why));
    };
    let life = ["expires_in", "expire_in"]
        .into_iter()
        .find_map(|name| item.number(name))
        .filter(|life| *life > 0);
    Ok(Response {
        token: Secret::new(token),
        life: life.unwrap_or(USUAL_LIFE).min(LONGEST_LIFE),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::vendor::sobot::answer::tests::{granted, refused};

    const APPLICATION: Application<'static> = Application {
        base_url: "https://sg.sobot.io",
        app_id: "1",
        app_key: "2",
    };

    fn answered(item: &serde_json::Value) -> Result<Response, Refusal> {
        read(200, &HeaderMap::new(), &granted(item))
    }

    // Vector S5 of vendors.md.
    #[test]
    fn asks_for_a_token_as_the_page_does() {
        let request = Request {
            create_time: 1_569_397_773,
        };
        let http = request.to_http(&APPLICATION).unwrap();
        assert_eq!(http.method(), Method::GET);
        assert_eq!(
            http.uri().to_string(),
            "https://sg.sobot.io/api/get_token?appid=1&create_time=1569397773&sign=258eec3118705112b2c53dc8043d4d34"
        );
        assert!(http.body().is_empty());
        let odd = Application {
            app_id: "a&b",
            ..APPLICATION
        };
        let http = request.to_http(&odd).unwrap();
        assert!(http.uri().to_string().contains("appid=a%26b&"));
        assert!(!format!("{APPLICATION:?}").contains('2'));
    }

    #[test]
    fn reads_the_life_by_either_name_as_a_number_or_as_text() {
        for (item, life) in [
            (json!({"token": "t", "expires_in": 86400}), 86_400),
            (json!({"token": "t", "expires_in": "7200"}), 7_200),
            (json!({"token": "t", "expire_in": 60}), 60),
            (json!({"token": "t", "expire_in": "60"}), 60),
            // The page's own, where it is not said or makes no sense.
            (json!({"token": "t"}), 86_400),
            (json!({"token": "t", "expires_in": 0}), 86_400),
            (json!({"token": "t", "expires_in": "soon"}), 86_400),
            (json!({"token": "t", "expires_in": i64::MAX}), 2_592_000),
        ] {
            let response = answered(&item).unwrap();
            assert_eq!(response.life, life, "{item}");
            assert_eq!(response.token.expose(), "t");
        }
    }

    #[test]
    fn without_a_token_it_is_no_success_and_no_token_is_shown() {
        for item in [json!({}), json!({"token": ""}), json!({"token": ["t"]})] {
            let fate = answered(&item).unwrap_err().fate;
            assert_eq!(fate, Fate::RetryMaybeArrived, "{item}");
        }
        let response = answered(&json!({"token": "hush-hush", "expires_in": 1})).unwrap();
        assert!(!format!("{response:?}").contains("hush"));
        let no = read(200, &HeaderMap::new(), &refused("900003")).unwrap_err();
        assert_eq!(no.fate, Fate::Refused);
    }
}
