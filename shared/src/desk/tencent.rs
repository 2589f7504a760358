//! What a task is at Tencent Cloud Desk, and what its answer means. What the desk says goes out by Desk's own call;
//! what the customer says reaches the desk through Tencent's own client, or where a setting says so, through
//! `openim/sendmsg`.

mod element;
mod line;

use std::time::{Duration, Instant};

use element::element;
pub use line::Line;

use super::{OnUnknown, Opened, Outcome, Unfit, fault};
use crate::{
    budget::{Rates, Scope},
    change::{Change, Mark},
    clock::Millis,
    config::{
        ConfigError, Settings, TENCENT_ON_UNKNOWN, TENCENT_RATE_LIMIT, TENCENT_USER_MESSAGES,
    },
    ids::CustomerId,
    message::{Author, Message},
    outgoing::Task,
    session::{Agent, Session, State},
    vendor::{
        Vendor,
        tencent::{
            Application, Element,
            custom_element::START,
            end_session,
            event::echo_key,
            region,
            send_msg::{self, Destination, Request, msg_random},
            transfer_to_human, user_send_msg,
            user_sig::{Cached, LONGEST_USER_ID, is_user_id},
        },
    },
};

/// For so long Tencent drops a repeat.
const REPEATS_DROPPED: Millis = 120_000;

/// What Tencent takes of each API where nothing else is agreed.
const USUAL_RATE: &str = "200/1";

/// A Tencent application.
#[derive(Debug)]
pub(super) struct Tencent {
    base_url: String,
    sdk_app_id: u64,
    admin: String,
    service_account: String,
    /// The desk's own accounts.
    ours: Vec<String>,
    user_sig: Cached,
    holds: bool,
    rates: Rates,
    user_messages: UserMessages,
}

/// What becomes of what customers write through the API. That it reaches Desk at all is said by none of its pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum UserMessages {
    /// They write in Tencent's client.
    Off,
    /// It is sent from their account.
    Send,
    /// The same, and before the first of a session what a client sends when its user comes.
    StartAndSend,
}

