//! Whether there is a Chromium and an npm on this machine: the tests that need one are counted as ignored where there is
//! none.

use std::path::PathBuf;

/// The names of harness/browser.rs.
const CHROMIUM: &[&str] = &[
    "chromium",
    "chromium-browser",
    "google-chrome-stable",
    "google-chrome",
];

fn main() {
    println!("cargo::rerun-if-env-changed=PATH");
    look(
        "no_chromium",
        CHROMIUM,
        "a Chromium",
        "of pages in a browser",
    );
    look(
        "no_npm",
        &["npm"],
        "an npm",
        "of npm's package for UserSigs",
    );
}

/// Sets `cfg` where none of these programs is there.
fn look(cfg: &str, names: &[&str], what: &str, tests: &str) {
    println!("cargo::rustc-check-cfg=cfg({cfg})");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found: Option<PathBuf> = std::env::split_paths(&path)
        .flat_map(|folder| names.iter().map(move |name| folder.join(name)))
        .find(|path| path.exists());
    match found {
        Some(found) => println!("cargo::rerun-if-changed={}", found.display()),
        None => {
            println!("cargo::rustc-cfg={cfg}");
            println!(
                "cargo::warning=there is no such thing as {what} on this machine: the tests {tests} are ignored"
            );
            // Where a package would put one.
            println!("cargo::rerun-if-changed=/usr/bin");
        }
    }
}
