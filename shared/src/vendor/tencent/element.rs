//! What a message consists of: `MsgBody`, a row of elements. Desk's own formats stand inside a custom one: its `Data`
//! is a string that holds JSON, serialised once (the page's example shows it escaped twice).
//!
//! Vendor pages: <https://www.tencentcloud.com/document/product/1047/33527> (elements),
//! <https://trtc.io/document/59003> (Desk's own)

use serde::{Serialize, Serializer};
use serde_json::Number;

use super::custom_element::{Card, Order, card_data, order_data};
use crate::digest;

/// An element of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Element<'a> {
    /// `TIMTextElem`: plain text.
    Text(&'a str),
    /// `TIMCustomElem` with whatever `Data` the app's own client understands.
    Custom(&'a str),
    /// `TIMCustomElem` with Desk's card, `src` 22.
    Card(Card<'a>),
    /// `TIMCustomElem` with Desk's order card, `src` 28.
    Order(Order<'a>),
    /// `TIMLocationElem`: a place.
    Location {
        /// What is there.
        desc: &'a str,
        /// Degrees north.
        latitude: &'a Number,
        /// Degrees east.
        longitude: &'a Number,
    },
    /// `TIMFaceElem`: one of the app's own emoji.
    Face {
        /// Which one.
        index: i64,
        /// What the app says of it.
        data: &'a str,
    },
    /// `TIMImageElem`: a picture, by its URL.
    Image(Media<'a>),
    /// `TIMFileElem`: a file, by its URL.
    File(Media<'a>),
    /// `TIMSoundElem`: a recording, by its URL.
    Sound(Media<'a>),
    /// `TIMVideoFileElem`: a film, by its URL, with a still picture of it.
    Video(Media<'a>),
}

/// What is known of something that lies elsewhere. Tencent's fields are numbers that can't be left out: what is not
/// known is 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Media<'a> {
    /// Where it lies.
    pub url: &'a str,
    /// What it is called.
    pub name: &'a str,
    /// Bytes.
    pub size: u64,
    /// How long it plays, in seconds.
    pub seconds: u32,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// Where the still picture of a film lies.
    pub thumbnail: &'a str,
}

/// `Download_Flag`: the client loads it from the URL itself.
const BY_URL: u8 = 2;

/// `Type` of a picture: the original, a large one and a thumbnail. Some clients show the last alone, so that the one
/// URL stands as each.
const SIZES: [u8; 3] = [1, 2, 3];

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Tagged<'a> {
    msg_type: &'static str,
    msg_content: Content<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Content<'a> {
    #[serde(rename_all = "PascalCase")]
    Text { text: &'a str },
    #[serde(rename_all = "PascalCase")]
    Custom { data: &'a str },
    #[serde(rename_all = "PascalCase")]
    Desk { data: String },
    #[serde(rename_all = "PascalCase")]
    Location {
        desc: &'a str,
        latitude: &'a Number,
        longitude: &'a Number,
    },
    #[serde(rename_all = "PascalCase")]
    Face { index: i64, data: &'a str },
    #[serde(rename_all = "PascalCase")]
    Image {
        #[serde(rename = "UUID")]
        uuid: String,
        image_format: u8,
        image_info_array: [Picture<'a>; 3],
    },
    #[serde(rename_all = "PascalCase")]
    File {
        url: &'a str,
        #[serde(rename = "UUID")]
        uuid: String,
        file_size: u64,
        file_name: &'a str,
        #[serde(rename = "Download_Flag")]
        download_flag: u8,
    },
    #[serde(rename_all = "PascalCase")]
    Sound {
        url: &'a str,
        #[serde(rename = "UUID")]
        uuid: String,
        size: u64,
        second: u32,
        #[serde(rename = "Download_Flag")]
        download_flag: u8,
    },
    #[serde(rename_all = "PascalCase")]
    Video {
        video_url: &'a str,
        #[serde(rename = "VideoUUID")]
        video_uuid: String,
        video_size: u64,
        video_second: u32,
        video_format: &'a str,
        video_download_flag: u8,
        thumb_url: &'a str,
        #[serde(rename = "ThumbUUID")]
        thumb_uuid: String,
        thumb_size: u64,
        thumb_width: u32,
        thumb_height: u32,
        thumb_format: &'a str,
        thumb_download_flag: u8,
    },
}

#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Picture<'a> {
    r#type: u8,
    size: u64,
    width: u32,
    height: u32,
    #[serde(rename = "URL")]
    url: &'a str,
}

impl Serialize for Element<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let of = |msg_type, msg_content| Tagged {
            msg_type,
            msg_content,
        };
        let tagged = match *self {
            Self::Text(text) => of("TIMTextElem", Content::Text { text }),
            Self::Custom(data) => of("TIMCustomElem", Content::Custom { data }),
            Self::Card(card) => {
                let data = card_data(&card).map_err(serde::ser::Error::custom)?;
                of("TIMCustomElem", Content::Desk { data })
            }
            Self::Order(order) => {
                let data = order_data(&order).map_err(serde::ser::Error::custom)?;
                of("TIMCustomElem", Content::Desk { data })
            }
            Self::Location {
                desc,
                latitude,
                longitude,
            } => of(
                "TIMLocationElem",
                Content::Location {
                    desc,
                    latitude,
                    longitude,
                },
            ),
            Self::Face { index, data } => of("TIMFaceElem", Content::Face { index, data }),
            Self::Image(media) => of("TIMImageElem", media.as_image()),
            Self::File(media) => of("TIMFileElem", media.as_file()),
            Self::Sound(media) => of("TIMSoundElem", media.as_sound()),
            Self::Video(media) => of("TIMVideoFileElem", media.as_video()),
        };
        tagged.serialize(serializer)
    }
}

impl<'a> Media<'a> {
    fn as_image(self) -> Content<'a> {
        Content::Image {
            uuid: uuid(self.url),
            image_format: image_format(self.url),
            image_info_array: SIZES.map(|r#type| Picture {
                r#type,
                size: self.size,
                width: self.width,
                height: self.height,
                url: self.url,
            }),
        }
    }

    fn as_file(self) -> Content<'a> {
        Content::File {
            url: self.url,
            uuid: uuid(self.url),
            file_size: self.size,
            file_name: match self.name {
                "" => last_part(self.url),
                name => name,
            },
            download_flag: BY_URL,
        }
    }

    fn as_sound(self) -> Content<'a> {
        Content::Sound {
            url: self.url,
            uuid: uuid(self.url),
            size: self.size,
            second: self.seconds,
            download_flag: BY_URL,
        }
    }

    fn as_video(self) -> Content<'a> {
        Content::Video {
            video_url: self.url,
            video_uuid: uuid(self.url),
            video_size: self.size,
            video_second: self.seconds,
            video_format: extension(self.url).unwrap_or("mp4"),
            video_download_flag: BY_URL,
            thumb_url: self.thumbnail,
            thumb_uuid: uuid(self.thumbnail),
            thumb_size: 0,
            thumb_width: self.width,
            thumb_height: self.height,
            thumb_format: extension(self.thumbnail).unwrap_or("jpg"),
            thumb_download_flag: BY_URL,
        }
    }
}

/// What a client keeps it under: the same for the same URL.
fn uuid(url: &str) -> String {
    digest::half(url)
}

/// The last part of a URL's path.
fn last_part(url: &str) -> &str {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    path.rsplit('/').next().unwrap_or_default()
}

/// How the name at the end of a URL ends.
fn extension(url: &str) -> Option<&str> {
    let (_, extension) = last_part(url).rsplit_once('.')?;
    let is_one = (1..=5).contains(&extension.len())
        && extension.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_one.then_some(extension)
}

/// `ImageFormat`: 1 JPG, 2 GIF, 3 PNG, 4 BMP, 255 others.
fn image_format(url: &str) -> u8 {
    let extension = extension(url).unwrap_or_default().to_ascii_lowercase();
    match extension.as_str() {
        "jpg" | "jpeg" => 1,
        "gif" => 2,
        "png" => 3,
        "bmp" => 4,
        _ => 255,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn json(element: Element<'_>) -> Value {
        serde_json::to_value(element).unwrap()
    }

    /// The message-format page's own examples.
    #[test]
    fn location_and_face_as_on_the_page() {
        let (latitude, longitude) = (29.340_656_774_469_956, 116.774_979_204_788_24);
        let location = Element::Location {
            desc: "someinfo",
            latitude: &Number::from_f64(latitude).unwrap(),
            longitude: &Number::from_f64(longitude).unwrap(),
        };
        assert_eq!(
            json(location),
            json!({"MsgType": "TIMLocationElem", "MsgContent": {"Desc": "someinfo",
                "Latitude": 29.340_656_774_469_956, "Longitude": 116.774_979_204_788_24}})
        );
        let face = Element::Face {
            index: 1,
            data: "content",
        };
        assert_eq!(
            json(face),
            json!({"MsgType": "TIMFaceElem", "MsgContent": {"Index": 1, "Data": "content"}})
        );
        assert_eq!(
            json(Element::Text("hello world")),
            json!({"MsgType": "TIMTextElem", "MsgContent": {"Text": "hello world"}})
        );
    }

    const MEDIA: Media<'static> = Media {
        url: "https://files.example.com/a/film.MP4?x=1",
        name: "",
        size: 1_853_095,
        seconds: 12,
        width: 2_448,
        height: 3_264,
        thumbnail: "https://files.example.com/a/still.png",
    };

    fn names(content: &Value) -> Vec<&str> {
        let mut names: Vec<_> = content.as_object().unwrap().keys().collect();
        names.sort_unstable();
        names.into_iter().map(String::as_str).collect()
    }

    /// vendors.md 3.7: the fields of what lies elsewhere.
    #[test]
    fn pictures_files_sounds_and_films_have_the_pages_fields() {
        let image = json(Element::Image(Media {
            url: "https://files.example.com/a.PNG",
            ..MEDIA
        }));
        assert_eq!(image["MsgType"], "TIMImageElem");
        let content = &image["MsgContent"];
        assert_eq!(names(content), ["ImageFormat", "ImageInfoArray", "UUID"]);
        assert_eq!(content["ImageFormat"], 3);
        assert_eq!(
            content["ImageInfoArray"][0],
            json!({"Type": 1, "Size": 1_853_095, "Width": 2_448, "Height": 3_264,
                "URL": "https://files.example.com/a.PNG"})
        );
        let types = content["ImageInfoArray"].as_array().unwrap().iter();
        assert_eq!(types.map(|one| &one["Type"]).collect::<Vec<_>>(), [1, 2, 3]);

        let file = json(Element::File(MEDIA));
        assert_eq!(file["MsgType"], "TIMFileElem");
        assert_eq!(
            names(&file["MsgContent"]),
            ["Download_Flag", "FileName", "FileSize", "UUID", "Url"]
        );
        assert_eq!(file["MsgContent"]["FileName"], "film.MP4");
        assert_eq!(file["MsgContent"]["Download_Flag"], 2);

        let sound = json(Element::Sound(MEDIA));
        assert_eq!(sound["MsgType"], "TIMSoundElem");
        assert_eq!(
            names(&sound["MsgContent"]),
            ["Download_Flag", "Second", "Size", "UUID", "Url"]
        );
        assert_eq!(sound["MsgContent"]["Second"], 12);

        let video = json(Element::Video(MEDIA));
        assert_eq!(video["MsgType"], "TIMVideoFileElem");
        let content = &video["MsgContent"];
        for (name, value) in [
            ("VideoUrl", json!(MEDIA.url)),
            ("VideoSecond", json!(12)),
            ("VideoFormat", json!("MP4")),
            ("VideoDownloadFlag", json!(2)),
            ("ThumbUrl", json!(MEDIA.thumbnail)),
            ("ThumbFormat", json!("png")),
            ("ThumbWidth", json!(2_448)),
            ("ThumbDownloadFlag", json!(2)),
        ] {
            assert_eq!(content[name], value, "{name}");
        }
    }

    #[test]
    fn one_url_has_one_uuid_and_another_has_another() {
        let of = |url| json(Element::Sound(Media { url, ..MEDIA }))["MsgContent"]["UUID"].clone();
        assert_eq!(of("https://a/1"), of("https://a/1"));
        assert_ne!(of("https://a/1"), of("https://a/2"));
    }

    #[test]
    fn a_pictures_format_is_told_by_its_name() {
        for (url, format) in [
            ("https://a/b.jpg", 1),
            ("https://a/b.JPEG?c=d.png", 1),
            ("https://a/b.gif", 2),
            ("https://a/b.bmp", 4),
            ("https://a/b.webp", 255),
            ("https://a.png/b", 255),
        ] {
            assert_eq!(image_format(url), format, "{url}");
        }
    }
}
