//! Sobot's times: Unix milliseconds, as a number or as text.

use jiff::Timestamp;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::{clock::Millis, vendor::number};

/// For a field that names a moment. What names none is none: no message is lost over its time.
pub(super) fn optional<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Millis>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    Ok(number::integer(&value).filter(|at| *at > 0 && Timestamp::from_millisecond(*at).is_ok()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::rfc3339;

    fn read(json: &str) -> Option<Millis> {
        optional(&mut serde_json::Deserializer::from_str(json))
            .ok()
            .flatten()
    }

    #[test]
    fn times_are_milliseconds_as_a_number_or_as_text() {
        for json in ["1608192578781", r#""1608192578781""#] {
            assert_eq!(
                read(json).map(rfc3339).as_deref(),
                Some("2020-12-17T08:09:38.781Z")
            );
        }
    }

    #[test]
    fn what_names_no_moment_is_none() {
        for json in [
            "null",
            r#""""#,
            r#""yesterday""#,
            "0",
            "-1",
            "253402300800000",
            "1e300",
            "true",
            "[]",
        ] {
            assert_eq!(read(json), None, "{json}");
        }
    }
}
