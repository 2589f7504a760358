//! The vendors. Their own words (`im_sub_session_id`, `partnerid`, `MsgRandom`) live only below here.

use std::fmt;

use serde::{Deserialize, Serialize};

pub mod udesk;

/// A customer-service desk that deskbridge speaks with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Vendor {
    /// Udesk.
    Udesk,
}

impl Vendor {
    /// All of them.
    pub const ALL: [Self; 1] = [Self::Udesk];

    /// The name used in the API, in events and in keys.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Udesk => "udesk",
        }
    }
}

impl fmt::Display for Vendor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
