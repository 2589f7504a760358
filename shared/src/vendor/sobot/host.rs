//! Where Sobot is: its regions, the hosts that are Sobot's, and the address that the settings name.
//!
//! Vendor page: <https://developer.sobot.io/en/pages/6cc489/>

use std::str::FromStr;

use http::Uri;

use crate::config::{ConfigError, SOBOT_BASE_URL, SOBOT_REGION, Settings};

/// Where an account lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Region {
    /// Singapore.
    Singapore,
    /// North America.
    NorthAmerica,
    /// China, on Aliyun.
    China,
    /// China, on Tencent's cloud.
    ChinaTencent,
}

impl Region {
    /// Scheme and host.
    pub const fn base_url(self) -> &'static str {
        match self {
            Self::Singapore => "https://sg.sobot.io",
            Self::NorthAmerica => "https://us.sobot.com",
            Self::China => "https://www.sobot.com",
            Self::ChinaTencent => "https://www.soboten.com",
        }
    }
}

/// A region that Sobot does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("sg, us, cn or cn_tencent")]
pub struct NoSuchRegion;

impl FromStr for Region {
    type Err = NoSuchRegion;

    fn from_str(text: &str) -> Result<Self, NoSuchRegion> {
        match text {
            "sg" => Ok(Self::Singapore),
            "us" => Ok(Self::NorthAmerica),
            "cn" => Ok(Self::China),
            "cn_tencent" => Ok(Self::ChinaTencent),
            _ => Err(NoSuchRegion),
        }
    }
}

/// Sobot's domains.
const DOMAINS: [&str; 3] = ["sobot.io", "sobot.com", "soboten.com"];

/// Whether an address is Sobot's, or this machine's: a customer's token goes there, and a customer is sent there.
pub fn is_allowed(address: &Uri) -> bool {
    // `https://sg.sobot.io@elsewhere.example` is elsewhere; nothing of Sobot's needs a user.
    let bare = address
        .authority()
        .is_some_and(|authority| !authority.as_str().contains('@'));
    let host = address.host().unwrap_or_default().to_ascii_lowercase();
    let is_here = matches!(host.as_str(), "127.0.0.1" | "localhost" | "[::1]");
    let is_sobots = DOMAINS.iter().any(|domain| {
        host.strip_suffix(domain)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    });
    bare && (is_here || is_sobots)
}

/// Scheme and host of Sobot, as the settings want it: those of a region, or some that are Sobot's own.
///
/// # Errors
/// Where neither or both are set, or what is set is none of Sobot's.
pub fn base_url(settings: &Settings) -> Result<String, ConfigError> {
    let Some(given) = settings.address(&SOBOT_BASE_URL)? else {
        let region: Region = settings
            .required(&SOBOT_REGION)?
            .parse()
            .map_err(|error| SOBOT_REGION.malformed(&error))?;
        return Ok(region.base_url().to_owned());
    };
    if settings.optional(&SOBOT_REGION).is_some() {
        return Err(SOBOT_BASE_URL.malformed(&"SOBOT_REGION is set too; leave one of them out"));
    }
    let address: Uri = given
        .parse()
        .map_err(|error| SOBOT_BASE_URL.malformed(&error))?;
    if !is_allowed(&address) {
        return Err(SOBOT_BASE_URL.malformed(&"its host is none of Sobot's"));
    }
    if address.path() != "/" || address.query().is_some() {
        return Err(SOBOT_BASE_URL.malformed(&"it is scheme and host alone"));
    }
    Ok(given.trim_end_matches('/').to_owned())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_region_is_sobots() {
        for (name, url) in [
            ("sg", "https://sg.sobot.io"),
            ("us", "https://us.sobot.com"),
            ("cn", "https://www.sobot.com"),
            ("cn_tencent", "https://www.soboten.com"),
        ] {
            let region: Region = name.parse().unwrap();
            assert_eq!(region.base_url(), url);
            assert!(is_allowed(&url.parse().unwrap()), "{url}");
        }
        for name in ["", "SG", "eu", "cn-tencent"] {
            assert_eq!(name.parse::<Region>(), Err(NoSuchRegion), "{name}");
        }
    }

    #[test]
    fn only_sobots_hosts_and_this_machine_are_allowed() {
        for (url, allowed) in [
            ("https://sobot.com", true),
            ("https://Test.Sobot.Com", true),
            ("https://a.b.soboten.com/", true),
            ("https://sg.sobot.io:8443", true),
            ("http://127.0.0.1:8790", true),
            ("http://localhost:8790", true),
            ("http://[::1]:8790", true),
            ("https://sobot.io.example.com", false),
            ("https://notsobot.io", false),
            ("https://sobot.iox", false),
            ("https://sobot.example", false),
            ("https://sg.sobot.io@example.com", false),
            ("https://example.com@sg.sobot.io", false),
            ("https://127.0.0.1.example.com", false),
            ("https://127.0.0.2", false),
            ("https://example.com/sobot.io", false),
            ("https://example.com?sobot.io", false),
            ("/sobot.io", false),
        ] {
            assert_eq!(is_allowed(&url.parse().unwrap()), allowed, "{url}");
        }
    }
}
