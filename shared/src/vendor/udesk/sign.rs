//! Signature v2 of an open API call. It covers neither path nor parameters nor body.
//!
//! Vendor page: <https://www.udeskglobal.com/doc/apiv2/intro>

use sha2::{Digest, Sha256};

/// What goes into the query as `sign_version`, and is the last value signed.
pub const VERSION: &str = "v2";

/// Lower-case hex SHA-256 over the five raw values, joined with `&`: no names, no percent-encoding.
///
/// `timestamp` is in Unix seconds and may be five minutes off; Udesk takes a `nonce` once in fifteen minutes.
pub fn sign(email: &str, api_token: &str, timestamp: i64, nonce: &str) -> String {
    let signed = format!("{email}&{api_token}&{timestamp}&{nonce}&{VERSION}");
    hex::encode(Sha256::digest(signed))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vector() -> String {
        sign(
            "admin@udesk.cn",
            "0f6c9d2e-5b3a-4c1d-8e7f-112233445566",
            1_494_474_404,
            "2d931510-d99f-494a-8c67-87feb05e1594",
        )
    }

    #[test]
    fn equals_vector_u2() {
        assert_eq!(
            vector(),
            "f50f62ef932bac769c87d837d653cf9169838b40d74994a3dc1da0730987f47b"
        );
    }

    // U4: SHA-1 over the same string, which some clients send and which is to be sent never.
    #[test]
    fn contradiction_2_is_not_sha1_of_vector_u4() {
        assert_ne!(vector(), "253aa1f3a94c30163304c459d86f12fdf7593a57");
        assert_eq!(vector().len(), 64);
    }

    #[test]
    fn every_value_counts() {
        let all = [
            sign("a", "t", 1, "n"),
            sign("b", "t", 1, "n"),
            sign("a", "u", 1, "n"),
            sign("a", "t", 2, "n"),
            sign("a", "t", 1, "o"),
        ];
        let distinct: std::collections::BTreeSet<_> = all.iter().collect();
        assert_eq!(distinct.len(), all.len());
    }
}
