//! Sobot's two page signatures, and that of the open API's token. MD5 over values without separators: what goes in must not be ambiguous, see
//! [`super::page_token::is_partnerid`].
//!
//! Vendor page: <https://developer.sobot.io/en/pages/6cc489/>, "Token encryption"

use md5::{Digest, Md5};

/// `sign` of `POST /api/page/token`: lower-hex MD5 of `sysnum`, `key`, `partnerid`, `ts` and, where they are sent,
/// `customized_fields`.
///
/// `ts` is the expiry as it is sent, and `customized_fields` the text of the JSON string's value, byte for byte. The
/// page's table leaves the fields out of the formula; the digest that it prints has them in.
pub fn page_token(
    sysnum: &str,
    key: &str,
    partnerid: &str,
    ts: &str,
    customized_fields: Option<&str>,
) -> String {
    let fields = customized_fields.unwrap_or_default();
    hex(&[sysnum, key, partnerid, ts, fields])
}

/// `sign` of the page's own sign mode: lower-hex MD5 of `sysnum`, `key` and `partnerid`.
pub fn page(sysnum: &str, key: &str, partnerid: &str) -> String {
    hex(&[sysnum, key, partnerid])
}

/// `sign` of `GET /api/get_token`: lower-hex MD5 of `appid`, `create_time` and the application's key. `create_time` is
/// Unix seconds, as it is sent.
pub fn get_token(appid: &str, create_time: &str, app_key: &str) -> String {
    hex(&[appid, create_time, app_key])
}

fn hex(parts: &[&str]) -> String {
    let digest = parts
        .iter()
        .fold(Md5::new(), |md5, part| md5.chain_update(part));
    hex::encode(digest.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "258eec3118705112b2c53dc8043d4d34";

    #[test]
    fn equals_vector_s1() {
        assert_eq!(
            page_token(
                "ABC",
                KEY,
                "DE",
                "1569397773",
                Some(r#"{"uname":"nickname"}"#)
            ),
            "874b6f9d7926ddb84da11bf93b0ef169"
        );
    }

    /// The page's table leaves the fields out of the formula, and its example has them in.
    #[test]
    fn contradiction_1_the_fields_are_signed_where_they_are_sent() {
        let with = page_token(
            "ABC",
            KEY,
            "DE",
            "1569397773",
            Some(r#"{"uname":"nickname"}"#),
        );
        let request = include_str!("../../../../tests/fixtures/sobot/page_token.request.json");
        assert!(request.contains(&format!("\"{with}\"")), "{with}");
        assert_ne!(with, page_token("ABC", KEY, "DE", "1569397773", None));
    }

    #[test]
    fn equals_vector_s2() {
        assert_eq!(
            page_token("ABC", KEY, "DE", "1569397773", None),
            "96c3cfe9d4c93a9226b7d344a35c53c3"
        );
    }

    #[test]
    fn equals_vector_s4() {
        assert_eq!(page("ABC", KEY, "DE"), "0381a071f55b73b69ec670b76767af6c");
    }
    #[test]
    fn equals_vector_s5() {
        assert_eq!(
            get_token("1", "1569397773", "2"),
            "258eec3118705112b2c53dc8043d4d34"
        );
    }
}
