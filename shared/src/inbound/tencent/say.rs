//! What somebody says at Tencent, as messages of the conversation.

use crate::{
    change::Change,
    clock::Millis,
    event::Fact,
    html,
    message::{self, Author, Card, Format, Kind, Message, OrderCard, Place, Suggestion},
    session::Agent,
    survey::{Show, Survey, SurveyOption},
    vendor::tencent::{
        custom_element::{Rating, Shown},
        said::{File, Said},
    },
};

/// How many elements of one message are shown at most: each is a message of its own, and its event, in one transaction.
pub(super) const MOST: usize = 40;

/// Who says something, when and where.
pub(super) struct Speaker {
    /// Who.
    pub(super) from: Author,
    /// The person.
    pub(super) agent: Option<Agent>,
    /// The custom data that travels with it.
    pub(super) custom: Option<String>,
    /// What it is known by at Tencent.
    pub(super) vendor_id: String,
    /// When.
    pub(super) said_at: Option<Millis>,
    /// In which of Tencent's sessions.
    pub(super) vendor_session: String,
}

impl Speaker {
    /// Records what is shown of `said`, each element as a message of its own, and tells the app. Gives why nothing, or
    /// not all, is shown.
    pub(super) fn say(&self, change: &mut Change, said: &[Said]) -> Option<&'static str> {
        let mut because = match said {
            [] => Some("nothing is said in it"),
            _ => None,
        };
        let mut place = 0;
        for one in said {
            let Some(words) = words(one) else {
                because = Some(why_not(one));
                continue;
            };
            if place >= MOST {
                because = Some("it has more elements than can be shown");
                break;
            }
            if let Said::Desk {
                shown: Shown::Rating(rating),
                ..
            } = one
            {
                change.offer_survey(survey(rating));
            }
            let vendor_id = match place {
                0 => self.vendor_id.clone(),
                place => format!("{}#{place}", self.vendor_id),
            };
            place += 1;
            let id = change.next_message();
            let message = Message {
                id,
                from: self.from,
                agent: self.agent.clone(),
                custom: self.custom.clone(),
                vendor_id: Some(vendor_id),
                said_at: self.said_at,
                late: change.is_late(),
                vendor_session: Some(self.vendor_session.clone()),
                created_at: change.now(),
                ..words
            };
            let occurred_at = self.said_at.unwrap_or(change.now());
            change.tell(&Fact::MessageReceived(message.view()), occurred_at);
            change.put_message(message);
        }
        because
    }
}

/// Whether there is more of it than is shown.
pub(super) fn is_cut(said: &[Said]) -> bool {
    said.iter().filter(|one| is_shown(one)).count() > MOST
}

/// How many messages come of this.
pub(super) fn count(said: &[Said]) -> usize {
    said.iter().filter(|one| is_shown(one)).count().min(MOST)
}

/// Whether anybody is shown it.
pub(super) fn is_shown(said: &Said) -> bool {
    match said {
        Said::Unreadable
        | Said::Desk {
            shown: Shown::Nothing(_) | Shown::Unfinished,
            ..
        } => false,
        Said::Text(_)
        | Said::Image(_)
        | Said::Sound(_)
        | Said::Video(_)
        | Said::File(_)
        | Said::Location { .. }
        | Said::Face { .. }
        | Said::Custom(_)
        | Said::Desk { .. } => true,
    }
}

fn why_not(said: &Said) -> &'static str {
    match said {
        Said::Desk {
            shown: Shown::Nothing(because),
            ..
        } => because,
        Said::Desk {
            shown: Shown::Unfinished,
            ..
        } => "it is a piece of an answer that goes on",
        _ => "an element of it can't be read",
    }
}

/// Kind and content that a message was given, and one that was said elsewhere has: enough to know it again.
pub(super) fn is_same(said: &Said, message: &Message) -> bool {
    // What the app sends as it stands may be one of Desk's elements, which is shown as something else where it comes in.
    if let Said::Desk { data, .. } = said
        && message.kind == Kind::Custom
        && message.content == *data
    {
        return true;
    }
    words(said).is_some_and(|words| {
        words.kind == message.kind
            && words.content == message.content
            && words.face == message.face
            && is_same_place(words.place.as_ref(), message.place.as_ref())
    })
}

/// A number is the same whether it is written as a whole one or not.
fn is_same_place(one: Option<&Place>, other: Option<&Place>) -> bool {
    let degrees = |place: &Place| {
        let each = [&place.latitude, &place.longitude];
        each.map(serde_json::Number::as_f64)
    };
    one.map(degrees) == other.map(degrees)
}

/// What is shown of `said`, in short: the same wherever it is told of.
pub(super) fn gist(said: &[Said]) -> String {
    let each = said.iter().filter_map(words).map(|words| {
        let place = words
            .place
            .map(|place| (place.latitude.as_f64(), place.longitude.as_f64()));
        format!(
            "{:?}\n{}\n{:?}\n{place:?}",
            words.kind, words.content, words.face
        )
    });
    each.collect::<Vec<_>>().join("\n")
}

