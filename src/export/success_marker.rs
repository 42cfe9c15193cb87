//! `_SUCCESS`: an empty file that is in a folder only while everything in it is complete, as Hadoop and
//! Spark write it. Schedulers wait for it.

use crate::base::atomic_file;
use crate::base::hooks::NoHooks;
use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

/// Its name.
pub(crate) const NAME: &str = "_SUCCESS";

/// The markers that are still to be written: the last step of a complete run.
#[must_use = "the markers are written after everything else"]
#[derive(Debug, Default)]
pub struct SuccessMarkers {
    folders: BTreeSet<PathBuf>,
}

impl SuccessMarkers {
    /// Adds a complete folder.
    pub(crate) fn add(&mut self, folder: &Path) {
        self.folders.insert(folder.to_owned());
    }

    /// Writes the markers.
    ///
    /// # Errors
    /// If one can't be written, with its path.
    pub fn write(&self) -> Result<(), (PathBuf, io::Error)> {
        for folder in &self.folders {
            let path = folder.join(NAME);
            atomic_file::write(&path, b"", &NoHooks).map_err(|error| (path, error))?;
        }
        Ok(())
    }
}

/// Removes the marker of a folder, if it has one. A file with this name that is not empty is somebody
/// else's.
pub(crate) fn remove_marker(folder: &Path) -> io::Result<()> {
    let path = folder.join(NAME);
    match std::fs::symlink_metadata(&path) {
        Ok(metadata) if metadata.is_file() && metadata.len() == 0 => std::fs::remove_file(&path),
        Ok(_) => Err(io::Error::other(format!("{} exists and is not an empty file", path.display()))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}
