//! `MsgBody`: elements of the message format, each a `MsgType` with its `MsgContent`
//! (<https://www.tencentcloud.com/document/product/1047/33527>), and Desk's own formats in `Data`
//! of a custom element (<https://trtc.io/document/59003>).

use serde_json::{Map, Value};

use super::desk::Element;
use super::refusal::{self, Refusal};

/// What a field of a `MsgContent` holds.
#[derive(Clone, Copy)]
enum Holds {
    Text,
    Number,
    /// `ImageInfoArray`
    Images,
}

use Holds::{Images, Number, Text};

/// A type of element: the fields of its `MsgContent`, of which so many, from the first on, are
/// required.
struct Type {
    name: &'static str,
    required: usize,
    fields: &'static [(&'static str, Holds)],
}

const fn of(name: &'static str, required: usize, fields: &'static [(&'static str, Holds)]) -> Type {
    Type {
        name,
        required,
        fields,
    }
}

const TYPES: &[Type] = &[
    of("TIMTextElem", 1, &[("Text", Text)]),
    of(
        CUSTOM,
        1,
        &[
            ("Data", Text),
            ("Desc", Text),
            ("Ext", Text),
            ("Sound", Text),
        ],
    ),
    of(
        "TIMImageElem",
        3,
        &[
            ("UUID", Text),
            ("ImageFormat", Number),
            ("ImageInfoArray", Images),
        ],
    ),
    of(
        "TIMFileElem",
        5,
        &[
            ("Url", Text),
            ("UUID", Text),
            ("FileSize", Number),
            ("FileName", Text),
            ("Download_Flag", Number),
        ],
    ),
    of(
        "TIMSoundElem",
        4,
        &[
            ("Url", Text),
            ("UUID", Text),
            ("Size", Number),
            ("Second", Number),
            ("Download_Flag", Number),
        ],
    ),
    of(
        "TIMVideoFileElem",
        2,
        &[
            ("VideoUrl", Text),
            ("ThumbUrl", Text),
            ("VideoUUID", Text),
            ("VideoSize", Number),
            ("VideoSecond", Number),
            ("VideoFormat", Text),
            ("VideoDownloadFlag", Number),
            ("ThumbUUID", Text),
            ("ThumbSize", Number),
            ("ThumbWidth", Number),
            ("ThumbHeight", Number),
            ("ThumbFormat", Text),
            ("ThumbDownloadFlag", Number),
        ],
    ),
    of(
        "TIMLocationElem",
        3,
        &[("Desc", Text), ("Latitude", Number), ("Longitude", Number)],
    ),
    of("TIMFaceElem", 2, &[("Index", Number), ("Data", Text)]),
];

const CUSTOM: &str = "TIMCustomElem";
/// Of each entry of `ImageInfoArray`.
const IMAGE: &[(&str, Holds)] = &[
    ("Type", Number),
    ("Size", Number),
    ("Width", Number),
    ("Height", Number),
    ("URL", Text),
];
/// `src` of a card.
const CARD: &str = "22";
/// Of a card's `content`.
const CARD_FIELDS: &[(&str, Holds)] = &[
    ("header", Text),
    ("desc", Text),
    ("pic", Text),
    ("url", Text),
];

/// Reads a `MsgBody`. `any_data`: what a custom element's `Data` holds is not looked at.
pub(crate) fn read(msg_body: &Value, any_data: bool) -> Result<Vec<Element>, Refusal> {
    let list = msg_body
        .as_array()
        .ok_or_else(|| Refusal::must_be(refusal::MSG_BODY_ARRAY, "MsgBody", "an Array"))?;
    if list.is_empty() {
        return Err(Refusal::new(refusal::MSG_BODY, "MsgBody is empty"));
    }
    let elements: Vec<Element> = list
        .iter()
        .map(|one| element(one, any_data))
        .collect::<Result<_, _>>()?;
    if elements.iter().filter(|one| one.kind == CUSTOM).count() > 1 {
        return Err(Refusal::new(
            refusal::FORMAT,
            "a message can hold one TIMCustomElem only",
        ));
    }
    Ok(elements)
}

fn element(one: &Value, any_data: bool) -> Result<Element, Refusal> {
    let wrong = |name, wanted| Refusal::must_be(refusal::MSG_BODY, name, wanted);
    let one = one
        .as_object()
        .ok_or_else(|| wrong("an element of MsgBody", "an Object"))?;
    if one
        .keys()
        .any(|name| name != "MsgType" && name != "MsgContent")
    {
        return Err(wrong("an element of MsgBody", "MsgType and MsgContent"));
    }
    let kind = one.get("MsgType").and_then(Value::as_str);
    let kind = kind.ok_or_else(|| wrong("MsgType", "a String"))?;
    let content = one.get("MsgContent").and_then(Value::as_object);
    let content = content.ok_or_else(|| wrong("MsgContent", "an Object"))?;
    let format = TYPES
        .iter()
        .find(|format| format.name == kind)
        .ok_or_else(|| wrong("MsgType", "a type of the message format"))?;
    fits(content, format.fields, format.required, kind)?;
    if kind == CUSTOM && !any_data {
        desk_data(content)?;
    }
    Ok(Element {
        kind: kind.to_owned(),
        content: Value::Object(content.clone()),
    })
}

/// Whether an object has these fields and no others; the first `required` can't be left out.
fn fits(
    object: &Map<String, Value>,
    fields: &[(&str, Holds)],
    required: usize,
    whose: &str,
) -> Result<(), Refusal> {
    let wrong = |name: &str, wanted: &str| {
        let name = format!("{name} of {whose}");
        Refusal::must_be(refusal::FORMAT, &name, wanted)
    };
    for name in object.keys() {
        if !fields.iter().any(|(known, _)| known == name) {
            return Err(wrong(name, "left out: the format has no such field"));
        }
    }
    for (place, (name, holds)) in fields.iter().enumerate() {
        match (object.get(*name), holds) {
            (None, _) if place >= required => {}
            (Some(Value::String(_)), Text) | (Some(Value::Number(_)), Number) => {}
            (Some(Value::Array(list)), Images) if !list.is_empty() => {
                for image in list {
                    let image = image
                        .as_object()
                        .ok_or_else(|| wrong(name, "an Array of Objects"))?;
                    fits(image, IMAGE, IMAGE.len(), name)?;
                }
            }
            (_, Text) => return Err(wrong(name, "a String")),
            (_, Number) => return Err(wrong(name, "a Number")),
            (_, Images) => return Err(wrong(name, "an Array")),
        }
    }
    Ok(())
}

/// Desk's own format: JSON, serialised once, in `Data`.
fn desk_data(content: &Map<String, Value>) -> Result<(), Refusal> {
    let wrong = |name, wanted| Refusal::must_be(refusal::FORMAT, name, wanted);
    let data = content.get("Data").and_then(Value::as_str);
    let data: Map<String, Value> = serde_json::from_str(data.unwrap_or_default())
        .map_err(|_| wrong("Data", "a JSON object, serialised"))?;
    if data.get("customerServicePlugin") != Some(&Value::from(0)) {
        return Err(wrong("customerServicePlugin in Data", "0"));
    }
    let src = data.get("src").and_then(Value::as_str).unwrap_or_default();
    if src.is_empty() || !src.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(wrong("src in Data", "a String of digits"));
    }
    if src == CARD {
        let card = data.get("content").and_then(Value::as_object);
        let card = card.ok_or_else(|| wrong("content in Data", "an Object"))?;
        fits(card, CARD_FIELDS, CARD_FIELDS.len(), "a card")?;
    }
    Ok(())
}
