//! Udesk: the twin with its agent's page, or the account.

use crate::Problem;
use crate::desk::{Desk, Vendor};
use deskbridge_local::Bundle;
use deskbridge_twins::udesk::{EXAMPLE_CARDS, Options, Twin};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The function that takes its pushes.
pub(crate) const WEBHOOK: &str = "webhook-udesk";
/// The function that takes its events.
const EVENTS: &str = "webhook-udesk-event";
/// The function that shows its agents the list of cards.
const CARDS: &str = "card-page";
/// The setting with the path secrets of its webhooks.
pub(crate) const SECRETS: &str = "UDESK_WEBHOOK_SECRETS";

pub(crate) const VENDOR: Vendor = Vendor {
    name: "Udesk",
    flag: "--udesk-port",
    state: "udesk-twin.json",
    account: &["UDESK_EMAIL", "UDESK_API_TOKEN"],
    address: &["UDESK_BASE_URL"],
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
    let options = Options {
        port,
        state_file: Some(VENDOR.state_file(data)),
        ..Options::default()
    };
    let (email, api_token) = (options.email.clone(), options.api_token.clone());
    let struct_message_key = options.struct_message_key.clone();
    let twin = Twin::start(options)
        .await
        .map_err(|error| VENDOR.problem(&error, port, data))?;
    let settings = [
        ("UDESK_BASE_URL", twin.url()),
        ("UDESK_EMAIL", email),
        ("UDESK_API_TOKEN", api_token),
        ("UDESK_STRUCT_MESSAGE_KEY", struct_message_key),
        ("UDESK_CARDS", EXAMPLE_CARDS.to_owned()),
    ];
    Ok(Desk::with_twin(twin, settings))
}

/// Tells the twin where its pushes go, and where the list of cards is.
pub(crate) fn pushes_to(twin: &Twin, bundle: &Bundle, functions: &BTreeSet<String>, secret: &str) {
    twin.set_receive_url(format!("{}/{secret}", bundle.function_url(WEBHOOK)));
    if functions.contains(EVENTS) {
        twin.set_event_url(format!("{}/{secret}", bundle.function_url(EVENTS)));
    }
    if functions.contains(CARDS) {
        twin.set_embedded_link(format!("{}/", bundle.function_url(CARDS)));
    }
}
