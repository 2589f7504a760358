//! The page on which a customer leaves a message: `GET /chat/h5/v2/leavemessage.html?sysnum=…&source=9&…`.
//!
//! Vendor page: <https://developer.sobot.io/en/pages/6cc489/>, "Independent Access to Submission Page"

use serde::Deserialize;

use super::{
    Flaw, Parameters,
    form::{is_id, is_text},
    parameter::Place,
    script,
};
use crate::vendor::sobot::{Account, link};

/// The names that only this link has, beside `sysnum`.
pub const FIELDS: [&str; 4] = ["uid", "source", "templateid", "t"];

/// What the page is told beside the parameters that other pages have, too.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeaveMessage {
    /// Sobot's own id of the customer, which its CRM calls `userid`.
    #[serde(default)]
    pub uid: Option<String>,
    /// The template of what is left.
    #[serde(default)]
    pub templateid: Option<String>,
    /// What the page's example has at its end, and no table explains.
    #[serde(default)]
    pub t: Option<String>,
}

impl LeaveMessage {
    /// Finds what is no id.
    ///
    /// # Errors
    /// The first flaw, by the field's name.
    pub fn check(&self) -> Result<(), Flaw> {
        for (name, value) in [("uid", &self.uid), ("templateid", &self.templateid)] {
            if let Some(value) = value.as_deref().filter(|value| !is_id(value)) {
                let rule = "is an id of Sobot's: 1 to 64 letters, digits, - and _";
                return Err(Flaw::new(name, rule, &script::string(value)));
            }
        }
        if let Some(t) = self.t.as_deref().filter(|t| !is_text(t, 1, 64)) {
            let rule = "is text of 1 to 64 characters";
            return Err(Flaw::new("t", rule, &script::string(t)));
        }
        Ok(())
    }

    /// The link.
    pub fn link(&self, account: &Account<'_>, parameters: &Parameters) -> String {
        let said = parameters.in_link(Place::LeaveMessageLink);
        let said = said.iter().map(|(name, value)| (*name, value.as_str()));
        // "source: Fixed value as 9"
        let pairs = [("sysnum", account.sysnum), ("source", "9")].into_iter();
        let own = [
            ("uid", &self.uid),
            ("templateid", &self.templateid),
            ("t", &self.t),
        ];
        let own = own
            .iter()
            .filter_map(|(name, value)| Some((*name, value.as_deref()?)));
        let page = account.url("/chat/h5/v2/leavemessage.html");
        link::with(&page, pairs.chain(own).chain(said))
    }
}
