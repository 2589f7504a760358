//! Which language a page speaks: that of the two which the browser's `Accept-Language` likes better (RFC 9110, section
//! 12.5.4), English where it likes neither.

use http::{HeaderMap, header};

/// A language of the pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    English,
    Chinese,
}

impl Language {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let mut best = (Self::English, 0);
        let lists = headers.get_all(header::ACCEPT_LANGUAGE).into_iter();
        let texts = lists.filter_map(|list| list.to_str().ok());
        for range in texts.flat_map(|list| list.split(',')) {
            let (name, parameter) = range.split_once(';').unwrap_or((range, "q=1"));
            let (Some(language), Some(weight)) = (Self::named(name.trim()), weight(parameter))
            else {
                continue;
            };
            // Of two that are liked alike, the first.
            if weight > best.1 {
                best = (language, weight);
            }
        }
        best.0
    }

    /// Who reads any Chinese reads this one sooner than English, hence all its regions and scripts.
    fn named(name: &str) -> Option<Self> {
        let (primary, _) = name.split_once('-').unwrap_or((name, ""));
        match primary {
            "*" => Some(Self::English),
            primary if primary.eq_ignore_ascii_case("zh") => Some(Self::Chinese),
            primary if primary.eq_ignore_ascii_case("en") => Some(Self::English),
            _ => None,
        }
    }
}

/// `q=0.8` in thousandths.
fn weight(parameter: &str) -> Option<u16> {
    let (name, value) = parameter.trim().split_once('=')?;
    let (whole, part) = value.split_once('.').unwrap_or((value, ""));
    let digits = part.len() <= 3 && part.bytes().all(|byte| byte.is_ascii_digit());
    if !name.eq_ignore_ascii_case("q") || !digits {
        return None;
    }
    let part: u16 = format!("{part:0<3}").parse().ok()?;
    match (whole, part) {
        ("0", part) => Some(part),
        ("1", 0) => Some(1_000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{Language::*, *};

    fn of(lists: &[&[u8]]) -> Language {
        let each = lists.iter().map(|list| {
            let value = http::HeaderValue::from_bytes(list).unwrap();
            (header::ACCEPT_LANGUAGE, value)
        });
        let mut headers = HeaderMap::new();
        for (name, value) in each {
            headers.append(name, value);
        }
        Language::of(&headers)
    }

    #[test]
    fn the_browsers_wish_decides() {
        assert_eq!(of(&[]), English);
        for (list, language) in [
            // What browsers in China, Germany and Hong Kong send.
            ("zh-CN,zh;q=0.9,en;q=0.8,en-GB;q=0.7", Chinese),
            ("zh-CN,en-US;q=0.7,en;q=0.3", Chinese),
            ("zh-HK,zh-TW;q=0.9,zh;q=0.8,en;q=0.7", Chinese),
            ("de-DE,de;q=0.9,en-US;q=0.8,en;q=0.7", English),
            ("de,zh;q=0.4,en;q=0.3", Chinese),
            ("en-US,en;q=0.9,zh-CN;q=0.8", English),
            ("ZH-hans-cn ; Q=0.5 , en;q=0.499", Chinese),
            ("en,zh", English),
            ("zh,en", Chinese),
            ("zh;q=0", English),
            ("zh;q=0.0,en;q=0.001", English),
            ("*", English),
            ("fr,*;q=0.5,zh;q=0.4", English),
            ("fr", English),
            ("", English),
            ("zho,zhx-CN", English),
            // What is malformed says nothing.
            ("zh;q=2,en;q=0.1", English),
            ("zh;q=0.1234", English),
            ("zh;q=-1", English),
            ("zh;x=1", English),
            ("zh;q", English),
            (",,;,zh", Chinese),
        ] {
            assert_eq!(of(&[list.as_bytes()]), language, "{list}");
        }
        // Two lists are one.
        assert_eq!(of(&[b"en;q=0.5", b"zh;q=0.6"]), Chinese);
        assert_eq!(of(&[b"zh\xff", b"zh"]), Chinese);
    }
}
