//! The element that a message goes out as.

use crate::{
    desk::Unfit,
    message::{self, Kind, Message},
    vendor::tencent::{Card, Element, Media, Order},
};

/// The element; names the field where there is none.
pub(super) fn element(message: &Message) -> Result<Element<'_>, Unfit> {
    Ok(match message.kind {
        Kind::Text => Element::Text(&message.content),
        Kind::Custom => Element::Custom(&message.content),
        Kind::Card => {
            let card = message.card.as_ref();
            card.map(of_card)
                .ok_or_else(|| Unfit::new("card", "a card needs `card`, an object with a title"))?
        }
        Kind::Location => {
            let place = message.place.as_ref();
            let place = place
                .ok_or_else(|| Unfit::new("place", "say where it is: latitude and longitude"))?;
            Element::Location {
                desc: &message.content,
                latitude: &place.latitude,
                longitude: &place.longitude,
            }
        }
        Kind::Face => Element::Face {
            index: message
                .face
                .ok_or_else(|| Unfit::new("face", "say which emoji, by its number"))?,
            data: &message.content,
        },
        Kind::Image => Element::Image(media(message)),
        Kind::Audio => Element::Sound(media(message)),
        Kind::File => Element::File(media(message)),
        Kind::Video => {
            let media = media(message);
            if media.thumbnail.is_empty() {
                let why = "Tencent shows a film by a still picture: give its URL";
                return Err(Unfit::new("file.thumbnail", why));
            }
            Element::Video(media)
        }
        Kind::Rich => {
            let why =
                "Tencent takes text, image, audio, video, file, card, location, face and custom";
            return Err(Unfit::new("kind", why));
        }
    })
}

fn of_card(card: &message::Card) -> Element<'_> {
    match &card.order {
        None => Element::Card(Card {
            header: &card.title,
            desc: card.description.as_deref().unwrap_or_default(),
            pic: card.image.as_deref().unwrap_or_default(),
            url: card.url.as_deref().unwrap_or_default(),
        }),
        Some(order) => Element::Order(Order {
            guide: order.guide.as_deref().unwrap_or_default(),
            name: &card.title,
            desc: card.description.as_deref().unwrap_or_default(),
            pic: card.image.as_deref().unwrap_or_default(),
            url: card.url.as_deref().unwrap_or_default(),
            custom_field: &order.fields,
        }),
    }
}

/// What lies elsewhere: its address is what is said.
fn media(message: &Message) -> Media<'_> {
    let file = message.file.as_ref();
    let text = |field: fn(&message::File) -> &Option<String>| {
        file.and_then(|file| field(file).as_deref())
            .unwrap_or_default()
    };
    let number = |field: fn(&message::File) -> Option<u32>| file.and_then(field).unwrap_or(0);
    Media {
        url: &message.content,
        name: text(|file| &file.name),
        size: file.and_then(message::File::bytes).unwrap_or(0),
        seconds: number(|file| file.duration),
        width: number(|file| file.width),
        height: number(|file| file.height),
        thumbnail: text(|file| &file.thumbnail),
    }
}
