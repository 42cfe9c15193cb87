//! `_SUCCESS`: an empty file that is in a folder only while everything in it is complete, as Hadoop and
//! Spark write it. Schedulers wait for it.

use super::error::ExportError;
use crate::base::atomic_file::{self, remove_if_there};
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

    /// Writes the markers. Returns them.
    ///
    /// # Errors
    /// If one can't be written.
    pub fn write(&self) -> Result<Vec<PathBuf>, ExportError> {
        let write = |folder: &PathBuf| {
            let path = folder.join(NAME);
            match atomic_file::write(&path, b"", &NoHooks) {
                Ok(()) => Ok(path),
                Err(error) => Err(ExportError::new(&path, error)),
            }
        };
        self.folders.iter().map(write).collect()
    }
}

/// Checks whether a folder has a marker. A file with this name that is not empty is somebody else's.
///
/// # Errors
/// If there is something else with its name.
pub(crate) fn has_marker(folder: &Path) -> io::Result<bool> {
    let path = folder.join(NAME);
    match std::fs::symlink_metadata(&path) {
        Ok(metadata) if metadata.is_file() && metadata.len() == 0 => Ok(true),
        Ok(_) => Err(io::Error::other(format!("{} exists and is not an empty file", path.display()))),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Removes the marker of a folder, if it has one. Other runs may remove it at the same time.
///
/// # Errors
/// As [`has_marker`], or if it can't be removed.
pub(crate) fn remove_marker(folder: &Path) -> io::Result<()> {
    if has_marker(folder)? { remove_if_there(&folder.join(NAME)) } else { Ok(()) }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests make files")]
mod tests {
    use super::*;

    #[test]
    fn a_marker_is_removed_by_many_at_once() {
        const RUNS: usize = 4;
        let folder = tempfile::tempdir().unwrap();
        let start = std::sync::Barrier::new(RUNS);
        // Nothing may panic here: the other threads would wait indefinitely.
        let run = || -> Vec<io::Error> {
            let round = |_| {
                let written = match start.wait().is_leader() {
                    true => std::fs::write(folder.path().join(NAME), ""),
                    false => Ok(()),
                };
                start.wait();
                written.and_then(|()| remove_marker(folder.path())).err()
            };
            (0..200).filter_map(round).collect()
        };
        let errors: Vec<io::Error> = std::thread::scope(|scope| {
            let runs: Vec<_> = (0..RUNS).map(|_| scope.spawn(run)).collect();
            runs.into_iter().flat_map(|run| run.join().unwrap()).collect()
        });
        assert!(errors.is_empty(), "{errors:?}");
        assert!(!has_marker(folder.path()).unwrap());
    }
}
