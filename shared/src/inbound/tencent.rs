//! What Tencent's callbacks mean for a session.
//!
//! A customer meets the desk in Tencent's own client: a session begins there, and the first event tells of it. What the
//! customer writes comes as an event, too, and so does what we sent ourselves, which is known by its `MsgRandom`.

mod door;
mod late;
mod say;

use std::{collections::HashMap, sync::OnceLock};

pub use door::Signed;
use say::Speaker;

use super::{
    Record, Recorded,
    conversation::{follow, serve, start},
    hash,
    lately::Lately,
    pieces::{Piece, record_pieces},
    set_aside,
};
use crate::{
    change::{Change, Mark, Raw},
    clock::{self, Millis},
    config::{ConfigError, Setting, Settings, TENCENT_WEBHOOK_SECRETS},
    event::{Fact, SurveyAnswer},
    ids::{CustomerId, SessionId},
    message::Author,
    session::{Agent, State},
    survey::Survey,
    table::{Sighting, Table, TableError},
    vendor::{
        Vendor,
        tencent::{
            custom_element::Shown,
            event::{Callback, SessionEvent, echo_key},
            events::{Events, Meaning},
            get_session_state::{self, State as Standing},
            said::Said,
        },
    },
};

const VENDOR: Vendor = Vendor::Tencent;

/// Records Tencent's callbacks. Made once at init.
#[derive(Debug)]
pub struct Recorder {
    table: Table,
    lately: Lately,
    events: Events,
}

impl Record for Recorder {
    const VENDOR: Vendor = VENDOR;
    const SECRETS: &'static Setting = &TENCENT_WEBHOOK_SECRETS;

    fn from_settings(settings: &Settings, table: &Table) -> Result<Self, ConfigError> {
        Ok(Self {
            table: table.clone().watching(settings)?,
            lately: Lately::of(VENDOR),
            events: Events::from_settings(settings)?,
        })
    }

    async fn record(&self, body: &[u8]) -> Result<Recorded, TableError> {
        self.record_request(body, None).await
    }

    async fn record_request(
        &self,
        body: &[u8],
        request: Option<&str>,
    ) -> Result<Recorded, TableError> {
        let now = clock::now();
        let aside = |because: String| async {
            set_aside(&self.table, VENDOR, body, because, now).await?;
            Ok(Recorded::default())
        };
        let event = match Callback::read(body) {
            Ok(Callback::Event(event)) => *event,
            Ok(Callback::Other) => {
                return aside("it is no Desk.SessionEventNotify".to_owned()).await;
            }
            Err(error) => return aside(error.to_string()).await,
        };
        let Some(meaning) = self.events.meaning(&event.event) else {
            aside("nobody has said what its event means".to_owned()).await?;
            return self.look(&event, now).await;
        };
        let customer = event.client_user_id.as_deref().and_then(CustomerId::parse);
        let Some(customer) = customer else {
            return aside("it names no customer that can be ours".to_owned()).await;
        };
        let survey = match meaning {
            Meaning::Closed => self.survey_of(&event, now).await?,
            _ => None,
        };
        let told = Told {
            key: key_of(&event, meaning, request, body),
            body: String::from_utf8_lossy(body).into_owned(),
            meaning,
            survey,
            event,
            late_keys: OnceLock::new(),
        };
        record_pieces(&self.table, &self.lately, &customer, vec![told]).await
    }
}

impl Recorder {
    /// What an event says whose name means nothing to us can be had by asking: somebody is to look.
    async fn look(&self, event: &SessionEvent, now: Millis) -> Result<Recorded, TableError> {
        let mut recorded = Recorded::default();
        if let Some(id) = self.session_of(event, now).await?
            && self.table.look_now(&id, now).await?
        {
            recorded.look(&id);
        }
        Ok(recorded)
    }

    /// The survey that was offered in the event's session.
    async fn survey_of(
        &self,
        event: &SessionEvent,
        now: Millis,
    ) -> Result<Option<Survey>, TableError> {
        match self.session_of(event, now).await? {
            Some(id) => self.table.survey(&id).await,
            None => Ok(None),
        }
    }

