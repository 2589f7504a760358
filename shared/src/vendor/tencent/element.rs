//! What a message consists of: `MsgBody`, a row of elements. A card is an element of Desk's own inside a custom one:
//! its `Data` is a string that holds JSON, serialised once (the page's example shows it escaped twice).
//!
//! Vendor pages: <https://www.tencentcloud.com/document/product/1047/33527> (elements),
//! <https://trtc.io/document/59003> (Desk's own)

use serde::{Serialize, Serializer, ser::SerializeStruct};

/// An element of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Element<'a> {
    /// `TIMTextElem`: plain text.
    Text(&'a str),
    /// `TIMCustomElem` with whatever `Data` the app's own client understands.
    Custom(&'a str),
    /// `TIMCustomElem` with Desk's card, `src` 22.
    Card(Card<'a>),
}

/// Desk's card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Card<'a> {
    /// What it is called.
    pub header: &'a str,
    /// A line or two about it.
    pub desc: &'a str,
    /// The URL of a picture.
    pub pic: &'a str,
    /// Where a tap leads.
    pub url: &'a str,
}

/// The kind of Desk's card among its own elements.
const CARD: &str = "22";

/// What every element of Desk's own is marked with: a constant, and not the kind.
const PLUGIN: u8 = 0;

#[derive(Serialize)]
struct Text<'a> {
    #[serde(rename = "Text")]
    text: &'a str,
}

#[derive(Serialize)]
struct Custom<'a> {
    #[serde(rename = "Data")]
    data: &'a str,
}

#[derive(Serialize)]
struct Desk<'a> {
    src: &'static str,
    content: Card<'a>,
    #[serde(rename = "customerServicePlugin")]
    plugin: u8,
}

impl Serialize for Element<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut element = serializer.serialize_struct("Element", 2)?;
        match *self {
            Self::Text(text) => {
                element.serialize_field("MsgType", "TIMTextElem")?;
                element.serialize_field("MsgContent", &Text { text })?;
            }
            Self::Custom(data) => {
                element.serialize_field("MsgType", "TIMCustomElem")?;
                element.serialize_field("MsgContent", &Custom { data })?;
            }
            Self::Card(content) => {
                let desk = Desk {
                    src: CARD,
                    content,
                    plugin: PLUGIN,
                };
                let data = serde_json::to_string(&desk).map_err(serde::ser::Error::custom)?;
                element.serialize_field("MsgType", "TIMCustomElem")?;
                element.serialize_field("MsgContent", &Custom { data: &data })?;
            }
        }
        element.end()
    }
}
