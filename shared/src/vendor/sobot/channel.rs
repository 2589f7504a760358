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
