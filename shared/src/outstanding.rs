//! What has not gone out: the entries of the logs that are due or dead, as an operator lists them and
//! takes them up again.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    clock::Millis,
    ids::{EventId, MessageId, SendId, SessionId},
};

/// Which of a session's logs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Events to the app.
    #[default]
    Deliveries,
    /// What must go to the vendor.
    Sends,
}

impl Direction {
    /// The log's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Deliveries => "deliveries",
            Self::Sends => "sends",
        }
    }

    /// The log of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Deliveries, Self::Sends]
            .into_iter()
            .find(|direction| direction.name() == name)
    }
}

/// What is to become of an entry that has not gone out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It was given up.
    Dead,
    /// It will be tried.
    Due,
}

impl Status {
    /// Both, in the order in which they are listed.
    pub const ALL: [Self; 2] = [Self::Dead, Self::Due];

    /// As it is written.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Dead => "dead",
            Self::Due => "due",
        }
    }

    /// The status of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }
}

/// The identifier of an entry of either log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum EntryId {
    /// Of an event to the app: `evt_…`.
    Event(EventId),
    /// Of something that must go to the vendor: `snd_…`.
    Send(SendId),
}

impl EntryId {
    /// The identifier of entry `number` of a log of `session`'s.
    #[must_use]
    pub fn new(direction: Direction, session: &SessionId, number: u64) -> Self {
        match direction {
            Direction::Deliveries => Self::Event(EventId::new(session, number)),
            Direction::Sends => Self::Send(SendId::new(session, number)),
        }
    }

    /// Reads an identifier as a caller gave it; `None` where it cannot be one of ours.
    #[must_use]
    pub fn parse(given: &str) -> Option<Self> {
        let event = EventId::parse(given).map(Self::Event);
        event.or_else(|| SendId::parse(given).map(Self::Send))
    }

    /// The log, the session and the number that it stands under.
    #[must_use]
    pub fn place(&self) -> Option<(Direction, SessionId, u64)> {
        let (direction, (session, number)) = match self {
            Self::Event(id) => (Direction::Deliveries, id.place()?),
            Self::Send(id) => (Direction::Sends, id.place()?),
        };
        Some((direction, session, number))
    }
}

/// What is asked for.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// In which log.
    pub direction: Direction,
    /// Only these; both where none is named.
    pub status: Option<Status>,
    /// Only this session's.
    pub session: Option<SessionId>,
    /// Only what was given up (dead) or recorded (due) at that time or later.
    pub since: Option<Millis>,
}

/// Where a list was left: at the entry shown last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Among the dead or the due.
    pub status: Status,
    /// In which part of the index; 0 in one session's list.
    pub shard: u64,
    /// At what time there; 0 in one session's list.
    pub at: Millis,
    /// In which session.
    pub session: SessionId,
    /// At which number.
    pub number: u64,
}

impl Cursor {
    /// Reads a cursor as a caller gave it back; `None` where it is none of ours.
    #[must_use]
    pub fn parse(given: &str) -> Option<Self> {
        let mut parts = given.split('.');
        let cursor = Self {
            status: Status::parse(parts.next()?)?,
            shard: parts.next()?.parse().ok()?,
            at: parts.next()?.parse().ok()?,
            session: SessionId::parse(parts.next()?)?,
            number: parts.next()?.parse().ok()?,
        };
        parts.next().is_none().then_some(cursor)
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            status,
            shard,
            at,
            session,
            number,
        } = self;
        write!(f, "{}.{shard}.{at}.{session}.{number}", status.name())
    }
}

/// An entry that has not gone out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outstanding {
    /// Where the list stands with it.
    pub cursor: Cursor,
    /// Its identifier.
    pub id: EntryId,
    /// The event's type.
    pub kind: Option<String>,
    /// What is to be done at the vendor: `message`, `open` or `close`.
    pub task: Option<&'static str>,
    /// The message that is to be sent.
    pub message: Option<MessageId>,
    /// When it was recorded.
    pub created_at: Millis,
    /// When it was given up.
    pub dead_at: Option<Millis>,
    /// Why it was given up.
    pub because: Option<String>,
    /// How often it was tried, where it is next in line.
    pub attempts: Option<u32>,
    /// When it is tried again, where that is fixed.
    pub next_at: Option<Millis>,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_cursor_comes_back_as_it_went() {
        let cursor = Cursor {
            status: Status::Dead,
            shard: 3,
            at: 1_795_254_731_000,
            session: SessionId::new(1),
            number: 7,
        };
        let text = cursor.to_string();
        assert_eq!(Cursor::parse(&text), Some(cursor));
        for wrong in [
            "",
            "dead",
            text.strip_prefix('d').unwrap(),
            text.strip_suffix('7').unwrap(),
            &format!("{text}.1"),
        ] {
            assert_eq!(Cursor::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn an_entry_is_found_by_its_name() {
        let session = SessionId::new(1);
        for direction in [Direction::Deliveries, Direction::Sends] {
            let id = EntryId::new(direction, &session, 7);
            let text = serde_json::to_value(&id).unwrap();
            let read = EntryId::parse(text.as_str().unwrap()).unwrap();
            assert_eq!(read.place().unwrap(), (direction, session.clone(), 7));
        }
        assert_eq!(EntryId::parse(session.as_str()), None);
    }
}
