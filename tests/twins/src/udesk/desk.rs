//! The desk: customers, their sessions, and what was said. This is the twin's whole state, and what
//! the state file keeps.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::events::Happened;
use super::guests::{self, Guest};
use super::lookups::{Queues, SensitiveWords};
use super::sign::Nonces;
use super::switches::DateForm;
use super::visitors::Visitors;
use crate::ids;

/// What is pushed when a session starts, in one array: type and content.
pub(crate) const GREETING: [(&str, &str); 2] = [
    ("start_session", "Dialogue started"),
    ("message", "Hello, what can I help you with?"),
];

/// Somebody who answers customers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agent {
    /// `agent_id`
    pub id: i64,
    /// `agent_name`
    pub name: String,
    /// `agent_avatar`
    pub avatar: String,
}

impl Agent {
    /// An agent without a picture.
    pub fn new(id: i64, name: &str) -> Self {
        Self {
            id,
            name: name.to_owned(),
            avatar: String::new(),
        }
    }
}

/// What a customer meets who asks for an agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "mode", rename_all = "snake_case")]
pub enum Mode {
    /// An agent is free: assigned at once.
    Online,
    /// Everyone is busy: queued at this place.
    Busy {
        /// The place in the queue.
        place: u32,
    },
    /// Being assigned ("assignment threshold").
    Assigning,
    /// Nobody is online.
    Offline,
}

/// Where a customer stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Standing {
    /// No session, no queue.
    Idle,
    /// In the queue.
    Queued {
        /// The place in it.
        place: u32,
        /// Its name, as given to the client.
        queue: String,
    },
    /// Being assigned.
    Assigning,
    /// Asked when nobody was online; may leave messages.
    Offline,
    /// With the robot of another maker.
    Robot,
    /// With Udesk's own robot.
    Urobot {
        /// `sessionId`
        session: i64,
        /// `robot_id`
        robot: i64,
        /// `scene_id`
        scene: i64,
    },
    /// In this session.
    Active {
        /// `im_sub_session_id`
        session: i64,
    },
}

/// One session with one agent. A transfer ends it and begins another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Session {
    /// `im_sub_session_id`
    pub id: i64,
    /// Who answers.
    pub agent: Agent,
    /// Not closed yet.
    pub open: bool,
    /// When it began.
    #[serde(with = "crate::instant", default)]
    pub began: Timestamp,
}

/// Who said something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Author {
    /// The customer, by `POST /im/messages`.
    Customer,
    /// An agent, by a push.
    Agent,
    /// A robot, by a push.
    Robot,
    /// The desk: start_session, transfer, close.
    Desk,
}

/// Something said, in order of arrival.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Who said it.
    pub from: Author,
    /// `message_id`
    pub message_id: String,
    /// `im_sub_session_id`: as the customer sent it, or the agent's session.
    pub im_sub_session_id: i64,
    /// `type`
    #[serde(rename = "type")]
    pub kind: String,
    /// `data.content`
    pub content: String,
    /// `data`
    pub data: Value,
    /// When it arrived, or was pushed.
    #[serde(with = "crate::instant")]
    pub at: Timestamp,
    /// Whether the other side has read it: an agent the customer's messages, the customer an agent's.
    pub read: bool,
    /// Whether it was said to a customer who was offline.
    #[serde(default)]
    pub to_offline: bool,
    /// The agent for whom it was left, nobody being online.
    #[serde(default)]
    pub left_for: Option<i64>,
}

/// A customer's message as it arrived.
#[derive(Debug, Clone, PartialEq)]
pub struct Received {
    /// `message_id`; empty if it was not given.
    pub message_id: String,
    /// As the customer sent it: -2 and -3 too.
    pub im_sub_session_id: i64,
    /// `type`
    pub kind: String,
    /// `data.content`
    pub content: String,
    /// `data`
    pub data: Value,
    /// When it arrived.
    pub at: Timestamp,
}

/// All that is known of one customer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Conversation {
    /// `customer_token`
    pub customer: String,
    /// `customer_id`: the number that the vendor gave the customer.
    #[serde(default)]
    pub id: i64,
    /// What the app said last of the customer's being online; until then, online.
    #[serde(default = "online")]
    pub online: bool,
    /// What the agent sees the customer typing.
    #[serde(default)]
    pub preview: Option<String>,
    /// Where the customer stands.
    pub standing: Standing,
    /// The robot that the customer met last, if any: its answers may come late.
    #[serde(default)]
    pub robot: Option<Standing>,
    /// The sessions so far, oldest first.
    pub sessions: Vec<Session>,
    /// What was said, in order.
    pub entries: Vec<Entry>,
    /// What the customer rated and clicked on, in order.
    #[serde(default)]
    pub feedback: Vec<Feedback>,
}

/// A rating, or a click.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Feedback {
    /// Verb and path, as the page prints them.
    pub api: String,
    /// The body as it came.
    pub fields: Value,
}

impl Conversation {
    /// The session that is open.
    pub fn live(&self) -> Option<&Session> {
        self.sessions.iter().rev().find(|session| session.open)
    }

