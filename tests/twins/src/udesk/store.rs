//! The state file: the whole desk as JSON, replaced by a rename so that it is never half written.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

use jiff::Timestamp;

use super::desk::Desk;

/// Reads the desk, or begins an empty one if there is no file yet.
pub(crate) fn load(path: &Path) -> io::Result<Desk> {
    match fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| {
            io::Error::new(
                ErrorKind::InvalidData,
                format!("the Udesk twin's state file {} is not readable ({error}); move it away to begin anew", path.display()),
            )
        }),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Desk::new(Timestamp::now())),
        Err(error) => Err(error),
    }
}

/// Writes the desk beside the file and renames it into place.
pub(crate) fn save(path: &Path, desk: &Desk) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut new = path.as_os_str().to_owned();
    new.push(".new");
    fs::write(&new, serde_json::to_vec(desk)?)?;
    fs::rename(&new, path)
}