/// A message of which no more than its words are right. `None` where nobody is shown it.
fn words(said: &Said) -> Option<Message> {
    let of = |kind, content: &str| {
        Message::new(
            crate::ids::MessageId::new(0),
            Author::Robot,
            kind,
            content.to_owned(),
            0,
        )
    };
    let elsewhere = |kind, file: &File| {
        let known = message::File {
            name: file.name.clone(),
            size: file.size.clone(),
            duration: file.seconds,
            width: file.width,
            height: file.height,
            thumbnail: file.thumbnail.clone(),
        };
        Message {
            file: (!known.is_empty()).then_some(known),
            ..of(kind, &file.url)
        }
    };
    Some(match said {
        Said::Text(text) => of(Kind::Text, text),
        Said::Image(file) => elsewhere(Kind::Image, file),
        Said::Sound(file) => elsewhere(Kind::Audio, file),
        Said::Video(file) => elsewhere(Kind::Video, file),
        Said::File(file) => elsewhere(Kind::File, file),
        Said::Location {
            desc,
            latitude,
            longitude,
        } => Message {
            place: Some(Place {
                latitude: latitude.clone(),
                longitude: longitude.clone(),
            }),
            ..of(Kind::Location, desc)
        },
        Said::Face { index, data } => Message {
            face: Some(*index),
            ..of(Kind::Face, data)
        },
        Said::Custom(data) => of(Kind::Custom, data),
        Said::Desk { shown, data } => match shown {
            Shown::Card {
                title,
                desc,
                pic,
                url,
                order,
            } => Message {
                card: Some(Card {
                    title: title.clone(),
                    description: desc.clone(),
                    image: pic.clone(),
                    url: url.clone(),
                    order: order.as_ref().map(|(guide, fields)| OrderCard {
                        guide: guide.clone(),
                        fields: fields.clone(),
                    }),
                }),
                ..of(Kind::Card, title)
            },
            Shown::Choices { text, items } => {
                let content = match text.is_empty() {
                    true => items.join("\n"),
                    false => text.clone(),
                };
                let suggestions = items.iter().map(|item| Suggestion {
                    text: item.clone(),
                    id: None,
                    url: None,
                    action: None,
                    frequent: false,
                });
                Message {
                    suggestions: suggestions.collect(),
                    ..of(Kind::Text, &content)
                }
            }
            Shown::Rich(html) => Message {
                format: Format::Html,
                text: Some(html::plain_text(html)),
                ..of(Kind::Rich, html)
            },
            Shown::Text(text) => of(Kind::Text, text),
            Shown::Rating(_) | Shown::AsItIs => of(Kind::Custom, data),
            Shown::Unfinished | Shown::Nothing(_) => return None,
        },
        Said::Unreadable => return None,
    })
}

/// A list to rate by, as the app shows surveys.
fn survey(rating: &Rating) -> Survey {
    Survey {
        enabled: true,
        title: rating.head.clone(),
        show: match rating.stars {
            true => Show::Star,
            false => Show::Options,
        },
        options: rating
            .options
            .iter()
            .map(|(id, text)| SurveyOption {
                id: id.clone(),
                text: text.clone(),
                description: None,
                tags: Vec::new(),
                remark: crate::survey::Remark::Hide,
            })
            .collect(),
        ..Survey::default()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::ids::MessageId;

    fn sent(kind: Kind, content: &str) -> Message {
        Message::new(MessageId::new(1), Author::Desk, kind, content.to_owned(), 0)
    }

    /// What the app sends as `custom` reads as a card, a menu or rich text where Tencent lists it.
    #[test]
    fn what_was_sent_as_it_stands_is_known_again() {
        for (src, content) in [
            (
                "22",
                json!({"header": "h", "desc": "d", "pic": "https://a.example.com/a.png", "url": "https://a.example.com/"}),
            ),
            ("29", json!({"x": 1})),
            ("30", json!("<b>x</b>")),
        ] {
            let data =
                json!({"customerServicePlugin": 0, "src": src, "content": content}).to_string();
            let body = json!([{"MsgType": "TIMCustomElem", "MsgContent": {"Data": data.as_str()}}]);
            let said = Said::all_of(&body);
            assert!(matches!(said[0], Said::Desk { .. }), "{src}");
            assert!(is_same(&said[0], &sent(Kind::Custom, &data)), "{src}");
            assert!(!is_same(&said[0], &sent(Kind::Custom, "{}")), "{src}");
            assert!(!is_same(&said[0], &sent(Kind::Text, &data)), "{src}");
        }
    }

    #[test]
    fn a_place_is_the_same_however_its_degrees_are_written() {
        let said = |longitude: serde_json::Value| {
            let place = json!({"Desc": "here", "Latitude": 29.5, "Longitude": longitude});
            Said::all_of(&json!([{"MsgType": "TIMLocationElem", "MsgContent": place}]))
        };
        let here = Message {
            place: Some(Place {
                latitude: serde_json::Number::from_f64(29.5).unwrap(),
                longitude: 116.into(),
            }),
            ..sent(Kind::Location, "here")
        };
        assert!(is_same(&said(json!(116.0))[0], &here));
        assert!(!is_same(&said(json!(116.5))[0], &here));
        assert_eq!(gist(&said(json!(116.0))), gist(&said(json!(116))));
        assert_ne!(gist(&said(json!(116.5))), gist(&said(json!(116))));
    }
}
