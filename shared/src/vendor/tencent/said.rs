//! What a message that comes in says: its `MsgBody`, element by element.
//!
//! Vendor page: <https://www.tencentcloud.com/document/product/1047/33527>

use serde_json::{Map, Number, Value};

use super::custom_element::{self, Shown};
use crate::vendor::{
    number::integer,
    text::{filled, text},
};

/// One element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// Plain text.
    Text(String),
    /// A picture.
    Image(File),
    /// A recording.
    Sound(File),
    /// A film.
    Video(File),
    /// A file.
    File(File),
    /// A place.
    Location {
        /// What is there.
        desc: String,
        /// Degrees north.
        latitude: Number,
        /// Degrees east.
        longitude: Number,
    },
    /// One of the app's own emoji.
    Face {
        /// Which one.
        index: i64,
        /// What the app says of it.
        data: String,
    },
    /// One of Desk's own.
    Desk {
        /// What it shows.
        shown: Shown,
        /// Its `Data`, as it came.
        data: String,
    },
    /// One of the app's own: its `Data`, as it came.
    Custom(String),
    /// One that can't be read, or of a type that no page has.
    Unreadable,
}

/// Something that lies elsewhere.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct File {
    /// Where it lies.
    pub url: String,
    /// What it is called.
    pub name: Option<String>,
    /// Bytes.
    pub size: Option<String>,
    /// How long it plays, in seconds.
    pub seconds: Option<u32>,
    /// Pixels.
    pub width: Option<u32>,
    /// Pixels.
    pub height: Option<u32>,
    /// Where the still picture of a film lies.
    pub thumbnail: Option<String>,
}

impl Said {
    /// The elements of a `MsgBody`; none where there is none.
    #[must_use]
    pub fn all_of(msg_body: &Value) -> Vec<Self> {
        let elements = match msg_body {
            Value::Array(elements) => elements.as_slice(),
            Value::Null => &[],
            _ => return vec![Self::Unreadable],
        };
        elements
            .iter()
            .map(|one| Self::of(one).unwrap_or(Self::Unreadable))
            .collect()
    }

    fn of(element: &Value) -> Option<Self> {
        let kind = element.get("MsgType")?.as_str()?;
        let content = element.get("MsgContent")?.as_object()?;
        let string = |name: &str| content.get(name).and_then(Value::as_str);
        Some(match kind {
            "TIMTextElem" => Self::Text(string("Text")?.to_owned()),
            "TIMCustomElem" => {
                let data = string("Data")?.to_owned();
                match custom_element::read(&data) {
                    Some(shown) => Self::Desk { shown, data },
                    None => Self::Custom(data),
                }
            }
            "TIMImageElem" => Self::Image(image(content)?),
            "TIMSoundElem" => Self::Sound(File {
                url: url(content, "Url")?,
                size: size(content, "Size"),
                seconds: count(content, "Second"),
                ..File::default()
            }),
            "TIMFileElem" => Self::File(File {
                url: url(content, "Url")?,
                name: content.get("FileName").and_then(filled),
                size: size(content, "FileSize"),
                ..File::default()
            }),
            "TIMVideoFileElem" => Self::Video(File {
                url: url(content, "VideoUrl")?,
                size: size(content, "VideoSize"),
                seconds: count(content, "VideoSecond"),
                width: count(content, "ThumbWidth"),
                height: count(content, "ThumbHeight"),
                thumbnail: content.get("ThumbUrl").and_then(filled),
                ..File::default()
            }),
            "TIMLocationElem" => Self::Location {
                desc: string("Desc").unwrap_or_default().to_owned(),
                latitude: content.get("Latitude")?.as_number()?.clone(),
                longitude: content.get("Longitude")?.as_number()?.clone(),
            },
            "TIMFaceElem" => Self::Face {
                index: content.get("Index").and_then(integer)?,
                data: string("Data").unwrap_or_default().to_owned(),
            },
            _ => return None,
        })
    }
}

/// The original of a picture, or whichever there is.
fn image(content: &Map<String, Value>) -> Option<File> {
    let all = content.get("ImageInfoArray")?.as_array()?;
    let original = |one: &&Value| one.get("Type").and_then(integer) == Some(1);
    let picture = all.iter().find(original).or(all.first())?.as_object()?;
    Some(File {
        url: url(picture, "URL")?,
        size: size(picture, "Size"),
        width: count(picture, "Width"),
        height: count(picture, "Height"),
        ..File::default()
    })
}