impl Tencent {
    pub(super) fn from_settings(settings: &Settings) -> Result<Option<Self>, ConfigError> {
        let holds = match settings.optional(&TENCENT_ON_UNKNOWN).as_deref() {
            None | Some("retry") => false,
            Some("hold") => true,
            Some(other) => return Err(TENCENT_ON_UNKNOWN.malformed(&format!("{other:?}"))),
        };
        let user_messages = match settings.optional(&TENCENT_USER_MESSAGES).as_deref() {
            None | Some("off") => UserMessages::Off,
            Some("send") => UserMessages::Send,
            Some("start_and_send") => UserMessages::StartAndSend,
            Some(other) => return Err(TENCENT_USER_MESSAGES.malformed(&format!("{other:?}"))),
        };
        let base_url = region::base_url(settings)?;
        let mut rates = vec![USUAL_RATE.to_owned()];
        rates.extend(settings.list(&TENCENT_RATE_LIMIT));
        let rates = Rates::parse(&rates, 0, Scope::Api)
            .map_err(|error| TENCENT_RATE_LIMIT.malformed(&error))?;
        let Some(application) = Application::from_settings(settings)? else {
            return Ok(None);
        };
        let ours = application.accounts().map(str::to_owned).collect();
        let admin = application.admins.first;
        Ok(Some(Self {
            base_url,
            sdk_app_id: application.sdk_app_id,
            service_account: application.service_accounts.first,
            ours,
            user_sig: Cached::new(application.sdk_app_id, admin.clone(), application.key),
            admin,
            holds,
            rates,
            user_messages,
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
}

impl Line<'_> {
    pub(super) async fn attempt(
        &self,
        session: &Session,
        task: &Task,
        message: Option<&Message>,
    ) -> Outcome {
        match (task, message) {
            (Task::Close, _) => self.close(session).await,
            (Task::Message { .. }, None) => Outcome::Done,
            (Task::Message { .. }, Some(message)) => self.send(session, message).await,
            (Task::HandOn { agent, group }, _) => {
                self.hand_on(session, agent.as_deref(), *group).await
            }
            (
                Task::Register { .. }
                | Task::Open { .. }
                | Task::Read { .. }
                | Task::RateSession { .. }
                | Task::RateRobot { .. }
                | Task::RateAnswer { .. }
                | Task::TakeStep { .. }
                | Task::CountClick { .. }
                | Task::CountTransfer { .. },
                _,
            ) => Outcome::Nothing,
        }
    }

    /// Tencent ends what a person has, or is to have. What is gone there already is what was wanted.
    async fn close(&self, session: &Session) -> Outcome {
        let is_persons = matches!(
            session.state,
            State::Active | State::Queued | State::Assigning
        );
        let Some(session_id) = session.vendor_session.as_deref().filter(|_| is_persons) else {
            return Outcome::Done;
        };
        let request = end_session::Request { session_id };
        match self.perform(&request, session, &Task::Close).await {
            Ok(()) | Err(Outcome::Gone(_)) => Outcome::Done,
            Err(outcome) => outcome,
        }
    }

    async fn hand_on(&self, session: &Session, agent: Option<&str>, group: Option<i64>) -> Outcome {
        let Some(session_id) = session.vendor_session.as_deref() else {
            let why = "Tencent has not told of this session yet";
            return Outcome::Refused(fault(Vendor::Tencent, None, why));
        };
        let request = transfer_to_human::Request {
            session_id,
            agent_id_list: agent.as_slice(),
            agent_group_id: group,
        };
        let task = Task::HandOn {
            agent: None,
            group: None,
        };
        let handed = match self.perform(&request, session, &task).await {
            Ok(handed) => handed,
            Err(outcome) => return outcome,
        };
        let agent = handed.agent_id.map(|id| Agent {
            id: Some(id),
            name: None,
            avatar: None,
        });
        Outcome::Opened(Box::new(Opened {
            state: match handed.is_in_queue {
                true => State::Queued,
                // The agent has to accept; an event tells of that, or the next look.
                false => State::Assigning,
            },
            vendor_session: session.vendor_session.clone(),
            assignee: agent,
            queue: None,
            survey: None,
            welcome: None,
        }))
    }

    async fn send(&self, session: &Session, message: &Message) -> Outcome {
        let element = match element(message) {
            Ok(element) => element,
            Err(unfit) => return Outcome::Refused(fault(Vendor::Tencent, None, unfit.why)),
        };
        let task = Task::Message {
            id: message.id.clone(),
        };
        let elements = [element];
        let sent = match message.from {
            Author::Customer => self.send_for_user(session, message, &elements, &task).await,
            Author::Desk | Author::Agent | Author::Robot => {
                let request = Request {
                    destination: self.destination(session),
                    msg_random: random_of(message),
                    elements: &elements,
                    cloud_custom_data: message.custom.as_deref(),
                    exclude_from_user_resp_timeout: message.needs_no_answer,
                };
                self.perform(&request, session, &task).await
            }
        };
        sent.map_or_else(|outcome| outcome, |()| Outcome::Done)
    }

    fn destination<'a>(&'a self, session: &'a Session) -> Destination<'a> {
        match &session.vendor_session {
            Some(id) => Destination::Session(id),
            None => Destination::Accounts {
                from: self.service_account(),
                to: session.customer.as_str(),
            },
        }
    }

    async fn send_for_user(
        &self,
        session: &Session,
        message: &Message,
        elements: &[Element<'_>],
        task: &Task,
    ) -> Result<(), Outcome> {
        let request = user_send_msg::Request {
            from: session.customer.as_str(),
            to: self.service_account(),
            msg_random: random_of(message),
            elements,
            cloud_custom_data: message.custom.as_deref(),
            online_only: false,
        };
        let began = Instant::now();
        let begins = self.user_messages() == UserMessages::StartAndSend;
        let mut slot = session.sends.slot();
        if begins && session.vendor_session.is_none() {
            let start = user_send_msg::Request {
                msg_random: request.msg_random.wrapping_add(1),
                elements: &[Element::Custom(START)],
                cloud_custom_data: None,
                online_only: true,
                ..request
            };
            // One place is kept, and each call takes one.
            self.perform_at(slot.take(), &start, task).await?;
        }
        let line = self.after(began.elapsed());
        line.perform_at(slot, &request, task).await
    }
}

/// The `MsgRandom` of a message: the one that was drawn for it. Versions before this one drew none, and what they left
/// is sent under the one that they used.
fn random_of(message: &Message) -> u32 {
    message
        .random
        .unwrap_or_else(|| msg_random(message.id.as_str()))
}

/// Draws the `MsgRandom` of a message, once; and leaves the mark by which it is known when it comes back as an event.
/// Nobody draws it again for this customer, since the mark stands there once.
pub(super) fn prepare(change: &mut Change, message: &mut Message) {
    let random = line::random().unwrap_or_else(|| msg_random(message.id.as_str()));
    message.random = Some(random);
    change.mark(Mark::Seen {
        vendor: Vendor::Tencent,
        key: echo_key(change.session.customer.as_str(), random),
    });
}

/// Refuses a customer who can be no user of Tencent's, or is the desk itself: what its own account writes would be an
/// administrator's.
pub(super) fn fits_customer(tencent: Option<&Tencent>, customer: &CustomerId) -> Result<(), Unfit> {
    let customer = customer.as_str();
    let unfit = |why: String| Err(Unfit::new("customer", why));
    if !is_user_id(customer) {
        let why = format!("Tencent takes customers of at most {LONGEST_USER_ID} bytes");
        return unfit(why);
    }
    // In any case of letters: no page says that Tencent tells accounts apart by it.
    let is_same = |account: &String| account.eq_ignore_ascii_case(customer);
    if tencent.is_some_and(|tencent| tencent.ours.iter().any(is_same)) {
        return unfit("this is an account of the desk's own".to_owned());
    }
    Ok(())
}

/// Refuses a message that Tencent does not take; what it has no settings for takes none of the customer's.
pub(super) fn fits(
    tencent: Option<&Tencent>,
    customer: &CustomerId,
    message: &Message,
) -> Result<(), Unfit> {
    let takes_users = tencent.is_some_and(|one| one.user_messages != UserMessages::Off);
    if message.from != Author::Desk && !takes_users {
        return Err(Unfit::new(
            "as",
            "at Tencent the customer writes through Tencent's own client (POST /tokens gives a UserSig); \
             your server may write as the desk: \"as\":\"desk\"",
        ));
    }
    // Events open sessions too, of whomever they name.
    if message.from != Author::Desk {
        fits_customer(tencent, customer)?;
    }
    if message.from != Author::Desk && message.needs_no_answer {
        let why = "leave it out: only what the desk says waits for an answer";
        return Err(Unfit::new("needs_no_answer", why));
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::{
        ids::MessageId,
        message::{self, File, Kind, Place},
    };

    fn from_desk(kind: Kind) -> Message {
        let content = "https://files.example.com/a.png".to_owned();
        Message::new(MessageId::new(1), Author::Desk, kind, content, 0)
    }

    fn user() -> CustomerId {
        CustomerId::parse("user45").unwrap()
    }

    fn refused_at(message: &Message) -> Option<&'static str> {
        fits(None, &user(), message).err().map(|unfit| unfit.field)
    }

    fn tencent(given: &'static [(&str, &str)]) -> Result<Tencent, String> {
        let settings = Settings::new(move |name| {
            let found = given.iter().find(|(key, _)| *key == name);
            let found = found.map(|(_, value)| (*value).to_owned());
            found.or_else(|| {
                Some(match name {
                    "TENCENT_SDK_APP_ID" => "1400000000".to_owned(),
                    "TENCENT_SECRET_KEY" => "k".to_owned(),
                    "TENCENT_ADMIN" => "administrator".to_owned(),
                    "TENCENT_SERVICE_ACCOUNT" => "@desk".to_owned(),
                    _ => return None,
                })
            })
        });
        Tencent::from_settings(&settings)
            .map(Option::unwrap)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn every_kind_that_tencent_has_goes_out_and_html_does_not() {
        let card = Message {
            card: Some(message::Card {
                title: "hello".to_owned(),
                description: None,
                image: None,
                url: None,
                order: None,
            }),
            ..from_desk(Kind::Card)
        };
        let place = Message {
            place: Some(Place {
                latitude: 29.into(),
                longitude: 116.into(),
            }),
            ..from_desk(Kind::Location)
        };
        let face = Message {
            face: Some(1),
            ..from_desk(Kind::Face)
        };
        let film = Message {
            file: Some(File {
                thumbnail: Some("https://files.example.com/b.png".to_owned()),
                ..File::default()
            }),
            ..from_desk(Kind::Video)
        };
        let plain = [
            Kind::Text,
            Kind::Custom,
            Kind::Image,
            Kind::Audio,
            Kind::File,
        ];
        for message in plain
            .map(from_desk)
            .into_iter()
            .chain([card, place, face, film])
        {
            assert_eq!(refused_at(&message), None, "{message:?}");
        }
        for (kind, field) in [
            (Kind::Rich, "kind"),
            (Kind::Card, "card"),
            (Kind::Location, "place"),
            (Kind::Face, "face"),
            (Kind::Video, "file.thumbnail"),
        ] {
            assert_eq!(refused_at(&from_desk(kind)), Some(field), "{kind:?}");
        }
    }

    #[test]
    fn the_customers_own_words_go_through_tencents_client_unless_a_setting_says_otherwise() {
        let message = Message {
            from: Author::Customer,
            ..from_desk(Kind::Text)
        };
        assert_eq!(refused_at(&message), Some("as"));
        let off = tencent(&[("TENCENT_USER_MESSAGES", "off")]).unwrap();
        assert!(fits(Some(&off), &user(), &message).is_err());
        for on in ["send", "start_and_send"] {
            let on: &'static [(&str, &str)] = vec![("TENCENT_USER_MESSAGES", on)].leak();
            let tencent = tencent(on).unwrap();
            assert!(fits(Some(&tencent), &user(), &message).is_ok());
            // An event opens a session of whomever it names; nobody writes as the desk's own account for all that.
            let admin = CustomerId::parse("administrator").unwrap();
            let unfit = fits(Some(&tencent), &admin, &message).unwrap_err();
            assert_eq!(unfit.field, "customer");
            assert!(fits(Some(&tencent), &admin, &from_desk(Kind::Text)).is_ok());
        }
        let odd = tencent(&[("TENCENT_USER_MESSAGES", "yes")]).unwrap_err();
        assert!(odd.contains("TENCENT_USER_MESSAGES is malformed"), "{odd}");
    }

    #[test]
    fn a_user_has_thirty_two_bytes() {
        let of = |length| CustomerId::parse(&"x".repeat(length)).unwrap();
        assert!(fits_customer(None, &of(32)).is_ok());
        let refused = fits_customer(None, &of(33)).unwrap_err();
        assert_eq!(refused.field, "customer");
    }

    #[test]
    fn the_desks_own_accounts_are_no_customers() {
        let tencent = tencent(&[
            ("TENCENT_ADMIN", "first-admin,second-admin"),
            ("TENCENT_SERVICE_ACCOUNT", "desk-1,desk-2"),
        ])
        .unwrap();
        let fits = |customer| {
            let customer = CustomerId::parse(customer).unwrap();
            fits_customer(Some(&tencent), &customer)
        };
        for ours in [
            "administrator",
            "Administrator",
            "first-admin",
            "second-admin",
            "desk-1",
            "DESK-2",
        ] {
            assert_eq!(fits(ours).unwrap_err().field, "customer", "{ours}");
        }
        assert!(fits("user45").is_ok());
    }

    /// Contradiction 7: `MsgRandom` belongs to the message, however often it is sent.
    #[test]
    fn contradiction_7_the_number_drawn_is_the_messages_and_marks_its_echo() {
        let customer = CustomerId::parse("user45").unwrap();
        let session = Session::opening(Vendor::Tencent, customer, None, 0);
        let mut change = Change::to(session, 0);
        let mut message = from_desk(Kind::Text);
        prepare(&mut change, &mut message);
        let random = message.random.unwrap();
        assert_eq!(random_of(&message), random);
        let key = echo_key("user45", random);
        let vendor = Vendor::Tencent;
        assert_eq!(change.marks, [Mark::Seen { vendor, key }]);
    }

    /// vendors.md 3.1: 200 calls a second of each command, unless the account has others.
    #[test]
    fn two_hundred_calls_a_second_are_not_passed() {
        use crate::budget::Class;
        let usual = tencent(&[]).unwrap().rates;
        let most: u32 = usual
            .windows("POST /v4/desk_http_svc/send_msg", Class::Message, 0)
            .take_while(|window| window.begins < 1_000)
            .map(|window| window.most)
            .sum();
        assert!((100..=200).contains(&most), "{most}");
        let less = tencent(&[("TENCENT_RATE_LIMIT", "10/1")]).unwrap().rates;
        let window = less.windows("x", Class::Message, 0).next().unwrap();
        assert_eq!(window.most, 1);
        assert!(tencent(&[("TENCENT_RATE_LIMIT", "many")]).is_err());
    }
}
