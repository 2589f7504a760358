//! Texts that vendors also write as numbers (ids) or leave empty.

use serde::{Deserialize, Deserializer, de};
use serde_json::Value;

/// The text of a string or a number; `None` for the rest.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// As [`text`], where an empty text says nothing.
pub(super) fn filled(value: &Value) -> Option<String> {
    text(value).filter(|text| !text.trim().is_empty())
}

/// For a field that may be absent, null or empty, and is a string or a number otherwise.
pub(super) fn optional<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Null => Ok(None),
        value @ (Value::String(_) | Value::Number(_)) => Ok(filled(&value)),
        Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
            Err(de::Error::custom("expected a text or a number"))
        }
    }
}
