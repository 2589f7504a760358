//! The desk: users, their sessions, and what was sent to them. This is the twin's whole state, and
//! what the state file keeps.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::ids;

/// With whom a user is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// `Chatbot`
    #[default]
    Robot,
    /// `Queuing`
    Queuing,
    /// `WaitingForAgentAnswering`: this agent is to take the user.
    Waiting(String),
    /// `Agent`: this one has.
    Agent(String),
}

/// Who said something, by `FromAccountRole`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "u8", try_from = "u8")]
pub enum Role {
    /// 1
    User,
    /// 2
    Agent,
    /// 3
    System,
}

impl From<Role> for u8 {
    fn from(role: Role) -> Self {
        match role {
            Role::User => 1,
            Role::Agent => 2,
            Role::System => 3,
        }
    }
}

impl TryFrom<u8> for Role {
    type Error = String;

    fn try_from(role: u8) -> Result<Self, String> {
        match role {
            1 => Ok(Self::User),
            2 => Ok(Self::Agent),
            3 => Ok(Self::System),
            other => Err(format!("no role {other}")),
        }
    }
}

/// Something that was said in a session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Said {
    /// Who said it.
    pub role: Role,
    /// The account that it came from.
    pub account: String,
    /// `MsgBody`
    pub msg_body: Value,
    /// When.
    #[serde(with = "crate::instant")]
    pub at: Timestamp,
}

/// One session of a user's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Session {
    /// `SessionId`
    pub id: String,
    /// Not ended yet.
    pub open: bool,
    /// With whom the user is.
    #[serde(default)]
    pub phase: Phase,
    /// What was said, oldest first.
    #[serde(default)]
    pub said: Vec<Said>,
}

/// How a message was addressed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Addressing {
    /// By `SessionId`.
    Session(String),
    /// By `FromAccount` and `ToAccount`.
    Accounts,
}

/// One element of a `MsgBody`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Element {
    /// `MsgType`
    pub kind: String,
    /// `MsgContent`
    pub content: Value,
}

/// A message as it reached the user.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Received {
    /// How it was addressed.
    pub addressed: Addressing,
    /// The account it comes from.
    pub from: String,
    /// `MsgRandom`
    pub msg_random: u32,
    /// `MsgBody`
    pub elements: Vec<Element>,
    /// `CloudCustomData`
    pub cloud_custom_data: Option<String>,
    /// `ExcludeFromUserRespTimeout` was 1.
    pub excluded_from_timeout: bool,
    /// When it arrived.
    #[serde(with = "crate::instant")]
    pub at: Timestamp,
}

impl Received {
    /// The texts of its text elements.
    pub fn texts(&self) -> Vec<&str> {
        let texts = self.elements.iter().filter(|one| one.kind == "TIMTextElem");
        texts
            .filter_map(|one| one.content.get("Text")?.as_str())
            .collect()
    }

    /// The JSON in `Data` of its custom element, if it has one.
    pub fn custom(&self) -> Option<Value> {
        let custom = |one: &&Element| one.kind == "TIMCustomElem";
        let data = self.elements.iter().find(custom)?.content.get("Data")?;
        serde_json::from_str(data.as_str()?).ok()
    }
}

/// All that is known of one user.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct User {
    /// The sessions so far, oldest first.
    pub sessions: Vec<Session>,
    /// What was sent to the user, in order of arrival.
    pub messages: Vec<Received>,
}

impl User {
    /// The session that is open.
    pub fn live(&self) -> Option<&Session> {
        self.sessions.iter().rev().find(|session| session.open)
    }

    /// The same, to be changed.
    pub(crate) fn live_mut(&mut self) -> Option<&mut Session> {
        self.sessions.iter_mut().rev().find(|session| session.open)
    }
}

/// A message that a repeat is told by.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Recent {
    key: String,
    #[serde(with = "crate::instant")]
    at: Timestamp,
}

/// Users, recent messages and counters.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Desk {
    pub(crate) users: BTreeMap<String, User>,
    recent: Vec<Recent>,
    next: u64,
    seed: String,
}

