//! Whether a text has the form that a parameter wants.

use percent_encoding::percent_decode_str;

use super::parameter::{Form, Target};

/// The longest address, in bytes: what the web's own servers take.
const LONGEST_ADDRESS: usize = 2_000;

/// How often a path may be encoded.
const MOST_ROUNDS: usize = 5;

/// The page's list of languages.
pub(super) const LOCALES: [&str; 17] = [
    "zh", "en", "zh-Hant", "ar", "fr", "pt", "ko", "es", "it", "ja", "de", "ms", "id", "ru", "th",
    "vi", "tr",
];

/// What other places of the page call two of them.
const OLD_LOCALES: [(&str, &str); 2] = [("cn", "zh"), ("tw", "zh-Hant")];

impl Form {
    /// What the text is to be, in words.
    pub(super) fn rule(self) -> String {
        match self {
            Self::Color => "is a color: six of 0-9 and a-f, without #".to_owned(),
            Self::Locale => format!(
                "is a language of Sobot's page: {} (cn and tw are read as zh and zh-Hant)",
                LOCALES.join(", ")
            ),
            Self::Email => "is an e-mail address of at most 254 characters".to_owned(),
            Self::Phone => {
                "is a telephone number: at most 32 digits, spaces and + - . ( ) # *".to_owned()
            }
            Self::Digits => "has 1 to 20 digits".to_owned(),
            Self::Id => "is an id of Sobot's: 1 to 64 letters, digits, - and _".to_owned(),
            Self::Address => format!("is {ADDRESS}"),
            Self::BlankAddress => format!("is {ADDRESS}, or empty"),
            Self::Length => {
                "is a length: a number, and perhaps px, %, vh or vw behind it".to_owned()
            }
            Self::Style => "is CSS declarations of at most 1000 characters, such as `right: 20px`, without width and height, \
                 and without any of { } < > \" ' ` \\"
                .to_owned(),
        }
    }

    /// The text as it is written, where it is one.
    pub(super) fn read(self, text: &str) -> Option<String> {
        let is_one = match self {
            Self::Color => {
                text.len() == 6
                    && text
                        .bytes()
                        .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
            }
            Self::Locale => {
                let mut old = OLD_LOCALES.iter();
                let known = old
                    .find(|(old, _)| *old == text)
                    .map_or(text, |(_, new)| new);
                return LOCALES.contains(&known).then(|| known.to_owned());
            }
            Self::Email => is_email(text),
            Self::Phone => {
                (1..=32).contains(&text.len())
                    && text.bytes().any(|byte| byte.is_ascii_digit())
                    && text
                        .bytes()
                        .all(|byte| byte.is_ascii_digit() || b" +-.()#*".contains(&byte))
            }
            Self::Digits => {
                (1..=20).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
            }
            Self::Id => is_id(text),
            Self::Address => is_address(text),
            Self::BlankAddress => text.is_empty() || is_address(text),
            Self::Length => is_length(text),
            Self::Style => is_style(text),
        };
        is_one.then(|| text.to_owned())
    }
}

const ADDRESS: &str = "the address of a page or picture: http or https, at most 2000 bytes";

impl Target {
    pub(super) fn rule(self) -> String {
        match self {
            Self::Web => format!("is {ADDRESS}; not encoded, since that is done here"),
            Self::WebOrMiniProgram => {
                format!(
                    "is {ADDRESS}, or a mini program's page such as pages/index?id=1; not encoded, since that is done here"
                )
            }
        }
    }

    pub(super) fn has(self, text: &str) -> bool {
        match self {
            Self::Web => is_address(text),
            Self::WebOrMiniProgram => is_address(text) || is_mini_program(text),
        }
    }
}

fn is_email(text: &str) -> bool {
    let Some((name, host)) = text.rsplit_once('@') else {
        return false;
    };
    let plain = |part: &str| !part.is_empty() && !part.chars().any(is_no_part_of_an_address);
    text.len() <= 254 && plain(name) && plain(host)
}

