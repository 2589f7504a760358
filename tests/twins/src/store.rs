//! A twin's state file: all that it knows as JSON, replaced by a rename so that it is never half
//! written.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Reads the state; `None` if there is no file yet.
pub(crate) fn load<T: DeserializeOwned>(path: &Path, vendor: &str) -> io::Result<Option<T>> {
    match fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|error| {
            io::Error::new(
                ErrorKind::InvalidData,
                format!("the {vendor} twin's state file {} is not readable ({error}); move it away to begin anew", path.display()),
            )
        }),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Writes the state beside the file and renames it into place. A failure is told on stderr.
pub(crate) fn save<T: Serialize>(path: &Path, vendor: &str, state: &T) {
    if let Err(error) = replace(path, state) {
        eprintln!("{vendor} twin: state file {}: {error}", path.display());
    }
}

fn replace<T: Serialize>(path: &Path, state: &T) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut new = path.as_os_str().to_owned();
    new.push(".new");
    fs::write(&new, serde_json::to_vec(state)?)?;
    fs::rename(&new, path)
}
