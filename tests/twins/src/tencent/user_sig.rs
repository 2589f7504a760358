//! UserSig (TLSSigAPIv2): who somebody is, for so long, signed with the application's key.
//!
//! HMAC-SHA256 over four lines (five with a userbuf), in JSON, in zlib, in Base64 whose `+`, `/`
//! and `=` are written `*`, `-` and `_`. Two right ones for the same input differ byte for byte
//! (spaces and order in the JSON, the level of zlib), so only what is inside is compared.

use std::fmt;
use std::io::{Read, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use hmac::{Hmac, KeyInit, Mac};
use serde::Deserialize;
use serde_json::json;
use sha2::Sha256;

use super::refusal;

/// The largest JSON that a UserSig may inflate to.
const LARGEST: u64 = 16 * 1024;

/// What a UserSig that is good says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserSig {
    /// `TLS.identifier`: who.
    pub identifier: String,
    /// `TLS.sdkappid`
    pub sdk_app_id: u64,
    /// `TLS.time`: when it was made, in Unix seconds.
    pub time: i64,
    /// `TLS.expire`: for how many seconds from then on.
    pub expire: i64,
    /// `TLS.userbuf`, as Base64.
    pub userbuf: Option<String>,
    /// `TLS.sig`
    pub sig: String,
}

/// Why a UserSig is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotGood {
    /// 70001: it was good once.
    Expired,
    /// 70003: it is none, or not of this application's.
    Invalid(String),
    /// 70013: it is somebody else's.
    Identifier,
}

impl NotGood {
    /// Tencent's code.
    pub fn code(&self) -> i64 {
        match self {
            Self::Expired => refusal::SIG_EXPIRED,
            Self::Invalid(_) => refusal::SIG_INVALID,
            Self::Identifier => refusal::SIG_IDENTIFIER,
        }
    }
}

impl fmt::Display for NotGood {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Expired => out.write_str("the UserSig has expired"),
            Self::Invalid(why) => write!(out, "the UserSig is invalid: {why}"),
            Self::Identifier => out.write_str("the UserSig is another identifier's"),
        }
    }
}

impl std::error::Error for NotGood {}

/// Checks a UserSig as Tencent does: for `identifier` of the application `sdk_app_id`, whose key
/// signed it, at `now` (Unix seconds).
pub fn verify(
    user_sig: &str,
    key: &str,
    sdk_app_id: u64,
    identifier: &str,
    now: i64,
) -> Result<UserSig, NotGood> {
    let said = read(user_sig).map_err(|why| NotGood::Invalid(why.to_owned()))?;
    let invalid = |why: &str| Err(NotGood::Invalid(why.to_owned()));
    if said.ver != "2.0" {
        return invalid("TLS.ver must be \"2.0\"");
    }
    let given = STANDARD.decode(&said.sig).unwrap_or_default();
    if mac(key, &said.lines()).verify_slice(&given).is_err() {
        return invalid("TLS.sig is not this application's");
    }
    if said.sdk_app_id != sdk_app_id {
        return invalid("TLS.sdkappid is another application's");
    }
    if said.identifier != identifier {
        return Err(NotGood::Identifier);
    }
    if now > said.time.saturating_add(said.expire) {
        return Err(NotGood::Expired);
    }
    Ok(UserSig {
        identifier: said.identifier,
        sdk_app_id: said.sdk_app_id,
        time: said.time,
        expire: said.expire,
        userbuf: said.userbuf,
        sig: said.sig,
    })
}

/// Makes a UserSig, for tests that have to be let in. `userbuf` is what it carries, raw.
pub fn sign(
    key: &str,
    sdk_app_id: u64,
    identifier: &str,
    time: i64,
    expire: i64,
    userbuf: Option<&[u8]>,
) -> String {
    let mut said = Said {
        ver: "2.0".to_owned(),
        identifier: identifier.to_owned(),
        sdk_app_id,
        expire,
        time,
        userbuf: userbuf.map(|raw| STANDARD.encode(raw)),
        sig: String::new(),
    };
    said.sig = STANDARD.encode(mac(key, &said.lines()).finalize().into_bytes());
    let mut json = json!({
        "TLS.ver": said.ver,
        "TLS.identifier": said.identifier,
        "TLS.sdkappid": said.sdk_app_id,
        "TLS.expire": said.expire,
        "TLS.time": said.time,
        "TLS.sig": said.sig,
    });
    if let (Some(json), Some(userbuf)) = (json.as_object_mut(), said.userbuf) {
        json.insert("TLS.userbuf".to_owned(), userbuf.into());
    }
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::default());
    // A Vec takes all that is written.
    let _ = packed.write_all(json.to_string().as_bytes());
    STANDARD
        .encode(packed.finish().unwrap_or_default())
        .replace('+', "*")
        .replace('/', "-")
        .replace('=', "_")
}

