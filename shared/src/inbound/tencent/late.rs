//! What was said at Tencent and no event brought: found where Desk is asked for a session's messages. They have no
//! identifiers, so that they are known by who said what, and when.

use std::collections::HashSet;

use super::{
    Recorder, VENDOR,
    say::{self, Speaker},
};
use crate::{
    change::{Change, Mark, Raw},
    clock::Millis,
    ids::SessionId,
    inbound::{
        hash,
        late::{Found, Late, record_late},
        pieces::Piece,
    },
    message::{Author, Message, Status},
    table::{Sighting, TableError},
    vendor::tencent::{
        describe_chat_messages::{Listed, Role},
        said::Said,
    },
};

/// How far apart two times of one message may be: that of its event, and that of the list.
const SAME_MOMENT: Millis = 5_000;
/// How long what we send may be on its way, where a version before this one sent it: it did not note when it did.
const ON_ITS_WAY: Millis = 15 * 60_000;

/// A message that Desk lists.
struct Heard {
    key: String,
    session_id: String,
    listed: Listed,
}

impl Recorder {
    /// Records those of `listed` that the conversation lacks, in their order (the oldest first), and with the last of
    /// them what `then` adds, which is told how many there were. They stand beside the session at Tencent that they are
    /// of. `None` where our session is gone.
    ///
    /// # Errors
    /// Where the table refuses. Recording the same messages again is safe.
    pub async fn record_missed(
        &self,
        id: &SessionId,
        listed: Vec<(String, Vec<Listed>)>,
        then: impl Fn(&mut Change, usize),
    ) -> Result<Option<Late>, TableError> {
        record_late(&self.table, VENDOR, id, &heard(listed), then).await
    }
}

/// What is shown of these lists. What is listed while messages are added may stand on two pages: it is one message.
fn heard(listed: Vec<(String, Vec<Listed>)>) -> Vec<Heard> {
    let each = listed.into_iter().flat_map(|(session_id, listed)| {
        listed.into_iter().map(move |one| (session_id.clone(), one))
    });
    let mut keys = HashSet::new();
    each.filter(|(_, one)| one.said.iter().any(say::is_shown))
        .map(|(session_id, listed)| Heard {
            key: format!(
                "log-{}",
                hash(format!("{session_id}\n{}", listed.raw).as_bytes())
            ),
            session_id,
            listed,
        })
        .filter(|heard| keys.insert(heard.key.clone()))
        .collect()
}

impl Heard {
    fn late_key(&self) -> Option<String> {
        let is_users = self.listed.role == Role::User;
        let moment = moment(self.listed.timestamp?);
        Some(late_key(
            &self.session_id,
            is_users,
            &self.listed.said,
            moment,
        ))
    }

    fn from(&self) -> Author {
        match self.listed.role {
            Role::User => Author::Customer,
            Role::Agent => Author::Agent,
            Role::System | Role::Unknown => Author::Robot,
        }
    }
}

impl Piece for Heard {
    fn key(&self) -> &str {
        &self.key
    }

    fn body(&self) -> &str {
        &self.listed.raw
    }

    /// Both marks, what is kept raw, and each message with its event.
    fn items(&self) -> usize {
        let raws = usize::from(say::is_cut(&self.listed.said));
        2 + raws + 2 * say::count(&self.listed.said)
    }

    fn vendor_session(&self) -> Option<String> {
        Some(self.session_id.clone())
    }

    fn other_keys(&self) -> Vec<String> {
        self.late_key().into_iter().collect()
    }

    fn opens(&self) -> bool {
        false
    }

    fn ends(&self) -> bool {
        false
    }

    /// Who has the customer is asked for beside, and not told by who speaks: no page says which role a robot has.
    fn apply(&self, change: &mut Change, sighting: &Sighting) {
        let seen = |key| Mark::Seen {
            vendor: VENDOR,
            key,
        };
        change.mark(seen(self.key.clone()));
        // The same words may be said twice in a moment, and a mark stands there once.
        if let Some(key) = self.late_key()
            && !sighting.seen.contains_key(&key)
            && !change.has_mark(&seen(key.clone()))
        {
            change.mark(seen(key));
        }
        let speaker = Speaker {
            from: self.from(),
            agent: None,
            custom: None,
            vendor_id: self.key.clone(),
            said_at: self.listed.timestamp,
            vendor_session: self.session_id.clone(),
        };
        let because = speaker.say(change, &self.listed.said);
        if let Some(because) = because.filter(|_| say::is_cut(&self.listed.said)) {
            change.put_raw(Raw {
                vendor: VENDOR,
                hash: hash(self.key.as_bytes()),
                body: self.listed.raw.clone(),
                because: because.to_owned(),
            });
        }
    }
}

impl Found for Heard {
    fn concerns(_: &Message) -> bool {
        true
    }

    fn is(&self, message: &Message) -> bool {
        let same_side = (self.listed.role == Role::User) == (message.from == Author::Customer);
        let same_words = || {
            let mut shown = self.listed.said.iter().filter(|said| say::is_shown(said));
            shown.any(|said| say::is_same(said, message))
        };
        let same_time = match (self.listed.timestamp, message.said_at) {
            (None, _) => true,
            (Some(at), Some(said_at)) => (at - said_at).abs() <= SAME_MOMENT,
            (Some(at), None) => may_have_arrived(message, at),
        };
        same_side && same_time && same_words()
    }
}

