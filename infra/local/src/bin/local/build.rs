//! The functions' binaries, by cargo.

use crate::Problem;
use deskbridge_local::Template;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

fn cargo() -> Command {
    let mut command = Command::from(deskbridge_local::cargo());
    command.kill_on_drop(true);
    command
}

/// The workspace's folder.
pub(crate) async fn root() -> Result<PathBuf, Problem> {
    let output = cargo()
        .args(["locate-project", "--workspace", "--message-format", "plain"])
        .output()
        .await
        .map_err(not_there)?;
    let manifest = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let root = Path::new(&manifest)
        .parent()
        .filter(|_| output.status.success());
    root.map(Path::to_owned).ok_or_else(|| {
        "start it inside the repository, it looks for the workspace's Cargo.toml".to_owned()
    })
}

/// Builds the default members, with cargo's own progress and errors on stderr; gives the folder of the binaries.
pub(crate) async fn functions(root: &Path, template: &Template) -> Result<PathBuf, Problem> {
    let mut build = cargo();
    build
        .current_dir(root)
        .args(["build", "--message-format=json-render-diagnostics"])
        .stdout(Stdio::piped());
    let mut child = build.spawn().map_err(not_there)?;
    let mut built = BTreeMap::new();
    if let Some(out) = child.stdout.take() {
        let mut lines = BufReader::new(out).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            if let Some((name, path)) = executable(&line) {
                built.insert(name, path);
            }
        }
    }
    let status = child.wait().await.map_err(not_there)?;
    if !status.success() {
        return Err("the functions don't build: see cargo's errors above".to_owned());
    }
    let missing: Vec<&str> = template
        .functions()
        .keys()
        .filter(|name| !built.contains_key(*name))
        .map(String::as_str)
        .collect();
    if !missing.is_empty() {
        return Err(format!(
            "the template has functions without a binary of that name under functions/: {}",
            missing.join(", ")
        ));
    }
    let folder = built
        .values()
        .next()
        .and_then(|path| path.parent())
        .map(Path::to_owned);
    folder.ok_or_else(|| "the template has no functions".to_owned())
}

/// The name and file of a binary that cargo reports.
fn executable(line: &str) -> Option<(String, PathBuf)> {
    let message: Value = serde_json::from_str(line).ok()?;
    let path = message.get("executable")?.as_str()?;
    let name = message.pointer("/target/name")?.as_str()?;
    Some((name.to_owned(), path.into()))
}

fn not_there(error: std::io::Error) -> Problem {
    format!("can't run cargo: {error}")
}
