//! The links of the chat pages: `GET /chat/{pc|h5}/v2/index.html?sysnum=…&…`.
//!
//! Vendor page: <https://developer.sobot.io/en/pages/6cc489/>, "Link call", "Usage of token"

use super::{Identity, Parameters, parameter::Place};
use crate::vendor::sobot::{Account, Channel, link};

/// The link of a channel's page: who opens it, and those of the parameters that may stand there. Everything is encoded once;
/// the page's own example encodes nothing.
pub fn chat_link(
    account: &Account<'_>,
    channel: Channel,
    identity: &Identity,
    parameters: &Parameters,
) -> String {
    let place = match channel {
        Channel::Pc => Place::PcLink,
        Channel::H5 => Place::H5Link,
    };
    let said = parameters.in_link(place);
    let said = said.iter().map(|(name, value)| (*name, value.as_str()));
    let pairs = [("sysnum", account.sysnum)].into_iter();
    let pairs = pairs.chain(identity.pairs()).chain(said);
    link::with(&account.url(channel.page()), pairs)
}
