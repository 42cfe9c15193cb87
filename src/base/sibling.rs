//! Names of files that belong to another file and are in the same folder.

use std::path::{Path, PathBuf};

/// The path with `suffix` appended to its last component: `a/store.db` and `-wal` become
/// `a/store.db-wal`.
#[must_use]
pub fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// The files of a SQLite database in WAL mode: the database itself, its write-ahead log and
/// its shared memory (<https://sqlite.org/tempfiles.html>).
#[must_use]
pub fn database_files(database: &Path) -> [PathBuf; 3] {
    ["", "-wal", "-shm"].map(|suffix| with_suffix(database, suffix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suffix_is_appended_to_the_whole_name() {
        let files = database_files(Path::new("a.b/store.db"));
        assert_eq!(files, ["a.b/store.db", "a.b/store.db-wal", "a.b/store.db-shm"].map(PathBuf::from));
        assert_eq!(with_suffix(Path::new("out"), ".partial"), Path::new("out.partial"));
    }
}
