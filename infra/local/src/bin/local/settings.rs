//! Settings: the process's environment, then the env file, then what is fixed for local use.

use crate::{Problem, file_problem, say};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// For local use only: fixed, and public.
pub(crate) const API_KEY: &str = "local-server-key";
/// By `sha256sum`.
const API_KEY_HASH: &str = "f2a28aee9f261ed9c0c5e136320faaf703b5da393d1f4872373a0b03600d1df5";

/// The settings that are the same on every start, so that what was signed before a restart is still good after it.
pub(crate) fn local() -> BTreeMap<String, String> {
    [
        ("API_KEY_HASHES", API_KEY_HASH.to_owned()),
        (
            "CUSTOMER_TOKEN_SECRETS",
            "local-only-customer-token-secret-0123456789".to_owned(),
        ),
        ("UDESK_WEBHOOK_SECRETS", "local-udesk-secret".to_owned()),
        ("SOBOT_WEBHOOK_SECRETS", "local-sobot-secret".to_owned()),
        ("TENCENT_WEBHOOK_SECRETS", "local-tencent-secret".to_owned()),
        // So that one can send an event by hand.
        ("TENCENT_REQUIRE_SIGN", "off".to_owned()),
        // Base64 of "local-only-app-events-secret----".
        (
            "APP_EVENTS_SECRETS",
            "whsec_bG9jYWwtb25seS1hcHAtZXZlbnRzLXNlY3JldC0tLS0=".to_owned(),
        ),
        ("APP_EVENTS_ALLOWED_HOSTS", "127.0.0.1".to_owned()),
        // The events are what one wants to see; RUST_LOG=info shows every call as well.
        ("RUST_LOG", "warn".to_owned()),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect()
}

/// What is given from outside for the `names` that functions declare. An empty value counts as none.
pub(crate) fn given(
    names: &BTreeSet<String>,
    root: &Path,
    file: Option<&Path>,
) -> Result<BTreeMap<String, String>, Problem> {
    let default = root.join(".env");
    let path = file.unwrap_or(&default);
    let mut given = match std::fs::read_to_string(path) {
        Ok(text) => read(&text).map_err(|problem| format!("{}, {problem}", path.display()))?,
        Err(_) if file.is_none() => BTreeMap::new(),
        Err(error) => return Err(file_problem(path, &error)),
    };
    for name in given.keys().filter(|name| !names.contains(*name)) {
        say(&format!(
            "{}: {name} is passed over, no function has a setting of that name",
            path.display()
        ));
    }
    given.retain(|name, _| names.contains(name));
    for name in names {
        if let Some(value) = std::env::var(name).ok().filter(|value| !value.is_empty()) {
            given.insert(name.clone(), value);
        }
    }
    given.retain(|_, value| !value.is_empty());
    Ok(given)
}

/// `NAME=value`, `export NAME="value"`, `# a comment`.
fn read(text: &str) -> Result<BTreeMap<String, String>, Problem> {
    let mut read = BTreeMap::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        let line = line.strip_prefix("export ").unwrap_or(line).trim_start();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let Some((name, value)) = line.split_once('=') else {
            // The line may hold a secret: only its place is told.
            return Err(format!("line {}: should be NAME=value", number + 1));
        };
        let value = value.trim();
        let unquoted = ['"', '\'']
            .iter()
            .find_map(|quote| value.strip_prefix(*quote)?.strip_suffix(*quote));
        read.insert(name.trim().to_owned(), unquoted.unwrap_or(value).to_owned());
    }
    Ok(read)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn env_files() {
        let file = read("# a\n\nA=1\nexport B=\"x y\"\nC = 'z'\nD=\nE=a=b\n").unwrap();
        let pairs: Vec<(&str, &str)> = file
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        assert_eq!(
            pairs,
            [
                ("A", "1"),
                ("B", "x y"),
                ("C", "z"),
                ("D", ""),
                ("E", "a=b")
            ]
        );
        assert_eq!(
            read("A=1\nsecret\n").unwrap_err(),
            "line 2: should be NAME=value"
        );
    }
}
