//! A structured message, which Udesk's console shows as a card: a picture, a title, a text and buttons.
//!
//! Vendor page: <https://www.udeskglobal.com/doc/apiv2/im>, "Send IM Structured Message"

use std::fmt;

use http::Uri;
use serde::{Deserialize, Serialize};

/// A card.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Card {
    /// What it is called.
    pub title: String,
    /// A line or two about it.
    pub description: String,
    /// The URL of a picture.
    pub img_url: String,
    /// What the customer can do with it; may be empty.
    pub buttons: Vec<Button>,
}

/// A button of a card.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Button {
    /// What it does.
    #[serde(rename = "type")]
    pub kind: ButtonKind,
    /// What stands on it.
    pub text: String,
    /// The address, the telephone number, or what the app's SDK is called back with.
    pub value: String,
    /// The name of the SDK's callback.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub callback_name: Option<String>,
}

/// What a button does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ButtonKind {
    /// Opens a page.
    Link,
    /// Calls a number.
    Phone,
    /// Calls the app that has Udesk's SDK in it.
    SdkCallback,
}

/// What is wrong with a card: where, and what to do.
#[derive(Debug, PartialEq, Eq)]
pub struct Flaw {
    /// The field's path within the card, such as `buttons[1].value`.
    pub field: String,
    /// What to do about it.
    pub message: &'static str,
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.message)
    }
}

impl Card {
    /// Finds what Udesk would refuse, or show as something that leads nowhere. The address of a link is a web page's:
    /// `javascript:` and the like would run where the customer reads it.
    ///
    /// # Errors
    /// The first [`Flaw`].
    pub fn check(&self) -> Result<(), Flaw> {
        let flaw = |field: &str, message| {
            Err(Flaw {
                field: field.to_owned(),
                message,
            })
        };
        for (field, text) in [("title", &self.title), ("description", &self.description)] {
            if text.trim().is_empty() {
                return flaw(field, FILLED);
            }
        }
        if !is_address(&self.img_url, &["https"]) {
            return flaw("img_url", "give the https address of a picture");
        }
        for (place, button) in self.buttons.iter().enumerate() {
            if let Err((field, message)) = button.check() {
                return flaw(&format!("buttons[{place}].{field}"), message);
            }
        }
        Ok(())
    }
}

const FILLED: &str = "say something here";

impl Button {
    fn check(&self) -> Result<(), (&'static str, &'static str)> {
        if self.text.trim().is_empty() {
            return Err(("text", FILLED));
        }
        let is_good = match self.kind {
            ButtonKind::Link => is_address(&self.value, &["https", "http"]),
            ButtonKind::Phone => is_phone(&self.value),
            ButtonKind::SdkCallback => !self.value.is_empty(),
        };
        if !is_good {
            let message = match self.kind {
                ButtonKind::Link => "give the address of a page, https or http",
                ButtonKind::Phone => {
                    "give a telephone number: digits, with + - ( ) # * and spaces between them"
                }
                ButtonKind::SdkCallback => FILLED,
            };
            return Err(("value", message));
        }
        match (self.kind, &self.callback_name) {
            (ButtonKind::Link | ButtonKind::Phone, Some(_)) => Err((
                "callback_name",
                "leave it out: only an sdk_callback button has one",
            )),
            (ButtonKind::SdkCallback, Some(name)) if name.trim().is_empty() => {
                Err(("callback_name", FILLED))
            }
            _ => Ok(()),
        }
    }
}

/// Whether it is the address of a page at some host. What `http` takes for a URI holds no space and no control character.
fn is_address(text: &str, schemes: &[&str]) -> bool {
    let Ok(uri) = text.parse::<Uri>() else {
        return false;
    };
    uri.scheme_str()
        .is_some_and(|scheme| schemes.contains(&scheme))
        && uri.host().is_some_and(|host| !host.is_empty())
}

fn is_phone(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let known = |byte: u8| byte.is_ascii_digit() || b"+-() #*".contains(&byte);
    (2..=32).contains(&digits) && text.bytes().all(known)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(super) mod tests {
    use serde_json::{Value, json};

    use super::*;

    const PAGE: &str =
        include_str!("../../../../tests/fixtures/udesk/struct_messages.request.json");

    /// The page's card.
    pub(in crate::vendor::udesk) fn of_the_page() -> Card {
        let page: Value = serde_json::from_str(PAGE).unwrap();
        serde_json::from_value(page.get("data").unwrap().clone()).unwrap()
    }

    #[test]
    fn the_pages_card_is_good() {
        let card = of_the_page();
        assert_eq!(card.check(), Ok(()));
        assert_eq!(card.buttons.len(), 3);
        let kinds: Vec<_> = card.buttons.iter().map(|button| button.kind).collect();
        use ButtonKind::{Link, Phone, SdkCallback};
        assert_eq!(kinds, [Link, Phone, SdkCallback]);
    }

    #[test]
    fn a_flaw_says_where() {
        let mut bare = of_the_page();
        bare.buttons.clear();
        assert_eq!(bare.check(), Ok(()));
        for (pointer, value, field) in [
            ("/title", json!(""), "title"),
            ("/description", json!(" \n"), "description"),
            ("/img_url", json!(""), "img_url"),
            ("/img_url", json!("http://a.example/1.png"), "img_url"),
            ("/img_url", json!("data:image/png;base64,AA=="), "img_url"),
            ("/img_url", json!("//a.example/1.png"), "img_url"),
            ("/img_url", json!("https://"), "img_url"),
            ("/buttons/0/text", json!(""), "buttons[0].text"),
            (
                "/buttons/0/value",
                json!("javascript:alert(1)"),
                "buttons[0].value",
            ),
            (
                "/buttons/0/value",
                json!("https://a b.example"),
                "buttons[0].value",
            ),
            ("/buttons/1/value", json!("call me"), "buttons[1].value"),
            ("/buttons/1/value", json!("+-()"), "buttons[1].value"),
            ("/buttons/2/value", json!(""), "buttons[2].value"),
            (
                "/buttons/0/callback_name",
                json!("x"),
                "buttons[0].callback_name",
            ),
            (
                "/buttons/2/callback_name",
                json!(""),
                "buttons[2].callback_name",
            ),
        ] {
            let mut card = serde_json::to_value(of_the_page()).unwrap();
            let (parent, name) = pointer.rsplit_once('/').unwrap();
            let parent = match parent {
                "" => &mut card,
                parent => card.pointer_mut(parent).unwrap(),
            };
            let parent = parent.as_object_mut().unwrap();
            parent.insert(name.to_owned(), value.clone());
            let card: Card = serde_json::from_value(card).unwrap();
            let flaw = card.check().unwrap_err();
            assert_eq!(flaw.field, field, "{value}");
        }
    }
}