    async fn session_of(
        &self,
        event: &SessionEvent,
        now: Millis,
    ) -> Result<Option<SessionId>, TableError> {
        let named = std::slice::from_ref(&event.session_id);
        let sighting = self
            .table
            .sight(VENDOR, &[], named, None, None, now)
            .await?;
        Ok(sighting.by_vendor_session.get(&event.session_id).cloned())
    }
}

/// What an event is known by: a message by its own key, whatever else by what Tencent calls the request, or a hash.
fn key_of(event: &SessionEvent, meaning: Meaning, request: Option<&str>, body: &[u8]) -> String {
    // Pieces of an answer may share the key of the whole.
    let goes_on = event.said.iter().any(|said| {
        matches!(
            said,
            Said::Desk {
                shown: Shown::Unfinished,
                ..
            }
        )
    });
    let user = event.client_user_id.as_deref().unwrap_or_default();
    match (&event.msg_key, request) {
        (Some(key), _) if meaning.is_message() && !goes_on => {
            format!("msg-{}", hash(format!("{user}\n{key}").as_bytes()))
        }
        (_, Some(request)) => format!("request-{}", hash(request.as_bytes())),
        (_, None) => format!("sha256-{}", hash(body)),
    }
}

/// What one event tells.
struct Told {
    /// What it is known by.
    key: String,
    /// As it came.
    body: String,
    meaning: Meaning,
    /// The survey that the desk has offered, where the session ends.
    survey: Option<Survey>,
    event: SessionEvent,
    late_keys: OnceLock<Vec<String>>,
}

impl Told {
    fn agent(&self) -> Option<Agent> {
        self.event.agent_id.clone().map(|id| Agent {
            id: Some(id),
            name: None,
            avatar: None,
        })
    }

    fn put_raw(&self, change: &mut Change, because: &str) {
        change.put_raw(Raw {
            vendor: VENDOR,
            hash: hash(self.key.as_bytes()),
            body: self.body.clone(),
            because: because.to_owned(),
        });
    }

    /// The session's rating is told once, whichever event brings it.
    fn vote_key(&self) -> Option<String> {
        let may_tell = matches!(self.meaning, Meaning::Closed | Meaning::Rated);
        let is_rated = may_tell && self.event.satisfaction.is_some();
        is_rated.then(|| format!("vote-{}", self.event.session_id))
    }

    fn echo_key(&self) -> Option<String> {
        let random = self.event.msg_random()?;
        let user = self.event.client_user_id.as_deref()?;
        self.meaning.is_message().then(|| echo_key(user, random))
    }

    /// By what it is known where it was found before this event came.
    fn late_keys(&self) -> &[String] {
        self.late_keys.get_or_init(|| self.make_late_keys())
    }

    fn make_late_keys(&self) -> Vec<String> {
        let Some(at) = self.event.event_time else {
            return Vec::new();
        };
        if !self.meaning.is_message() || !self.shows() {
            return Vec::new();
        }
        let is_users = self.meaning == Meaning::UserMessage;
        let moment = late::moment(at);
        let each = [moment, moment - 1, moment + 1];
        let key = |moment| {
            let (session, said) = (&self.event.session_id, &self.event.said);
            late::late_key(session, is_users, said, moment)
        };
        each.map(key).into()
    }

    fn say(&self, change: &mut Change, sighting: &Sighting, from: Author, agent: Option<Agent>) {
        // It stands in the conversation already. Where somebody has said the same again in that moment, the next look
        // finds it.
        let late = self.late_keys();
        if late.iter().any(|key| sighting.seen.contains_key(key)) {
            return;
        }
        let speaker = Speaker {
            from,
            agent,
            custom: self.event.cloud_custom_data.clone(),
            vendor_id: self.event.msg_key.clone().unwrap_or(self.key.clone()),
            said_at: self.event.event_time,
            vendor_session: self.event.session_id.clone(),
        };
        if let Some(because) = speaker.say(change, &self.event.said) {
            self.put_raw(change, because);
        }
    }

    /// Whether anybody is shown anything of it.
    fn shows(&self) -> bool {
        self.event.said.iter().any(say::is_shown)
    }

