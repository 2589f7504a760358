//! Cargo, called from a program that cargo itself started.

use std::process::{Command, Stdio};

/// What the outer cargo says of the package that it runs. Build scripts ask for these names (ring's does): left in
/// place, they would make the inner cargo build everything anew, and the next outer one again.
const OF_OUR_PACKAGE: [&str; 5] = [
    "CARGO_MANIFEST_",
    "CARGO_PKG_",
    "CARGO_BIN_",
    "CARGO_CRATE_",
    "OUT_DIR",
];

/// The cargo that runs us, or the one on the path, as whoever started us would call it.
pub fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if OF_OUR_PACKAGE.iter().any(|prefix| text.starts_with(prefix)) {
            command.env_remove(&name);
        }
    }
    command.stdin(Stdio::null());
    command
}
