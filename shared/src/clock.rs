//! Time, in the one unit that the table holds: Unix milliseconds.

use jiff::Timestamp;

/// Unix milliseconds.
pub type Millis = i64;

/// Now.
#[must_use]
pub fn now() -> Millis {
    Timestamp::now().as_millisecond()
}

/// `at` as RFC 3339 in UTC, to the millisecond.
#[must_use]
pub fn rfc3339(at: Millis) -> String {
    Timestamp::from_millisecond(at)
        .map(|at| format!("{at:.3}"))
        .unwrap_or_default()
}

/// The time that an RFC 3339 text names, in whatever offset.
#[must_use]
pub fn of_rfc3339(text: &str) -> Option<Millis> {
    let at: Timestamp = text.parse().ok()?;
    Some(at.as_millisecond())
}

/// For `#[serde(with = "rfc3339_field")]`: milliseconds inside, RFC 3339 outside.
pub mod rfc3339_field {
    use serde::Serializer;

    use super::Millis;

    /// Writes `at` as RFC 3339.
    ///
    /// # Errors
    /// Only what the serializer itself reports.
    pub fn serialize<S: Serializer>(at: &Millis, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&super::rfc3339(*at))
    }
}

/// Waits before a change is made anew, after `tries` that another writer overtook: at random, so that
/// those who met once do not meet again.
pub async fn pause(tries: u32) {
    let mut byte = [128];
    // No randomness means no jitter, nothing worse.
    let _ = getrandom::fill(&mut byte);
    let [byte] = byte;
    let widest = 10u64 << tries.min(4);
    let wait = widest * u64::from(byte) / 255;
    tokio::time::sleep(std::time::Duration::from_millis(wait)).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_rfc_3339_in_utc() {
        assert_eq!(rfc3339(1_669_872_112_007), "2022-12-01T05:21:52.007Z");
        for text in ["2022-12-01T05:21:52.007Z", "2022-12-01T13:21:52.007+08:00"] {
            assert_eq!(of_rfc3339(text), Some(1_669_872_112_007), "{text}");
        }
        for text in [
            "",
            "yesterday",
            "2022-12-01",
            "2022-12-01T05:21:52",
            "1669872112",
        ] {
            assert_eq!(of_rfc3339(text), None, "{text}");
        }
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00.000Z");
    }
}
