//! What to open and what to try.

use crate::app_end::AppEnd;
use crate::desk::Desk;
use crate::settings::API_KEY;
use deskbridge_local::Bundle;
use std::collections::BTreeMap;
use std::path::Path;

/// The text. Values that were `given` may be secret: only the fixed local ones are shown.
pub(crate) fn text(
    bundle: &Bundle,
    desk: &Desk,
    app_end: Option<&AppEnd>,
    given: &BTreeMap<String, String>,
    settings: &BTreeMap<String, String>,
    env_file: &Path,
) -> String {
    let env_file = env_file.display();
    let shown = |name: &str, local: &str| {
        if given.contains_key(name) {
            format!("<the first of {name}>")
        } else {
            local.to_owned()
        }
    };
    let api = bundle.url();
    let key = shown("API_KEYS", API_KEY);
    let secret = shown(
        "UDESK_WEBHOOK_SECRETS",
        settings
            .get("UDESK_WEBHOOK_SECRETS")
            .map(String::as_str)
            .unwrap_or_default(),
    );
    let webhook = bundle.function_url("webhook-udesk");
    let events = match app_end {
        Some(app_end) => format!("{} (each is verified and shown here)", app_end.url),
        None => settings.get("APP_EVENTS_URL").cloned().unwrap_or_default(),
    };
    let (desk_line, answer) = match desk {
        Desk::Twin { twin, .. } => {
            let url = twin.url();
            (
                format!("  agent's page   {url}/agent"),
                format!(
                    "  curl {url}/agent/api/conversations/DE/say -d '{{\"text\":\"Hello, what can I help you with?\"}}'   # the agent answers\n"
                ),
            )
        }
        Desk::Account(url) => (
            format!(
                "  Udesk          {url}: its receive URL has to lead to the webhook below, through a tunnel"
            ),
            String::new(),
        ),
    };
    format!(
        r#"
deskbridge runs here, for local use only: its fixed keys are public. Ctrl-C ends it.
Events that reach the app are shown below; with RUST_LOG=info, so is every call.

  HTTP API       {api}
{desk_line}
  app's events   {events}
  Udesk webhook  {webhook}/{secret}
  cargo-lambda   cargo lambda watch --invoke-address 127.0.0.1 --env-file {env_file}

Try it in another terminal:

  A='Authorization: Bearer {key}'
  curl {api}/sessions -H "$A" -d '{{"vendor":"udesk","customer":"DE","assign":{{"to":"agent"}}}}'
  S=ses_...   # the id that it answers
  curl {api}/sessions/$S/messages -H "$A" -d '{{"id":"m1","kind":"text","content":"hello"}}'
{answer}  curl {api}/sessions/$S/messages -H "$A"
  curl -X DELETE {api}/sessions/$S -H "$A"
"#
    )
}
