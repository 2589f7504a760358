//! What a task is at Sobot, and what its answer means. With an application's id and key, customers write through
//! Sobot's Live Chat API. Without them they write on Sobot's own page: nothing goes out then, and only our side of a
//! conversation ends.

mod token;

use token::Tokens;

use super::{Desk, OnUnknown, Opened, Outcome, Spent, Unfit, fault};
use crate::{
    clock,
    config::{
        ConfigError, SOBOT_APP_ID, SOBOT_APP_KEY, SOBOT_CHAT_PREFIX, SOBOT_ON_UNKNOWN,
        SOBOT_SYSNUM, SOBOT_TOKEN_HEADER, Settings,
    },
    error::{Error, Kind as ErrorKind, VendorCode, VendorFault},
    fate::Fate,
    lambda::chain,
    line::{self, Metric},
    message::{Author, Kind, Message},
    outgoing::Task,
    profile::Profile,
    secret::Secret,
    session::{Assign, Counterpart, DeskId, Queue, Session, State},
    vendor::{
        Vendor,
        sobot::{
            Refusal, chat_connect,
            chat_send::{self, MsgType},
            comment::{self, About, Began},
            host,
            live_chat::{self, Endpoint, Place, TokenHeader},
            out,
        },
    },
};

/// How long to wait where Sobot says that the same was asked for a moment ago.
const MOMENT: clock::Millis = 1_000;

/// A Sobot account.
#[derive(Debug)]
pub(super) struct Sobot {
    chat: Option<Chat>,
}

/// The way to the Live Chat API.
#[derive(Debug)]
struct Chat {
    base_url: String,
    prefix: String,
    header: TokenHeader,
    tokens: Tokens,
    on_unknown: OnUnknown,
}

impl Sobot {
    pub(super) fn from_settings(settings: &Settings) -> Result<Option<Self>, ConfigError> {
        let sysnum = settings.optional(&SOBOT_SYSNUM);
        let chat = Chat::from_settings(settings)?;
        if chat.is_some() {
            settings.required(&SOBOT_SYSNUM)?;
        }
        Ok(sysnum.map(|_| Self { chat }))
    }

    /// Whether customers write through this API.
    pub(super) fn is_asked(&self) -> bool {
        self.chat.is_some()
    }

    pub(super) fn base_url(&self) -> Option<&str> {
        Some(&self.chat.as_ref()?.base_url)
    }

    pub(super) fn on_unknown(&self) -> OnUnknown {
        self.chat
            .as_ref()
            .map_or(OnUnknown::Hold, |chat| chat.on_unknown)
    }

    /// Refuses a message that Sobot does not take.
    pub(super) fn fits(&self, message: &Message) -> Result<(), Unfit> {
        match (&self.chat, message.from) {
            (Some(_), Author::Customer) => takes(message),
            _ => Err(takes_none(message)),
        }
    }

