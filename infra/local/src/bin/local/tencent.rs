//! Tencent: the twin with its user's page, or the account.

use crate::Problem;
use crate::desk::{Desk, Vendor};
use deskbridge_local::Bundle;
use deskbridge_twins::tencent::{EventNames, Options, Twin};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The function that takes its callbacks.
pub(crate) const WEBHOOK: &str = "webhook-tencent";
/// The setting with that function's path secrets.
pub(crate) const SECRETS: &str = "TENCENT_WEBHOOK_SECRETS";

pub(crate) const VENDOR: Vendor = Vendor {
    name: "Tencent",
    flag: "--tencent-port",
    state: "tencent-twin.json",
    account: &[
        "TENCENT_SDK_APP_ID",
        "TENCENT_SECRET_KEY",
        "TENCENT_ADMIN",
        "TENCENT_SERVICE_ACCOUNT",
    ],
    address: &["TENCENT_REGION", "TENCENT_BASE_URL"],
    // What the functions take where it is not set.
    usual_address: Some("https://console.tim.qq.com"),
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
    let known = options.clone();
    let twin = Twin::start(options)
        .await
        .map_err(|error| VENDOR.problem(&error, port, data))?;
    let settings = [
        ("TENCENT_BASE_URL", twin.url()),
        ("TENCENT_SDK_APP_ID", known.sdk_app_id.to_string()),
        ("TENCENT_SECRET_KEY", known.secret_key),
        ("TENCENT_ADMIN", known.admins.join(",")),
        ("TENCENT_SERVICE_ACCOUNT", known.service_accounts.join(",")),
        ("TENCENT_EVENTS", EventNames::default().setting()),
    ];
    Ok(Desk::with_twin(twin, settings))
}

/// Tells the twin where its callbacks go, as far as the bundle has the function.
pub(crate) fn calls_back_to(
    twin: &Twin,
    bundle: &Bundle,
    functions: &BTreeSet<String>,
    secret: &str,
) {
    if functions.contains(WEBHOOK) {
        let url = bundle.function_url(WEBHOOK);
        twin.set_callback_url(format!("{url}/{secret}"));
    }
}
