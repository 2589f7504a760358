//! The agent as Udesk shows it to a customer.

use serde_json::Value;

use super::{id, text};
use crate::{session, vendor::udesk::Id};

/// An agent; Udesk may leave out any of it, and a blank counts as left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Agent {
    /// `agent_id`.
    pub id: Option<Id>,
    /// `agent_name`.
    pub name: Option<String>,
    /// `agent_avatar`: URL of a picture.
    pub avatar: Option<String>,
}

impl Agent {
    /// The agent in words that are no vendor's own; `None` where Udesk gave no id.
    pub fn person(self) -> Option<session::Agent> {
        Some(session::Agent {
            id: Some(self.id?.to_string()),
            name: self.name,
            avatar: self.avatar,
        })
    }

    /// A robot in such words. Udesk names it by what it is called alone.
    pub fn robot(self) -> session::Agent {
        session::Agent {
            id: None,
            name: self.name,
            avatar: self.avatar,
        }
    }

    /// The agent named by the `agent_…` fields of an object; `None` if none says anything.
    pub(super) fn of(object: &Value) -> Option<Self> {
        // What only decorates a message must not make it unreadable: an odd value counts as left out.
        let agent = Self {
            id: object.get("agent_id").and_then(id::integer).map(Id),
            name: object.get("agent_name").and_then(text::filled),
            avatar: object.get("agent_avatar").and_then(text::filled),
        };
        (agent != Self::default()).then_some(agent)
    }
}
