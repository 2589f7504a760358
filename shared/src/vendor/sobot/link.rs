//! The page on which a customer writes to the desk: `GET /chat/{pc|h5}/v2/index.html?sysnum=…&token=…`.
//!
//! Vendor page: <https://developer.sobot.io/en/pages/6cc489/>, "Usage of token"

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::{Account, Channel};

/// All but RFC 3986's unreserved characters.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The page of a channel, for the holder of this token. Everything is encoded once; the backslash before the page's
/// own `&token` is a slip of its markup.
pub fn page(account: &Account<'_>, channel: Channel, token: &str) -> String {
    let pairs = [("sysnum", account.sysnum), ("token", token)];
    with(&account.url(channel.page()), pairs)
}

/// An address with a query: names as they are, values encoded once.
pub(super) fn with<'a>(page: &str, pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut link = format!("{page}?");
    for (place, pair) in pairs.into_iter().enumerate() {
        if place > 0 {
            link.push('&');
        }
        push(&mut link, pair);
    }
    link
}

/// An address that has a query, with more behind it.
pub(super) fn and<'a>(page: &str, pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut link = page.to_owned();
    for pair in pairs {
        link.push('&');
        push(&mut link, pair);
    }
    link
}

fn push(link: &mut String, (name, value): (&str, &str)) {
    link.push_str(name);
    link.push('=');
    link.extend(utf8_percent_encode(value, ESCAPED));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vendor::sobot::account::tests::ACCOUNT;

    #[test]
    fn every_channel_has_a_page_of_its_own() {
        assert_eq!(
            page(&ACCOUNT, Channel::Pc, "59a3d022993e4632bafd4f59a0f13604"),
            "https://sg.sobot.io/chat/pc/v2/index.html?sysnum=ABC&token=59a3d022993e4632bafd4f59a0f13604"
        );
        assert_eq!(
            page(&ACCOUNT, Channel::H5, "t"),
            "https://sg.sobot.io/chat/h5/v2/index.html?sysnum=ABC&token=t"
        );
    }

    #[test]
    fn everything_is_encoded_once() {
        let account = Account {
            sysnum: "A&B",
            ..ACCOUNT
        };
        assert!(
            page(&account, Channel::Pc, "a+b/c=%20é")
                .ends_with("?sysnum=A%26B&token=a%2Bb%2Fc%3D%2520%C3%A9")
        );
    }
}
