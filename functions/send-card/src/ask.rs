//! What a caller asks to be sent, in words that are no vendor's.

use deskbridge::{
    clock::Millis,
    error::Error,
    ids::MessageId,
    message::{Author, Card, Kind, Message, Status},
    object::Object,
    vendor::udesk::{
        Id,
        card::{Button, ButtonKind, Card as UdeskCard},
        struct_message,
    },
};
use serde::{Deserialize, Serialize};

/// The largest card, in bytes of JSON.
const LARGEST: usize = 16 * 1024;

/// A card into a session of ours.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SessionCard {
    card: Object<Card>,
}

impl SessionCard {
    /// Checks what can be checked without the session.
    pub(crate) fn checked(self) -> Result<Self, Error> {
        let Object(card) = &self.card;
        if card.title.is_empty() {
            return Err(Error::field("card.title", "a card has a title"));
        }
        fits(card)?;
        Ok(self)
    }

    /// The message that it becomes.
    pub(crate) fn message(&self, id: MessageId, now: Millis, client_id: Option<&str>) -> Message {
        let Object(card) = &self.card;
        Message {
            card: Some(card.clone()),
            status: Some(Status::Queued),
            client_id: client_id.map(str::to_owned),
            // Whoever draws no cards still has something to show.
            ..Message::new(id, Author::Desk, Kind::Card, card.title.clone(), now)
        }
    }
}

/// A card to a customer of Udesk's own clients.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeskCard {
    session: i64,
    customer: i64,
    agent: i64,
    #[serde(default)]
    resource: Option<String>,
    card: Object<Shown>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Shown {
    title: String,
    description: String,
    image: String,
    #[serde(default)]
    buttons: Vec<Object<Pressed>>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Pressed {
    #[serde(rename = "type")]
    kind: ButtonKind,
    text: String,
    value: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    callback: Option<String>,
}

impl DeskCard {
    /// The card as Udesk has it.
    pub(crate) fn card(&self) -> Result<UdeskCard, Error> {
        for (field, number) in [
            ("session", self.session),
            ("customer", self.customer),
            ("agent", self.agent),
        ] {
            if number < 1 {
                return Err(Error::field(field, "give Udesk's own number of it"));
            }
        }
        let resource = self.resource.as_deref().unwrap_or_default();
        if resource.len() > 1_023 {
            return Err(Error::field("resource", "at most 1023 bytes are taken"));
        }
        let Object(shown) = &self.card;
        fits(shown)?;
        let buttons = shown.buttons.iter().map(|Object(button)| Button {
            kind: button.kind,
            text: button.text.clone(),
            value: button.value.clone(),
            callback_name: button.callback.clone(),
        });
        let card = UdeskCard {
            title: shown.title.clone(),
            description: shown.description.clone(),
            img_url: shown.image.clone(),
            buttons: buttons.collect(),
        };
        card.check().map_err(|flaw| {
            let field = flaw.field.replace("callback_name", "callback");
            let field = field.replace("img_url", "image");
            Error::field(format!("card.{field}"), flaw.message)
        })?;
        Ok(card)
    }

    /// The call.
    pub(crate) fn request<'a>(&'a self, card: &'a UdeskCard) -> struct_message::Request<'a> {
        struct_message::Request {
            im_sub_session_id: Id(self.session),
            customer_id: Id(self.customer),
            agent_id: Id(self.agent),
            jid_resource: self.resource.as_deref(),
            card,
        }
    }
}

fn fits(card: &impl Serialize) -> Result<(), Error> {
    let size = serde_json::to_string(card).map_or(usize::MAX, |json| json.len());
    if size > LARGEST {
        let message = format!("it has {size} bytes as JSON; at most {LARGEST} are taken");
        return Err(Error::field("card", message));
    }
    Ok(())
}
