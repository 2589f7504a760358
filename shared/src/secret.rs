//! Values that must not be seen: they print as `[redacted]` and compare in constant time.

use std::fmt;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// A secret string: an API key, a path secret, a vendor's token.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes `value` into keeping.
    #[must_use]
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The secret itself, for the one place that signs or compares with it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether `given` is this secret. The time taken says nothing about either: both are hashed
    /// first, so not even the length shows.
    #[must_use]
    pub fn matches(&self, given: &str) -> bool {
        Sha256::digest(&self.0).ct_eq(&Sha256::digest(given)).into()
    }

    /// Whether `given` is one of `secrets`; looks at all of them in any case.
    #[must_use]
    pub fn any_matches(secrets: &[Self], given: &str) -> bool {
        secrets
            .iter()
            .fold(false, |found, secret| secret.matches(given) | found)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// What a secret hashes to (SHA-256). A secret that is long and random can't be found from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hash([u8; 32]);

impl Hash {
    /// Reads 64 hexadecimal digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut hash = [0; 32];
        hex::decode_to_slice(text, &mut hash).ok()?;
        Some(Self(hash))
    }

    /// Whether `given` hashes to one of `hashes`; looks at all of them in any case.
    #[must_use]
    pub fn any_matches(hashes: &[Self], given: &str) -> bool {
        let given = Sha256::digest(given);
        hashes.iter().fold(false, |found, Self(hash)| {
            bool::from(hash.ct_eq(given.as_slice())) | found
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::string_slice)]
    use super::*;

    #[test]
    fn never_prints_itself() {
        assert_eq!(format!("{:?}", Secret::new("hunter2")), "[redacted]");
    }

    /// FIPS 180-2, appendix B.1: "abc".
    #[test]
    fn a_hash_knows_what_hashes_to_it() {
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let hash = Hash::parse(abc).unwrap();
        assert_eq!(Hash::parse(&abc.to_uppercase()), Some(hash));
        assert!(Hash::any_matches(&[hash], "abc"));
        assert!(!Hash::any_matches(&[hash], "abd") && !Hash::any_matches(&[], "abc"));
        for nonsense in [
            "",
            "abc",
            &abc[1..],
            &format!("{abc}0"),
            &abc.replace('b', "g"),
            "é",
        ] {
            assert_eq!(Hash::parse(nonsense), None, "{nonsense}");
        }
    }

    #[test]
    fn any_of_several_live_secrets_matches() {
        let secrets = [Secret::new("new"), Secret::new("old")];
        assert!(Secret::any_matches(&secrets, "new"));
        assert!(Secret::any_matches(&secrets, "old"));
        assert!(!Secret::any_matches(&secrets, "ne"));
        assert!(!Secret::any_matches(&[], ""));
    }
}
