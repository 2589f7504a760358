//! UserSig, by the scheme that Tencent calls TLSSigAPIv2: with it a user's client logs in, and our own calls are let in.
//!
//! Correct implementations differ in their JSON's spaces and in how hard they compress: only what is inside
//! compares. The scheme has an optional `userbuf`, which Desk has no use for and which is not offered.
//!
//! Vendor page: <https://www.tencentcloud.com/document/product/1047/34385>

use std::{
    fmt,
    io::Write,
    sync::{Mutex, PoisonError},
};

use base64::{Engine, engine::general_purpose};
use flate2::{Compression, write::ZlibEncoder};
use hmac::{Hmac, KeyInit, Mac};
use serde::Serialize;
use sha2::Sha256;

use crate::secret::Secret;

/// The longest user id, in bytes.
pub const LONGEST_USER_ID: usize = 32;

/// What a UserSig says.
#[derive(Clone, Copy, Debug)]
pub struct Claims<'a> {
    /// The application.
    pub sdk_app_id: u64,
    /// Whose it is; see [`is_user_id`].
    pub identifier: &'a str,
    /// When it was made, in Unix seconds.
    pub time: i64,
    /// How long it is good, in seconds from then on.
    pub expire: i64,
}

/// Why there is no UserSig.
#[derive(Debug, thiserror::Error)]
pub enum Unsignable {
    /// The user id is none.
    #[error("a Tencent user id has 1 to {LONGEST_USER_ID} visible ASCII characters")]
    UserId,
    /// The key is none.
    #[error("TENCENT_SECRET_KEY can't be a key")]
    Key(#[source] hmac::digest::InvalidLength),
    /// The claims can't be written.
    #[error("the UserSig can't be written as JSON")]
    Json(#[source] serde_json::Error),
    /// The claims can't be compressed.
    #[error("the UserSig can't be compressed")]
    Zlib(#[source] std::io::Error),
}

#[derive(Serialize)]
struct Inside<'a> {
    #[serde(rename = "TLS.ver")]
    ver: &'static str,
    #[serde(rename = "TLS.identifier")]
    identifier: &'a str,
    #[serde(rename = "TLS.sdkappid")]
    sdk_app_id: u64,
    #[serde(rename = "TLS.expire")]
    expire: i64,
    #[serde(rename = "TLS.time")]
    time: i64,
    #[serde(rename = "TLS.sig")]
    sig: &'a str,
}

/// Whether this can be a user's id: 1 to 32 visible ASCII characters. What is signed has a line for each value, so
/// that a line break in one would be read as another.
pub fn is_user_id(text: &str) -> bool {
    (1..=LONGEST_USER_ID).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// `TLS.sig`: what proves the claims. The key is used as the text that it is, hexadecimal or not.
///
/// # Errors
/// Where the user id or the key is none.
pub fn sig(claims: Claims<'_>, key: &str) -> Result<String, Unsignable> {
    let Claims {
        sdk_app_id,
        identifier,
        time,
        expire,
    } = claims;
    if !is_user_id(identifier) {
        return Err(Unsignable::UserId);
    }
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).map_err(Unsignable::Key)?;
    mac.update(
        format!(
            "TLS.identifier:{identifier}\nTLS.sdkappid:{sdk_app_id}\nTLS.time:{time}\nTLS.expire:{expire}\n"
        )
        .as_bytes(),
    );
    Ok(general_purpose::STANDARD.encode(mac.finalize().into_bytes()))
}

/// The whole UserSig; every character of it may stand in a query as it is.
///
/// # Errors
/// Where the user id or the key is none.
pub fn user_sig(claims: Claims<'_>, key: &str) -> Result<String, Unsignable> {
    let sig = sig(claims, key)?;
    let inside = Inside {
        ver: "2.0",
        identifier: claims.identifier,
        sdk_app_id: claims.sdk_app_id,
        expire: claims.expire,
        time: claims.time,
        sig: &sig,
    };
    let json = serde_json::to_vec(&inside).map_err(Unsignable::Json)?;
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::default());
    zlib.write_all(&json).map_err(Unsignable::Zlib)?;
    let zlib = zlib.finish().map_err(Unsignable::Zlib)?;
    let base64 = general_purpose::STANDARD.encode(zlib);
    Ok(base64.replace('+', "*").replace('/', "-").replace('=', "_"))
}

/// How long a UserSig of our own is good, in seconds.
const DAY: i64 = 86_400;

/// The UserSig of one account of ours, for the calls to Tencent: kept, and made anew when half its life is over.
pub struct Cached {
    sdk_app_id: u64,
    identifier: String,
    key: Secret,
    kept: Mutex<Option<Kept>>,
}

struct Kept {
    time: i64,
    user_sig: String,
}

impl Cached {
    /// None is made yet.
    #[must_use]
    pub fn new(sdk_app_id: u64, identifier: impl Into<String>, key: Secret) -> Self {
        Self {
            sdk_app_id,
            identifier: identifier.into(),
            key,
            kept: Mutex::new(None),
        }
    }

