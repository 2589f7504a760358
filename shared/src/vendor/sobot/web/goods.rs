//! The goods of an order card: `goods`, JSON text of a list.
//!
//! Vendor page: <https://developer.sobot.io/en/pages/6cc489/>, "goods Data Structure"

use serde::{Deserialize, Serialize};

use super::form::{is_address, is_text};

/// The most goods of a card: all of them stand in a link.
const MOST: usize = 20;

/// The names of a good's members at the vendor's.
pub const FIELDS: [&str; 2] = ["name", "pictureUrl"];

/// One of the goods.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Good {
    /// What it is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The address of a picture, not encoded.
    #[serde(
        default,
        rename = "pictureUrl",
        skip_serializing_if = "Option::is_none"
    )]
    pub picture_url: Option<String>,
}

/// What is wrong with the first of the goods that is: where, and its rule.
pub(super) fn check(goods: &[Good]) -> Result<(), (String, String)> {
    if goods.is_empty() || goods.len() > MOST {
        return Err((String::new(), format!("is a list of 1 to {MOST} goods")));
    }
    for (place, good) in goods.iter().enumerate() {
        let at = |field: &str, rule: &str| Err((format!("[{place}]{field}"), rule.to_owned()));
        if good.name.is_none() && good.picture_url.is_none() {
            return at("", "has `name` or `pictureUrl`");
        }
        if good
            .name
            .as_ref()
            .is_some_and(|name| !is_text(name, 1, 300))
        {
            return at(".name", "is text of 1 to 300 characters");
        }
        if good
            .picture_url
            .as_deref()
            .is_some_and(|url| !is_address(url))
        {
            return at(
                ".pictureUrl",
                "is the http or https address of a picture; not encoded, since that is done here",
            );
        }
    }
    Ok(())
}
