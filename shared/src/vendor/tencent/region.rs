//! Where a Tencent application is.
//!
//! Vendor page: <https://www.tencentcloud.com/document/product/1047/34620>

use crate::config::{ConfigError, Settings, TENCENT_BASE_URL, TENCENT_REGION};

/// The regions, each under the letters that its domain has.
const REGIONS: [(&str, &str); 8] = [
    ("china", "https://console.tim.qq.com"),
    ("sgp", "https://adminapisgp.im.qcloud.com"),
    ("kr", "https://adminapikr.im.qcloud.com"),
    ("jpn", "https://adminapijpn.im.qcloud.com"),
    ("ger", "https://adminapiger.im.qcloud.com"),
    ("usa", "https://adminapiusa.im.qcloud.com"),
    ("idn", "https://adminapiidn.im.qcloud.com"),
    ("ind", "https://adminapiind.im.qcloud.com"),
];

/// Scheme and host of the application's region: what Desk's pages print, where nothing is set.
///
/// # Errors
/// Where there is no such region, or both settings are there.
pub fn base_url(settings: &Settings) -> Result<String, ConfigError> {
    let address = settings.address(&TENCENT_BASE_URL)?;
    let region = settings.optional(&TENCENT_REGION);
    match (address, region) {
        (Some(_), Some(_)) => {
            Err(TENCENT_REGION.malformed(&"TENCENT_BASE_URL is set, too; leave one of them out"))
        }
        (Some(address), None) => Ok(address),
        (None, region) => {
            let region = region.as_deref().unwrap_or("china");
            let known = REGIONS.iter().find(|(name, _)| *name == region);
            known.map(|(_, url)| (*url).to_owned()).ok_or_else(|| {
                let names = REGIONS.map(|(name, _)| name).join(", ");
                TENCENT_REGION.malformed(&format!("{region:?} is none of {names}"))
            })
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn of(url: Option<&'static str>, region: Option<&'static str>) -> Result<String, String> {
        let settings = Settings::new(move |name| match name {
            "TENCENT_BASE_URL" => url.map(str::to_owned),
            "TENCENT_REGION" => region.map(str::to_owned),
            _ => None,
        });
        base_url(&settings).map_err(|error| error.to_string())
    }

    /// Contradiction 4: Desk's pages print China's domain alone; vendors.md 3.1 has the others.
    #[test]
    fn contradiction_4_each_region_has_its_domain_and_any_other_is_a_setting() {
        for (region, url) in [
            (None, "https://console.tim.qq.com"),
            (Some("china"), "https://console.tim.qq.com"),
            (Some("sgp"), "https://adminapisgp.im.qcloud.com"),
            (Some("kr"), "https://adminapikr.im.qcloud.com"),
            (Some("jpn"), "https://adminapijpn.im.qcloud.com"),
            (Some("ger"), "https://adminapiger.im.qcloud.com"),
            (Some("usa"), "https://adminapiusa.im.qcloud.com"),
            (Some("idn"), "https://adminapiidn.im.qcloud.com"),
            (Some("ind"), "https://adminapiind.im.qcloud.com"),
        ] {
            assert_eq!(of(None, region).as_deref(), Ok(url));
        }
        let spare = "https://adminapi.my-imcloud.com";
        assert_eq!(of(Some(spare), None).as_deref(), Ok(spare));
        let error = of(None, Some("eu")).unwrap_err();
        assert!(error.contains("\"eu\" is none of china, sgp"), "{error}");
        let error = of(Some(spare), Some("sgp")).unwrap_err();
        assert!(error.contains("leave one of them out"), "{error}");
    }
}
