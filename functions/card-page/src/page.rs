//! The page, as plain HTML with one style and one script of its own, which the policy names by their hashes. Every text
//! of a card goes in escaped, and what the link says does not go in at all. There is one of each in each language; style and
//! script are the same in all.

use std::sync::OnceLock;

use deskbridge::{
    config::{ConfigError, Settings, UDESK_CONSOLE_ORIGINS},
    vendor::udesk::card::{Button, ButtonKind},
};
use http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use lambda_http::{Body, Response};

use crate::{
    cards::{Cards, Listed},
    language::Language,
    texts::{CHINESE, ENGLISH, Texts},
};

const LIST: &str = include_str!("page/list.html");
const REFUSED: &str = include_str!("page/refused.html");
const STYLE: &str = include_str!("page/style.css");
const SCRIPT: &str = include_str!("page/script.js");
/// How a policy names a style or a script that stands in the page.
const STYLE_HASH: &str = include_str!(concat!(env!("OUT_DIR"), "/style.css.hash"));
const SCRIPT_HASH: &str = include_str!(concat!(env!("OUT_DIR"), "/script.js.hash"));

/// The pages that there are. Each language's are made when they are first asked for: most consoles speak one.
#[derive(Debug)]
pub(crate) struct Page {
    english: OnceLock<Spoken>,
    chinese: OnceLock<Spoken>,
    policy: HeaderValue,
}

/// The pages in one language.
#[derive(Debug)]
struct Spoken {
    language: HeaderValue,
    /// The list, up to the token and from there on.
    list: (String, String),
    refused: String,
}

impl Spoken {
    fn new(texts: &Texts, cards: &Cards) -> Self {
        let shown: String = match cards.all() {
            [] => format!("<li class=\"none\">{}</li>", escaped(texts.no_cards)),
            all => all.iter().map(|listed| item(listed, texts)).collect(),
        };
        let list = filled(LIST, texts)
            .replacen("/*script*/", SCRIPT, 1)
            .replacen("<!--cards-->", &shown, 1);
        let (before, after) = list.split_once(TOKEN).unwrap_or((&list, ""));
        Self {
            language: HeaderValue::from_static(texts.language),
            list: (before.to_owned(), after.to_owned()),
            refused: filled(REFUSED, texts),
        }
    }
}

impl Page {
    pub(crate) fn from_settings(settings: &Settings, base_url: &str) -> Result<Self, ConfigError> {
        let mut origins: Vec<String> = origin(base_url).into_iter().collect();
        for given in settings.list(&UDESK_CONSOLE_ORIGINS) {
            let origin = origin(&given).filter(|origin| *origin == given);
            origins.push(origin.ok_or_else(|| {
                UDESK_CONSOLE_ORIGINS.malformed(&format!(
                    "{given:?}; give scheme and host, such as https://console.example.com"
                ))
            })?);
        }
        let policy = format!(
            "default-src 'none'; script-src {SCRIPT_HASH}; style-src {STYLE_HASH}; img-src https:; connect-src 'self'; base-uri 'none'; \
             form-action 'none'; frame-ancestors {}; require-trusted-types-for 'script'; trusted-types 'none'",
            origins.join(" ")
        );
        Ok(Self {
            english: OnceLock::new(),
            chinese: OnceLock::new(),
            policy: HeaderValue::try_from(policy)
                .map_err(|error| UDESK_CONSOLE_ORIGINS.malformed(&error))?,
        })
    }

    fn spoken(&self, language: Language, cards: &Cards) -> &Spoken {
        let (pages, texts) = match language {
            Language::English => (&self.english, &ENGLISH),
            Language::Chinese => (&self.chinese, &CHINESE),
        };
        pages.get_or_init(|| Spoken::new(texts, cards))
    }

    /// The list of these cards. Its calls carry this token.
    pub(crate) fn list(&self, language: Language, cards: &Cards, token: &str) -> Response<Body> {
        let spoken = self.spoken(language, cards);
        let (before, after) = &spoken.list;
        let token = escaped(token);
        self.html(StatusCode::OK, spoken, format!("{before}{token}{after}"))
    }

    /// What whoever has no good link sees. It is the same for every reason.
    pub(crate) fn refused(&self, language: Language, cards: &Cards) -> Response<Body> {
        let spoken = self.spoken(language, cards);
        self.html(StatusCode::FORBIDDEN, spoken, spoken.refused.clone())
    }

    fn html(&self, status: StatusCode, spoken: &Spoken, html: String) -> Response<Body> {
        let mut response = Response::new(Body::Text(html));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        let html = HeaderValue::from_static("text/html; charset=utf-8");
        headers.insert(header::CONTENT_TYPE, html);
        headers.insert(header::CONTENT_LANGUAGE, spoken.language.clone());
        let language = HeaderValue::from_static("accept-language");
        headers.insert(header::VARY, language);
        headers.insert(header::CONTENT_SECURITY_POLICY, self.policy.clone());
        guard(headers);
        response
    }
}

