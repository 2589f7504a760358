//! How the page's policy names its style and its script: their hashes, taken at the build and not at each start.

use std::{env, error::Error, fs, path::PathBuf};

use base64::{Engine, prelude::BASE64_STANDARD};
use sha2::{Digest, Sha256};

fn main() -> Result<(), Box<dyn Error>> {
    let to = PathBuf::from(env::var("OUT_DIR")?);
    for name in ["style.css", "script.js"] {
        let from = format!("src/page/{name}");
        println!("cargo::rerun-if-changed={from}");
        let digest = BASE64_STANDARD.encode(Sha256::digest(fs::read(from)?));
        fs::write(
            to.join(format!("{name}.hash")),
            format!("'sha256-{digest}'"),
        )?;
    }
    Ok(())
}
