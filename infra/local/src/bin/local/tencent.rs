//! Tencent: the twin with its user's page, or the account.

use crate::Problem;
use crate::desk::{Desk, Vendor};
use deskbridge_twins::tencent::{Options, Twin};
use std::collections::BTreeMap;
use std::path::Path;

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
    address: &["TENCENT_BASE_URL"],
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
    ];
    Ok(Desk::with_twin(twin, settings))
}