/// Where the token goes.
const TOKEN: &str = "<!--token-->";

/// What every answer has: nobody keeps it, and nobody is told the link.
pub(crate) fn guard(headers: &mut HeaderMap) {
    for (name, value) in [
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

/// The page in this language, with its style. The texts first, while there is little to look through.
fn filled(page: &str, texts: &Texts) -> String {
    // Texts alone, which can always be written.
    let script = serde_json::to_string(&texts.script).unwrap_or_default();
    places(texts, &script)
        .into_iter()
        .fold(page.to_owned(), |page, (place, text)| {
            page.replace(place, &escaped(text))
        })
        .replacen("/*style*/", STYLE, 1)
}

/// Where texts go.
fn places<'a>(texts: &Texts, script: &'a str) -> [(&'static str, &'a str); 8] {
    [
        ("<!--language-->", texts.language),
        ("<!--title-->", texts.title),
        ("<!--search-->", texts.search),
        ("<!--search-label-->", texts.search_label),
        ("<!--list-->", texts.cards),
        ("<!--no-script-->", texts.no_script),
        ("<!--cannot-show-->", texts.cannot_show),
        ("<!--texts-->", script),
    ]
}

/// Scheme, host and port of an address, if it is one that a policy can name.
fn origin(address: &str) -> Option<String> {
    let uri: Uri = address.parse().ok()?;
    let (scheme, authority) = (uri.scheme_str()?, uri.authority()?.as_str());
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-.:".contains(&byte);
    let good = matches!(scheme, "https" | "http") && authority.bytes().all(plain);
    good.then(|| format!("{scheme}://{authority}"))
}

fn item(Listed { id, card }: &Listed, texts: &Texts) -> String {
    let each = card.buttons.iter();
    let buttons: String = each.map(|one| button(one, texts)).collect();
    format!(
        "<li class=\"card\" data-card=\"{id}\">\
         <img src=\"{image}\" alt=\"\" width=\"64\" height=\"64\" loading=\"lazy\" decoding=\"async\" referrerpolicy=\"no-referrer\">\
         <div><h2>{title}</h2><p>{description}</p><ul class=\"buttons\">{buttons}</ul></div>\
         <button type=\"button\" class=\"send\">{send}<span class=\"hidden\"> {title}</span></button></li>\n",
        image = escaped(&card.img_url),
        title = escaped(&card.title),
        description = escaped(&card.description),
        send = texts.send,
    )
}

fn button(button: &Button, texts: &Texts) -> String {
    let (kind, word) = match button.kind {
        ButtonKind::Link => ("link", texts.opens),
        ButtonKind::Phone => ("phone", texts.calls),
        ButtonKind::SdkCallback => ("callback", texts.calls_back),
    };
    format!(
        "<li class=\"{kind}\" title=\"{word} {value}\">{text}<span class=\"hidden\">{comma}{word} {value}</span></li>",
        value = escaped(&button.value),
        text = escaped(&button.text),
        comma = texts.comma,
    )
}

/// A text as it stands between tags, or in an attribute between quotes.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_pages_have_the_places_that_are_filled() {
        for place in ["/*style*/", "/*script*/", "<!--cards-->", TOKEN] {
            assert_eq!(LIST.matches(place).count(), 1, "{place}");
        }
        assert_eq!(REFUSED.matches("/*style*/").count(), 1);
        for texts in [&ENGLISH, &CHINESE] {
            for (place, text) in places(texts, "{}") {
                assert!(LIST.contains(place) || REFUSED.contains(place), "{place}");
                assert!(!text.is_empty() && !text.contains("<!--"), "{place}");
            }
            let list = filled(LIST, texts);
            assert_eq!(list.matches("<!--").count(), 2, "cards and token: {list}");
            assert!(!filled(REFUSED, texts).contains("<!--"));
        }
        // The first of these in the page is the place: no style or script that goes in may hold another.
        for text in [STYLE, SCRIPT] {
            for place in ["/*style*/", "/*script*/", "<!--", "</"] {
                assert!(!text.contains(place), "{place}");
            }
        }
    }

    #[test]
    fn origins() {
        for (address, wanted) in [
            ("https://demo.udesk.cn", Some("https://demo.udesk.cn")),
            (
                "https://demo.s2.udesk.cn/",
                Some("https://demo.s2.udesk.cn"),
            ),
            ("http://127.0.0.1:8788", Some("http://127.0.0.1:8788")),
            ("https://a@b.example", None),
            ("https://[::1]", None),
            ("demo.udesk.cn", None),
            ("https://a;script-src *", None),
        ] {
            assert_eq!(origin(address).as_deref(), wanted, "{address}");
        }
    }

    #[test]
    fn nothing_ends_where_a_text_says_so() {
        assert_eq!(
            escaped("<a b=\"c\" d='e'>&amp;"),
            "&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;amp;"
        );
    }
}