    pub(super) async fn attempt(
        &self,
        desk: &Desk,
        session: &Session,
        task: &Task,
        message: Option<&Message>,
        spent: &Spent,
    ) -> Outcome {
        let Some(chat) = &self.chat else {
            return on_its_page(task);
        };
        let way = Way {
            desk,
            chat,
            spent,
            may_refuse: matches!(task, Task::Open { .. }) && session.state == State::Opening,
        };
        let partnerid = session.customer.as_str();
        match (task, message) {
            // A push may have brought an agent since.
            (Task::Open { .. }, _) if session.state == State::Active => Outcome::Done,
            (Task::Open { assign, profile }, _) => {
                let request = connecting(partnerid, assign, profile.as_ref());
                let answer = way.call(&request).await;
                answer.map_or_else(|outcome| outcome, |response| opened(session, response))
            }
            (Task::Message { .. }, Some(message)) => {
                let Some(msg_type) = msg_type(message.kind) else {
                    return Outcome::Refused(faulty("it takes no message of this kind"));
                };
                let request = chat_send::Request {
                    partnerid,
                    content: &message.content,
                    msg_type,
                };
                done(way.call(&request).await)
            }
            // Nobody was found, or looked for: there is nothing at Sobot to end.
            (Task::Close, _) if matches!(session.state, State::Offline | State::Opening) => {
                Outcome::Done
            }
            (Task::Close, _) => done(way.call(&out::Request { partnerid }).await),
            (
                Task::RateSession {
                    option,
                    remark,
                    resolved,
                    tags,
                    vendor_session: _,
                },
                _,
            ) => {
                if let Err(outcome) = is_present(desk, session).await {
                    return outcome;
                }
                let Some(score) = comment::score(option) else {
                    return Outcome::Refused(faulty("its scores are 1 to 5"));
                };
                let request = comment::Request {
                    partnerid,
                    about: About::Agent,
                    score,
                    solved: resolved.and_then(comment::solved),
                    tag: (!tags.is_empty()).then(|| tags.join(",")),
                    remark: remark.as_deref(),
                    comment_type: Began::ByThemselves,
                };
                let answer = way.call(&request).await;
                answer.map_or_else(|outcome| outcome, |response| rated(session, response))
            }
            (Task::Message { .. }, None)
            | (
                Task::Register { .. }
                | Task::Read { .. }
                | Task::RateRobot { .. }
                | Task::RateAnswer { .. }
                | Task::TakeStep { .. }
                | Task::CountClick { .. }
                | Task::CountTransfer { .. }
                | Task::HandOn { .. },
                _,
            ) => Outcome::Nothing,
        }
    }
}

impl Chat {
    fn from_settings(settings: &Settings) -> Result<Option<Self>, ConfigError> {
        let on_unknown = match settings.optional(&SOBOT_ON_UNKNOWN).as_deref() {
            None | Some("hold") => OnUnknown::Hold,
            Some("retry") => OnUnknown::Retry,
            Some(other) => return Err(SOBOT_ON_UNKNOWN.malformed(&format!("{other:?}"))),
        };
        let header = settings.parsed_or(&SOBOT_TOKEN_HEADER, TokenHeader::default())?;
        let prefix = settings.optional(&SOBOT_CHAT_PREFIX);
        let prefix = prefix.unwrap_or_else(|| live_chat::PREFIX.to_owned());
        if !live_chat::is_prefix(&prefix) {
            let why = "it is a path that begins and ends with a slash";
            return Err(SOBOT_CHAT_PREFIX.malformed(&why));
        }
        let given = [&SOBOT_APP_ID, &SOBOT_APP_KEY].map(|setting| settings.optional(setting));
        if given.iter().all(Option::is_none) {
            return Ok(None);
        }
        let base_url = host::base_url(settings)?;
        let app_id = settings.required(&SOBOT_APP_ID)?;
        let app_key = Secret::new(settings.required(&SOBOT_APP_KEY)?);
        Ok(Some(Self {
            tokens: Tokens::new(base_url.clone(), app_id, app_key),
            base_url,
            prefix,
            header,
            on_unknown,
        }))
    }
}

/// Makes Sobot's calls: with a token, timed, within the limit that all of an attempt share.
struct Way<'a> {
    desk: &'a Desk,
    chat: &'a Chat,
    spent: &'a Spent,
    /// Whether a refusal of the application is the answer: to whoever has nothing to lose yet.
    may_refuse: bool,
}

