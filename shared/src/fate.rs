//! What to do about a call that was not granted: decided once per vendor and code, in words that are no
//! vendor's own.

use std::time::Duration;

use http::{HeaderMap, header};
use jiff::fmt::rfc2822;

/// What to do about a refused call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It certainly had no effect: send it again, after the other side's own wait where it named one.
    Retry {
        /// Its own wait (`Retry-After`).
        after: Option<Duration>,
    },
    /// It may have taken effect: send it again only under the same message id.
    RetryMaybeArrived,
    /// Clock or nonce: sign afresh and send again at once.
    Resign,
    /// The session is missing or closed at the vendor.
    SessionGone,
    /// Final.
    Refused,
}

/// `Retry-After`: seconds, or a date. A date is measured against the answer's own `Date`, so that a clock that is off
/// does no harm; without one it says nothing.
#[must_use]
pub fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name| headers.get(name)?.to_str().ok().map(str::trim);
    let wait = text(header::RETRY_AFTER)?;
    if let Ok(seconds) = wait.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let parser = rfc2822::DateTimeParser::new();
    let until = parser.parse_timestamp(wait).ok()?;
    let now = parser.parse_timestamp(text(header::DATE)?).ok()?;
    // A date that is past: at once.
    Some(Duration::try_from(until.duration_since(now)).unwrap_or_default())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_in_seconds_and_as_a_date() {
        let after = |wait: &str, date: Option<&str>| {
            let mut headers = HeaderMap::new();
            headers.insert(header::RETRY_AFTER, wait.parse().unwrap());
            if let Some(date) = date {
                headers.insert(header::DATE, date.parse().unwrap());
            }
            retry_after(&headers).map(|wait| wait.as_secs())
        };
        let date = Some("Sat, 21 Nov 2026 10:00:00 GMT");
        assert_eq!(after("7", None), Some(7));
        assert_eq!(after("Sat, 21 Nov 2026 10:01:30 GMT", date), Some(90));
        assert_eq!(after("Sat, 21 Nov 2026 09:00:00 GMT", date), Some(0));
        assert_eq!(after("Sat, 21 Nov 2026 10:01:30 GMT", None), None);
        assert_eq!(after("soon", date), None);
        assert_eq!(after("-5", date), None);
    }
}
