//! What a task is at Tencent Cloud Desk, and what its answer means. Only what the desk says goes out: what the
//! customer says reaches the desk through Tencent's own client.

use std::time::Duration;

use super::{OnUnknown, Outcome, Unfit, fault};
use crate::{
    clock::{self, Millis},
    config::{
        ConfigError, Setting, Settings, TENCENT_ADMIN, TENCENT_BASE_URL, TENCENT_ON_UNKNOWN,
        TENCENT_SDK_APP_ID, TENCENT_SECRET_KEY, TENCENT_SERVICE_ACCOUNT,
    },
    http::{Client, NoAnswer},
    ids::CustomerId,
    message::{Author, Kind, Message},
    outgoing::Task,
    secret::Secret,
    session::Session,
    vendor::{
        Vendor,
        tencent::{
            Account, Card, Element, Refusal, Unsendable,
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
        let given = [
            &TENCENT_SDK_APP_ID,
            &TENCENT_SECRET_KEY,
            &TENCENT_ADMIN,
            &TENCENT_SERVICE_ACCOUNT,
        ]
        .map(|setting| settings.optional(setting));
        if given.iter().all(Option::is_none) {
            return Ok(None);
        }
        let sdk_app_id = settings
            .required(&TENCENT_SDK_APP_ID)?
            .parse()
            .map_err(|error| TENCENT_SDK_APP_ID.malformed(&error))?;
        let key = Secret::new(settings.required(&TENCENT_SECRET_KEY)?);
        let admin = first_account(settings, &TENCENT_ADMIN)?;
        Ok(Some(Self {
            base_url: base_url.unwrap_or_else(|| CHINA.to_owned()),
            sdk_app_id,
            service_account: first_account(settings, &TENCENT_SERVICE_ACCOUNT)?,
            user_sig: Cached::new(sdk_app_id, admin.clone(), key),
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
            (Task::Open { .. }, _) => Outcome::Nothing,
            (Task::Close, _) | (Task::Message { .. }, None) => Outcome::Done,
            (Task::Message { .. }, Some(message)) => {
                match self.send(http, limit, session, message).await {
                    Ok(()) => Outcome::Done,
                    Err(failure) => failure.outcome(),
                }
            }
        }
    }

    async fn send(
        &self,
        http: &Client,
        limit: Duration,
        session: &Session,
        message: &Message,
    ) -> Result<(), Failure> {
        let element = element(message).map_err(|unfit| Failure::Unfit(unfit.why))?;
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
            .map_err(|error| Failure::Unfit(error.to_string()))?;
        let account = Account {
            base_url: &self.base_url,
            sdk_app_id: self.sdk_app_id,
            identifier: &self.admin,
            user_sig: &user_sig,
            random: random(),
        };
        let request = request.to_http(&account)?;
        let started = clock::now();
        let answer = http.call(request, limit).await;
        tracing::info!(
            vendor = "tencent",
            call = "POST /v4/desk_http_svc/send_msg",
            status = answer.as_ref().map_or(0, |answer| answer.status),
            took_ms = clock::now() - started,
            "called"
        );
        let answer = answer?;
        Ok(send_msg::read(
            answer.status,
            &answer.headers,
            &answer.body,
        )?)
    }
}

/// Any number.
fn random() -> u32 {
    let mut bytes = [0; 4];
    // No randomness means that all calls have one number, which Tencent does not mind.
    let _ = getrandom::fill(&mut bytes);
    u32::from_le_bytes(bytes)
}

/// The first of the accounts that a setting lists, which is the one that we use.
fn first_account(settings: &Settings, setting: &Setting) -> Result<String, ConfigError> {
    let accounts = settings.list(setting);
    if let Some(odd) = accounts.iter().find(|account| !is_user_id(account)) {
        return Err(setting.malformed(&format!(
            "{odd:?} is no account: one has 1 to {LONGEST_USER_ID} visible ASCII characters"
        )));
    }
    match accounts.into_iter().next() {
        Some(first) => Ok(first),
        None => settings.required(setting),
    }
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

/// Why a call brought nothing.
enum Failure {
    Refusal(Refusal),
    NoAnswer(NoAnswer),
    Unfit(String),
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refusal(refusal)
    }
}

impl From<NoAnswer> for Failure {
    fn from(none: NoAnswer) -> Self {
        Self::NoAnswer(none)
    }
}

impl From<Unsendable> for Failure {
    fn from(unsendable: Unsendable) -> Self {
        Self::Unfit(unsendable.to_string())
    }
}

impl Failure {
    fn outcome(self) -> Outcome {
        match self {
            Self::Refusal(refusal) => {
                let code = refusal.code.map(|code| code.number());
                let fault = fault(Vendor::Tencent, code, refusal.message);
                Outcome::of_refusal(refusal.fate, fault)
            }
            Self::NoAnswer(error) => Outcome::of_no_answer(Vendor::Tencent, &error),
            Self::Unfit(why) => Outcome::Refused(fault(Vendor::Tencent, None, why)),
        }
    }
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

    fn settings(given: &'static [(&str, &str)]) -> Settings {
        Settings::new(move |name| {
            let found = given.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn all_of_tencents_settings_or_none() {
        assert!(Tencent::from_settings(&settings(&[])).unwrap().is_none());
        let only = settings(&[("TENCENT_SDK_APP_ID", "1400000000")]);
        let error = Tencent::from_settings(&only).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("TENCENT_SECRET_KEY is not set")
        );
        let odd = settings(&[
            ("TENCENT_SDK_APP_ID", "1400000000"),
            ("TENCENT_SECRET_KEY", "k"),
            ("TENCENT_ADMIN", "administrator"),
            ("TENCENT_SERVICE_ACCOUNT", "@desk,an account"),
        ]);
        let error = Tencent::from_settings(&odd).unwrap_err().to_string();
        assert!(error.contains("\"an account\" is no account"), "{error}");
    }
}
