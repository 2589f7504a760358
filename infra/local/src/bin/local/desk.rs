//! Udesk: the twin, or the account that the settings name.

use crate::Problem;
use deskbridge_local::Error;
use deskbridge_twins::udesk::{Options, Twin};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

const NAMES: [&str; 3] = ["UDESK_BASE_URL", "UDESK_EMAIL", "UDESK_API_TOKEN"];

/// Where the functions find Udesk.
pub(crate) enum Desk {
    /// A twin on this machine.
    Twin {
        twin: Twin,
        email: String,
        api_token: String,
    },
    /// The real account with this base URL.
    Account(String),
}

fn state_file(data: &Path) -> PathBuf {
    data.join("udesk-twin.json")
}

/// Forgets what the twin knew.
pub(crate) fn wipe(data: &Path) -> Result<(), Error> {
    let path = state_file(data);
    match std::fs::remove_file(&path) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::File { path, source })
        }
        _ => Ok(()),
    }
}

impl Desk {
    pub(crate) async fn start(
        given: &BTreeMap<String, String>,
        port: u16,
        data: &Path,
    ) -> Result<Desk, Problem> {
        let missing: Vec<&str> = NAMES
            .into_iter()
            .filter(|name| !given.contains_key(*name))
            .collect();
        match (missing.len(), given.get("UDESK_BASE_URL")) {
            (0, Some(url)) => return Ok(Desk::Account(url.clone())),
            (3, _) => {}
            _ => {
                return Err(format!(
                    "{} missing: give all of {} for a real account, or none for the twin",
                    missing.join(" and "),
                    NAMES.join(", ")
                ));
            }
        }
        let options = Options {
            port,
            state_file: Some(state_file(data)),
            ..Options::default()
        };
        let (email, api_token) = (options.email.clone(), options.api_token.clone());
        let twin = Twin::start(options).await.map_err(|error| match error.kind() {
            std::io::ErrorKind::AddrInUse => {
                format!("can't listen on 127.0.0.1:{port} ({error}): choose another --twin-port, or end what uses it")
            }
            _ => format!("the Udesk twin, {}: {error}; --fresh forgets its state", state_file(data).display()),
        })?;
        Ok(Desk::Twin {
            twin,
            email,
            api_token,
        })
    }

    /// The settings that lead the functions to the twin.
    pub(crate) fn settings(&self) -> BTreeMap<String, String> {
        match self {
            Desk::Twin {
                twin,
                email,
                api_token,
            } => {
                let values = [twin.url(), email.clone(), api_token.clone()];
                NAMES.into_iter().map(str::to_owned).zip(values).collect()
            }
            Desk::Account(_) => BTreeMap::new(),
        }
    }

    /// Tells the twin where its pushes go.
    pub(crate) fn pushes_to(&self, url: String) {
        if let Desk::Twin { twin, .. } = self {
            twin.set_receive_url(url);
        }
    }

    pub(crate) async fn stop(&self) {
        if let Desk::Twin { twin, .. } = self {
            twin.stop().await;
        }
    }
}
