//! infra/smoke.py, and the person at the desk whom it asks for an answer.

use std::process::Stdio;

use harness::{binaries::root, world::API_KEY};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::Command,
};

use crate::tools;

/// Runs a conversation with that vendor and shows what the script says; `answer` is what happens at
/// the desk when the script asks for it.
///
/// # Panics
/// Where a step of it fails.
pub(crate) async fn run(api: &str, vendor: &str, customer: &str, answer: impl AsyncFn()) {
    let mut script = Command::new(tools::python())
        .arg(root().join("infra/smoke.py"))
        .args(["--api", api, "--vendor", vendor, "--customer", customer])
        .args(["--wait", "30"])
        .env("DESKBRIDGE_API_KEY", API_KEY)
        .env("PYTHONUNBUFFERED", "1")
        .env("no_proxy", "*")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("Python starts");
    let mut lines = BufReader::new(script.stdout.take().expect("piped")).lines();
    while let Some(line) = lines.next_line().await.expect("text") {
        println!("  | {line}");
        if line.contains(&format!("customer {customer} ")) && line.contains(" now") {
            answer().await;
        }
    }
    let ended = script.wait().await.expect("it ends");
    assert!(ended.success(), "infra/smoke.py, {vendor}: {ended}");
}
