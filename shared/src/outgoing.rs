//! What a session's log of sends holds: everything that must go to the vendor, in order.

use serde::{Deserialize, Serialize};

use crate::{
    budget::Class, clock::Millis, correlation::Correlation, ids::MessageId, profile::Profile,
    session::Assign,
};

/// One entry of the log of sends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its number.
    pub number: u64,
    /// What is to be done.
    pub task: Task,
    /// When it was appended.
    pub created_at: Millis,
    /// What ties it to what brought it about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation: Option<Correlation>,
    /// When it was given up, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dead_at: Option<Millis>,
    /// Why it was given up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dead_because: Option<String>,
    /// When the first of its attempts that may have arrived began, if it was given up after one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maybe_since: Option<Millis>,
}

/// What is to be done at the vendor. The name says the version of its form, since a new deployment
/// may find what an old one wrote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "task")]
pub enum Task {
    /// Tell the vendor who the customer is.
    #[serde(rename = "register_v1")]
    Register {
        /// Who.
        profile: Profile,
    },
    /// Ask for somebody to talk to.
    #[serde(rename = "open_v1")]
    Open {
        /// Whom the customer asked for.
        assign: Assign,
    },
    /// Pass on a message of the customer's.
    #[serde(rename = "message_v1")]
    Message {
        /// Which one.
        id: MessageId,
    },
    /// End the conversation, or leave the queue.
    #[serde(rename = "close_v1")]
    Close,
}

impl Task {
    /// What its call takes from the vendor's rate budget.
    #[must_use]
    pub fn class(&self) -> Class {
        match self {
            Self::Register { .. } | Self::Open { .. } | Self::Message { .. } | Self::Close => {
                Class::Message
            }
        }
    }

    /// Whether it lets those behind it go first where it has to wait.
    #[must_use]
    pub fn steps_aside(&self) -> bool {
        match self {
            Self::Register { .. } | Self::Open { .. } | Self::Message { .. } | Self::Close => false,
        }
    }

    /// Whether it goes out after the session has ended, too.
    #[must_use]
    pub fn outlives(&self) -> bool {
        match self {
            Self::Register { .. } | Self::Open { .. } | Self::Message { .. } | Self::Close => false,
        }
    }
}
