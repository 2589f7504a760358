//! What a task is at Tencent Cloud Desk, and what its answer means. Only what the desk says goes out: what the
//! customer says reaches the desk through Tencent's own client.

use std::{fmt, time::Duration};

use super::{OnUnknown, Outcome, Unfit, fault};
use crate::{
    clock::{self, Millis},
    config::{ConfigError, Settings, TENCENT_BASE_URL, TENCENT_ON_UNKNOWN},
    http::Client,
    ids::CustomerId,
    line::{self, Metric},
    message::{Author, Kind, Message},
    outgoing::Task,
    session::Session,
    vendor::{
        Vendor,
        tencent::{
            Account, Application, Card, Element, Refusal,
            send_msg::{self, Destination, Request, msg_random},
            user_sig::{Cached, LONGEST_USER_ID, is_user_id},
        },
    },
};

/// Where Tencent is, for an application in China.
const CHINA: &str = "https://console.tim.qq.com";

/// For so long Tencent drops a repeat.
const REPEATS_DROPPED: Millis = 120_000;

/// A Tencent application.
#[derive(Debug)]
pub(super) struct Tencent {
    base_url: String,
    sdk_app_id: u64,
    admin: String,
    service_account: String,
    user_sig: Cached,
    holds: bool,
}

impl Tencent {
    pub(super) fn from_settings(settings: &Settings) -> Result<Option<Self>, ConfigError> {
        let holds = match settings.optional(&TENCENT_ON_UNKNOWN).as_deref() {
            None | Some("retry") => false,
            Some("hold") => true,
            Some(other) => return Err(TENCENT_ON_UNKNOWN.malformed(&format!("{other:?}"))),
        };
        let base_url = settings.address(&TENCENT_BASE_URL)?;
        let Some(application) = Application::from_settings(settings)? else {
            return Ok(None);
        };
        let admin = application.admins.first;
        Ok(Some(Self {
            base_url: base_url.unwrap_or_else(|| CHINA.to_owned()),
            sdk_app_id: application.sdk_app_id,
            service_account: application.service_accounts.first,
            user_sig: Cached::new(application.sdk_app_id, admin.clone(), application.key),
            admin,
            holds,
        }))
    }

    pub(super) fn base_url(&self) -> &str {
        &self.base_url
    }

    /// What becomes of a message that may have arrived, where an attempt may take `limit`: a repeat
    /// has to be there before Tencent forgets the first.
    pub(super) fn on_unknown(&self, limit: Duration) -> OnUnknown {
        if self.holds {
            return OnUnknown::Hold;
        }
        let limit = i64::try_from(limit.as_millis()).unwrap_or(REPEATS_DROPPED);
        OnUnknown::RetryFor(REPEATS_DROPPED - limit)
    }

    pub(super) async fn attempt(
        &self,
        http: &Client,
        limit: Duration,
        session: &Session,
        task: &Task,
        message: Option<&Message>,
    ) -> Outcome {
        match (task, message) {
            (Task::Register { .. } | Task::Open { .. }, _) => Outcome::Nothing,
            (Task::Close, _) | (Task::Message { .. }, None) => Outcome::Done,
            (Task::Message { .. }, Some(message)) => {
                let sent = self.send(http, limit, session, message).await;
                sent.map_or_else(|outcome| outcome, |()| Outcome::Done)
            }
            _ => Outcome::Nothing,
        }
    }

    async fn send(
        &self,
        http: &Client,
        limit: Duration,
        session: &Session,
        message: &Message,
    ) -> Result<(), Outcome> {
        let element = element(message).map_err(|unfit| unsendable(&unfit.why))?;
        let destination = match &session.vendor_session {
            Some(id) => Destination::Session(id),
            None => Destination::Accounts {
                from: &self.service_account,
                to: session.customer.as_str(),
            },
        };
        let request = Request {
            destination,
            msg_random: msg_random(message.id.as_str()),
            elements: &[element],
            cloud_custom_data: message.custom.as_deref(),
        };
        let user_sig = self
            .user_sig
            .at(clock::now() / 1_000)
            .map_err(|error| unsendable(&error))?;
        let account = Account {
            base_url: &self.base_url,
            sdk_app_id: self.sdk_app_id,
            identifier: &self.admin,
            user_sig: &user_sig,
            random: random(),
        };
        let request = request
            .to_http(&account)
            .map_err(|error| unsendable(&error))?;
        let started = clock::now();
        let answer = http.call(request, limit).await;
        let took_ms = clock::now() - started;
        line::add(Metric::VendorTime, took_ms);
        tracing::info!(
            vendor = "tencent",
            call = "POST /v4/desk_http_svc/send_msg",
            status = answer.as_ref().map_or(0, |answer| answer.status),
            took_ms,
            "called"
        );
        let answer = answer.map_err(|none| Outcome::of_no_answer(Vendor::Tencent, &none))?;
        send_msg::read(answer.status, &answer.headers, &answer.body).map_err(refused)
    }
}