impl Way<'_> {
    /// A token, and another one than `was_refused`. What Sobot has against the application, it has against none of the
    /// messages: until the settings are right again, all waits.
    async fn token(&self, was_refused: Option<&Secret>) -> Result<Secret, Outcome> {
        let tokens = &self.chat.tokens;
        let token = tokens.get(self.desk, self.spent, was_refused).await;
        token.map_err(|outcome| match outcome {
            Outcome::Refused(fault) if !self.may_refuse => Outcome::NotYet { after: None, fault },
            other => other,
        })
    }

    /// Makes one call. Where the token was at fault, one more with another.
    async fn call<E: Endpoint>(&self, call: &E) -> Result<E::Response, Outcome> {
        let token = self.token(None).await?;
        match self.call_once(call, &token).await? {
            Err(Refusal {
                fate: Fate::Resign, ..
            }) => {
                let token = self.token(Some(&token)).await?;
                self.call_once(call, &token).await?.map_err(refused)
            }
            answered => answered.map_err(refused),
        }
    }

    async fn call_once<E: Endpoint>(
        &self,
        call: &E,
        token: &Secret,
    ) -> Result<Result<E::Response, Refusal>, Outcome> {
        let Some(limit) = self.spent.left(self.desk.limit) else {
            return Err(Outcome::NotYet {
                after: None,
                fault: faulty("its answers before took too long"),
            });
        };
        let place = Place {
            base_url: &self.chat.base_url,
            prefix: &self.chat.prefix,
            header: self.chat.header,
            token: token.expose(),
        };
        let request = live_chat::to_http(call, &place)
            .map_err(|error| Outcome::Refused(faulty(error.to_string())))?;
        let started = clock::now();
        let answer = self.desk.http.call(request, limit).await;
        let took_ms = clock::now() - started;
        self.spent.add(took_ms);
        line::add(Metric::VendorTime, took_ms);
        tracing::info!(
            vendor = "sobot",
            call = E::CALL.name(),
            status = answer.as_ref().map_or(0, |answer| answer.status),
            took_ms,
            "called"
        );
        let answer = answer.map_err(|none| Outcome::of_no_answer(Vendor::Sobot, &none))?;
        Ok(E::read(answer.status, &answer.headers, &answer.body))
    }
}

fn done(answer: Result<(), Outcome>) -> Outcome {
    answer.map_or_else(|outcome| outcome, |()| Outcome::Done)
}

fn connecting<'a>(
    partnerid: &'a str,
    assign: &'a Assign,
    profile: Option<&'a Profile>,
) -> chat_connect::Request<'a> {
    let tels = profile.map(|profile| profile.phones.join(","));
    let fields = profile.map(|profile| &profile.custom_fields);
    let fields = fields.filter(|fields| !fields.is_empty());
    chat_connect::Request {
        partnerid,
        agentid: assign.agent_id.as_ref().map(DeskId::text),
        groupid: assign.group_id.as_ref().map(DeskId::text),
        channel_flag: assign.channel.as_deref().and_then(channel_flag),
        user_nick: profile.and_then(|profile| profile.name.as_deref()),
        user_tels: tels.filter(|tels| !tels.is_empty()),
        user_emails: profile.and_then(|profile| profile.email.as_deref()),
        params: fields.and_then(|fields| serde_json::to_string(fields).ok()),
    }
}

/// A sub-channel's number.
fn channel_flag(channel: &str) -> Option<u32> {
    channel.parse().ok()
}

/// Where the customer is by Sobot's answer.
fn opened(session: &Session, response: chat_connect::Response) -> Outcome {
    let at = |state, cid| Opened {
        state,
        vendor_session: cid,
        assignee: None,
        queue: None,
        survey: None,
        welcome: None,
    };
    let survey = || Some(Box::new(comment::survey()));
    Outcome::Opened(Box::new(match response {
        chat_connect::Response::Connected { cid, agent } => Opened {
            assignee: agent,
            survey: survey(),
            ..at(State::Active, cid)
        },
        chat_connect::Response::Queueing { cid, count } => Opened {
            queue: Some(Queue {
                name: None,
                position: count,
            }),
            // Whoever takes the customer from the queue offers none: a push has no place for it.
            survey: survey(),
            ..at(State::Queued, cid)
        },
        chat_connect::Response::NoAgent => at(State::Offline, None),
        chat_connect::Response::Duplicate => match session.state {
            // Nothing has changed.
            State::Queued | State::Assigning => Opened {
                assignee: session.assignee.clone(),
                queue: session.queue.clone(),
                ..at(session.state, None)
            },
            // The answer to an earlier attempt was lost, or somebody has connected the customer elsewhere: whoever
            // writes finds out how far that has come, and a push tells of the agent.
            _ if session.sends.failed() > 0 => Opened {
                survey: survey(),
                ..at(State::Assigning, None)
            },
            _ => {
                return Outcome::NotYet {
                    after: Some(MOMENT),
                    fault: faulty("the same was asked for a moment ago"),
                };
            }
        },
    }))
}

