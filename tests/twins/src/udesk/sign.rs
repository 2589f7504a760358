//! Signature v2: lower-case hex SHA-256 over `email&open_api_token&timestamp&nonce&sign_version`,
//! the five raw values, not encoded (<https://www.udesk.cn/doc/apiv2/intro/>).
//!
//! The platform is said to try SHA-1 as well; the page for v2 says SHA-256, so SHA-1 is refused.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::refusal::{self, Refusal};

/// How far a timestamp may be off, in seconds.
const SKEW_SECONDS: i64 = 5 * 60;
/// How long a nonce is remembered, in seconds.
const NONCE_SECONDS: i64 = 15 * 60;

/// The v2 signature of these values.
pub fn v2(email: &str, api_token: &str, timestamp: &str, nonce: &str) -> String {
    let text = format!("{email}&{api_token}&{timestamp}&{nonce}&v2");
    Sha256::digest(text)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Nonces that were used, and when (Unix seconds).
pub(crate) type Nonces = BTreeMap<String, i64>;

/// Checks a call's query at `now` (Unix seconds). A rightly signed call uses its nonce up, whatever
/// becomes of it afterwards: a client that retries has to sign again.
pub(crate) fn check(
    email: &str,
    api_token: &str,
    query: &BTreeMap<String, String>,
    nonces: &mut Nonces,
    now: i64,
) -> Result<(), Refusal> {
    let given = |name: &str| query.get(name).map(String::as_str).unwrap_or_default();
    if given("email").is_empty() {
        return Err(Refusal::new(refusal::MISSING, "email is missing"));
    }
    let timestamp = given("timestamp");
    let digits = !timestamp.is_empty() && timestamp.bytes().all(|byte| byte.is_ascii_digit());
    let Some(seconds) = timestamp.parse::<i64>().ok().filter(|_| digits) else {
        return Err(Refusal::new(
            refusal::TIMESTAMP_MALFORMED,
            "timestamp is not a number of Unix seconds",
        ));
    };
    if now.abs_diff(seconds) > SKEW_SECONDS.unsigned_abs() {
        return Err(Refusal::new(
            refusal::TIMESTAMP_OFF,
            "timestamp is more than 5 minutes off",
        ));
    }
    let nonce = given("nonce");
    if nonce.is_empty() {
        return Err(Refusal::new(refusal::NONCE_EMPTY, "nonce is empty"));
    }
    if given("sign_version") != "v2"
        || given("sign") != v2(given("email"), api_token, timestamp, nonce)
    {
        return Err(Refusal::new(refusal::SIGN, "sign is wrong"));
    }
    if given("email") != email {
        return Err(Refusal::new(
            refusal::ABSENT,
            "email is not a super-admin's",
        ));
    }
    nonces.retain(|_, used| now - *used < NONCE_SECONDS);
    if nonces.contains_key(nonce) {
        return Err(Refusal::new(
            refusal::NONCE_REPLAYED,
            "nonce was used within 15 minutes",
        ));
    }
    nonces.insert(nonce.to_owned(), now);
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    // Vectors U2 and U4 of vendors.md, section 5.
    const EMAIL: &str = "admin@udesk.cn";
    const TOKEN: &str = "0f6c9d2e-5b3a-4c1d-8e7f-112233445566";
    const TIME: i64 = 1_494_474_404;
    const NONCE: &str = "2d931510-d99f-494a-8c67-87feb05e1594";
    const U2: &str = "f50f62ef932bac769c87d837d653cf9169838b40d74994a3dc1da0730987f47b";
    const U4: &str = "253aa1f3a94c30163304c459d86f12fdf7593a57";

    fn query(changes: &[(&str, Option<&str>)]) -> BTreeMap<String, String> {
        let mut query: BTreeMap<String, String> = [
            ("email", EMAIL),
            ("timestamp", "1494474404"),
            ("nonce", NONCE),
            ("sign_version", "v2"),
            ("sign", U2),
        ]
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
        for (name, value) in changes {
            match value {
                Some(value) => query.insert((*name).to_owned(), (*value).to_owned()),
                None => query.remove(*name),
            };
        }
        query
    }

    fn outcome(changes: &[(&str, Option<&str>)], now: i64) -> i64 {
        let checked = check(EMAIL, TOKEN, &query(changes), &mut Nonces::new(), now);
        checked.map_or_else(|refusal| refusal.code, |()| refusal::OK)
    }

    #[test]
    fn vector_u2_is_accepted_and_sha1_refused() {
        assert_eq!(v2(EMAIL, TOKEN, "1494474404", NONCE), U2);
        assert_eq!(outcome(&[], TIME), 1000);
        assert_eq!(outcome(&[("sign", Some(U4))], TIME), 2059);
        assert_eq!(outcome(&[("sign", Some(&U2.to_uppercase()))], TIME), 2059);
    }

    #[test]
    fn each_part_of_the_signature_counts() {
        for (changes, code) in [
            (&[("sign", None)][..], 2059),
            (&[("sign_version", None)][..], 2059),
            (&[("sign_version", Some("v1"))][..], 2059),
            (&[("nonce", Some("another"))][..], 2059),
            (&[("nonce", Some(""))][..], 20624),
            (&[("nonce", None)][..], 20624),
            (&[("timestamp", None)][..], 20621),
            (&[("timestamp", Some("2017-05-11"))][..], 20621),
            (&[("timestamp", Some("+1494474404"))][..], 20621),
            (&[("timestamp", Some("1494474404000"))][..], 20622),
            (&[("timestamp", Some("1494474405"))][..], 2059),
            (&[("email", Some("other@udesk.cn"))][..], 2059),
            (&[("email", None)][..], 2000),
        ] {
            assert_eq!(outcome(changes, TIME), code, "{changes:?}");
        }
    }

    #[test]
    fn five_minutes_may_be_off() {
        assert_eq!(outcome(&[], TIME + 300), 1000);
        assert_eq!(outcome(&[], TIME - 300), 1000);
        assert_eq!(outcome(&[], TIME + 301), 20622);
        assert_eq!(outcome(&[], TIME - 301), 20622);
    }

    #[test]
    fn a_nonce_serves_once_in_fifteen_minutes() {
        let mut nonces = Nonces::new();
        let mut at = |now: i64| {
            let time = now.to_string();
            let sign = v2(EMAIL, TOKEN, &time, NONCE);
            let query = query(&[("timestamp", Some(&time)), ("sign", Some(&sign))]);
            check(EMAIL, TOKEN, &query, &mut nonces, now).map_err(|refusal| refusal.code)
        };
        assert_eq!(at(TIME), Ok(()));
        assert_eq!(at(TIME + 1), Err(20623));
        assert_eq!(at(TIME + 899), Err(20623));
        assert_eq!(at(TIME + 900), Ok(()));
    }
}
