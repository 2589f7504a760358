//! Sobot's result codes (`ret_code`), which are strings: `000000` is no number.
//!
//! No page lists those of `POST /api/page/token`; these are the open API's, the Live Chat API's among them.
//!
//! Vendor page: <https://developer.sobot.io/en/pages/6cc489/>

use http::HeaderMap;
use serde::{Deserialize, Deserializer, de};
use serde_json::Value;

use crate::fate::{Fate, retry_after};

/// Every known code; another is kept as it came.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    /// 000000
    Success,
    /// 400001 to 400013: something about the request's content.
    Business(u8),
    /// 700046: the plan does not include the API.
    NotInPlan,
    /// 900001: no token.
    NoToken,
    /// 900002: the token is invalid or has expired.
    BadToken,
    /// 900003: wrong signature.
    WrongSignature,
    /// 900004: the company has no API configuration.
    NoApiConfiguration,
    /// 999999: an error that Sobot has no name for.
    UnknownError,
    /// Any other.
    Unknown(String),
}

impl Code {
    /// The code as Sobot writes it.
    pub fn text(&self) -> String {
        match self {
            Self::Success => "000000".to_owned(),
            Self::Business(number) => format!("4000{number:02}"),
            Self::NotInPlan => "700046".to_owned(),
            Self::NoToken => "900001".to_owned(),
            Self::BadToken => "900002".to_owned(),
            Self::WrongSignature => "900003".to_owned(),
            Self::NoApiConfiguration => "900004".to_owned(),
            Self::UnknownError => "999999".to_owned(),
            Self::Unknown(text) => text.clone(),
        }
    }

    /// What a call that was answered with it has come to; `None` where it was granted. `message` and `headers` are
    /// Sobot's own.
    pub fn fate(&self, message: &str, headers: &HeaderMap) -> Option<Fate> {
        match self {
            Self::Success => None,
            // Nothing was done; another token is good for the same call.
            Self::NoToken | Self::BadToken => Some(Fate::Resign),
            Self::Business(_)
            | Self::NotInPlan
            | Self::WrongSignature
            | Self::NoApiConfiguration
            | Self::UnknownError => Some(Fate::Refused),
            // No page says what Sobot answers above a limit.
            Self::Unknown(_) if speaks_of_a_limit(message) => Some(Fate::Retry {
                after: retry_after(headers),
            }),
            Self::Unknown(_) => Some(Fate::Refused),
        }
    }
}

fn speaks_of_a_limit(message: &str) -> bool {
    let message = message.to_lowercase();
    [
        "频率", "频繁", "限制", "too many", "limit", "frequen", "throttl",
    ]
    .iter()
    .any(|sign| message.contains(sign))
}

impl From<&str> for Code {
    fn from(text: &str) -> Self {
        let business = text
            .strip_prefix("4000")
            .filter(|rest| rest.len() == 2 && rest.bytes().all(|byte| byte.is_ascii_digit()))
            .and_then(|rest| rest.parse().ok())
            .filter(|number| (1..=13).contains(number));
        match text {
            "000000" => Self::Success,
            "700046" => Self::NotInPlan,
            "900001" => Self::NoToken,
            "900002" => Self::BadToken,
            "900003" => Self::WrongSignature,
            "900004" => Self::NoApiConfiguration,
            "999999" => Self::UnknownError,
            _ => business.map_or_else(|| Self::Unknown(text.to_owned()), Self::Business),
        }
    }
}

impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::String(text) if !text.is_empty() => Ok(Self::from(text.as_str())),
            // A six-digit code that lost its quotes lost its zeros too.
            Value::Number(number) => number
                .as_u64()
                .map(|number| Self::from(format!("{number:06}").as_str()))
                .ok_or_else(|| de::Error::custom("expected a result code")),
            _ => Err(de::Error::custom("expected a result code")),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// vendors.md, 2.3.
    const KNOWN: [&str; 20] = [
        "000000", "400001", "400002", "400003", "400004", "400005", "400006", "400007", "400008",
        "400009", "400010", "400011", "400012", "400013", "700046", "900001", "900002", "900003",
        "900004", "999999",
    ];

    #[test]
    fn known_codes_come_back_and_the_unknown_are_kept() {
        for text in KNOWN {
            let code = Code::from(text);
            assert!(!matches!(code, Code::Unknown(_)), "{text}");
            assert_eq!(code.text(), text);
        }
        for text in ["400000", "400014", "4000+1", "40001", "0", "x", "900005"] {
            assert_eq!(Code::from(text), Code::Unknown(text.to_owned()));
            assert_eq!(Code::from(text).text(), text);
        }
    }

    #[test]
    fn reads_text_and_numbers() {
        let read = |json: &str| serde_json::from_str::<Code>(json);
        assert_eq!(read(r#""000000""#).unwrap(), Code::Success);
        assert_eq!(read("0").unwrap(), Code::Success);
        assert_eq!(read("900003").unwrap(), Code::WrongSignature);
        for json in ["null", r#""""#, "true", "[]", "{}", "-1", "1.5"] {
            assert!(read(json).is_err(), "{json}");
        }
    }

    #[test]
    fn a_token_can_be_had_anew_and_what_speaks_of_a_limit_may_go_better_next_time() {
        let none = HeaderMap::new();
        for text in KNOWN {
            let wanted = match text {
                "000000" => None,
                "900001" | "900002" => Some(Fate::Resign),
                _ => Some(Fate::Refused),
            };
            assert_eq!(Code::from(text).fate("no", &none), wanted, "{text}");
            // A known code means what it means, whatever its message.
            assert_eq!(Code::from(text).fate("limit", &none), wanted, "{text}");
        }
        let unknown = Code::Unknown("4711".to_owned());
        assert_eq!(unknown.fate("no", &none), Some(Fate::Refused));
        for message in ["Too many requests", "调用过于频繁", "Rate limit exceeded"] {
            let fate = unknown.fate(message, &none);
            assert_eq!(fate, Some(Fate::Retry { after: None }), "{message}");
        }
    }
}
