//! Where a customer opens Sobot's page.

use serde::Deserialize;

/// A channel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    /// The page for a desktop.
    #[default]
    Pc,
    /// The page for a phone.
    H5,
}

impl Channel {
    /// The path of its page.
    pub(super) fn page(self) -> &'static str {
        match self {
            Self::Pc => "/chat/pc/v2/index.html",
            Self::H5 => "/chat/h5/v2/index.html",
        }
    }
}
