//! The two signatures of the page, and that of the open API's token: lower-case hex MD5 over values that follow each other without
//! anything between them.
//!
//! The page's table leaves `customized_fields` out of the token's signature, its example has them
//! in; the digest that it prints shows the example to be right.

use md5::{Digest, Md5};

/// The signature of `POST /api/page/token`. `customized_fields` are the text as it is sent.
pub fn token(
    sysnum: &str,
    key: &str,
    partnerid: &str,
    ts: &str,
    customized_fields: Option<&str>,
) -> String {
    let fields = customized_fields.unwrap_or_default();
    hex(&format!("{sysnum}{key}{partnerid}{ts}{fields}"))
}

/// The `sign` that a page's address carries where the desk asks for "Sign Encryption".
pub fn page(sysnum: &str, key: &str, partnerid: &str) -> String {
    hex(&format!("{sysnum}{key}{partnerid}"))
}

/// The signature of `GET /api/get_token`. `create_time` is the text as it is sent.
pub fn get_token(app_id: &str, create_time: &str, app_key: &str) -> String {
    hex(&format!("{app_id}{create_time}{app_key}"))
}

fn hex(text: &str) -> String {
    Md5::digest(text)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    // Vectors S1, S2, S4 and S5 of vendors.md, section 5. S1 is the page's own.
    const SYSNUM: &str = "ABC";
    const KEY: &str = "258eec3118705112b2c53dc8043d4d34";

    #[test]
    fn vector_s1_the_pages_example() {
        let fields = Some("{\"uname\":\"nickname\"}");
        assert_eq!(
            token(SYSNUM, KEY, "DE", "1569397773", fields),
            "874b6f9d7926ddb84da11bf93b0ef169"
        );
    }

    #[test]
    fn vector_s2_without_fields() {
        assert_eq!(
            token(SYSNUM, KEY, "DE", "1569397773", None),
            "96c3cfe9d4c93a9226b7d344a35c53c3"
        );
    }

    #[test]
    fn vector_s4_sign_mode() {
        assert_eq!(page(SYSNUM, KEY, "DE"), "0381a071f55b73b69ec670b76767af6c");
    }

    #[test]
    fn vector_s5_get_token() {
        let sign = get_token("1", "1569397773", "2");
        assert_eq!(sign, "258eec3118705112b2c53dc8043d4d34");
    }
}
