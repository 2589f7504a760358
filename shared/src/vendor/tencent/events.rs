//! What the names of Desk's events mean. The pages at hand show three of them whole; the others are the account's to
//! say, in a setting.
//!
//! Vendor page: <https://www.tencentcloud.com/document/product/1229/68989>

use std::collections::BTreeMap;

use crate::config::{ConfigError, Settings, TENCENT_EVENTS};

/// What an event means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// A session begins.
    Begun,
    /// The user says something.
    UserMessage,
    /// The robot does.
    RobotMessage,
    /// An agent does.
    AgentMessage,
    /// The user waits for an agent.
    Queued,
    /// An agent has taken the user.
    Started,
    /// Another agent has.
    Transferred,
    /// Nobody is there to take the user.
    NobodyOnline,
    /// The session has ended.
    Closed,
    /// The user has rated it.
    Rated,
    /// Nothing that anybody is told.
    Ignored,
}

impl Meaning {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Begun,
        Self::UserMessage,
        Self::RobotMessage,
        Self::AgentMessage,
        Self::Queued,
        Self::Started,
        Self::Transferred,
        Self::NobodyOnline,
        Self::Closed,
        Self::Rated,
        Self::Ignored,
    ];

    /// Its name in the setting.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Begun => "begun",
            Self::UserMessage => "user_message",
            Self::RobotMessage => "robot_message",
            Self::AgentMessage => "agent_message",
            Self::Queued => "queued",
            Self::Started => "started",
            Self::Transferred => "transferred",
            Self::NobodyOnline => "nobody_online",
            Self::Closed => "closed",
            Self::Rated => "rated",
            Self::Ignored => "ignored",
        }
    }

    /// Whether it is something that is said.
    #[must_use]
    pub fn is_message(self) -> bool {
        match self {
            Self::UserMessage | Self::RobotMessage | Self::AgentMessage => true,
            Self::Begun
            | Self::Queued
            | Self::Started
            | Self::Transferred
            | Self::NobodyOnline
            | Self::Closed
            | Self::Rated
            | Self::Ignored => false,
        }
    }
}

/// The names that the pages show whole.
const DOCUMENTED: [(&str, Meaning); 3] = [
    ("SessionBegin", Meaning::Begun),
    ("ChatBot.UserSendMsg", Meaning::UserMessage),
    ("ChatBot.RobotSendMsg", Meaning::RobotMessage),
];

/// What each name means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Events(BTreeMap<String, Meaning>);

impl Events {
    /// The documented names, and those that the setting lists: `name=meaning`, comma-separated. It may say of a
    /// documented name, too, what it means.
    ///
    /// # Errors
    /// Where an entry is none, or a name stands there twice.
    pub fn from_settings(settings: &Settings) -> Result<Self, ConfigError> {
        let mut events: BTreeMap<_, _> = DOCUMENTED
            .iter()
            .map(|(name, meaning)| ((*name).to_owned(), *meaning))
            .collect();
        let mut given: BTreeMap<String, Meaning> = BTreeMap::new();
        for entry in settings.list(&TENCENT_EVENTS) {
            let (name, meaning) = entry
                .split_once('=')
                .map(|(name, meaning)| (name.trim(), meaning.trim()))
                .filter(|(name, _)| !name.is_empty())
                .ok_or_else(|| {
                    TENCENT_EVENTS.malformed(&format!("{entry:?}, expected name=meaning"))
                })?;
            let known = Meaning::ALL.into_iter().find(|one| one.name() == meaning);
            let known = known.ok_or_else(|| {
                let all = Meaning::ALL.map(Meaning::name).join(", ");
                TENCENT_EVENTS.malformed(&format!("{meaning:?} is none of {all}"))
            })?;
            if given.insert(name.to_owned(), known).is_some() {
                return Err(TENCENT_EVENTS.malformed(&format!("{name:?} stands there twice")));
            }
        }
        events.extend(given);
        Ok(Self(events))
    }

    /// What `event` means; `None` where nobody has said.
    #[must_use]
    pub fn meaning(&self, event: &str) -> Option<Meaning> {
        self.0.get(event).copied()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn read(given: &'static str) -> Result<Events, ConfigError> {
        Events::from_settings(&Settings::new(move |name| {
            (name == "TENCENT_EVENTS").then(|| given.to_owned())
        }))
    }

    #[test]
    fn three_names_are_known_and_the_others_are_the_settings() {
        let events = read("").unwrap();
        assert_eq!(events.meaning("SessionBegin"), Some(Meaning::Begun));
        let said = events.meaning("ChatBot.UserSendMsg");
        assert_eq!(said, Some(Meaning::UserMessage));
        let said = events.meaning("ChatBot.RobotSendMsg");
        assert_eq!(said, Some(Meaning::RobotMessage));
        assert_eq!(events.meaning("Agent.AgentSendMsg"), None);
        let events = read("Agent.AgentSendMsg=agent_message, Session.End = closed").unwrap();
        let said = events.meaning("Agent.AgentSendMsg");
        assert_eq!(said, Some(Meaning::AgentMessage));
        assert_eq!(events.meaning("Session.End"), Some(Meaning::Closed));
        let events = read("SessionBegin=ignored").unwrap();
        assert_eq!(events.meaning("SessionBegin"), Some(Meaning::Ignored));
    }

    #[test]
    fn every_meaning_is_read_by_its_name() {
        for meaning in Meaning::ALL {
            let entry: &'static str = format!("X={}", meaning.name()).leak();
            assert_eq!(read(entry).unwrap().meaning("X"), Some(meaning));
        }
    }

    #[test]
    fn nonsense_is_shown() {
        for (given, shown) in [
            ("X", "expected name=meaning"),
            ("=closed", "expected name=meaning"),
            ("X=over", "\"over\" is none of begun, user_message"),
            ("X=closed,X=rated", "\"X\" stands there twice"),
        ] {
            let error = read(given).unwrap_err().to_string();
            assert!(error.starts_with("TENCENT_EVENTS is malformed"), "{error}");
            assert!(error.contains(shown), "{error}");
        }
    }
}
