//! Whether there is a Chromium on this machine: the tests that need one are counted as ignored where there is none.

use std::path::PathBuf;

/// The names of harness/browser.rs.
const NAMES: [&str; 4] = [
    "chromium",
    "chromium-browser",
    "google-chrome-stable",
    "google-chrome",
];

fn main() {
    println!("cargo::rustc-check-cfg=cfg(no_chromium)");
    println!("cargo::rerun-if-env-changed=PATH");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found: Option<PathBuf> = std::env::split_paths(&path)
        .flat_map(|folder| NAMES.map(|name| folder.join(name)))
        .find(|path| path.exists());
    match found {
        Some(found) => println!("cargo::rerun-if-changed={}", found.display()),
        None => {
            println!("cargo::rustc-cfg=no_chromium");
            println!(
                "cargo::warning=there is no Chromium on this machine: the tests of pages in a browser are ignored"
            );
            // Where a package would put one.
            println!("cargo::rerun-if-changed=/usr/bin");
        }
    }
}