    fn vote(&self, change: &mut Change, sighting: &Sighting, at: Millis) {
        let (Some(key), Some(stars)) = (self.vote_key(), self.event.satisfaction) else {
            return;
        };
        if sighting.seen.contains_key(&key) {
            return;
        }
        change.mark(Mark::Seen {
            vendor: VENDOR,
            key,
        });
        let option = stars.to_string();
        let answer = SurveyAnswer {
            option: Some(&option),
            ..SurveyAnswer::default()
        };
        change.tell(&Fact::SurveyAnswered(answer), at);
    }
}

impl Piece for Told {
    fn key(&self) -> &str {
        &self.key
    }

    fn other_keys(&self) -> Vec<String> {
        let keys = [self.echo_key(), self.vote_key()];
        let mut keys: Vec<_> = keys.into_iter().flatten().collect();
        keys.extend_from_slice(self.late_keys());
        keys
    }

    fn is_known(&self, seen: &HashMap<String, SessionId>) -> bool {
        let is_ours = self.echo_key().is_some_and(|key| seen.contains_key(&key));
        is_ours || seen.contains_key(self.key())
    }

    fn body(&self) -> &str {
        &self.body
    }

    /// Its mark, that of a rating with what is told of it, what is kept raw, and each message with its event.
    fn items(&self) -> usize {
        4 + 2 * say::count(&self.event.said)
    }

    fn vendor_session(&self) -> Option<String> {
        Some(self.event.session_id.clone())
    }

    fn opens(&self) -> bool {
        match self.meaning {
            Meaning::Begun | Meaning::Queued | Meaning::Started | Meaning::Transferred => true,
            Meaning::UserMessage | Meaning::RobotMessage | Meaning::AgentMessage => self.shows(),
            Meaning::NobodyOnline | Meaning::Closed | Meaning::Rated | Meaning::Ignored => false,
        }
    }

    fn ends(&self) -> bool {
        self.meaning == Meaning::Closed
    }

    fn apply(&self, change: &mut Change, sighting: &Sighting) {
        change.mark(Mark::Seen {
            vendor: VENDOR,
            key: self.key.clone(),
        });
        let at = self.event.event_time.unwrap_or(change.now());
        let is_news = !sighting
            .by_vendor_session
            .contains_key(&self.event.session_id);
        if self.opens() {
            follow(change, &self.event.session_id, sighting);
        }
        match self.meaning {
            Meaning::Begun if self.event.is_contact_user => start(change, self.agent(), at),
            Meaning::Begun => {
                // The agent's session is over, whether its end was told or not.
                if is_news && change.session.is_open() && change.session.state != State::Opening {
                    change.session.state = State::Robot;
                    change.session.assignee = None;
                    change.session.queue = None;
                }
                begin(change, at);
            }
            Meaning::UserMessage => {
                if self.shows() {
                    begin(change, at);
                    change.speak();
                }
                self.say(change, sighting, Author::Customer, None);
            }
            Meaning::RobotMessage => {
                if self.shows() {
                    begin(change, at);
                }
                self.say(change, sighting, Author::Robot, None);
            }
            Meaning::AgentMessage => {
                if self.shows() {
                    start(change, self.agent(), at);
                }
                self.say(change, sighting, Author::Agent, self.agent());
            }
            Meaning::Queued => queue(change, at),
            Meaning::Started => start(change, self.agent(), at),
            Meaning::Transferred => {
                if change.session.is_open() {
                    serve(change, self.agent());
                    change.tell(&Fact::SessionTransferred, at);
                }
            }
            Meaning::NobodyOnline => {
                if waits(change.session.state) || change.session.state == State::Robot {
                    change.session.state = State::Offline;
                    change.session.queue = None;
                }
                self.put_raw(change, "nobody is online");
            }
            // Tencent has no session of this conversation yet: it is of one before.
            Meaning::Rated | Meaning::Closed
                if change.session.vendor_session.is_none()
                    && change.session.state == State::Opening =>
            {
                self.put_raw(change, "the conversation has not begun at Tencent");
            }
            Meaning::Rated => match self.event.satisfaction {
                Some(_) => self.vote(change, sighting, at),
                None => self.put_raw(change, "it holds no rating"),
            },
            Meaning::Closed => {
                self.vote(change, sighting, at);
                let current = change.session.vendor_session.as_ref();
                if current.is_none_or(|current| *current == self.event.session_id) {
                    change.close("vendor", self.survey.as_ref(), at);
                } else {
                    self.put_raw(change, "the conversation goes on elsewhere");
                }
            }
            Meaning::Ignored => self.put_raw(change, "TENCENT_EVENTS has it ignored"),
        }
    }
}

