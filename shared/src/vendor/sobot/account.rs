//! Who speaks to Sobot's page API, and where.

use std::fmt;

/// An account.
#[derive(Clone, Copy)]
pub struct Account<'a> {
    /// Scheme and host, such as `https://sg.sobot.io`.
    pub base_url: &'a str,
    /// The company's number.
    pub sysnum: &'a str,
    /// The page key; it signs and is never sent.
    pub key: &'a str,
}

impl Account<'_> {
    /// The address of a path, which begins with `/`.
    pub(super) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base_url.trim_end_matches('/'))
    }
}

impl fmt::Debug for Account<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account")
            .field("base_url", &self.base_url)
            .field("sysnum", &self.sysnum)
            .field("key", &"[redacted]")
            .finish()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) const ACCOUNT: Account<'static> = Account {
        base_url: "https://sg.sobot.io",
        sysnum: "ABC",
        key: "258eec3118705112b2c53dc8043d4d34",
    };

    #[test]
    fn never_shows_the_key() {
        assert!(!format!("{ACCOUNT:?}").contains(ACCOUNT.key));
    }

    #[test]
    fn a_slash_behind_the_host_is_no_other_address() {
        let slashed = Account {
            base_url: "https://sg.sobot.io/",
            ..ACCOUNT
        };
        assert_eq!(slashed.url("/x"), ACCOUNT.url("/x"));
        assert_eq!(slashed.url("/x"), "https://sg.sobot.io/x");
    }
}
