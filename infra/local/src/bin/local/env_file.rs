//! The file that leads `cargo lambda watch` to the servers of a running `cargo local`.

use crate::{Problem, file_problem};
use deskbridge_local::Bundle;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Lambda's own variables, which `cargo lambda watch` sets for each function by itself.
const BY_LAMBDA: [&str; 3] = ["AWS_EXECUTION_ENV", "AWS_LAMBDA_", "_HANDLER"];
/// What a function takes over from whoever starts it.
const INHERITED: [&str; 3] = ["LANG", "PATH", "TZ"];
/// All functions sign with the same key there: who is who is not told apart.
const ACCESS_KEY: (&str, &str) = ("AWS_ACCESS_KEY_ID", "local-cargo-lambda");

/// Writes `env` into the folder, anew at each start since the servers' ports differ, and gives its path.
/// Only its owner may read it: the settings may be those of a real account.
pub(crate) fn write(data: &Path, bundle: &Bundle) -> Result<PathBuf, Problem> {
    let functions = bundle.template().functions().keys();
    let text = text(functions.filter_map(|name| bundle.environment(name)))?;
    let path = data.join("env");
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
        .open(&path)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(|error| file_problem(&path, &error))?;
    Ok(path)
}

/// What all functions together see: one file serves them all.
fn text<'a>(
    environments: impl Iterator<Item = &'a BTreeMap<String, String>>,
) -> Result<String, Problem> {
    let mut all = BTreeMap::from([ACCESS_KEY]);
    for (name, value) in environments.flatten() {
        let is_lambdas = BY_LAMBDA.iter().any(|start| name.starts_with(start));
        if is_lambdas || INHERITED.contains(&name.as_str()) || name == ACCESS_KEY.0 {
            continue;
        }
        if *all.entry(name).or_insert(value) != value {
            return Err(format!(
                "{name} differs between functions, so that `cargo lambda watch` can't have it"
            ));
        }
    }
    let lines = all.iter().filter(|(_, value)| !value.is_empty());
    // A value in single quotes is taken as it is.
    Ok(lines
        .map(|(name, value)| format!("{name}='{value}'\n"))
        .collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn environment(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        let pairs = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        pairs.collect()
    }

    #[test]
    fn one_file_for_all() {
        let one = environment(&[
            ("AWS_ACCESS_KEY_ID", "local-one"),
            ("AWS_LAMBDA_FUNCTION_NAME", "one"),
            ("PATH", "/bin"),
            ("CORS_ORIGINS", "a,b"),
            ("EMPTY", ""),
        ]);
        let two = environment(&[("TABLE_NAME", "t"), ("CORS_ORIGINS", "a,b")]);
        assert_eq!(
            text([&one, &two].into_iter()).unwrap(),
            "AWS_ACCESS_KEY_ID='local-cargo-lambda'\nCORS_ORIGINS='a,b'\nTABLE_NAME='t'\n"
        );
        let other = environment(&[("TABLE_NAME", "u")]);
        assert!(
            text([&two, &other].into_iter())
                .unwrap_err()
                .starts_with("TABLE_NAME differs")
        );
    }
}