/// Whether an agent is to come.
fn waits(state: State) -> bool {
    matches!(state, State::Opening | State::Queued | State::Assigning)
}

/// The desk has the customer: its robot, as long as nobody says that a person does.
fn begin(change: &mut Change, at: Millis) {
    match change.session.state {
        State::Opening => {
            change.session.state = State::Robot;
            change.tell(&Fact::SessionStarted, at);
        }
        // There was nobody to take the customer, and the robot goes on.
        State::Offline => change.session.state = State::Robot,
        State::Robot
        | State::Urobot
        | State::Queued
        | State::Assigning
        | State::Active
        | State::Closed => {}
    }
}

/// The customer waits for an agent.
fn queue(change: &mut Change, at: Millis) {
    match change.session.state {
        State::Opening | State::Robot | State::Urobot | State::Assigning | State::Offline => {
            change.session.state = State::Queued;
            change.tell(&Fact::SessionQueued, at);
        }
        State::Queued | State::Active | State::Closed => {}
    }
}

/// Puts into `change` where Tencent has the customer, as it says when it is asked; `survey` is the one that was offered.
pub fn stand(change: &mut Change, standing: &get_session_state::Response, survey: Option<&Survey>) {
    let now = change.now();
    if !change.session.is_open() {
        return;
    }
    let agent = standing.agent_id.clone().map(|id| Agent {
        id: Some(id),
        name: None,
        avatar: None,
    });
    match standing.state {
        Standing::NoSession => change.close("vendor", survey, now),
        Standing::Robot => begin(change, now),
        Standing::Queuing => queue(change, now),
        Standing::Waiting => {
            if matches!(
                change.session.state,
                State::Opening | State::Robot | State::Queued
            ) {
                change.session.state = State::Assigning;
                change.session.queue = None;
                change.session.assignee = agent;
            }
        }
        Standing::Agent => {
            let other = change.session.assignee != agent && agent.is_some();
            if change.session.state == State::Active && other {
                let had = change.session.assignee.is_some();
                serve(change, agent);
                if had {
                    change.tell(&Fact::SessionTransferred, now);
                }
            } else {
                start(change, agent, now);
            }
        }
        Standing::Unknown => {}
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        event::Event,
        message::{Kind, Message},
        session::Session,
    };

    fn told(meaning: Meaning, fields: Value) -> Told {
        let mut body = json!({"CallbackCommand": "Desk.SessionEventNotify", "SessionId": "s-1",
            "Event": "x", "EventTime": 5_000, "ClientUserId": "user45"});
        for (name, value) in fields.as_object().unwrap() {
            body[name] = value.clone();
        }
        let body = body.to_string();
        let Ok(Callback::Event(event)) = Callback::read(body.as_bytes()) else {
            panic!("{body}");
        };
        Told {
            key: key_of(&event, meaning, None, body.as_bytes()),
            body,
            meaning,
            survey: None,
            event: *event,
            late_keys: OnceLock::new(),
        }
    }

    fn session(state: State) -> Session {
        let customer = CustomerId::parse("user45").unwrap();
        let mut session = Session::opening(VENDOR, customer, None, 0);
        session.state = state;
        session
    }

    fn applied(state: State, told: &Told) -> Change {
        let mut change = Change::to(session(state), 9_000);
        told.apply(&mut change, &Sighting::default());
        change
    }

    fn kinds(change: &Change) -> Vec<&str> {
        let each = change
            .events
            .iter()
            .map(|event: &Event| event.r#type.as_str());
        each.collect()
    }

    fn messages(change: &Change) -> Vec<&Message> {
        change.messages.values().collect()
    }

    fn text(text: &str) -> Value {
        json!([{"MsgType": "TIMTextElem", "MsgContent": {"Text": text}}])
    }

    /// What each meaning does, from where a session usually is then.
    #[test]
    fn what_each_meaning_brings_about() {
        let hello = || json!({"MsgBody": text("hello"), "AgentId": "a@b.c"});
        let none = || json!({});
        for (meaning, fields, before, after, events) in [
            (
                Meaning::Begun,
                none(),
                State::Opening,
                State::Robot,
                &["session.started"][..],
            ),
            (
                Meaning::Begun,
                json!({"IsContactUser": true, "AgentId": "a@b.c"}),
                State::Opening,
                State::Active,
                &["session.started"],
            ),
            (
                Meaning::UserMessage,
                hello(),
                State::Opening,
                State::Robot,
                &["session.started", "message.received"],
            ),
            (
                Meaning::RobotMessage,
                hello(),
                State::Robot,
                State::Robot,
                &["message.received"],
            ),
            (
                Meaning::RobotMessage,
                hello(),
                State::Active,
                State::Active,
                &["message.received"],
            ),
            (
                Meaning::AgentMessage,
                hello(),
                State::Robot,
                State::Active,
                &["session.started", "message.received"],
            ),
            (
                Meaning::Queued,
                none(),
                State::Robot,
                State::Queued,
                &["session.queued"],
            ),
            (Meaning::Queued, none(), State::Queued, State::Queued, &[]),
            (
                Meaning::Started,
                hello(),
                State::Queued,
                State::Active,
                &["session.started"],
            ),
            (
                Meaning::Transferred,
                hello(),
                State::Active,
                State::Active,
                &["session.transferred"],
            ),
            (
                Meaning::NobodyOnline,
                none(),
                State::Queued,
                State::Offline,
                &[],
            ),
            (
                Meaning::Closed,
                none(),
                State::Active,
                State::Closed,
                &["session.closed"],
            ),
            (
                Meaning::Closed,
                json!({"SatisfactionSelected": 4}),
                State::Active,
                State::Closed,
                &["survey.answered", "session.closed"],
            ),
            (
                Meaning::Rated,
                json!({"SatisfactionSelected": 4}),
                State::Closed,
                State::Closed,
                &["survey.answered"],
            ),
            (Meaning::Rated, none(), State::Active, State::Active, &[]),
            (Meaning::Ignored, hello(), State::Active, State::Active, &[]),
        ] {
            let told = told(meaning, fields);
            let change = applied(before, &told);
            assert_eq!(change.session.state, after, "{meaning:?}");
            assert_eq!(kinds(&change), events, "{meaning:?}");
        }
    }

    #[test]
    fn who_says_what() {
        for (meaning, from) in [
            (Meaning::UserMessage, Author::Customer),
            (Meaning::RobotMessage, Author::Robot),
            (Meaning::AgentMessage, Author::Agent),
        ] {
            let fields = json!({"MsgBody": text("<b>1 < 2</b>"), "MsgKey": "1_2_3",
                "CloudCustomData": "c", "AgentId": "a@b.c"});
            let change = applied(State::Active, &told(meaning, fields));
            let said = messages(&change);
            assert_eq!(said.len(), 1);
            // Tencent's text is no HTML.
            assert_eq!(
                (said[0].from, said[0].content.as_str()),
                (from, "<b>1 < 2</b>")
            );
            assert_eq!(said[0].format, crate::message::Format::Text);
            assert_eq!(said[0].vendor_id.as_deref(), Some("1_2_3"));
            assert_eq!(said[0].custom.as_deref(), Some("c"));
            assert_eq!(said[0].said_at, Some(5_000));
            let is_agent = from == Author::Agent;
            assert_eq!(said[0].agent.is_some(), is_agent);
        }
    }

    #[test]
    fn what_steers_the_client_is_told_to_nobody_and_begins_nothing() {
        let start = json!([{"MsgType": "TIMCustomElem", "MsgContent": {"Data": r#"{"customerServicePlugin":0,"src":"7"}"#}}]);
        let told = told(Meaning::UserMessage, json!({"MsgBody": start}));
        assert!(!told.opens());
        let change = applied(State::Opening, &told);
        assert!(messages(&change).is_empty() && kinds(&change).is_empty());
        assert_eq!(change.session.state, State::Opening);
        assert_eq!(change.raws.len(), 1);
    }

    #[test]
    fn several_elements_are_several_messages() {
        let both = json!([{"MsgType": "TIMTextElem", "MsgContent": {"Text": "a"}},
            {"MsgType": "TIMFaceElem", "MsgContent": {"Index": 3, "Data": "b"}}]);
        let told = told(
            Meaning::UserMessage,
            json!({"MsgBody": both, "MsgKey": "1_2_3"}),
        );
        let change = applied(State::Robot, &told);
        let said: Vec<_> = messages(&change)
            .into_iter()
            .map(|one| {
                (
                    one.kind,
                    one.content.clone(),
                    one.vendor_id.clone().unwrap(),
                )
            })
            .collect();
        assert_eq!(
            said,
            [
                (Kind::Text, "a".to_owned(), "1_2_3".to_owned()),
                (Kind::Face, "b".to_owned(), "1_2_3#1".to_owned()),
            ]
        );
    }

    /// A transaction takes 100 items.
    #[test]
    fn more_elements_than_fit_a_transaction_are_kept_raw() {
        let many: Vec<_> = (0..120)
            .map(|number| json!({"MsgType": "TIMTextElem", "MsgContent": {"Text": number.to_string()}}))
            .collect();
        let told = told(Meaning::UserMessage, json!({"MsgBody": many}));
        let change = applied(State::Opening, &told);
        assert_eq!(messages(&change).len(), say::MOST);
        assert_eq!(change.raws.len(), 1);
        let written = change.marks.len()
            + change.messages.len()
            + change.events.len()
            + change.raws.len()
            + 2 * change.pointers.len()
            + usize::from(change.survey.is_some());
        // The session and its watch stand beside.
        assert!(written + 2 <= 100, "{written}");
        assert!(told.items() <= 90);
    }

    /// The key: the message's own, the request's, or a hash; and what we said ourselves is known by its random.
    #[test]
    fn what_an_event_is_known_by() {
        let one = json!({"MsgBody": text("a"), "MsgKey": "1_2_3"});
        let again = json!({"MsgBody": text("b"), "MsgKey": "1_2_3", "EventTime": 6_000});
        let key = |fields: &Value| told(Meaning::AgentMessage, fields.clone()).key;
        assert_eq!(key(&one), key(&again));
        let other_user = json!({"MsgBody": text("a"), "MsgKey": "1_2_3", "ClientUserId": "user46"});
        assert_ne!(key(&one), key(&other_user));
        let event = told(Meaning::Closed, json!({"MsgKey": "1_2_3"}));
        let by = |request| key_of(&event.event, Meaning::Closed, request, b"x");
        assert_eq!(by(Some("r-1")), by(Some("r-1")));
        assert_ne!(by(Some("r-1")), by(Some("r-2")));
        assert!(by(None).starts_with("sha256-"));

        let ours = told(Meaning::RobotMessage, one);
        let session = SessionId::new(0);
        let seen = HashMap::from([(echo_key("user45", 2), session.clone())]);
        assert!(ours.is_known(&seen));
        let other = HashMap::from([(echo_key("user45", 3), session)]);
        assert!(!ours.is_known(&other));
    }

    /// A look may have found a message before its event came: it stands in the conversation once.
    #[test]
    fn what_was_found_before_its_event_came_is_not_said_again() {
        let told = told(
            Meaning::RobotMessage,
            json!({"MsgBody": text("hello"), "EventTime": 50_000}),
        );
        let after = |timestamp, is_users, words: &str| {
            let said = Said::all_of(&text(words));
            let key = late::late_key("s-1", is_users, &said, late::moment(timestamp));
            let mut sighting = Sighting::default();
            sighting.seen.insert(key, SessionId::new(0));
            let mut change = Change::to(session(State::Robot), 90_000);
            told.apply(&mut change, &sighting);
            assert_eq!(change.marks.len(), 1);
            messages(&change).len()
        };
        for at in [45_000, 50_000, 50_400, 54_999] {
            assert_eq!(after(at, false, "hello"), 0, "{at}");
        }
        assert_eq!(after(50_000, true, "hello"), 1);
        assert_eq!(after(50_000, false, "hullo"), 1);
        assert_eq!(after(30_000, false, "hello"), 1);
        assert_eq!(after(70_000, false, "hello"), 1);
    }

    #[test]
    fn a_rating_is_told_once() {
        let told = told(Meaning::Closed, json!({"SatisfactionSelected": 5}));
        let mut sighting = Sighting::default();
        sighting
            .seen
            .insert(told.vote_key().unwrap(), SessionId::new(0));
        let mut change = Change::to(session(State::Active), 9_000);
        told.apply(&mut change, &sighting);
        assert_eq!(kinds(&change), ["session.closed"]);
        // The page's example has stars on what a user writes.
        let said = super::tests::told(
            Meaning::UserMessage,
            json!({"SatisfactionSelected": 5, "MsgBody": text("a")}),
        );
        assert_eq!(said.vote_key(), None);
    }

    #[test]
    fn the_end_of_an_earlier_session_is_not_the_end() {
        let mut session = session(State::Active);
        session.vendor_session = Some("s-2".to_owned());
        let mut change = Change::to(session, 9_000);
        told(Meaning::Closed, json!({})).apply(&mut change, &Sighting::default());
        assert_eq!(change.session.state, State::Active);
        assert_eq!(change.raws.len(), 1);
    }

    /// What was over before this conversation reached Tencent.
    #[test]
    fn the_end_of_a_session_before_ends_none_that_is_yet_to_begin() {
        for meaning in [Meaning::Closed, Meaning::Rated] {
            let told = told(meaning, json!({"SatisfactionSelected": 4}));
            let change = applied(State::Opening, &told);
            assert_eq!(change.session.state, State::Opening, "{meaning:?}");
            assert!(change.events.is_empty(), "{meaning:?}");
            assert_eq!(change.raws.len(), 1, "{meaning:?}");
        }
    }

    #[test]
    fn a_new_session_at_tencent_is_the_robots_until_somebody_takes_it() {
        let begun = |fields, is_known: bool| {
            let mut session = session(State::Active);
            session.vendor_session = Some("s-0".to_owned());
            session.assignee = Some(Agent {
                id: Some("a@b.c".to_owned()),
                name: None,
                avatar: None,
            });
            let mut sighting = Sighting::default();
            if is_known {
                let id = session.id.clone();
                sighting.by_vendor_session.insert("s-1".to_owned(), id);
            }
            let mut change = Change::to(session, 9_000);
            told(Meaning::Begun, fields).apply(&mut change, &sighting);
            (change.session.state, change.session.assignee.is_some())
        };
        assert_eq!(begun(json!({}), false), (State::Robot, false));
        // A repeat, or one that comes after the agent has taken the customer.
        assert_eq!(begun(json!({}), true), (State::Active, true));
        let agents = json!({"IsContactUser": true, "AgentId": "a@b.c"});
        assert_eq!(begun(agents, false), (State::Active, true));
    }

    #[test]
    fn where_tencent_says_that_the_customer_is() {
        let standing = |state, agent: Option<&str>| get_session_state::Response {
            session_id: None,
            state,
            agent_id: agent.map(str::to_owned),
        };
        for (before, said, after, events) in [
            (
                State::Robot,
                standing(Standing::Agent, Some("a")),
                State::Active,
                &["session.started"][..],
            ),
            (
                State::Active,
                standing(Standing::Agent, Some("a")),
                State::Active,
                &[],
            ),
            (
                State::Robot,
                standing(Standing::Queuing, None),
                State::Queued,
                &["session.queued"],
            ),
            (
                State::Queued,
                standing(Standing::Waiting, Some("a")),
                State::Assigning,
                &[],
            ),
            (
                State::Opening,
                standing(Standing::Robot, None),
                State::Robot,
                &["session.started"],
            ),
            (
                State::Active,
                standing(Standing::Robot, None),
                State::Active,
                &[],
            ),
            (
                State::Active,
                standing(Standing::NoSession, None),
                State::Closed,
                &["session.closed"],
            ),
            (
                State::Closed,
                standing(Standing::Agent, Some("a")),
                State::Closed,
                &[],
            ),
            (
                State::Active,
                standing(Standing::Unknown, None),
                State::Active,
                &[],
            ),
        ] {
            let mut change = Change::to(session(before), 9_000);
            stand(&mut change, &said, None);
            assert_eq!(change.session.state, after, "{said:?}");
            assert_eq!(kinds(&change), events, "{said:?}");
        }
        let mut active = session(State::Active);
        active.assignee = Some(Agent {
            id: Some("a".to_owned()),
            name: None,
            avatar: None,
        });
        let mut change = Change::to(active, 9_000);
        stand(&mut change, &standing(Standing::Agent, Some("b")), None);
        assert_eq!(kinds(&change), ["session.transferred"]);
    }
}
