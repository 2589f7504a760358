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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_prints_itself() {
        assert_eq!(format!("{:?}", Secret::new("hunter2")), "[redacted]");
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
