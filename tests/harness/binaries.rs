//! The functions' binaries, built from the tree that the tests were built from.

use std::{
    path::{Path, PathBuf},
    sync::OnceLock,
};

/// The folder with the functions' binaries, which are built first if they are not up to date. Cargo
/// builds no binaries of other packages for a test by itself.
pub fn binaries() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let test = std::env::current_exe().expect("the test's own path");
        // target/debug/deps/it-0123 lies beside target/debug/send-message.
        let folder = test.ancestors().nth(2).expect("target/debug").to_owned();
        let target = folder.parent().expect("target");
        // With a test, as the outer cargo: else dependencies would be built once more, with other features.
        let status = deskbridge_local::cargo()
            .args([
                "build",
                "--quiet",
                "--workspace",
                "--bins",
                "--test",
                "it",
                "--target-dir",
            ])
            .arg(target)
            .current_dir(root())
            .status()
            .expect("cargo runs");
        assert!(status.success(), "the functions do not build");
        folder
    })
}

/// The root of the checkout.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the root")
}
