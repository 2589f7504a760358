//! The page, as plain HTML with one style and one script of its own, which the policy names by their hashes. Every text
//! of a card goes in escaped, and what the link says does not go in at all.

use base64::{Engine, prelude::BASE64_STANDARD};
use deskbridge::{
    config::{ConfigError, Settings, UDESK_CONSOLE_ORIGINS},
    vendor::udesk::card::{Button, ButtonKind},
};
use http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use lambda_http::{Body, Response};
use sha2::{Digest, Sha256};

use crate::cards::{Cards, Listed};

const LIST: &str = include_str!("page/list.html");
const REFUSED: &str = include_str!("page/refused.html");
const STYLE: &str = include_str!("page/style.css");
const SCRIPT: &str = include_str!("page/script.js");

/// The pages that there are. Made once at init.
#[derive(Debug)]
pub(crate) struct Page {
    /// The list, up to the token and from there on.
    list: (String, String),
    refused: String,
    policy: HeaderValue,
}

impl Page {
    pub(crate) fn from_settings(
        settings: &Settings,
        base_url: &str,
        cards: &Cards,
    ) -> Result<Self, ConfigError> {
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
            "default-src 'none'; script-src '{}'; style-src '{}'; img-src https:; connect-src 'self'; base-uri 'none'; \
             form-action 'none'; frame-ancestors {}; require-trusted-types-for 'script'; trusted-types 'none'",
            hash(SCRIPT),
            hash(STYLE),
            origins.join(" ")
        );
        let shown: String = match cards.all() {
            [] => NONE.to_owned(),
            all => all.iter().map(item).collect(),
        };
        let list =
            styled(LIST)
                .replacen("/*script*/", SCRIPT, 1)
                .replacen("<!--cards-->", &shown, 1);
        let (before, after) = list.split_once(TOKEN).unwrap_or((&list, ""));
        Ok(Self {
            list: (before.to_owned(), after.to_owned()),
            refused: styled(REFUSED),
            policy: HeaderValue::try_from(policy)
                .map_err(|error| UDESK_CONSOLE_ORIGINS.malformed(&error))?,
        })
    }

    /// The list of cards. Its calls carry this token.
    pub(crate) fn list(&self, token: &str) -> Response<Body> {
        let (before, after) = &self.list;
        let token = escaped(token);
        self.html(StatusCode::OK, format!("{before}{token}{after}"))
    }

    /// What whoever has no good link sees. It is the same for every reason.
    pub(crate) fn refused(&self) -> Response<Body> {
        self.html(StatusCode::FORBIDDEN, self.refused.clone())
    }

    fn html(&self, status: StatusCode, html: String) -> Response<Body> {
        let mut response = Response::new(Body::Text(html));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        let html = HeaderValue::from_static("text/html; charset=utf-8");
        headers.insert(header::CONTENT_TYPE, html);
        headers.insert(header::CONTENT_SECURITY_POLICY, self.policy.clone());
        guard(headers);
        response
    }
}

/// Where the token goes.
const TOKEN: &str = "<!--token-->";

const NONE: &str = "<li class=\"none\">There are no cards yet. Whoever looks after deskbridge puts them into its setting UDESK_CARDS.</li>";

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

fn styled(page: &str) -> String {
    page.replacen("/*style*/", STYLE, 1)
}

/// How a policy names a script or a style that stands in the page.
fn hash(text: &str) -> String {
    format!("sha256-{}", BASE64_STANDARD.encode(Sha256::digest(text)))
}

/// Scheme, host and port of an address, if it is one that a policy can name.
fn origin(address: &str) -> Option<String> {
    let uri: Uri = address.parse().ok()?;
    let (scheme, authority) = (uri.scheme_str()?, uri.authority()?.as_str());
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-.:".contains(&byte);
    let good = matches!(scheme, "https" | "http") && authority.bytes().all(plain);
    good.then(|| format!("{scheme}://{authority}"))
}

fn item(Listed { id, card }: &Listed) -> String {
    let buttons: String = card.buttons.iter().map(button).collect();
    format!(
        "<li class=\"card\" data-card=\"{id}\">\
         <img src=\"{image}\" alt=\"\" width=\"64\" height=\"64\" loading=\"lazy\" decoding=\"async\" referrerpolicy=\"no-referrer\">\
         <div><h2>{title}</h2><p>{description}</p><ul class=\"buttons\">{buttons}</ul></div>\
         <button type=\"button\" class=\"send\">Send<span class=\"hidden\"> {title}</span></button></li>\n",
        image = escaped(&card.img_url),
        title = escaped(&card.title),
        description = escaped(&card.description),
    )
}

fn button(button: &Button) -> String {
    let (kind, word) = match button.kind {
        ButtonKind::Link => ("link", "opens"),
        ButtonKind::Phone => ("phone", "calls"),
        ButtonKind::SdkCallback => ("callback", "calls back the app with"),
    };
    format!(
        "<li class=\"{kind}\" title=\"{word} {value}\">{text}<span class=\"hidden\">, {word} {value}</span></li>",
        value = escaped(&button.value),
        text = escaped(&button.text),
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