/// Whether a text is an id of Sobot's.
pub(super) fn is_id(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

/// Whether a text is an address on the web. `javascript:` and the like would run where it is opened.
pub(super) fn is_address(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else {
        return false;
    };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let is_web = ["http", "https"]
        .iter()
        .any(|known| scheme.eq_ignore_ascii_case(known));
    text.len() <= LONGEST_ADDRESS
        && is_web
        && !host.is_empty()
        && !host.starts_with(':')
        && !text.chars().any(is_no_part_of_an_address)
}

/// A page of a mini program is a path without a scheme, and without the host that two slashes would begin; nor does it have
/// them where it is decoded, since nobody says how often that is done behind Sobot's page.
fn is_mini_program(text: &str) -> bool {
    let path = text.split(['?', '#']).next().unwrap_or_default();
    let is_path = |path: &str| {
        !path.starts_with("//")
            && !path.contains(':')
            && !path.chars().any(is_no_part_of_an_address)
    };
    !path.is_empty()
        && text.len() <= LONGEST_ADDRESS
        && !text.chars().any(is_no_part_of_an_address)
        && is_path(path)
        && decoded(path).is_some_and(|path| is_path(&path))
}

/// A text decoded until nothing changes; `None` where that takes more rounds than anybody means.
fn decoded(text: &str) -> Option<String> {
    let mut text = text.to_owned();
    for _ in 0..MOST_ROUNDS {
        let next = percent_decode_str(&text).decode_utf8_lossy().into_owned();
        if next == text {
            return Some(text);
        }
        text = next;
    }
    None
}

fn is_no_part_of_an_address(character: char) -> bool {
    character.is_whitespace() || character.is_control() || "<>\"`\\".contains(character)
}

fn is_length(text: &str) -> bool {
    let units = ["px", "%", "vh", "vw"];
    let number = units
        .iter()
        .find_map(|unit| text.strip_suffix(unit))
        .unwrap_or(text);
    (1..=5).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_style(text: &str) -> bool {
    let named = |declaration: &str| {
        let (name, value) = declaration.split_once(':')?;
        let name = name.trim().to_ascii_lowercase();
        let is_name = !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        (is_name && !value.trim().is_empty()).then_some(name)
    };
    let mut declarations = text.split(';').filter(|one| !one.trim().is_empty());
    let mut some = false;
    let all = declarations.all(|declaration| {
        some = true;
        named(declaration).is_some_and(|name| name != "width" && name != "height")
    });
    some && all
        && text.len() <= 1_000
        && !text
            .chars()
            .any(|one| "{}<>\"'`\\".contains(one) || one.is_control())
}

/// Whether a text has no other control characters than line breaks and tabs, and at most so many characters.
pub(super) fn is_text(text: &str, least: usize, most: usize) -> bool {
    let length = text.chars().count();
    (least..=most).contains(&length)
        && !text
            .chars()
            .any(|one| one.is_control() && !"\n\r\t".contains(one))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contradiction_3_cn_and_tw_are_read_as_the_lists_languages() {
        for (given, written) in [
            ("en", "en"),
            ("cn", "zh"),
            ("tw", "zh-Hant"),
            ("zh-Hant", "zh-Hant"),
        ] {
            assert_eq!(Form::Locale.read(given).as_deref(), Some(written));
        }
        for no in ["EN", "zh-CN", "english", ""] {
            assert_eq!(Form::Locale.read(no), None, "{no}");
        }
    }

    #[test]
    fn an_address_is_a_web_page() {
        for good in [
            "https://img.sobot.io/console/common/face/admin.png",
            "http://sg.sobot.io",
            "HTTPS://shop.example.com:8443/照片.png?a=b&c='1'#d",
        ] {
            assert!(is_address(good), "{good}");
        }
        for bad in [
            "",
            "sg.sobot.io",
            "//sg.sobot.io",
            "javascript:alert(1)//x",
            "javascript://%0aalert(1)",
            "data:text/html,x",
            "https://",
            "https:///x",
            "https://:80",
            "https://a b",
            "https://a\n",
            "https://a/<script>",
            "https://a\\b",
        ] {
            assert!(!is_address(bad), "{bad}");
        }
        assert!(is_address(&format!("https://a/{}", "x".repeat(1_990))));
        assert!(!is_address(&format!("https://a/{}", "x".repeat(1_991))));
    }

    #[test]
    fn a_card_may_lead_to_a_mini_program() {
        for good in [
            "pages/index/index?id=1",
            "pages/index?to=https%3A%2F%2Fa.example",
            "pages/%E5%AE%A2%25",
            "/pages/a",
            "https://a.example",
        ] {
            assert!(Target::WebOrMiniProgram.has(good), "{good}");
        }
        for bad in [
            "javascript:alert(1)",
            "javascript%3Aalert(1)",
            "javascript%253Aalert(1)",
            "javascript%2525252525252525253Aalert(1)",
            "%6Aavascript%3aalert(1)",
            "//a.example",
            "%2F%2Fevil.example",
            "/%2Fevil.example",
            "/%5Cevil.example",
            "",
            "a b",
            "?a",
        ] {
            assert!(!Target::WebOrMiniProgram.has(bad), "{bad}");
        }
        assert!(!Target::Web.has("pages/index"));
    }

    #[test]
    fn a_style_has_neither_width_nor_height() {
        for good in ["right: 20px", "right:20px; border-width: 1px;"] {
            assert!(is_style(good), "{good}");
        }
        for bad in [
            "width: 3px",
            "right: 1px; HEIGHT : 2px",
            "",
            ";",
            "right",
            "right:",
            "a:b}",
            "a:</style>",
            "content: 'a'",
            "content: \"a\"",
            "content: `a`",
            "content: \\61",
        ] {
            assert!(!is_style(bad), "{bad}");
        }
    }
}