/// The JSON inside.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    #[serde(rename = "TLS.ver")]
    ver: String,
    #[serde(rename = "TLS.identifier")]
    identifier: String,
    #[serde(rename = "TLS.sdkappid")]
    sdk_app_id: u64,
    #[serde(rename = "TLS.expire")]
    expire: i64,
    #[serde(rename = "TLS.time")]
    time: i64,
    #[serde(rename = "TLS.userbuf")]
    userbuf: Option<String>,
    #[serde(rename = "TLS.sig")]
    sig: String,
}

impl Said {
    /// What is signed.
    fn lines(&self) -> String {
        let mut lines = format!(
            "TLS.identifier:{}\nTLS.sdkappid:{}\nTLS.time:{}\nTLS.expire:{}\n",
            self.identifier, self.sdk_app_id, self.time, self.expire
        );
        if let Some(userbuf) = &self.userbuf {
            lines.push_str(&format!("TLS.userbuf:{userbuf}\n"));
        }
        lines
    }
}

fn read(user_sig: &str) -> Result<Said, &'static str> {
    if user_sig.is_empty() {
        return Err("it is empty");
    }
    if user_sig.contains(['+', '/', '=']) {
        return Err("it is in plain Base64: +, / and = must be written *, - and _");
    }
    let plain = user_sig
        .replace('*', "+")
        .replace('-', "/")
        .replace('_', "=");
    let packed = STANDARD.decode(plain).map_err(|_| "it is not Base64")?;
    let mut json = Vec::new();
    let mut inflating = ZlibDecoder::new(packed.as_slice()).take(LARGEST);
    inflating
        .read_to_end(&mut json)
        .map_err(|_| "it is not zlib")?;
    serde_json::from_slice(&json).map_err(|_| "its JSON is not a UserSig's")
}