    /// What agents wrote in this session and the customer has not read, oldest first.
    pub(crate) fn unread(&self, session: &Session, only_offline: bool) -> Vec<&Entry> {
        self.entries
            .iter()
            .filter(|entry| entry.from == Author::Agent && !entry.read)
            .filter(|entry| entry.im_sub_session_id == session.id)
            .filter(|entry| entry.to_offline || !only_offline)
            .collect()
    }

    fn close_all(&mut self) {
        for session in &mut self.sessions {
            session.open = false;
        }
        self.preview = None;
    }
}

fn online() -> bool {
    true
}

/// Sessions, messages and counters.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Desk {
    pub(crate) mode: Mode,
    pub(crate) conversations: BTreeMap<String, Conversation>,
    #[serde(default)]
    pub(crate) visitors: Visitors,
    #[serde(default)]
    pub(crate) sensitive_words: SensitiveWords,
    #[serde(default)]
    pub(crate) queues: Queues,
    /// What the app told of customers before they came: the bodies of `POST /customers`.
    #[serde(default)]
    pub(crate) profiles: BTreeMap<String, Value>,
    pub(crate) nonces: Nonces,
    /// What no event has told yet.
    #[serde(skip)]
    pub(crate) happened: Vec<(String, Happened)>,
    #[serde(default = "guests::at_the_start")]
    pub(crate) guests: Vec<Guest>,
    next_session: i64,
    #[serde(default = "first_customer")]
    next_customer: i64,
    next_message: u64,
    seed: String,
}

impl Desk {
    /// An empty desk. Ids begin at a number taken from the clock, so that two twins that follow
    /// each other never give the same id, as one vendor never does.
    pub(crate) fn new(now: Timestamp) -> Self {
        Self {
            mode: Mode::Online,
            conversations: BTreeMap::new(),
            visitors: Visitors::default(),
            sensitive_words: SensitiveWords::default(),
            queues: Queues::default(),
            profiles: BTreeMap::new(),
            nonces: Nonces::new(),
            happened: Vec::new(),
            guests: guests::at_the_start(),
            next_session: 1_000_000_000 + now.as_millisecond().rem_euclid(1_000_000_000),
            next_customer: first_customer(),
            next_message: 1,
            seed: now.as_nanosecond().to_string(),
        }
    }

    /// The customer's conversation; an unknown customer is created, as Udesk does.
    pub(crate) fn conversation(&mut self, customer: &str) -> &mut Conversation {
        self.conversations
            .entry(customer.to_owned())
            .or_insert_with(|| Conversation {
                customer: customer.to_owned(),
                id: {
                    self.next_customer += 1;
                    self.next_customer
                },
                online: true,
                preview: None,
                standing: Standing::Idle,
                robot: None,
                sessions: Vec::new(),
                entries: Vec::new(),
                feedback: Vec::new(),
            })
    }

    pub(crate) fn standing(&self, customer: &str) -> Standing {
        self.conversations
            .get(customer)
            .map_or(Standing::Idle, |conversation| conversation.standing.clone())
    }

    pub(crate) fn live(&self, customer: &str) -> Option<Session> {
        self.conversations.get(customer)?.live().cloned()
    }

    /// The customer who holds this open session.
    pub(crate) fn holder(&self, session: i64) -> Option<String> {
        self.conversations.values().find_map(|conversation| {
            let live = conversation.live()?;
            (live.id == session).then(|| conversation.customer.clone())
        })
    }

    /// The conversation that has, or had, this session.
    pub(crate) fn with_session(&mut self, session: i64) -> Option<&mut Conversation> {
        let mut all = self.conversations.values_mut();
        all.find(|one| one.sessions.iter().any(|known| known.id == session))
    }

    /// The customer who met one of Udesk's own robots in this session.
    pub(crate) fn met_in(&self, session: i64) -> Option<String> {
        let mut all = self.conversations.values();
        let own = |one: &&Conversation| matches!(&one.robot, Some(Standing::Urobot { session: own, .. }) if *own == session);
        all.find(own)
            .map(|conversation| conversation.customer.clone())
    }

    /// A number that no session had before.
    pub(crate) fn new_session_id(&mut self) -> i64 {
        let id = self.next_session;
        self.next_session += 1;
        id
    }

    /// A number that no robot's message had before.
    pub(crate) fn log_id(&mut self) -> u64 {
        let id = self.next_message;
        self.next_message += 1;
        id
    }

    /// The customer is with a robot from now on.
    pub(crate) fn meet(&mut self, customer: &str, robot: Standing) {
        let conversation = self.conversation(customer);
        conversation.standing = robot.clone();
        conversation.robot = Some(robot);
    }

    /// Ends what is open and begins a session with `agent`.
    pub(crate) fn begin(&mut self, customer: &str, agent: Agent) -> Session {
        let session = Session {
            id: self.new_session_id(),
            agent,
            open: true,
            began: Timestamp::now(),
        };
        self.queues.served(customer);
        self.tell_of_end(customer, true);
        let conversation = self.conversation(customer);
        conversation.close_all();
        conversation.sessions.push(session.clone());
        conversation.standing = Standing::Active {
            session: session.id,
        };
        session
    }