/// Sobot rates the present chat, or the last one, whatever chat is meant: what comes after an end may be about another
/// by now.
async fn is_present(desk: &Desk, session: &Session) -> Result<(), Outcome> {
    if session.is_open() {
        return Ok(());
    }
    let open = desk.table.open_session(Vendor::Sobot, &session.customer);
    match open.await {
        Ok(None) => Ok(()),
        Ok(Some(_)) => Err(Outcome::Refused(faulty(
            "the customer is in another conversation by now, and Sobot rates the present one",
        ))),
        Err(error) => {
            tracing::warn!(error = chain(&error), "the customer could not be looked up");
            Err(Outcome::NotYet {
                after: None,
                fault: faulty("the customer could not be looked up"),
            })
        }
    }
}

/// Whether Sobot has taken who the customer is: a duplicate has said nothing, and has no survey.
pub(super) fn took_profile(opened: &Opened) -> bool {
    match opened.state {
        State::Active | State::Queued => opened.survey.is_some(),
        State::Offline => true,
        _ => false,
    }
}

/// A repeat of a rating whose answer was lost finds its own.
fn rated(session: &Session, response: comment::Response) -> Outcome {
    match response {
        comment::Response::Taken => Outcome::Done,
        comment::Response::RatedBefore if session.sends.maybe_arrived_since().is_some() => {
            Outcome::Done
        }
        comment::Response::RatedBefore => {
            Outcome::Refused(faulty("the customer has rated this chat before"))
        }
    }
}

/// What a task is where the customer writes on Sobot's own page.
fn on_its_page(task: &Task) -> Outcome {
    match task {
        Task::Close => Outcome::Done,
        Task::Message { .. } => {
            Outcome::Refused(faulty("at Sobot the customer writes on Sobot's own page"))
        }
        _ => Outcome::Nothing,
    }
}

/// Refuses a wish that Sobot can't be told of.
pub(super) fn fits_wish(wish: &Assign) -> Result<(), Unfit> {
    if wish.to != Counterpart::Agent {
        let why = "at Sobot a customer is connected to an agent; its robot is met on its own page";
        return Err(Unfit::new("assign.to", why));
    }
    if let Some(channel) = &wish.channel
        && channel_flag(channel).is_none()
    {
        let why = "a sub-channel at Sobot is a whole number, its channel_flag";
        return Err(Unfit::new("assign.channel", why));
    }
    Ok(())
}

/// Refuses a rating that Sobot could not be told.
pub(super) fn fits_rating(task: &Task) -> Result<(), Error> {
    let Task::RateSession {
        option, resolved, ..
    } = task
    else {
        return Err(Error::new(
            ErrorKind::InvalidRequest,
            "this is for sessions at udesk; at sobot only a conversation with an agent is rated",
        ));
    };
    if comment::score(option).is_none() {
        return Err(Error::field("option", "Sobot's scores are 1 to 5"));
    }
    match resolved {
        Some(value) if comment::solved(*value).is_none() => {
            let why = "at Sobot a problem is solved (1) or unsolved (0)";
            Err(Error::field("resolved", why))
        }
        _ => Ok(()),
    }
}

/// Refuses a profile that says more than Sobot takes.
pub(super) fn fits_profile(profile: &Profile) -> Result<(), Unfit> {
    for (field, is_given) in [
        ("profile.level", profile.level.is_some()),
        ("profile.description", profile.description.is_some()),
        ("profile.tags", !profile.tags.is_empty()),
    ] {
        if is_given {
            let why = "leave it out: Sobot takes name, email, phones and custom_fields";
            return Err(Unfit::new(field, why));
        }
    }
    Ok(())
}

fn msg_type(kind: Kind) -> Option<MsgType> {
    match kind {
        Kind::Text => Some(MsgType::Text),
        Kind::Image => Some(MsgType::Image),
        Kind::Audio => Some(MsgType::Voice),
        Kind::Video => Some(MsgType::Video),
        Kind::File | Kind::Rich | Kind::Card | Kind::Custom | Kind::Location | Kind::Face => None,
    }
}

