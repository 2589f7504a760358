//! What a task is at Sobot. The customer writes on Sobot's own page, so nothing goes out to it, and
//! only our side of a conversation ends.

use super::{Outcome, Unfit, fault};
use crate::{
    config::{SOBOT_SYSNUM, Settings},
    message::{Author, Message},
    outgoing::Task,
    vendor::Vendor,
};

/// A Sobot account.
#[derive(Debug)]
pub(super) struct Sobot;

impl Sobot {
    pub(super) fn from_settings(settings: &Settings) -> Option<Self> {
        settings.optional(&SOBOT_SYSNUM).map(|_| Self)
    }

    #[allow(clippy::unused_self, reason = "what an account can do")]
    pub(super) fn attempt(&self, task: &Task) -> Outcome {
        match task {
            Task::Register { .. } | Task::Open { .. } => Outcome::Nothing,
            Task::Close => Outcome::Done,
            Task::Message { .. } => Outcome::Refused(fault(
                Vendor::Sobot,
                None,
                "at Sobot the customer writes on Sobot's own page",
            )),
        }
    }
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
