//! Where a customer opens Sobot's page.

/// A channel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Channel {
    /// The page for a desktop.
    #[default]
    Pc,
    /// The page for a phone.
    H5,
}
