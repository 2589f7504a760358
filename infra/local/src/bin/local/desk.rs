//! A vendor's desk: a twin on this machine, or the account that the settings name.

use crate::Problem;
use deskbridge_local::Error;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Where the functions find a vendor.
pub(crate) enum Desk<T> {
    /// A twin on this machine, and the settings that lead the functions to it.
    Twin {
        twin: T,
        settings: BTreeMap<String, String>,
    },
    /// The real account, by its address.
    Account(String),
}

impl<T> Desk<T> {
    pub(crate) fn with_twin<const N: usize>(twin: T, settings: [(&str, String); N]) -> Desk<T> {
        let settings = settings
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        Desk::Twin { twin, settings }
    }

    pub(crate) fn twin(&self) -> Option<&T> {
        match self {
            Desk::Twin { twin, .. } => Some(twin),
            Desk::Account(_) => None,
        }
    }

    /// None for an account: the settings that were given lead to it.
    pub(crate) fn settings(&self) -> BTreeMap<String, String> {
        match self {
            Desk::Twin { settings, .. } => settings.clone(),
            Desk::Account(_) => BTreeMap::new(),
        }
    }
}

/// What of a vendor is fixed.
pub(crate) struct Vendor {
    pub(crate) name: &'static str,
    /// The flag that moves the twin to another port.
    pub(crate) flag: &'static str,
    /// The twin's state file.
    pub(crate) state: &'static str,
    /// The settings that make up an account.
    pub(crate) account: &'static [&'static str],
    /// Its address, by any of these; an account that may leave it out has it at the last, as such.
    pub(crate) address: &'static [&'static str],
    /// The address of an account that names none.
    pub(crate) usual_address: Option<&'static str>,
}

impl Vendor {
    /// The address of the account that the settings name. Errors: they name half of one.
    pub(crate) fn account(
        &self,
        given: &BTreeMap<String, String>,
    ) -> Result<Option<String>, Problem> {
        let address = self.address.iter().find_map(|name| given.get(*name));
        let mut wanted: Vec<String> = self.account.iter().map(|name| (*name).to_owned()).collect();
        let mut missing = wanted.clone();
        missing.retain(|name| !given.contains_key(name));
        let none = missing.len() == wanted.len() && address.is_none();
        if self.usual_address.is_none() {
            wanted.insert(0, self.address.join(" or "));
            if address.is_none() {
                missing.insert(0, self.address.join(" or "));
            }
        }
        if none {
            return Ok(None);
        }
        if !missing.is_empty() {
            return Err(format!(
                "{} missing: give all of {} for a real account, or none for the twin",
                missing.join(" and "),
                wanted.join(", ")
            ));
        }
        let usual = self.usual_address.unwrap_or_default();
        Ok(Some(address.map_or(usual, String::as_str).to_owned()))
    }

    /// Where the twin keeps what it knows.
    pub(crate) fn state_file(&self, data: &Path) -> PathBuf {
        data.join(self.state)
    }

    /// Forgets what the twin knew.
    pub(crate) fn wipe(&self, data: &Path) -> Result<(), Error> {
        let path = self.state_file(data);
        match std::fs::remove_file(&path) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                Err(Error::File { path, source })
            }
            _ => Ok(()),
        }
    }

    /// Why the twin does not start.
    pub(crate) fn problem(&self, error: &std::io::Error, port: u16, data: &Path) -> Problem {
        match error.kind() {
            std::io::ErrorKind::AddrInUse => format!(
                "can't listen on 127.0.0.1:{port} ({error}): choose another {}, or end what uses it",
                self.flag
            ),
            _ => format!(
                "the {} twin, {}: {error}; --fresh forgets its state",
                self.name,
                self.state_file(data).display()
            ),
        }
    }
}

/// The first of a list in a setting: the current one.
pub(crate) fn current<'a>(settings: &'a BTreeMap<String, String>, name: &str) -> &'a str {
    let list = settings.get(name).map(String::as_str).unwrap_or_default();
    list.split(',').next().unwrap_or_default().trim()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn asked(vendor: &Vendor, given: &[(&str, &str)]) -> Result<Option<String>, Problem> {
        let given = given
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        vendor.account(&given)
    }

    #[test]
    fn an_account_is_given_in_full_or_not_at_all() {
        let vendor = Vendor {
            name: "V",
            flag: "--v-port",
            state: "v.json",
            account: &["V_NAME", "V_KEY"],
            address: &["V_REGION", "V_URL"],
            usual_address: None,
        };
        let all = [("V_NAME", "n"), ("V_KEY", "k"), ("V_URL", "u")];
        assert_eq!(asked(&vendor, &all), Ok(Some("u".to_owned())));
        assert_eq!(asked(&vendor, &[("OTHER", "x")]), Ok(None));
        let all_of =
            "give all of V_REGION or V_URL, V_NAME, V_KEY for a real account, or none for the twin";
        let half = [("V_NAME", "n"), ("V_KEY", "k")];
        assert_eq!(
            asked(&vendor, &half),
            Err(format!("V_REGION or V_URL missing: {all_of}"))
        );
        assert_eq!(
            asked(&vendor, &[("V_URL", "u")]),
            Err(format!("V_NAME and V_KEY missing: {all_of}"))
        );
    }

    #[test]
    fn wiping_takes_the_state_file_if_there_is_one() {
        let data = std::env::temp_dir().join(format!("deskbridge-wipe-{}", std::process::id()));
        std::fs::create_dir_all(&data).unwrap();
        let file = crate::sobot::VENDOR.state_file(&data);
        std::fs::write(&file, "{}").unwrap();
        for _ in 0..2 {
            crate::sobot::VENDOR.wipe(&data).unwrap();
            assert!(!file.exists());
        }
        std::fs::remove_dir_all(data).unwrap();
    }

    #[test]
    fn an_address_may_be_the_usual_one() {
        let vendor = Vendor {
            name: "V",
            flag: "--v-port",
            state: "v.json",
            account: &["V_KEY"],
            address: &["V_URL"],
            usual_address: Some("usual"),
        };
        assert_eq!(
            asked(&vendor, &[("V_KEY", "k")]),
            Ok(Some("usual".to_owned()))
        );
        assert_eq!(
            asked(&vendor, &[("V_KEY", "k"), ("V_URL", "u")]),
            Ok(Some("u".to_owned()))
        );
        assert!(asked(&vendor, &[("V_URL", "u")]).is_err());
    }
}
