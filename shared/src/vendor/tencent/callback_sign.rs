//! How a callback proves where it comes from: `Sign`, the SHA-256 of the token and `RequestTime`. It covers neither the
//! body nor the address, and is the same for all calls of a second: it says that the caller knows the token, now.
//!
//! Vendor page: <https://cloud.tencent.com/document/product/269/32431>

use sha2::{Digest, Sha256};

use crate::secret::Secret;

/// How far `RequestTime` may be from now, in seconds.
const WINDOW: i64 = 60;

/// Why a callback is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Disbelief {
    /// It is not signed.
    #[error("Sign or RequestTime is missing")]
    Unsigned,
    /// It is old, or from the future.
    #[error("RequestTime is more than {WINDOW} s off")]
    Stale,
    /// It was signed with another token.
    #[error("Sign is another one")]
    Wrong,
}

/// The `Sign` of a callback: lower-case hexadecimal.
#[must_use]
pub fn sign(token: &str, request_time: &str) -> String {
    let mut sha = Sha256::new();
    sha.update(token);
    sha.update(request_time);
    hex::encode(sha.finalize())
}

/// Checks a callback's `Sign` and `RequestTime` (Unix seconds, as it came) at `now` (Unix seconds) against each of the
/// tokens that may be live at once.
///
/// # Errors
/// Why it is not believed.
pub fn check(
    tokens: &[Secret],
    sign_given: Option<&str>,
    request_time: Option<&str>,
    now: i64,
) -> Result<(), Disbelief> {
    let (Some(given), Some(time)) = (sign_given, request_time) else {
        return Err(Disbelief::Unsigned);
    };
    let at: i64 = time.parse().map_err(|_| Disbelief::Stale)?;
    if now.abs_diff(at) > WINDOW.unsigned_abs() {
        return Err(Disbelief::Stale);
    }
    let signs: Vec<_> = tokens
        .iter()
        .map(|token| Secret::new(sign(token.expose(), time)))
        .collect();
    match Secret::any_matches(&signs, given) {
        true => Ok(()),
        false => Err(Disbelief::Wrong),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Vector T1, which the vendor's page prints.
    const T1: &str = "17773bc39a671d7b9aa835458704d2a6db81360a5940292b587d6d760d484061";

    fn checked(sign: Option<&str>, time: Option<&str>, now: i64) -> Result<(), Disbelief> {
        let tokens = ["the next one", "xxxxyyyy"].map(Secret::new);
        check(&tokens, sign, time, now)
    }

    #[test]
    fn equals_vector_t1() {
        assert_eq!(sign("xxxxyyyy", "1669872112"), T1);
    }

    #[test]
    fn one_of_the_live_tokens_within_a_minute_is_believed() {
        let at = |now| checked(Some(T1), Some("1669872112"), now);
        for now in [1_669_872_052, 1_669_872_112, 1_669_872_172] {
            assert_eq!(at(now), Ok(()), "{now}");
        }
        for now in [1_669_872_051, 1_669_872_173, 0, i64::MAX] {
            assert_eq!(at(now), Err(Disbelief::Stale), "{now}");
        }
    }

    #[test]
    fn everything_else_is_not() {
        let now = 1_669_872_112;
        let time = Some("1669872112");
        assert_eq!(checked(None, time, now), Err(Disbelief::Unsigned));
        assert_eq!(checked(Some(T1), None, now), Err(Disbelief::Unsigned));
        for odd in ["", "now", "1669872112.5", " 1669872112"] {
            assert_eq!(checked(Some(T1), Some(odd), now), Err(Disbelief::Stale));
        }
        // Another second has another sign.
        assert_eq!(
            checked(Some(T1), Some("1669872113"), now),
            Err(Disbelief::Wrong)
        );
        assert_eq!(checked(Some(""), time, now), Err(Disbelief::Wrong));
        let none = check(&[], Some(T1), time, now);
        assert_eq!(none, Err(Disbelief::Wrong));
    }
}