fn mac(key: &str, lines: &str) -> Hmac<Sha256> {
    // The key's ASCII, not what its hexadecimal digits stand for. A key of any length is taken.
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes())
        .unwrap_or_else(|_| Hmac::new(&Default::default()));
    mac.update(lines.as_bytes());
    mac
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    // Vectors T2 to T8 of vendors.md, section 5.
    const KEY: &str = "5bd2850fff3ecb11d7c805251c51ee463a25727bddc2385f3fa8bfee1bb93b5e";
    const APP: u64 = 1_400_000_000;
    const T2: &str = "CpjuBdQs9ZwnuGAJR8onoOeI9fweX2vIMMY94iOJWJY=";
    const T3: &str = "bC3u5cuslSg8Ds7KY58mhSkTrxunrFu50dkdkCYH4i8=";
    const T4: &str = "eJyrVgrxCdYrSy1SslIy0jNQ0gHzM1NS80oy0zLBwjDB4pTsxIKCzBQlK0MTAyiAyKRWFGQWpQLFTU1NjeCiJZm5YDEzS0tDAyOYaHFmOtBM54KsUqeUwGLLqPK8UndHryCL-Lx8-1RPy7Ty1AijMk9f30hLk0x-r3CvSFulWgAPYy*9";
    const T5: &str = "eJw9zEELwiAcBfDv4jmGs1lu0GkRUd0chMeWbv2zDdEZg*i7J5a92-s9eC-UnHj2VBZViGQYLWIHqcYJOoic0El9MQYkqvIC--Jd1GzAquCUUvLXCYZoq7LMMUnqnbKt78KvOB-u6Rr6AG299PTq3YP3bOvWR0HZcOO6sbMf7c5TLLXUtdgXwDbo-QEmHTZF";
    const T6: &str = "yLAe+w7WUeUuqbV9h/TX78u21oTGi+i9Zp1u3PpnY60=";
    const T7: &str = "eJyrVgrxCdYrSy1SslJQMtIzUNJRAItkpqTmlWSmZUIkElNyM-Myi0uKEkvyi2BKilOyEwsKMlOACgxNDKAAKpdaUZBZlAqUsTAzgQuWZOaChAzN0RQXZ6aDLKn0cUzVLjcPD00NLS1MCrPM0A*JMLcoNTLMD3HP1M60jCowLDUOKMiLNDOwVaoFAD4PNPI_";
    const T8: &str = "eJyrVgrxCdYrSy1SslIy0jNQ0gHzM1NS80oy0zLBwokpuZl5mcUlRYkl*UVQBcUp2YkFBZkpSlaGJgZQAJEpycxNVbIyNEcVTa0oyCxKVbKyMDOBCRVnpitZKVX6OKZql5uHh6aGlhYmhVlm6IdEmFuUGhnmh7hnamdaRhUYlhoHFORFmhnYKtUCAK0SM5I_";
    const MADE: i64 = 1_569_910_200;
    const LASTS: i64 = 15_552_000;

    fn is_good(user_sig: &str, identifier: &str, now: i64) -> Result<UserSig, NotGood> {
        verify(user_sig, KEY, APP, identifier, now)
    }

    fn inside(user_sig: &str) -> Said {
        read(user_sig).unwrap()
    }

    #[test]
    fn vectors_t2_and_t4() {
        let said = is_good(T4, "0", MADE).unwrap();
        assert_eq!(
            (said.time, said.expire, said.sig.as_str()),
            (MADE, LASTS, T2)
        );
        assert_eq!(said.userbuf, None);
        assert_eq!(inside(&sign(KEY, APP, "0", MADE, LASTS, None)).sig, T2);
    }

    #[test]
    fn vectors_t3_and_t5_with_a_userbuf() {
        let said = is_good(T5, "0", MADE).unwrap();
        assert_eq!(
            (said.userbuf.as_deref(), said.sig.as_str()),
            (Some("YWJj"), T3)
        );
        assert_eq!(
            inside(&sign(KEY, APP, "0", MADE, LASTS, Some(b"abc"))).sig,
            T3
        );
    }

    #[test]
    fn vectors_t6_t7_and_t8_of_two_official_libraries() {
        for user_sig in [T7, T8] {
            let said = is_good(user_sig, "administrator", 1_700_000_000).unwrap();
            assert_eq!((said.sig.as_str(), said.expire), (T6, 86400));
        }
        let ours = sign(KEY, APP, "administrator", 1_700_000_000, 86400, None);
        assert_eq!(inside(&ours).sig, T6);
    }

    #[test]
    fn it_is_good_to_its_last_second() {
        let end = MADE + LASTS;
        assert!(is_good(T4, "0", end).is_ok());
        assert_eq!(is_good(T4, "0", end + 1), Err(NotGood::Expired));
        assert_eq!(NotGood::Expired.code(), 70001);
    }

    #[test]
    fn it_is_good_for_one_identifier_only() {
        let other = is_good(T4, "1", MADE).unwrap_err();
        assert_eq!((other.clone(), other.code()), (NotGood::Identifier, 70013));
    }

    #[test]
    fn what_is_not_of_this_application_is_invalid() {
        let key = KEY.replace("5bd2", "5bd3");
        let code = |outcome: Result<UserSig, NotGood>| outcome.unwrap_err().code();
        assert_eq!(code(verify(T4, &key, APP, "0", MADE)), 70003);
        assert_eq!(code(verify(T4, KEY, APP + 1, "0", MADE)), 70003);
        // Changed inside, with the signature left as it was.
        for (from, to) in [
            ("\"TLS.expire\":15552000", "\"TLS.expire\":15552001"),
            ("\"TLS.ver\":\"2.0\"", "\"TLS.ver\":\"1.0\""),
            (
                "\"TLS.sdkappid\":1400000000",
                "\"TLS.sdkappid\":\"1400000000\"",
            ),
            ("\"TLS.time\":", "\"TLS.more\":1,\"TLS.time\":"),
            (",\"TLS.time\":1569910200", ""),
            ("\"TLS.ver\"", "\"TLS.userbuf\":\"YWJj\",\"TLS.ver\""),
        ] {
            let changed = packed(&unpacked(T4).replace(from, to));
            assert_ne!(unpacked(T4), unpacked(&changed), "{from}");
            assert_eq!(code(is_good(&changed, "0", MADE)), 70003, "{from} -> {to}");
        }
        assert!(is_good(&packed(&unpacked(T4)), "0", MADE).is_ok());
    }

    #[test]
    fn what_is_no_user_sig_is_invalid() {
        // As the crate `tls_sig_api` writes it, with the right content.
        let plain = T4.replace('*', "+").replace('-', "/").replace('_', "=");
        let broken = T4.replace("eJy", "eJx");
        let short: String = T4.chars().take(T4.len() - 4).collect();
        for user_sig in ["", "xxx", "e30_", &plain, &broken, &short] {
            let refused = is_good(user_sig, "0", MADE).unwrap_err();
            assert_eq!(refused.code(), 70003, "{user_sig}");
        }
    }

    fn unpacked(user_sig: &str) -> String {
        let plain = user_sig
            .replace('*', "+")
            .replace('-', "/")
            .replace('_', "=");
        let mut json = String::new();
        ZlibDecoder::new(STANDARD.decode(plain).unwrap().as_slice())
            .read_to_string(&mut json)
            .unwrap();
        json
    }

    fn packed(json: &str) -> String {
        let mut packed = ZlibEncoder::new(Vec::new(), Compression::best());
        packed.write_all(json.as_bytes()).unwrap();
        STANDARD
            .encode(packed.finish().unwrap())
            .replace('+', "*")
            .replace('/', "-")
            .replace('=', "_")
    }
}
