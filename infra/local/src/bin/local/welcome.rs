//! What to open and what to try.

use crate::app_end::AppEnd;
use crate::desk::{Desk, current};
use crate::settings::API_KEY;
use crate::vendors::Desks;
use crate::{sobot, tencent, udesk};
use deskbridge_local::Bundle;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// What the text is about.
pub(crate) struct Welcome<'a> {
    pub(crate) bundle: &'a Bundle,
    pub(crate) functions: &'a BTreeSet<String>,
    pub(crate) desks: &'a Desks,
    pub(crate) app_end: Option<&'a AppEnd>,
    /// Values that were given may be secret: only the fixed local ones are shown.
    pub(crate) given: &'a BTreeMap<String, String>,
    pub(crate) settings: &'a BTreeMap<String, String>,
    /// What leads `cargo lambda watch` to the servers.
    pub(crate) env_file: &'a Path,
}

impl Welcome<'_> {
    /// The text.
    pub(crate) fn text(&self) -> String {
        let api = self.bundle.url();
        let key = self.secret("API_KEY_HASHES", API_KEY);
        let events = match self.app_end {
            Some(app_end) => format!(
                "{} (each is verified and shown here); a page with Sobot's chat {}",
                app_end.url,
                app_end.url.replace("/events", "/site")
            ),
            None => current(self.settings, "APP_EVENTS_URL").to_owned(),
        };
        let env_file = self.env_file.display();
        let (udesk, answer) = self.udesk();
        let (sobot, sobot_says) = self.sobot();
        let (tencent, tencent_logs_in) = self.tencent();
        format!(
            r#"
deskbridge runs here, for local use only: its fixed keys are public. Ctrl-C ends it.
Events that reach the app are shown below; with RUST_LOG=info, so is every call.

  HTTP API       {api}
  app's events   {events}
{udesk}{sobot}{tencent}  cargo-lambda   cargo lambda watch --invoke-address 127.0.0.1 --env-file {env_file}

Try it in another terminal:

  A='Authorization: Bearer {key}'
  curl {api}/sessions -H "$A" -d '{{"vendor":"udesk","customer":"DE","assign":{{"to":"agent"}}}}'
  S=ses_...   # the id that it answers
  curl {api}/sessions/$S/messages -H "$A" -d '{{"id":"m1","kind":"text","content":"hello"}}'
{answer}  curl {api}/sessions/$S/messages -H "$A"
  curl -X DELETE {api}/sessions/$S -H "$A"

  curl {api}/tokens -H "$A" -d '{{"kind":"sobot_page","customer":"DE"}}'   # open its link: the customer's page
{sobot_says}
  curl {api}/sessions -H "$A" -d '{{"vendor":"tencent","customer":"user45"}}'
  T=ses_...   # the id that it answers
  curl {api}/sessions/$T/messages -H "$A" -d '{{"as":"desk","kind":"text","content":"Welcome"}}'
  curl {api}/tokens -H "$A" -d '{{"kind":"tencent_usersig","customer":"user45"}}'{tencent_logs_in}
"#
        )
    }

    /// Where Udesk is, and how its agent answers.
    fn udesk(&self) -> (String, String) {
        let secret = self.secret(udesk::SECRETS, current(self.settings, udesk::SECRETS));
        let webhook = format!("{}/{secret}", self.bundle.function_url(udesk::WEBHOOK));
        match &self.desks.udesk {
            Desk::Twin { twin, .. } => {
                let url = twin.url();
                (
                    format!(
                        "  Udesk          agent's page {url}/agent, cards {url}/console, pushes to {webhook}\n"
                    ),
                    format!(
                        "  curl {url}/agent/api/conversations/DE/say -d '{{\"text\":\"Hello, what can I help you with?\"}}'   # the agent answers\n"
                    ),
                )
            }
            Desk::Account(url) => (
                format!(
                    "  Udesk          {url}: its receive URL has to lead to {webhook}, through a tunnel\n"
                ),
                String::new(),
            ),
        }
    }

    /// Where Sobot is, and how its agent writes. Only what the bundle has a function for.
    fn sobot(&self) -> (String, String) {
        let secret = self.secret(sobot::SECRETS, current(self.settings, sobot::SECRETS));
        let mut webhooks = sobot::WEBHOOKS.iter().map(|(_, function)| *function);
        let first = webhooks.find(|function| self.functions.contains(*function));
        match &self.desks.sobot {
            Desk::Twin { twin, .. } => {
                let url = twin.url();
                let says = format!(
                    "  curl {url}/agent/api/customers/DE/say -d '{{\"push\":\"offline\",\"text\":\"We have an answer for you\"}}'   # Sobot's agent writes\n"
                );
                (
                    format!("  Sobot          agent's page {url}/agent\n"),
                    first.map(|_| says).unwrap_or_default(),
                )
            }
            Desk::Account(address) => {
                let webhook = first.map(|first| {
                    let first = self.bundle.function_url(first);
                    format!(": its push URLs have to lead to {first}/{secret} and the like, through a tunnel")
                });
                (
                    format!(
                        "  Sobot          {address}{}\n",
                        webhook.unwrap_or_default()
                    ),
                    String::new(),
                )
            }
        }
    }

    /// Where Tencent is, and what to do with a UserSig.
    fn tencent(&self) -> (String, String) {
        match &self.desks.tencent {
            Desk::Twin { twin, .. } => {
                let url = twin.url();
                (
                    format!("  Tencent        user's page {url}/user\n"),
                    format!("   # log in with it at {url}/user"),
                )
            }
            Desk::Account(address) => {
                let secret =
                    self.secret(tencent::SECRETS, current(self.settings, tencent::SECRETS));
                let webhook = self.bundle.function_url(tencent::WEBHOOK);
                (
                    format!(
                        "  Tencent        {address}: its callback URL has to lead to {webhook}/{secret}, through a tunnel\n"
                    ),
                    String::new(),
                )
            }
        }
    }

    fn secret(&self, name: &str, local: &str) -> String {
        if self.given.contains_key(name) {
            format!("<the first of {name}>")
        } else {
            local.to_owned()
        }
    }
}