fn url(content: &Map<String, Value>, name: &str) -> Option<String> {
    content.get(name).and_then(filled)
}

/// A number of bytes; 0 says nothing.
fn size(content: &Map<String, Value>, name: &str) -> Option<String> {
    content
        .get(name)
        .and_then(text)
        .filter(|size| size != "0" && !size.is_empty())
}

/// A number; 0 says nothing.
fn count(content: &Map<String, Value>, name: &str) -> Option<u32> {
    let number = content.get(name).and_then(integer)?;
    u32::try_from(number).ok().filter(|number| *number > 0)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::{
        super::element::{Element, Media},
        *,
    };

    fn of(kind: &str, content: &Value) -> Said {
        let all = Said::all_of(&json!([{"MsgType": kind, "MsgContent": content}]));
        all.into_iter().next().unwrap()
    }

    /// The message-format page's own examples of what users send.
    #[test]
    fn each_type_of_the_message_format() {
        let text = of("TIMTextElem", &json!({"Text": "hello world"}));
        assert_eq!(text, Said::Text("hello world".to_owned()));
        let place = json!({"Desc": "someinfo", "Latitude": 29.5, "Longitude": 116.25});
        let wanted = Said::Location {
            desc: "someinfo".to_owned(),
            latitude: Number::from_f64(29.5).unwrap(),
            longitude: Number::from_f64(116.25).unwrap(),
        };
        assert_eq!(of("TIMLocationElem", &place), wanted);
        let face = of("TIMFaceElem", &json!({"Index": 1, "Data": "content"}));
        let data = "content".to_owned();
        assert_eq!(face, Said::Face { index: 1, data });
        let custom = of("TIMCustomElem", &json!({"Data": "message", "Desc": "x"}));
        assert_eq!(custom, Said::Custom("message".to_owned()));
    }

    /// What we send reads as what it was.
    #[test]
    fn what_lies_elsewhere_comes_back_as_it_went() {
        let media = Media {
            url: "https://files.example.com/a.png",
            name: "a.png",
            size: 42,
            seconds: 7,
            width: 2,
            height: 3,
            thumbnail: "https://files.example.com/b.png",
        };
        let file = File {
            url: media.url.to_owned(),
            size: Some("42".to_owned()),
            ..File::default()
        };
        let sized = File {
            width: Some(2),
            height: Some(3),
            ..file.clone()
        };
        let playing = File {
            seconds: Some(7),
            ..file.clone()
        };
        let named = File {
            name: Some("a.png".to_owned()),
            ..file.clone()
        };
        let film = File {
            seconds: Some(7),
            thumbnail: Some(media.thumbnail.to_owned()),
            ..sized.clone()
        };
        for (element, said) in [
            (Element::Image(media), Said::Image(sized)),
            (Element::Sound(media), Said::Sound(playing)),
            (Element::File(media), Said::File(named)),
            (Element::Video(media), Said::Video(film)),
        ] {
            let body = serde_json::to_value([element]).unwrap();
            assert_eq!(Said::all_of(&body), [said]);
        }
    }

    #[test]
    fn an_odd_element_hides_no_other() {
        let text = json!({"MsgType": "TIMTextElem", "MsgContent": {"Text": "a"}});
        for odd in [
            json!(1),
            json!({}),
            json!({"MsgType": "TIMRelayElem", "MsgContent": {}}),
            json!({"MsgType": "TIMTextElem", "MsgContent": {"Text": 7}}),
            json!({"MsgType": "TIMImageElem", "MsgContent": {"ImageInfoArray": []}}),
            json!({"MsgType": "TIMSoundElem", "MsgContent": {"Url": ""}}),
            json!({"MsgType": "TIMFaceElem", "MsgContent": {"Data": "a"}}),
        ] {
            let read = Said::all_of(&json!([odd, text]));
            assert_eq!(
                read,
                [Said::Unreadable, Said::Text("a".to_owned())],
                "{odd}"
            );
        }
        assert_eq!(Said::all_of(&Value::Null), []);
        assert_eq!(Said::all_of(&json!("x")), [Said::Unreadable]);
    }
}
