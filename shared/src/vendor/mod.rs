//! The vendors. Their own words (`im_sub_session_id`, `partnerid`, `MsgRandom`) live only below here.

use std::fmt;

use serde::{Deserialize, Serialize};

mod number;
pub mod sobot;
pub mod tencent;
mod text;
pub mod udesk;
pub mod unreadable;

/// A customer-service desk that deskbridge speaks with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Vendor {
    /// Udesk.
    Udesk,
    /// Sobot.
    Sobot,
    /// Tencent Cloud Desk.
    Tencent,
}

impl Vendor {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Udesk, Self::Sobot, Self::Tencent];

    /// Whether the vendor is asked for a conversation, whatever the settings. Where it is not, the customer meets the
    /// desk through the vendor's own page or client, and the vendor's first push tells of it. Whether it is in this
    /// deployment, its desk knows.
    #[must_use]
    pub fn is_asked_to_open(self) -> bool {
        match self {
            Self::Udesk => true,
            Self::Sobot | Self::Tencent => false,
        }
    }

    /// Whether the vendor can be asked for what its pushes should have told.
    #[must_use]
    pub fn tells_what_was_missed(self) -> bool {
        match self {
            Self::Udesk | Self::Tencent => true,
            Self::Sobot => false,
        }
    }

    /// The name used in the API, in events and in keys.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Udesk => "udesk",
            Self::Sobot => "sobot",
            Self::Tencent => "tencent",
        }
    }
}

impl fmt::Display for Vendor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
