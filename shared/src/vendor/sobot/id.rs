//! Sobot's ids: of a message, a chat, an agent, a company. Text, sometimes a number, empty where there is none.

use serde::{Deserialize, Deserializer, de};
use serde_json::Value;

use crate::vendor::text;

/// The longest that is taken for an id, in bytes. Sobot's have 32 or so; what the table keys by must end somewhere.
pub(super) const LONGEST: usize = 256;

/// For a field that may be absent, null or empty, and is an id otherwise, as text or a number.
pub(super) fn optional<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    let id = match Value::deserialize(deserializer)? {
        Value::Null => return Ok(None),
        value => text::text(&value).filter(|id| id.len() <= LONGEST),
    };
    let id = id.ok_or_else(|| de::Error::custom("expected an id"))?;
    Ok(Some(id).filter(|id| !id.trim().is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Option<String>, serde_json::Error> {
        optional(&mut serde_json::Deserializer::from_str(json))
    }

    #[test]
    fn ids_are_text_or_numbers_and_empty_ones_are_none() {
        for (json, id) in [
            (r#""5f2c""#, Some("5f2c")),
            ("17", Some("17")),
            (r#""17""#, Some("17")),
            ("null", None),
            (r#""""#, None),
            (r#""  ""#, None),
        ] {
            assert_eq!(read(json).ok(), Some(id.map(str::to_owned)), "{json}");
        }
    }

    #[test]
    fn the_rest_is_no_id() {
        let long = format!("\"{}\"", "x".repeat(LONGEST + 1));
        for json in ["true", "[]", "{}", long.as_str()] {
            assert!(read(json).is_err(), "{json}");
        }
    }
}
