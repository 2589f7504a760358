//! The functions' binaries, by cargo.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use deskbridge_local::cargo;
use serde_json::Value;

use crate::Problem;

/// The function that does nothing.
pub(crate) const FLOOR: &str = "empty-function";

fn not_there(error: std::io::Error) -> Problem {
    format!("can't run cargo: {error}")
}

/// The workspace's folder.
pub(crate) fn root() -> Result<PathBuf, Problem> {
    let output = cargo()
        .args(["locate-project", "--workspace", "--message-format", "plain"])
        .output()
        .map_err(not_there)?;
    let manifest = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let root = Path::new(&manifest)
        .parent()
        .filter(|_| output.status.success());
    root.map(Path::to_owned)
        .ok_or_else(|| "start it inside the repository".to_owned())
}

/// Builds all functions, since some bring about what others need, and the floor; gives the folder of the binaries.
pub(crate) fn build(root: &Path, profile: &str, functions: &[String]) -> Result<PathBuf, Problem> {
    let mut build = cargo();
    build
        .current_dir(root)
        .args(["build", "--profile", profile]);
    build.args(["--message-format", "json-render-diagnostics"]);
    // One selection: what they share is built once, with the features with which it is deployed.
    for name in functions.iter().map(String::as_str).chain([FLOOR]) {
        build.args(["--package", name]);
    }
    let output = build.stderr(Stdio::inherit()).output().map_err(not_there)?;
    if !output.status.success() {
        return Err("the functions don't build: see cargo's errors above".to_owned());
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let folder = text.lines().find_map(floor);
    folder.ok_or_else(|| "cargo built no floor".to_owned())
}

/// The folder of the floor, where this line of cargo's tells of it.
fn floor(line: &str) -> Option<PathBuf> {
    let message: Value = serde_json::from_str(line).ok()?;
    let path = Path::new(message.get("executable")?.as_str()?);
    let is_floor = message.pointer("/target/name")?.as_str()? == FLOOR;
    is_floor.then(|| path.parent().map(Path::to_owned))?
}
