//! What Udesk's robots say, for the conversation that it belongs to.

use super::{VENDOR, keyed};
use crate::{
    change::{Change, Mark, Raw},
    event::Fact,
    inbound::{hash, pieces::Piece},
    message::Message,
    table::Sighting,
    vendor::udesk::{
        push_agent::UnreadableMessage,
        robot_answer::{RobotMessage, Said},
    },
};

/// One message of a robot's push.
pub(super) struct Answered {
    /// What it is known by.
    key: String,
    message: Result<RobotMessage, UnreadableMessage>,
    /// The whole push, where it holds nothing else: it says whom the robot spoke to.
    whole: Option<String>,
}

impl Answered {
    /// The messages of a push, each under a key of its own.
    pub(super) fn all_of(
        messages: Vec<Result<RobotMessage, UnreadableMessage>>,
        push: &[u8],
    ) -> Vec<Self> {
        let is_alone = messages.len() == 1;
        let whole = is_alone.then(|| String::from_utf8_lossy(push).into_owned());
        let keyed = keyed(messages, body, |message| {
            message.as_ref().ok().and_then(|message| message.id.clone())
        });
        let all = keyed.into_iter();
        all.map(|(key, message)| Self {
            key,
            message,
            whole: whole.clone(),
        })
        .collect()
    }

    fn raw(&self, because: String) -> Raw {
        Raw {
            vendor: VENDOR,
            hash: hash(self.key.as_bytes()),
            body: self.body().to_owned(),
            because,
        }
    }
}

fn body(message: &Result<RobotMessage, UnreadableMessage>) -> &str {
    match message {
        Ok(RobotMessage { raw, .. }) | Err(UnreadableMessage { raw, .. }) => raw.get(),
    }
}

impl Piece for Answered {
    fn key(&self) -> &str {
        &self.key
    }

    fn body(&self) -> &str {
        self.whole.as_deref().unwrap_or_else(|| body(&self.message))
    }

    fn vendor_session(&self) -> Option<String> {
        let session = self.message.as_ref().ok()?.session?;
        Some(session.to_string())
    }

    /// A robot answers whom it was asked for.
    fn opens(&self) -> bool {
        false
    }

    fn ends(&self) -> bool {
        false
    }

    /// The customer stays with whom they are: an answer may come late, when an agent has taken over.
    fn apply(&self, change: &mut Change, _: &Sighting) {
        change.mark(Mark::Seen {
            vendor: VENDOR,
            key: self.key.clone(),
        });
        let message = match &self.message {
            Ok(message) => message,
            Err(unreadable) => {
                change.put_raw(self.raw(unreadable.to_string()));
                return;
            }
        };
        let answer = match &message.said {
            Said::Answer(answer) => answer.clone(),
            Said::NotShown(because) => {
                change.put_raw(self.raw(because.clone()));
                return;
            }
        };
        let now = change.now();
        let said_at = message.created_at.map(|at| at.as_millisecond());
        let occurred_at = said_at.unwrap_or(now);
        let id = change.next_message();
        let message = Message {
            vendor_id: Some(self.key.clone()),
            said_at,
            answer: answer.answered,
            ..Message::from_robot(id, answer.content, answer.suggestions, now)
        };
        change.tell(&Fact::MessageReceived(message.view()), occurred_at);
        change.put_message(message);
    }
}
