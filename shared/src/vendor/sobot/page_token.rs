//! `POST /api/page/token`: a token with which a customer opens Sobot's page as themselves.
//!
//! Vendor page: <https://developer.sobot.io/en/pages/6cc489/>, "Token encryption"

use http::{HeaderMap, Method, header};
use serde::{Deserialize, Serialize};

use super::{Account, Channel, Code, Refusal, refusal::by_status, sign};
use crate::fate::Fate;

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The customer; see [`is_partnerid`].
    pub partnerid: &'a str,
    /// When the token ends, in Unix seconds of ten digits.
    pub ts: i64,
    /// The customer's fields: an object, as JSON text. Signed and sent as it is.
    pub customized_fields: Option<&'a str>,
    /// Where the page is opened.
    pub channel: Channel,
    /// The sub-channel, as the account has set it up.
    pub channel_flag: Option<u32>,
}

#[derive(Serialize)]
struct Body<'a> {
    sysnum: &'a str,
    partnerid: &'a str,
    ts: &'a str,
    sign: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    customized_fields: Option<&'a str>,
    source: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    channel_flag: Option<u32>,
}

/// Why a request can't be made. Nothing was sent.
#[derive(Debug, thiserror::Error)]
pub enum Unsendable {
    /// The base URL and the path make no address.
    #[error("SOBOT_BASE_URL and path make no URL")]
    Url(#[source] http::Error),
    /// The body can't be written.
    #[error("the request can't be written as JSON")]
    Body(#[source] serde_json::Error),
    /// Another request could be read out of the same signature.
    #[error("partnerid and ts must not run into each other")]
    Ambiguous,
}

impl Request<'_> {
    /// The signed request.
    ///
    /// # Errors
    /// [`Unsendable::Ambiguous`] where [`is_partnerid`] does not hold, `ts` has not ten digits or the fields are no
    /// object; [`Unsendable::Url`] where the base URL is none.
    pub fn to_http(&self, account: &Account<'_>) -> Result<http::Request<Vec<u8>>, Unsendable> {
        let ts = self.ts.to_string();
        let fields_are_object = self
            .customized_fields
            .is_none_or(|fields| fields.starts_with('{'));
        if !(is_partnerid(self.partnerid)
            && ts.len() == 10
            && ts.bytes().all(|byte| byte.is_ascii_digit())
            && fields_are_object)
        {
            return Err(Unsendable::Ambiguous);
        }
        let sign = sign::page_token(
            account.sysnum,
            account.key,
            self.partnerid,
            &ts,
            self.customized_fields,
        );
        let body = Body {
            sysnum: account.sysnum,
            partnerid: self.partnerid,
            ts: &ts,
            sign: &sign,
            customized_fields: self.customized_fields,
            source: match self.channel {
                Channel::Pc => 0,
                Channel::H5 => 4,
            },
            channel_flag: self.channel_flag,
        };
        let body = serde_json::to_vec(&body).map_err(Unsendable::Body)?;
        http::Request::builder()
            .method(Method::POST)
            .uri(account.url("/api/page/token"))
            .header(header::CONTENT_TYPE, "application/json")
            .body(body)
            .map_err(Unsendable::Url)
    }
}

/// Whether a customer can be named at Sobot's page: letters, digits and `-_.@:+`, 1 to 300 of them.
///
/// The signature runs the values together. A `{` in the customer's name could be the beginning of the fields, and one
/// signature would be good for two customers.
pub fn is_partnerid(text: &str) -> bool {
    (1..=300).contains(&text.len())
        && text.bytes().all(|byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'@' | b':' | b'+')
        })
}

/// Sobot's token. It opens the page as the customer.
#[derive(Clone, PartialEq, Eq)]
pub struct Response {
    /// The token.
    pub token: String,
}

impl std::fmt::Debug for Response {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Response { token: [redacted] }")
    }
}

#[derive(Deserialize)]
struct Answer {
    ret_code: Code,
    #[serde(default)]
    ret_msg: Option<String>,
    #[serde(default)]
    token: Option<String>,
}

