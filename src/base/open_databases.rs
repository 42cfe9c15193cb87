//! The databases that this process has opened. To close a file ends all locks that the process has on it (POSIX,
//! `fcntl`), so nothing but SQLite may open their files. The list is the process's, as the locks are.

use super::file_identity::{file_id, real_path};
use super::sibling::database_files;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// With every link followed: SQLite's other files are beside the file itself.
static OPENED: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Adds a database that SQLite is about to open.
pub(crate) fn add(database: &Path) {
    let database = real_path(database);
    let mut opened = opened();
    opened.retain(|known| *known != database && known.exists());
    opened.push(database);
}

/// Whether `path` names a file of one of these databases, also by a link. Always false on Windows, where locks belong to
/// a handle.
#[must_use]
pub(crate) fn has(path: &Path) -> bool {
    let Some(id) = file_id(path) else { return false };
    opened().iter().flat_map(|database| database_files(database)).any(|file| file_id(&file) == Some(id))
}

/// Opens a file that users or their lists name, for reading.
///
/// # Errors
/// As [`File::open`], and if it belongs to one of these databases.
pub(crate) fn open_other(path: &Path) -> io::Result<File> {
    if has(path) {
        return Err(io::Error::other("the file is a part of the store"));
    }
    File::open(path)
}

/// Reads such a file.
///
/// # Errors
/// As [`open_other`], and if there is too little memory.
pub(crate) fn read_other(path: &Path) -> io::Result<Vec<u8>> {
    let (mut file, mut bytes) = (open_other(path)?, Vec::new());
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn opened() -> MutexGuard<'static, Vec<PathBuf>> {
    OPENED.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(all(test, unix))]
#[expect(clippy::disallowed_methods, reason = "tests write files")]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_an_opened_database_is_known_by_any_name() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for name in ["store.db", "store.db-wal", "store.db-shm", "other.db"] {
            std::fs::write(at(name), name).unwrap();
        }
        std::fs::hard_link(at("store.db-wal"), at("hard.jpg")).unwrap();
        std::os::unix::fs::symlink(at("store.db"), at("soft.jpg")).unwrap();
        assert!(!has(&at("store.db")));
        add(&at("soft.jpg"));
        for name in ["store.db", "store.db-wal", "store.db-shm", "hard.jpg", "soft.jpg"] {
            assert!(open_other(&at(name)).is_err(), "{name}");
        }
        assert!(open_other(&at("other.db")).is_ok() && !has(&at("missing")));
    }
}
