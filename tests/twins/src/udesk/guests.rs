//! Who writes to the desk through Udesk's own web or SDK client: the API has not made them, so they can be sent cards.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A guest of a website, in a session with an agent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Guest {
    /// `customer_id`: Udesk's number.
    pub customer_id: i64,
    /// What the agent sees.
    pub name: String,
    /// `im_sub_session_id`
    pub session: i64,
    /// `agent_id` of who is with them.
    pub agent: i64,
    /// Not closed yet.
    pub open: bool,
    /// `jid_resource` of an SDK.
    pub jid_resource: Option<String>,
    /// What they were sent, in order.
    pub cards: Vec<Card>,
}

/// A structured message that was taken.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Card {
    /// `agent_id`
    pub agent: i64,
    /// `data`
    pub data: Value,
    /// `jid_resource`, if one was given.
    pub jid_resource: Option<String>,
    /// When it came.
    #[serde(with = "crate::instant")]
    pub at: Timestamp,
}

impl Guest {
    /// A guest who is in this session with this agent.
    pub fn new(customer_id: i64, name: &str, session: i64, agent: i64) -> Self {
        Self {
            customer_id,
            name: name.to_owned(),
            session,
            agent,
            open: true,
            jid_resource: None,
            cards: Vec::new(),
        }
    }
}

/// Who is there at the start: one on a website, and one in an app with the SDK, as in the page's link.
pub(crate) fn at_the_start() -> Vec<Guest> {
    vec![
        Guest::new(7001, "Ann, on the website", 9001, 3),
        Guest {
            jid_resource: Some("12dsafdaslj129das-12fds912-12dsa".to_owned()),
            ..Guest::new(7002, "Bob, in the app", 9002, 397)
        },
    ]
}