    /// A UserSig that is good for twelve hours from `now` (Unix seconds) on, at least.
    ///
    /// # Errors
    /// Where the user id or the key is none.
    pub fn at(&self, now: i64) -> Result<String, Unsignable> {
        // Whoever panicked with the lock left a whole value, or none.
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        // One from the future is of a clock that was set back since: Tencent's may not be there yet.
        if let Some(kept) = kept
            .as_ref()
            .filter(|kept| (0..DAY / 2).contains(&(now - kept.time)))
        {
            return Ok(kept.user_sig.clone());
        }
        let claims = Claims {
            sdk_app_id: self.sdk_app_id,
            identifier: &self.identifier,
            time: now,
            expire: DAY,
        };
        let user_sig = user_sig(claims, self.key.expose())?;
        *kept = Some(Kept {
            time: now,
            user_sig: user_sig.clone(),
        });
        Ok(user_sig)
    }
}

impl fmt::Debug for Cached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cached")
            .field("sdk_app_id", &self.sdk_app_id)
            .field("identifier", &self.identifier)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use std::io::Read;

    use flate2::read::ZlibDecoder;
    use serde_json::{Value, json};

    use super::*;

    const APP: u64 = 1_400_000_000;
    const KEY: &str = "5bd2850fff3ecb11d7c805251c51ee463a25727bddc2385f3fa8bfee1bb93b5e";
    const ZERO: Claims<'static> = Claims {
        sdk_app_id: APP,
        identifier: "0",
        time: 1_569_910_200,
        expire: 15_552_000,
    };
    const ADMINISTRATOR: Claims<'static> = Claims {
        sdk_app_id: APP,
        identifier: "administrator",
        time: 1_700_000_000,
        expire: 86_400,
    };
    const T2: &str = "CpjuBdQs9ZwnuGAJR8onoOeI9fweX2vIMMY94iOJWJY=";
    const T4: &str = "eJyrVgrxCdYrSy1SslIy0jNQ0gHzM1NS80oy0zLBwjDB4pTsxIKCzBQlK0MTAyiAyKRWFGQWpQLFTU1NjeCiJZm5YDEzS0tDAyOYaHFmOtBM54KsUqeUwGLLqPK8UndHryCL-Lx8-1RPy7Ty1AijMk9f30hLk0x-r3CvSFulWgAPYy*9";
    const T6: &str = "yLAe+w7WUeUuqbV9h/TX78u21oTGi+i9Zp1u3PpnY60=";

    /// What is inside, read as Tencent's own libraries read it.
    fn inside(user_sig: &str) -> Value {
        let base64: String = user_sig
            .chars()
            .map(|letter| match letter {
                '*' => '+',
                '-' => '/',
                '_' => '=',
                other => other,
            })
            .collect();
        let zlib = general_purpose::STANDARD.decode(base64).unwrap();
        let mut json = String::new();
        ZlibDecoder::new(zlib.as_slice())
            .read_to_string(&mut json)
            .unwrap();
        serde_json::from_str(&json).unwrap()
    }

    #[test]
    fn equals_vector_t2() {
        assert_eq!(sig(ZERO, KEY).unwrap(), T2);
    }

    /// The outer strings differ by compressor; what is inside is the same.
    #[test]
    fn holds_what_vector_t4_holds() {
        assert_eq!(inside(&user_sig(ZERO, KEY).unwrap()), inside(T4));
        assert_eq!(
            inside(T4),
            json!({"TLS.ver": "2.0", "TLS.identifier": "0", "TLS.sdkappid": APP,
                "TLS.expire": 15_552_000, "TLS.time": 1_569_910_200, "TLS.sig": T2})
        );
    }

    #[test]
    fn equals_vector_t6() {
        assert_eq!(sig(ADMINISTRATOR, KEY).unwrap(), T6);
        let ours = inside(&user_sig(ADMINISTRATOR, KEY).unwrap());
        assert_eq!(ours["TLS.sig"], T6);
        assert_eq!(ours["TLS.identifier"], "administrator");
    }

    #[test]
    fn may_stand_in_a_query_as_it_is() {
        let mut seen = String::new();
        for time in 0..200 {
            seen += &user_sig(Claims { time, ..ZERO }, KEY).unwrap();
        }
        assert!(
            seen.chars()
                .all(|letter| letter.is_ascii_alphanumeric() || "*-_".contains(letter))
        );
        // One crate leaves the letters of plain base64 in.
        for letter in "*-_".chars() {
            assert!(seen.contains(letter), "{letter}");
        }
    }

    #[test]
    fn every_value_counts() {
        let all = [
            sig(ZERO, KEY),
            sig(ZERO, "another key"),
            sig(
                Claims {
                    sdk_app_id: 1,
                    ..ZERO
                },
                KEY,
            ),
            sig(
                Claims {
                    identifier: "1",
                    ..ZERO
                },
                KEY,
            ),
            sig(Claims { time: 1, ..ZERO }, KEY),
            sig(Claims { expire: 1, ..ZERO }, KEY),
        ];
        let distinct: std::collections::BTreeSet<_> = all.into_iter().map(Result::unwrap).collect();
        assert_eq!(distinct.len(), 6);
    }

    #[test]
    fn nobody_writes_lines_of_their_own() {
        for identifier in ["", "a b", "a\nTLS.sdkappid:1", "\u{e9}", &"x".repeat(33)] {
            let claims = Claims { identifier, ..ZERO };
            assert!(
                matches!(user_sig(claims, KEY), Err(Unsignable::UserId)),
                "{identifier:?}"
            );
        }
        assert!(is_user_id(&"x".repeat(32)));
        assert!(is_user_id("@customer_service_account"));
    }

    #[test]
    fn one_is_kept_for_half_its_life() {
        let cached = Cached::new(APP, "administrator", Secret::new(KEY));
        let now = 1_700_000_000;
        let first = cached.at(now).unwrap();
        assert_eq!(inside(&first)["TLS.sig"], T6);
        for later in [0, 1, 43_199] {
            assert_eq!(cached.at(now + later).unwrap(), first);
        }
        let second = cached.at(now + 43_200).unwrap();
        assert_eq!(inside(&second)["TLS.time"], now + 43_200);
        assert_eq!(inside(&second)["TLS.expire"], 86_400);
        assert_eq!(cached.at(now + 43_201).unwrap(), second);
        // The clock was set back.
        assert_eq!(inside(&cached.at(now).unwrap())["TLS.time"], now);
    }

    #[test]
    fn neither_key_nor_user_sig_is_shown() {
        let cached = Cached::new(APP, "administrator", Secret::new(KEY));
        let user_sig = cached.at(1_700_000_000).unwrap();
        let shown = format!("{cached:?}");
        assert!(
            !shown.contains(KEY) && !shown.contains(&user_sig),
            "{shown}"
        );
        assert!(shown.contains("administrator"), "{shown}");
    }
}