impl Desk {
    /// An empty desk. Ids hang on the clock, so that two twins that follow each other never give
    /// the same id, as one vendor never does.
    pub(crate) fn new(now: Timestamp) -> Self {
        Self {
            users: BTreeMap::new(),
            recent: Vec::new(),
            next: 1,
            seed: now.as_nanosecond().to_string(),
        }
    }

    /// The user; an unknown one is created.
    pub(crate) fn user(&mut self, id: &str) -> &mut User {
        self.users.entry(id.to_owned()).or_default()
    }

    /// Ends the user's session and begins another.
    pub(crate) fn begin_session(&mut self, user: &str) -> String {
        self.end_session(user);
        let id = ids::dashed(&format!("{}/{}", self.seed, self.next));
        self.next += 1;
        self.user(user).sessions.push(Session {
            id: id.clone(),
            open: true,
            phase: Phase::Robot,
            said: Vec::new(),
        });
        id
    }

    /// A session, whether it has ended or not.
    pub(crate) fn session(&self, id: &str) -> Option<&Session> {
        let mut all = self.users.values().flat_map(|user| &user.sessions);
        all.find(|session| session.id == id)
    }

    /// What is said in the user's session, if one is open.
    pub(crate) fn say(&mut self, user: &str, said: Said) {
        if let Some(live) = self.user(user).live_mut() {
            live.said.push(said);
        }
    }

    /// The next number of a message.
    pub(crate) fn next_number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    pub(crate) fn end_session(&mut self, user: &str) {
        for session in &mut self.user(user).sessions {
            session.open = false;
        }
    }

    /// The user who has this session open.
    pub(crate) fn holder(&self, session: &str) -> Option<&str> {
        self.users.iter().find_map(|(id, user)| {
            let live = user.live()?;
            (live.id == session).then_some(id.as_str())
        })
    }

    /// Whether the same was sent within `window`; if not, it is remembered from now on. The same:
    /// sender, receiver, `MsgRandom` and the bytes of `MsgBody`.
    pub(crate) fn repeats(
        &mut self,
        from: &str,
        to: &str,
        msg_random: u32,
        msg_body: &str,
        now: Timestamp,
        window: Duration,
    ) -> bool {
        self.recent
            .retain(|one| now.duration_since(one.at).unsigned_abs() < window);
        let content = ids::digits(&Sha256::digest(msg_body));
        let key = format!("{from}\n{to}\n{msg_random}\n{content}");
        if self.recent.iter().any(|one| one.key == key) {
            return true;
        }
        self.recent.push(Recent { key, at: now });
        false
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_repeat_has_the_same_sender_receiver_random_and_content_within_120_seconds() {
        let first: Timestamp = "2026-11-21T10:00:00Z".parse().unwrap();
        let window = Duration::from_secs(120);
        let at = |seconds: i64| first + jiff::SignedDuration::from_secs(seconds);
        let mut desk = Desk::new(first);
        let mut repeats = |from: &str, to: &str, random, body: &str, after| {
            desk.repeats(from, to, random, body, at(after), window)
        };
        assert!(!repeats("a", "b", 1, "[]", 0));
        assert!(!repeats("x", "b", 1, "[]", 0));
        assert!(!repeats("a", "x", 1, "[]", 0));
        assert!(!repeats("a", "b", 2, "[]", 0));
        assert!(!repeats("a", "b", 1, "[1]", 0));
        assert!(repeats("a", "b", 1, "[]", 119));
        // A repeat that was dropped does not lengthen the window.
        assert!(!repeats("a", "b", 1, "[]", 120));
    }

    #[test]
    fn one_session_is_open_at_a_time() {
        let mut desk = Desk::new(Timestamp::now());
        let first = desk.begin_session("user45");
        assert_eq!(desk.holder(&first), Some("user45"));
        let second = desk.begin_session("user45");
        assert_eq!(desk.holder(&first), None);
        assert_eq!(desk.holder(&second), Some("user45"));
        desk.end_session("user45");
        assert_eq!(desk.holder(&second), None);
        assert_eq!(first.len(), "fd8a2e30-54de-4e40-bcaf-02718409c5cf".len());
    }
}