/// Reads Sobot's answer.
///
/// # Errors
/// A [`Refusal`] that says what to do about it.
pub fn read(status: u16, headers: &HeaderMap, body: &[u8]) -> Result<Response, Refusal> {
    let by_status = by_status(status, headers);
    let Ok(Answer {
        ret_code,
        ret_msg,
        token,
    }) = serde_json::from_slice(body)
    else {
        // What came may hold anything, a token too: it is not repeated.
        return Err(Refusal {
            fate: by_status.unwrap_or(Fate::RetryMaybeArrived),
            code: None,
            message: format!("HTTP {status} without a readable answer"),
        });
    };
    let message = ret_msg.unwrap_or_default();
    let fate = match (by_status, ret_code.fate(&message, headers)) {
        (None, None) => match token {
            Some(token) if !token.is_empty() => return Ok(Response { token }),
            _ => {
                return Err(Refusal {
                    fate: Fate::RetryMaybeArrived,
                    code: None,
                    message: "success without a token".to_owned(),
                });
            }
        },
        // Only a code may say something better than "final".
        (None | Some(Fate::Refused), Some(by_code)) => by_code,
        (Some(by_status), _) => by_status,
    };
    Err(Refusal {
        fate,
        code: (ret_code != Code::Success).then_some(ret_code),
        message,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::vendor::sobot::account::tests::ACCOUNT;

    const REQUEST: Request<'static> = Request {
        partnerid: "DE",
        ts: 1_569_397_773,
        customized_fields: Some(r#"{"uname":"nickname"}"#),
        channel: Channel::Pc,
        channel_flag: Some(2),
    };

    fn body(request: Request<'_>) -> Value {
        let http = request.to_http(&ACCOUNT).unwrap();
        assert_eq!(http.method(), Method::POST);
        assert_eq!(http.uri(), "https://sg.sobot.io/api/page/token");
        assert_eq!(http.headers()[header::CONTENT_TYPE], "application/json");
        serde_json::from_slice(http.body()).unwrap()
    }

    #[test]
    fn asks_as_the_page_does() {
        let page: Value = serde_json::from_str(include_str!(
            "../../../../tests/fixtures/sobot/page_token.request.json"
        ))
        .unwrap();
        assert_eq!(body(REQUEST), page);
    }

    #[test]
    fn what_is_not_given_is_not_sent() {
        let body = body(Request {
            customized_fields: None,
            channel: Channel::H5,
            channel_flag: None,
            ..REQUEST
        });
        assert_eq!(
            body,
            json!({"sysnum": "ABC", "partnerid": "DE", "ts": "1569397773",
                "sign": "96c3cfe9d4c93a9226b7d344a35c53c3", "source": 4})
        );
    }

    /// Contradiction 1 of S-SOBOT: what is signed is the text that is sent.
    #[test]
    fn the_fields_are_signed_and_sent_as_they_are() {
        let fields = "{ \"uname\" : \"Zo\\u00eb \\\" 客户\" ,\n\"a\":1e999}";
        let body = body(Request {
            customized_fields: Some(fields),
            ..REQUEST
        });
        let sent = body["customized_fields"].as_str().unwrap();
        assert_eq!(sent, fields);
        let signed = sign::page_token("ABC", ACCOUNT.key, "DE", "1569397773", Some(sent));
        assert_eq!(body["sign"], signed);
    }

    #[test]
    fn no_signature_is_good_for_two_requests() {
        for request in [
            Request {
                partnerid: "",
                ..REQUEST
            },
            Request {
                partnerid: r#"DE1569397773{"a":1}"#,
                ..REQUEST
            },
            Request {
                partnerid: "D E",
                ..REQUEST
            },
            Request {
                partnerid: "D{",
                ..REQUEST
            },
            Request {
                partnerid: "é",
                ..REQUEST
            },
            Request {
                ts: 999_999_999,
                ..REQUEST
            },
            Request {
                ts: 10_000_000_000,
                ..REQUEST
            },
            Request {
                ts: -156_939_777,
                ..REQUEST
            },
            Request {
                customized_fields: Some(""),
                ..REQUEST
            },
            Request {
                customized_fields: Some("1"),
                ..REQUEST
            },
        ] {
            assert!(
                matches!(request.to_http(&ACCOUNT), Err(Unsendable::Ambiguous)),
                "{request:?}"
            );
        }
        for good in ["DE", "a-b_c.d@e:f+9", &"x".repeat(300)] {
            assert!(is_partnerid(good), "{good}");
        }
        assert!(!is_partnerid(&"x".repeat(301)));
    }

    #[test]
    fn says_which_setting_is_no_address() {
        let account = Account {
            base_url: "not a host",
            ..ACCOUNT
        };
        let error = REQUEST.to_http(&account).unwrap_err();
        assert!(error.to_string().contains("SOBOT_BASE_URL"), "{error}");
    }

    fn read(status: u16, body: &str) -> Result<Response, Refusal> {
        super::read(status, &HeaderMap::new(), body.as_bytes())
    }

    #[test]
    fn reads_the_pages_answer() {
        let page = include_str!("../../../../tests/fixtures/sobot/page_token.answer.json");
        let response = read(200, page).unwrap();
        assert_eq!(response.token, "59a3d022993e4632bafd4f59a0f13604");
        assert!(!format!("{response:?}").contains("59a3"));
    }

    #[test]
    fn a_refusal_has_sobots_code_and_words() {
        let refusal = read(
            200,
            r#"{"ret_code":"900003","ret_msg":"sign error","token":""}"#,
        )
        .unwrap_err();
        assert_eq!(
            refusal,
            Refusal {
                fate: Fate::Refused,
                code: Some(Code::WrongSignature),
                message: "sign error".to_owned(),
            }
        );
        assert_eq!(
            refusal.to_string(),
            "Sobot refused (Refused, code 900003): sign error"
        );
    }

    #[test]
    fn what_cannot_be_read_is_no_refusal_and_is_not_repeated() {
        for body in [
            "",
            "<html>hush</html>",
            "{}",
            "[]",
            "null",
            r#"{"token":"hush"}"#,
            r#"{"ret_code":null,"token":"hush"}"#,
            r#"{"ret_code":"000000"}"#,
            r#"{"ret_code":"000000","token":""}"#,
            r#"{"ret_code":"000000","token":null}"#,
            r#"{"ret_code":"000000","token":["hush"]}"#,
        ] {
            let refusal = read(200, body).unwrap_err();
            assert_eq!(
                (refusal.fate, &refusal.code),
                (Fate::RetryMaybeArrived, &None),
                "{body}"
            );
            assert!(!refusal.to_string().contains("hush"), "{refusal}");
        }
    }

    #[test]
    fn statuses() {
        let good = r#"{"ret_code":"000000","ret_msg":"success","token":"t"}"#;
        let no = r#"{"ret_code":"900003","ret_msg":"no"}"#;
        let fate = |status, body| read(status, body).unwrap_err().fate;
        for body in ["", good, no] {
            for status in [408, 429, 503] {
                assert_eq!(
                    fate(status, body),
                    Fate::Retry { after: None },
                    "{status} {body}"
                );
            }
            for status in [500, 502, 504] {
                assert_eq!(
                    fate(status, body),
                    Fate::RetryMaybeArrived,
                    "{status} {body}"
                );
            }
            for status in [302, 400, 403, 404] {
                assert_eq!(fate(status, body), Fate::Refused, "{status} {body}");
            }
        }
        assert_eq!(read(400, no).unwrap_err().code, Some(Code::WrongSignature));
        let limited = r#"{"ret_code":"4711","ret_msg":"too many requests"}"#;
        for status in [200, 400] {
            assert_eq!(
                fate(status, limited),
                Fate::Retry { after: None },
                "{status}"
            );
        }
        assert!(read(201, good).is_ok());
    }
}
