//! The ticket plug-in: the link that Sobot's console makes, with whose tickets it shows and what a new one holds.
//!
//! Vendor page: <https://developer.sobot.io/en/pages/6cc489/>, "Ticket Plug-in Access"

use http::Uri;
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Flaw, form::is_text, script};
use crate::vendor::sobot::{Account, host, link};

/// The longest text of a ticket's fields, in bytes of JSON: it stands in a link.
const LARGEST_PARAMS: usize = 4_096;

/// By what a customer is known to the plug-in: the page's table.
pub const IDS: [&str; 12] = [
    "partnerId",
    "tel",
    "email",
    "paramUnionId",
    "wxExternalUserIds",
    "wxOpenIds",
    "whatsappIds",
    "instagramIds",
    "faceBookIds",
    "lineIds",
    "telegramIds",
    "discordIds",
];

/// A plug-in, and what it is told.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ticket {
    /// The link that the console made, with `sysNum` and `deployId`.
    pub link: String,
    /// The new ticket's fields, as an object: "the defined fields must exist in Ticket Custom Fields".
    #[serde(default)]
    pub params: Option<Box<RawValue>>,
    /// Their telephone number.
    #[serde(default)]
    pub tel: Option<String>,
    /// Their e-mail address.
    #[serde(default)]
    pub email: Option<String>,
    /// WeChat's UnionID.
    #[serde(default, rename = "paramUnionId")]
    pub param_union_id: Option<String>,
    /// WeCom's external contact ids.
    #[serde(default, rename = "wxExternalUserIds")]
    pub wx_external_user_ids: Option<String>,
    /// WeChat's OpenIDs.
    #[serde(default, rename = "wxOpenIds")]
    pub wx_open_ids: Option<String>,
    /// WhatsApp's.
    #[serde(default, rename = "whatsappIds")]
    pub whatsapp_ids: Option<String>,
    /// Instagram's.
    #[serde(default, rename = "instagramIds")]
    pub instagram_ids: Option<String>,
    /// Facebook's.
    #[serde(default, rename = "faceBookIds")]
    pub facebook_ids: Option<String>,
    /// Line's.
    #[serde(default, rename = "lineIds")]
    pub line_ids: Option<String>,
    /// Telegram's.
    #[serde(default, rename = "telegramIds")]
    pub telegram_ids: Option<String>,
    /// Discord's.
    #[serde(default, rename = "discordIds")]
    pub discord_ids: Option<String>,
}

impl Ticket {
    /// What is said of the customer beside our own name for them.
    pub fn ids(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let [_, names @ ..] = IDS;
        let values = [
            &self.tel,
            &self.email,
            &self.param_union_id,
            &self.wx_external_user_ids,
            &self.wx_open_ids,
            &self.whatsapp_ids,
            &self.instagram_ids,
            &self.facebook_ids,
            &self.line_ids,
            &self.telegram_ids,
            &self.discord_ids,
        ];
        names
            .into_iter()
            .zip(values)
            .filter_map(|(name, value)| Some((name, value.as_deref()?)))
    }

    /// Finds what is wrong with the link, the fields or an id.
    ///
    /// # Errors
    /// The first flaw, by the field's name.
    pub fn check(&self, account: &Account<'_>) -> Result<(), Flaw> {
        self.check_link(account).map_err(|rule| {
            let rule = format!("is the plug-in's link as Sobot's console makes it: {rule}");
            Flaw::new("link", rule, &script::string(&self.link))
        })?;
        if let Some(params) = self.params.as_deref().map(RawValue::get)
            && (!params.starts_with('{') || params.len() > LARGEST_PARAMS)
        {
            let rule = format!("is an object of at most {LARGEST_PARAMS} bytes of JSON");
            return Err(Flaw::new("params", rule, params));
        }
        for (name, value) in self.ids() {
            if !is_text(value, 1, 300) {
                let rule = "is text of 1 to 300 characters";
                return Err(Flaw::new(name, rule, &script::string(value)));
            }
        }
        Ok(())
    }

    fn check_link(&self, account: &Account<'_>) -> Result<(), &'static str> {
        let link: Uri = self.link.parse().map_err(|_| "an address")?;
        let is_safe = match link.scheme_str() {
            Some("https") => true,
            Some("http") => matches!(link.host(), Some("127.0.0.1" | "localhost" | "[::1]")),
            _ => false,
        };
        if !is_safe || !host::is_allowed(&link) {
            return Err("https, at one of Sobot's hosts");
        }
        if !link.path().ends_with("/ticketclient/index.html") || self.link.contains('#') {
            return Err(
                "its path ends with /ticketclient/index.html, and nothing stands behind its query",
            );
        }
        let query: Vec<_> = link
            .query()
            .unwrap_or_default()
            .split('&')
            .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
            .map(|(name, value)| (decoded(name), decoded(value)))
            .collect();
        let value = |name: &str| {
            let mut named = query.iter().filter(|(other, _)| other == name);
            let (_, value) = named.next().filter(|_| named.next().is_none())?;
            Some(value)
        };
        if value("sysNum").is_none_or(|sysnum| sysnum != account.sysnum) {
            return Err("its sysNum is the deployment's SOBOT_SYSNUM");
        }
        if value("deployId").is_none_or(String::is_empty) {
            return Err("it has a deployId");
        }
        if query
            .iter()
            .any(|(name, _)| name == "params" || IDS.contains(&name.as_str()))
        {
            return Err("without params and customer ids, which are added here");
        }
        Ok(())
    }

    /// The link for a customer. `partnerid` is our name for them.
    pub fn link(&self, partnerid: Option<&str>) -> String {
        let mut pairs: Vec<(&str, &str)> = Vec::new();
        pairs.extend(partnerid.map(|partnerid| ("partnerId", partnerid)));
        pairs.extend(self.ids());
        pairs.extend(self.params.as_deref().map(|raw| ("params", raw.get())));
        link::and(&self.link, pairs)
    }
}

/// A name or value of a query, as the page that it leads to reads it: form data.
fn decoded(text: &str) -> String {
    let text = text.replace('+', " ");
    percent_decode_str(&text).decode_utf8_lossy().into_owned()
}