    /// Ends the customer's session, or leaves the queue.
    pub(crate) fn end(&mut self, customer: &str) {
        self.tell_of_end(customer, false);
        let conversation = self.conversation(customer);
        conversation.close_all();
        conversation.standing = Standing::Idle;
    }

    /// What is open ends, and what waits is given up.
    fn tell_of_end(&mut self, customer: &str, by_transfer: bool) {
        let live = self.live(customer).map(|session| session.id);
        let happened = match (live, self.standing(customer)) {
            (Some(session), _) => Happened::SessionEnded {
                session,
                by_transfer,
            },
            (None, Standing::Queued { .. } | Standing::Assigning) if !by_transfer => {
                Happened::QueueLeft
            }
            _ => return,
        };
        self.happened.push((customer.to_owned(), happened));
    }

    /// Whether a message with this id has arrived, from whomever: the id is unique in the company.
    pub(crate) fn has_message(&self, message_id: &str) -> bool {
        self.conversations
            .values()
            .flat_map(|conversation| &conversation.entries)
            .any(|entry| entry.from == Author::Customer && entry.message_id == message_id)
    }

    /// One element of a reply push's `messages`, noted in the conversation.
    pub(crate) fn said(
        &mut self,
        customer: &str,
        session: &Session,
        kind: &str,
        data: Value,
        now: Timestamp,
        dates: DateForm,
    ) -> Value {
        let message_id = self.message_id();
        let from = match kind {
            "start_session" | "transfer" | "close" => Author::Desk,
            _ => Author::Agent,
        };
        let conversation = self.conversation(customer);
        let to_offline = !conversation.online;
        let entry = Entry {
            from,
            message_id,
            im_sub_session_id: session.id,
            kind: kind.to_owned(),
            content: content_of(&data),
            data,
            at: now,
            read: false,
            to_offline,
            left_for: None,
        };
        let item = told(&entry, session, dates);
        conversation.entries.push(entry);
        item
    }

    /// A new id in the form of the page's `f862f80d-89aa-4f31-92d9-ccd4fcacffcf`.
    pub(crate) fn message_id(&mut self) -> String {
        let id = ids::dashed(&format!("{}/{}", self.seed, self.next_message));
        self.next_message += 1;
        id
    }
}

/// `data.content` as text.
pub(crate) fn content_of(data: &Value) -> String {
    match data.get("content") {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    }
}

/// Something said in a session, as a push and the look-up of unread messages tell it.
pub(crate) fn told(entry: &Entry, session: &Session, dates: DateForm) -> Value {
    json!({
        "type": entry.kind,
        "message_id": entry.message_id,
        "agent_id": session.agent.id,
        "agent_name": session.agent.name,
        "agent_avatar": session.agent.avatar,
        "im_sub_session_id": session.id,
        "message_created_at": written(entry.at, &entry.kind, dates),
        "data": entry.data,
    })
}

/// Customers are counted from here on: apart from sessions, so that a client which takes one number for
/// the other is caught.
fn first_customer() -> i64 {
    5_855_307
}

/// A reply push.
pub(crate) fn reply(customer: &str, messages: Vec<Value>) -> Value {
    json!({"customer_token": customer, "assign_type": "agent", "messages": messages})
}

/// The page's `survey_options`. The printed one is no JSON (comments, alternatives joined by bars,
/// ids left blank, the outer brace missing); this is the same with one alternative chosen, the
/// blank ids taken from the compatible `options` below it.
pub(crate) fn survey_options() -> Value {
    serde_json::from_str(include_str!("survey_options.json")).unwrap_or(Value::Null)
}

fn written(at: Timestamp, kind: &str, dates: DateForm) -> String {
    let form = match (dates, kind) {
        (DateForm::Dashed, _) | (DateForm::AsPrinted, "close") => "%Y-%m-%d %H:%M:%S",
        (DateForm::Compact | DateForm::AsPrinted, _) => "%Y%m%d %H:%M:%S",
    };
    jiff::tz::Offset::constant(8)
        .to_datetime(at)
        .strftime(form)
        .to_string()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_written_in_china_time_in_both_forms() {
        let at: Timestamp = "2017-07-11T01:52:11Z".parse().unwrap();
        assert_eq!(
            written(at, "message", DateForm::AsPrinted),
            "20170711 09:52:11"
        );
        let at: Timestamp = "2017-12-31T16:00:00Z".parse().unwrap();
        assert_eq!(
            written(at, "close", DateForm::AsPrinted),
            "2018-01-01 00:00:00"
        );
        assert_eq!(written(at, "close", DateForm::Compact), "20180101 00:00:00");
        assert_eq!(
            written(at, "message", DateForm::Dashed),
            "2018-01-01 00:00:00"
        );
    }

    #[test]
    fn survey_options_are_json() {
        assert_eq!(survey_options()["show_type"], "text");
        assert_eq!(survey_options()["options"][4]["id"], 40);
    }

    #[test]
    fn message_ids_never_repeat() {
        let mut desk = Desk::new(Timestamp::now());
        let first = desk.message_id();
        assert_eq!(first.len(), 36);
        assert_ne!(first, desk.message_id());
    }
}