/// Refuses a customer's message that the Live Chat API does not take.
fn takes(message: &Message) -> Result<(), Unfit> {
    if msg_type(message.kind).is_none() {
        let why = "Sobot takes text, image, audio and video";
        return Err(Unfit::new("kind", why));
    }
    if message.kind == Kind::Audio {
        let named = message.file.as_ref().and_then(|file| file.name.as_deref());
        let path = message.content.split(['?', '#']).next();
        let name = named.or(path).unwrap_or_default();
        if !chat_send::is_sound(name) {
            return Err(Unfit::new("content", "Sobot takes sounds as mp3 or wav"));
        }
    }
    if message.custom.is_some() {
        return Err(Unfit::new("custom", "leave it out: Sobot carries none"));
    }
    if message.needs_no_answer {
        let why = "leave it out: Sobot waits for no answer";
        return Err(Unfit::new("needs_no_answer", why));
    }
    Ok(())
}

/// Why Sobot does not take a message.
pub(super) fn takes_none(message: &Message) -> Unfit {
    match message.from {
        Author::Desk => Unfit::new("as", "only Tencent takes what your server says as the desk"),
        Author::Customer | Author::Agent | Author::Robot => Unfit::new(
            "as",
            "at Sobot the customer writes on Sobot's own page; POST /tokens gives its link",
        ),
    }
}

/// A fault in words of ours.
fn faulty(message: impl AsRef<str>) -> VendorFault {
    fault(Vendor::Sobot, None, message)
}

