//! The programs that the test runs: SAM's, Python and ministack, as `tests/deploy/run` installs them.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use harness::binaries::root;
use tokio::process::Command;

/// Where the stack is.
pub(crate) const REGION: &str = "eu-west-1";
/// The emulator's key of the account's root, and its secret.
pub(crate) const KEY: &str = "test";

/// How long one of them may take: SAM zips a few hundred megabytes.
const BOUND: Duration = Duration::from_secs(300);

pub(crate) fn sam() -> PathBuf {
    installed("venv/bin/sam")
}

pub(crate) fn python() -> PathBuf {
    installed("venv/bin/python")
}

pub(crate) fn ministack() -> PathBuf {
    installed("venv-ministack/bin/ministack")
}

fn installed(program: &str) -> PathBuf {
    let path = root().join("target").join(program);
    assert!(
        path.exists(),
        "{} is missing: tests/deploy/run installs it",
        path.display()
    );
    path
}

/// What points the tools, and the functions which inherit it from ministack, to this AWS and to no
/// other: no settings, credentials or temporary files of whoever runs the test.
pub(crate) fn environment(folder: &Path, url: &str) -> Vec<(&'static str, String)> {
    let folder = folder.display().to_string();
    vec![
        ("AWS_ENDPOINT_URL", url.to_owned()),
        ("AWS_ACCESS_KEY_ID", KEY.to_owned()),
        ("AWS_SECRET_ACCESS_KEY", KEY.to_owned()),
        ("AWS_REGION", REGION.to_owned()),
        ("AWS_DEFAULT_REGION", REGION.to_owned()),
        ("AWS_CONFIG_FILE", "/dev/null".to_owned()),
        ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null".to_owned()),
        ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
        ("SAM_CLI_TELEMETRY", "0".to_owned()),
        ("NO_PROXY", "*".to_owned()),
        ("no_proxy", "*".to_owned()),
        ("HOME", folder.clone()),
        ("TMPDIR", folder),
    ]
}

/// What it printed.
///
/// # Panics
/// Where it fails, with all that it said.
pub(crate) async fn run(command: &mut Command) -> String {
    let command = command.stdin(Stdio::null()).kill_on_drop(true);
    let program = command.as_std().get_program().to_owned();
    let arguments: Vec<_> = command.as_std().get_args().map(ToOwned::to_owned).collect();
    let told = format!("{program:?} {arguments:?}");
    let output = tokio::time::timeout(BOUND, command.output()).await;
    let output = output
        .unwrap_or_else(|_| panic!("{told} took more than {BOUND:?}"))
        .unwrap_or_else(|error| panic!("{told}: {error}"));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{told}: {}\n{text}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    text
}
