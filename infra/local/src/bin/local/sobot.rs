//! Sobot: the twin with its customer's and agent's pages, or the account.

use crate::Problem;
use crate::desk::{Desk, Vendor};
use deskbridge_local::Bundle;
use deskbridge_twins::sobot::{Options, PushKind, Twin};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The functions that take its three pushes.
pub(crate) const WEBHOOKS: [(PushKind, &str); 3] = [
    (PushKind::Offline, "webhook-sobot-offline-message"),
    (PushKind::Unread, "webhook-sobot-unread-message"),
    (PushKind::ChatList, "webhook-sobot-chat-list"),
];
/// The setting with those functions' path secrets.
pub(crate) const SECRETS: &str = "SOBOT_WEBHOOK_SECRETS";

pub(crate) const VENDOR: Vendor = Vendor {
    name: "Sobot",
    flag: "--sobot-port",
    state: "sobot-twin.json",
    account: &["SOBOT_SYSNUM", "SOBOT_KEY"],
    address: &["SOBOT_REGION", "SOBOT_BASE_URL"],
    usual_address: None,
};

pub(crate) async fn start(
    given: &BTreeMap<String, String>,
    port: u16,
    data: &Path,
) -> Result<Desk<Twin>, Problem> {
    if let Some(address) = VENDOR.account(given)? {
        return Ok(Desk::Account(address));
    }
    let known = Options::default();
    // An application of whatever name turns the Live Chat API on.
    let application = |name: &str, known: String| given.get(name).cloned().unwrap_or(known);
    let options = Options {
        port,
        app_id: application("SOBOT_APP_ID", known.app_id),
        app_key: application("SOBOT_APP_KEY", known.app_key),
        state_file: Some(VENDOR.state_file(data)),
        ..Options::default()
    };
    let (sysnum, key) = (options.sysnum.clone(), options.key.clone());
    let twin = Twin::start(options)
        .await
        .map_err(|error| VENDOR.problem(&error, port, data))?;
    let settings = [
        ("SOBOT_BASE_URL", twin.url()),
        ("SOBOT_SYSNUM", sysnum),
        ("SOBOT_KEY", key),
    ];
    Ok(Desk::with_twin(twin, settings))
}

/// Tells the twin where its pushes go, as far as the bundle has the `functions`.
pub(crate) fn pushes_to(twin: &Twin, bundle: &Bundle, functions: &BTreeSet<String>, secret: &str) {
    for (kind, function) in WEBHOOKS {
        if functions.contains(function) {
            let url = format!("{}/{secret}", bundle.function_url(function));
            twin.set_push_url(kind, url);
        }
    }
}