fn refused(refusal: Refusal) -> Outcome {
    let code = refusal.code.map(|code| VendorCode::Text(code.text()));
    let fault = VendorFault {
        code,
        ..faulty(refusal.message)
    };
    Outcome::of_refusal(refusal.fate, fault)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::{ids::CustomerId, ids::MessageId, message::File, session::Agent};

    fn session(state: State) -> Session {
        let customer = CustomerId::parse("DE").unwrap();
        let mut session = Session::opening(Vendor::Sobot, customer, None, 0);
        session.state = state;
        session
    }

    fn said(kind: Kind, content: &str) -> Message {
        let (id, content) = (MessageId::new(1), content.to_owned());
        Message::new(id, Author::Customer, kind, content, 0)
    }

    fn at_fault(message: &Message) -> Option<&'static str> {
        takes(message).err().map(|unfit| unfit.field)
    }

    // vendors.md, 2.5: text, image, voice, video; voice is mp3 or wav.
    #[test]
    fn the_live_chat_takes_texts_pictures_sounds_and_films() {
        let url = |name: &str| format!("https://files.example.com/{name}");
        for (kind, content) in [
            (Kind::Text, "Hello".to_owned()),
            (Kind::Image, url("a.png")),
            (Kind::Audio, url("a.mp3?sign=a.b")),
            (Kind::Audio, url("voice")),
            (Kind::Video, url("a.mp4")),
        ] {
            assert_eq!(at_fault(&said(kind, &content)), None, "{content}");
        }
        for kind in [Kind::File, Kind::Rich, Kind::Card, Kind::Custom] {
            assert_eq!(at_fault(&said(kind, "x")), Some("kind"), "{kind:?}");
        }
        let amr = said(Kind::Audio, &url("a.amr"));
        assert_eq!(at_fault(&amr), Some("content"));
        let named = Message {
            file: Some(File {
                name: Some("a.amr".to_owned()),
                ..File::default()
            }),
            ..said(Kind::Audio, &url("1"))
        };
        assert_eq!(at_fault(&named), Some("content"));
        let custom = Message {
            custom: Some("x".to_owned()),
            ..said(Kind::Text, "x")
        };
        assert_eq!(at_fault(&custom), Some("custom"));
        let needless = Message {
            needs_no_answer: true,
            ..said(Kind::Text, "x")
        };
        assert_eq!(at_fault(&needless), Some("needs_no_answer"));
    }

    #[test]
    fn only_customers_write_and_only_where_there_is_a_way() {
        let desks = Message {
            from: Author::Desk,
            ..said(Kind::Text, "x")
        };
        let off = Sobot { chat: None };
        for message in [&desks, &said(Kind::Text, "x")] {
            assert_eq!(off.fits(message).unwrap_err().field, "as");
        }
        let settings = Settings::new(|name| {
            let value = match name {
                "SOBOT_SYSNUM" => "ABC",
                "SOBOT_REGION" => "sg",
                "SOBOT_APP_ID" => "1",
                "SOBOT_APP_KEY" => "2",
                _ => return None,
            };
            Some(value.to_owned())
        });
        let on = Sobot::from_settings(&settings).unwrap().unwrap();
        assert_eq!(on.fits(&desks).unwrap_err().field, "as");
        assert!(on.fits(&said(Kind::Text, "x")).is_ok());
        assert!(on.is_asked() && !off.is_asked());
        assert_eq!(on.base_url(), Some("https://sg.sobot.io"));
        assert_eq!(on.on_unknown(), OnUnknown::Hold);
    }

    #[test]
    fn half_an_application_is_named_and_so_is_what_is_no_choice() {
        let made = |given: &[(&'static str, &'static str)]| {
            let given: std::collections::BTreeMap<_, _> = given.iter().copied().collect();
            let settings = Settings::new(move |name| given.get(name).map(|&one| one.to_owned()));
            let made = Sobot::from_settings(&settings);
            made.map_err(|error| error.to_string())
        };
        let sysnum = ("SOBOT_SYSNUM", "ABC");
        let region = ("SOBOT_REGION", "sg");
        let (id, key) = (("SOBOT_APP_ID", "1"), ("SOBOT_APP_KEY", "2"));
        assert!(made(&[]).unwrap().is_none());
        assert!(!made(&[sysnum]).unwrap().unwrap().is_asked());
        for (given, missing) in [
            (vec![sysnum, region, id], "SOBOT_APP_KEY"),
            (vec![sysnum, region, key], "SOBOT_APP_ID"),
            (vec![sysnum, id, key], "SOBOT_REGION"),
            (vec![region, id, key], "SOBOT_SYSNUM"),
        ] {
            let error = made(&given).unwrap_err();
            assert!(
                error.starts_with(&format!("{missing} is not set")),
                "{error}"
            );
        }
        for wrong in [
            ("SOBOT_ON_UNKNOWN", "maybe"),
            ("SOBOT_TOKEN_HEADER", "cookie"),
            ("SOBOT_CHAT_PREFIX", "api/5/user"),
        ] {
            let error = made(&[sysnum, region, id, key, wrong]).unwrap_err();
            assert!(
                error.starts_with(&format!("{} is malformed", wrong.0)),
                "{error}"
            );
        }
    }

    #[test]
    fn where_a_customer_is_by_sobots_answer() {
        let at = |session: &Session, response| match opened(session, response) {
            Outcome::Opened(opened) => Some((opened.state, opened.vendor_session)),
            Outcome::NotYet { .. } => None,
            other => unreachable!("{other:?}"),
        };
        let cid = || Some("c1".to_owned());
        let tom = Agent {
            id: Some("1q2w3e4r".to_owned()),
            name: None,
            avatar: None,
        };
        let new = session(State::Opening);
        let connected = chat_connect::Response::Connected {
            cid: cid(),
            agent: Some(tom),
        };
        assert_eq!(at(&new, connected), Some((State::Active, cid())));
        let queueing = chat_connect::Response::Queueing {
            cid: None,
            count: Some(3),
        };
        assert_eq!(at(&new, queueing), Some((State::Queued, None)));
        let none = chat_connect::Response::NoAgent;
        assert_eq!(at(&new, none), Some((State::Offline, None)));
        // The same was asked for by somebody else, or by us.
        let duplicate = || chat_connect::Response::Duplicate;
        assert_eq!(at(&new, duplicate()), None);
        let mut again = session(State::Opening);
        again.sends.attempts = 1;
        assert_eq!(at(&again, duplicate()), Some((State::Assigning, None)));
        // Whoever waits goes on waiting.
        let mut waiting = session(State::Queued);
        waiting.queue = Some(Queue {
            name: None,
            position: Some(3),
        });
        let Outcome::Opened(same) = opened(&waiting, duplicate()) else {
            unreachable!("the customer waits")
        };
        assert_eq!((same.state, &same.queue), (State::Queued, &waiting.queue));
    }

    #[test]
    fn what_sobot_calls_a_duplicate_has_told_it_nothing() {
        let told = |session: &Session, response| match opened(session, response) {
            Outcome::Opened(opened) => took_profile(&opened),
            _ => false,
        };
        let new = session(State::Opening);
        let connected = chat_connect::Response::Connected {
            cid: None,
            agent: None,
        };
        let queueing = chat_connect::Response::Queueing {
            cid: None,
            count: None,
        };
        assert!(told(&new, connected) && told(&new, queueing));
        assert!(told(&new, chat_connect::Response::NoAgent));
        let mut again = session(State::Opening);
        again.sends.attempts = 1;
        for session in [&again, &session(State::Queued), &session(State::Assigning)] {
            assert!(!told(session, chat_connect::Response::Duplicate));
        }
    }

    #[test]
    fn a_second_rating_is_one_unless_the_first_was_this_one() {
        let mut rating = session(State::Closed);
        let before = comment::Response::RatedBefore;
        assert!(matches!(rated(&rating, before), Outcome::Refused(_)));
        rating.sends.maybe_since = Some(1);
        assert_eq!(rated(&rating, before), Outcome::Done);
        assert_eq!(rated(&rating, comment::Response::Taken), Outcome::Done);
    }

    #[test]
    fn agents_groups_and_sub_channels_are_asked_for_as_sobot_names_them() {
        let assign = |json: &str| serde_json::from_str::<Assign>(json).unwrap();
        let wish = assign(r#"{"to":"agent","agent_id":"1q2w3e4r","group_id":7,"channel":"2"}"#);
        assert!(fits_wish(&wish).is_ok());
        let request = connecting("DE", &wish, None);
        assert_eq!(request.agentid, Some("1q2w3e4r"));
        assert_eq!(request.groupid, Some("7"));
        assert_eq!(request.channel_flag, Some(2));
        for (wish, field) in [
            (r#"{"to":"robot"}"#, "assign.to"),
            (r#"{"to":"urobot","robot_id":1,"scene_id":2}"#, "assign.to"),
            (r#"{"to":"agent","channel":"shop"}"#, "assign.channel"),
        ] {
            assert_eq!(fits_wish(&assign(wish)).unwrap_err().field, field, "{wish}");
        }
    }

    #[test]
    fn who_the_customer_is_goes_with_the_wish() {
        let profile: Profile = serde_json::from_str(
            r#"{"name":"Xiao Ya","email":"de@example.com","phones":["1","2"],"custom_fields":{"order":"A-17"}}"#,
        )
        .unwrap();
        assert!(fits_profile(&profile).is_ok());
        let assign = Assign::default();
        let request = connecting("DE", &assign, Some(&profile));
        assert_eq!(
            request,
            chat_connect::Request {
                partnerid: "DE",
                user_nick: Some("Xiao Ya"),
                user_tels: Some("1,2".to_owned()),
                user_emails: Some("de@example.com"),
                params: Some(r#"{"order":"A-17"}"#.to_owned()),
                ..chat_connect::Request::default()
            }
        );
        let nobody = Profile::default();
        assert_eq!(
            connecting("DE", &assign, Some(&nobody)),
            connecting("DE", &assign, None)
        );
        for (more, field) in [
            (r#"{"level":"vip"}"#, "profile.level"),
            (r#"{"description":"x"}"#, "profile.description"),
            (r#"{"tags":["x"]}"#, "profile.tags"),
        ] {
            let profile: Profile = serde_json::from_str(more).unwrap();
            assert_eq!(fits_profile(&profile).unwrap_err().field, field);
        }
    }

    #[test]
    fn what_can_be_rated() {
        let rate = |option: &str, resolved| Task::RateSession {
            vendor_session: "c1".to_owned(),
            option: option.to_owned(),
            remark: None,
            resolved,
            tags: Vec::new(),
        };
        let field = |task: &Task| {
            let error = fits_rating(task).err()?;
            Some(error.at_field().unwrap_or_default().to_owned())
        };
        assert_eq!(field(&rate("5", Some(1))), None);
        assert_eq!(field(&rate("1", None)), None);
        assert_eq!(field(&rate("6", None)).as_deref(), Some("option"));
        assert_eq!(field(&rate("5", Some(2))).as_deref(), Some("resolved"));
        assert_eq!(field(&Task::Close).as_deref(), Some(""));
    }
}
