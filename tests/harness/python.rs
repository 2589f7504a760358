//! Python, where an official package has the last word.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

/// The packages that the scripts beside this file need, as tests/requirements.txt pins them.
const PACKAGES: [&str; 4] = [
    "aws-sam-translator==",
    "openapi-spec-validator==",
    "standardwebhooks==",
    "tls-sig-api-v2==",
];

/// Runs a script of this folder, JSON in and JSON out.
///
/// Runs in target/venv, which `.ci/run` makes. Where that is absent (plain `cargo test`), makes an
/// environment of its own beside it, once.
///
/// # Panics
/// Where there is no Python 3, a package can't be installed, or the script fails.
pub async fn run(script: &'static str, given: Value) -> Value {
    tokio::task::spawn_blocking(move || run_now(script, &given.to_string()))
        .await
        .expect("the script's answer")
}

fn run_now(script: &str, given: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("harness")
        .join(script);
    let mut python = Command::new(interpreter())
        .arg(path)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("Python starts");
    // Dropped at once, which ends what Python reads.
    let mut stdin = python.stdin.take().expect("piped");
    let written = stdin.write_all(given.as_bytes());
    drop(stdin);
    let output = python.wait_with_output().expect("Python ends");
    assert!(
        output.status.success() && written.is_ok(),
        "{script} failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// The interpreter of an environment that has the packages.
fn interpreter() -> PathBuf {
    let target = target();
    // `.ci/run` may keep its environment in the workspace while cargo builds elsewhere.
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target");
    for folder in [&target, &workspace] {
        let made = folder.join("venv/bin/python");
        if made.exists() {
            return made;
        }
    }
    make_environment(&target)
}

/// Where cargo builds: the folder that this test binary lies in.
pub(crate) fn target() -> PathBuf {
    let binary = std::env::current_exe().expect("the test binary's path");
    let marked = binary
        .ancestors()
        .find(|folder| folder.join("CACHEDIR.TAG").exists());
    marked
        .map(Path::to_path_buf)
        .unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../target"))
}

fn make_environment(target: &Path) -> PathBuf {
    let folder = target.join("python-venv");
    let python = folder.join("bin/python");
    let ready = folder.join("installed");
    let requirements = requirements();

    // Tests run at once, in several threads and maybe several processes: one makes it.
    let lock = File::create(target.join("python-venv.lock")).expect("a lock file");
    lock.lock().expect("the lock");
    if fs::read_to_string(&ready).is_ok_and(|installed| installed == requirements.join("\n")) {
        return python;
    }
    let mut venv = Command::new("python3");
    venv.args(["-m", "venv", "--clear"]).arg(&folder);
    must_succeed(&mut venv);
    let mut pip = Command::new(&python);
    pip.args(["-m", "pip", "install", "--quiet"])
        .args(&requirements);
    must_succeed(&mut pip);
    fs::write(&ready, requirements.join("\n")).expect("the mark of a finished environment");
    python
}

fn requirements() -> Vec<String> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("requirements.txt");
    let text = fs::read_to_string(file).expect("tests/requirements.txt");
    let lines = text.lines().map(str::trim);
    let pinned: Vec<_> = lines
        .filter(|line| PACKAGES.iter().any(|package| line.starts_with(package)))
        .map(str::to_owned)
        .collect();
    assert_eq!(
        pinned.len(),
        PACKAGES.len(),
        "tests/requirements.txt pins {PACKAGES:?}"
    );
    pinned
}

fn must_succeed(command: &mut Command) {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}: the tests need Python 3.11"));
    assert!(
        output.status.success(),
        "{command:?} failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}
