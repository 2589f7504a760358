//! A second opinion on event signatures: the official `standardwebhooks` package of PyPI.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::{Deserialize, Serialize};

/// The version taken where tests/requirements.txt pins none.
const STANDARDWEBHOOKS: &str = "standardwebhooks==1.1.0";

/// A signed body: the three headers of the Standard Webhooks specification, and what they sign.
#[derive(Clone, Debug, Serialize)]
pub struct Signed {
    /// `webhook-id`
    pub id: String,
    /// `webhook-timestamp`: Unix seconds.
    pub timestamp: String,
    /// `webhook-signature`: `v1,…`, several apart by spaces.
    pub signature: String,
    /// The body, byte for byte.
    pub body: String,
}

/// What the package says of one body.
#[derive(Clone, Debug, Deserialize)]
pub struct Verdict {
    /// Why it refuses the signature; `None` where that is good and its time is within 5 minutes.
    pub error: Option<String>,
    /// The signature that it makes itself, whatever the time.
    pub expected: String,
}

/// Has the official Python package judge these, one verdict for each.
///
/// Runs in target/venv, which `.ci/run` makes. Where that is absent (plain `cargo test`), makes an
/// environment of its own beside it, once.
///
/// # Panics
/// Where there is no Python 3, or the package can't be installed.
pub async fn verify_with_python(secret: &str, events: &[Signed]) -> Vec<Verdict> {
    let given = serde_json::json!({ "secret": secret, "events": events }).to_string();
    tokio::task::spawn_blocking(move || run(&given))
        .await
        .expect("the Python package's answer")
}

fn run(given: &str) -> Vec<Verdict> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("harness/verify_event.py");
    let mut python = Command::new(interpreter())
        .arg(script)
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
        "verify_event.py failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).expect("verdicts")
}

/// The interpreter of an environment that has the package.
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
fn target() -> PathBuf {
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
    let requirement = requirement();

    // Tests run at once, in several threads and maybe several processes: one makes it.
    let lock = File::create(target.join("python-venv.lock")).expect("a lock file");
    lock.lock().expect("the lock");
    if fs::read_to_string(&ready).is_ok_and(|installed| installed == requirement) {
        return python;
    }
    let mut venv = Command::new("python3");
    venv.args(["-m", "venv", "--clear"]).arg(&folder);
    must_succeed(&mut venv);
    let mut pip = Command::new(&python);
    pip.args(["-m", "pip", "install", "--quiet", &requirement]);
    must_succeed(&mut pip);
    fs::write(&ready, requirement).expect("the mark of a finished environment");
    python
}

/// The package as tests/requirements.txt pins it.
fn requirement() -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("requirements.txt");
    let lines = fs::read_to_string(file).unwrap_or_default();
    let pinned = lines
        .lines()
        .map(str::trim)
        .find(|line| line.starts_with("standardwebhooks=="));
    pinned.unwrap_or(STANDARDWEBHOOKS).to_owned()
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