/// Whether what we sent may have arrived then.
fn may_have_arrived(message: &Message, at: Millis) -> bool {
    match (message.status, message.sent) {
        (Some(Status::Failed), _) => false,
        (_, Some(sent)) => (sent.from - SAME_MOMENT..=sent.until + SAME_MOMENT).contains(&at),
        // It may be on its way just now.
        (Some(Status::Queued | Status::Sending), None) => at >= message.created_at - SAME_MOMENT,
        (Some(Status::Sent | Status::Unknown | Status::Read) | None, None) => {
            (-SAME_MOMENT..=ON_ITS_WAY).contains(&(at - message.created_at))
        }
    }
}

/// The mark of what was said in this session of Tencent's and recorded late. An event that comes after all tells the
/// same side, words and time, and no more: neither has the other's name. Times are told apart no finer than they differ
/// between the two.
pub(super) fn late_key(session_id: &str, is_users: bool, said: &[Said], moment: Millis) -> String {
    let gist = say::gist(said);
    let known_by = format!("{session_id}\n{is_users}\n{moment}\n{gist}");
    format!("late-{}", hash(known_by.as_bytes()))
}

/// The moment that a time is in.
pub(super) fn moment(at: Millis) -> Millis {
    at.div_euclid(SAME_MOMENT)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::{
        ids::MessageId,
        inbound::pieces::fitting,
        message::{Kind, Sent},
    };

    fn heard(role: Role, timestamp: Option<i64>, text: &str) -> Heard {
        Heard {
            key: "k".to_owned(),
            session_id: "s".to_owned(),
            listed: Listed {
                role,
                from_account: None,
                timestamp,
                said: vec![Said::Text(text.to_owned())],
                raw: String::new(),
            },
        }
    }

    fn message(from: Author, said_at: Option<Millis>, created_at: Millis, text: &str) -> Message {
        let id = MessageId::new(1);
        Message {
            said_at,
            ..Message::new(id, from, Kind::Text, text.to_owned(), created_at)
        }
    }

    /// A transaction takes 100 items.
    #[test]
    fn messages_of_many_elements_are_written_a_few_at_once() {
        let of = |elements| {
            let mut heard = heard(Role::Agent, Some(1), "a");
            let element = heard.listed.said[0].clone();
            heard.listed.said = vec![element; elements];
            heard
        };
        let fitting = |elements| {
            let all: Vec<_> = (0..50).map(|_| of(elements)).collect();
            fitting(all.iter())
        };
        assert_eq!(fitting(1), 20);
        assert_eq!(fitting(2), 15);
        assert_eq!(fitting(20), 2);
        assert_eq!(fitting(100), 1);
        let customer = crate::ids::CustomerId::parse("user45").unwrap();
        let session = crate::session::Session::opening(VENDOR, customer, None, 0);
        let mut change = Change::to(session, 9_000).late();
        of(100).apply(&mut change, &Sighting::default());
        assert_eq!((change.messages.len(), change.raws.len()), (say::MOST, 1));
    }

    #[test]
    fn what_stands_on_two_pages_is_one_message() {
        let of = |raw: &str| Listed {
            raw: raw.to_owned(),
            ..heard(Role::Agent, None, "a").listed
        };
        let lists = vec![
            ("s-1".to_owned(), vec![of("1"), of("2"), of("2")]),
            ("s-2".to_owned(), vec![of("2")]),
        ];
        let heard = super::heard(lists);
        let each: Vec<_> = heard
            .iter()
            .map(|one| (one.session_id.as_str(), one.listed.raw.as_str()))
            .collect();
        assert_eq!(each, [("s-1", "1"), ("s-1", "2"), ("s-2", "2")]);
    }

    #[test]
    fn a_message_is_known_by_who_said_what_and_when() {
        let agents = heard(Role::Agent, Some(100_000), "a");
        for (from, said_at, created_at, text, known) in [
            (Author::Agent, Some(100_500), 200_000, "a", true),
            (Author::Robot, Some(100_500), 200_000, "a", true),
            (Author::Agent, Some(100_500), 200_000, "b", false),
            (Author::Agent, Some(110_000), 100_000, "a", false),
            (Author::Customer, Some(100_000), 100_000, "a", false),
            // Ours went out at 40 s and arrived at the second attempt.
            (Author::Desk, None, 40_000, "a", true),
            (Author::Desk, None, 110_000, "a", false),
        ] {
            let message = message(from, said_at, created_at, text);
            assert_eq!(agents.is(&message), known, "{message:?}");
        }
        // What we sent is known by when it was on its way, which may be long after it was written.
        let sent = |status, from, until| Message {
            status: Some(status),
            sent: Some(Sent { from, until }),
            ..message(Author::Desk, None, 0, "a")
        };
        for (ours, known) in [
            (sent(Status::Sent, 99_000, 101_000), true),
            (sent(Status::Sent, 104_000, 104_500), true),
            (sent(Status::Sent, 50_000, 50_500), false),
            (sent(Status::Sent, 106_000, 107_000), false),
            (sent(Status::Unknown, 50_000, 110_000), true),
            (sent(Status::Failed, 99_000, 101_000), false),
        ] {
            assert_eq!(agents.is(&ours), known, "{ours:?}");
        }
        let waits = |created_at| Message {
            status: Some(Status::Queued),
            ..message(Author::Desk, None, created_at, "a")
        };
        assert!(agents.is(&waits(0)));
        assert!(!agents.is(&waits(110_000)));
        let users = heard(Role::User, Some(100_000), "a");
        assert!(users.is(&message(Author::Customer, Some(100_000), 0, "a")));
        assert!(!users.is(&message(Author::Agent, Some(100_000), 0, "a")));
    }
}
