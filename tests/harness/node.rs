//! Node, where an official package has the last word.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::python::target;

/// The package that the script beside this file needs.
const PACKAGE: &str = "tls-sig-api-v2@1.0.2";

/// Runs a script of this folder, JSON in and JSON out. Its package is installed below the target folder, once.
///
/// # Panics
/// Where there is no Node, the package can't be installed, or the script fails.
pub async fn run(script: &'static str, given: Value) -> Value {
    tokio::task::spawn_blocking(move || run_now(script, &given.to_string()))
        .await
        .expect("the script's answer")
}

fn run_now(script: &str, given: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("harness")
        .join(script);
    let mut node = Command::new("node")
        .arg(path)
        .env("NODE_PATH", packages().join("node_modules"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("Node starts");
    // Dropped at once, which ends what Node reads.
    let mut stdin = node.stdin.take().expect("piped");
    let written = stdin.write_all(given.as_bytes());
    drop(stdin);
    let output = node.wait_with_output().expect("Node ends");
    assert!(
        output.status.success() && written.is_ok(),
        "{script} failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// The folder that has the package.
fn packages() -> PathBuf {
    let target = target();
    let folder = target.join("node-packages");
    let ready = folder.join("installed");
    // Tests run at once: one installs it.
    let lock = File::create(target.join("node-packages.lock")).expect("a lock file");
    lock.lock().expect("the lock");
    if fs::read_to_string(&ready).is_ok_and(|installed| installed == PACKAGE) {
        return folder;
    }
    fs::create_dir_all(&folder).expect("a folder");
    let mut npm = Command::new("npm");
    npm.args([
        "install",
        "--no-audit",
        "--no-fund",
        "--ignore-scripts",
        "--prefix",
    ])
    .arg(&folder)
    .arg(PACKAGE);
    let output = npm.output().expect("npm starts");
    assert!(
        output.status.success(),
        "{npm:?} failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    fs::write(&ready, PACKAGE).expect("the mark of what is installed");
    folder
}