/// Any number.
fn random() -> u32 {
    let mut bytes = [0; 4];
    // No randomness means that all calls have one number, which Tencent does not mind.
    let _ = getrandom::fill(&mut bytes);
    u32::from_le_bytes(bytes)
}

/// Refuses a customer who can be no user of Tencent's.
pub(super) fn fits_customer(customer: &CustomerId) -> Result<(), Unfit> {
    if is_user_id(customer.as_str()) {
        return Ok(());
    }
    Err(Unfit::new(
        "customer",
        format!("Tencent takes customers of at most {LONGEST_USER_ID} bytes"),
    ))
}

/// Refuses a message that Tencent does not take.
pub(super) fn fits(message: &Message) -> Result<(), Unfit> {
    if message.from != Author::Desk {
        return Err(Unfit::new(
            "as",
            "at Tencent the customer writes through Tencent's own client (POST /tokens gives a UserSig); \
             your server may write as the desk: \"as\":\"desk\"",
        ));
    }
    let field = if message.card.is_some() {
        "card"
    } else {
        "content"
    };
    send_msg::measure(&[element(message)?])
        .map(drop)
        .map_err(|error| Unfit::new(field, error.to_string()))
}

fn element(message: &Message) -> Result<Element<'_>, Unfit> {
    match (message.kind, &message.card) {
        (Kind::Text, _) => Ok(Element::Text(&message.content)),
        (Kind::Custom, _) => Ok(Element::Custom(&message.content)),
        (Kind::Card, Some(card)) => Ok(Element::Card(Card {
            header: &card.title,
            desc: card.description.as_deref().unwrap_or_default(),
            pic: card.image.as_deref().unwrap_or_default(),
            url: card.url.as_deref().unwrap_or_default(),
        })),
        (Kind::Card | Kind::Image | Kind::Audio | Kind::Video | Kind::File | Kind::Rich, _) => Err(
            Unfit::new("kind", "Tencent takes text, card and custom from the desk"),
        ),
    }
}

/// What a message that can't be sent comes to.
fn unsendable(why: &impl fmt::Display) -> Outcome {
    Outcome::Refused(fault(Vendor::Tencent, None, why.to_string()))
}

fn refused(refusal: Refusal) -> Outcome {
    let code = refusal.code.map(|code| code.number());
    Outcome::of_refusal(refusal.fate, fault(Vendor::Tencent, code, refusal.message))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::{ids::MessageId, message};

    fn from_desk(kind: Kind) -> Message {
        Message::new(MessageId::new(1), Author::Desk, kind, "hello".to_owned(), 0)
    }

    fn refused_at(message: &Message) -> Option<&'static str> {
        fits(message).err().map(|unfit| unfit.field)
    }

    #[test]
    fn text_cards_and_custom_elements_go_out() {
        let card = Message {
            card: Some(message::Card {
                title: "hello".to_owned(),
                description: None,
                image: None,
                url: None,
            }),
            ..from_desk(Kind::Card)
        };
        for message in [from_desk(Kind::Text), from_desk(Kind::Custom), card] {
            assert_eq!(refused_at(&message), None, "{message:?}");
        }
        for kind in [
            Kind::Image,
            Kind::Audio,
            Kind::Video,
            Kind::File,
            Kind::Rich,
        ] {
            assert_eq!(refused_at(&from_desk(kind)), Some("kind"), "{kind:?}");
        }
    }

    #[test]
    fn the_customers_own_words_go_through_tencents_client() {
        let message = Message {
            from: Author::Customer,
            ..from_desk(Kind::Text)
        };
        assert_eq!(refused_at(&message), Some("as"));
    }

    #[test]
    fn a_user_has_thirty_two_bytes() {
        let of = |length| CustomerId::parse(&"x".repeat(length)).unwrap();
        assert!(fits_customer(&of(32)).is_ok());
        assert_eq!(fits_customer(&of(33)).unwrap_err().field, "customer");
    }
}
