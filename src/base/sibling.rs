//! Names of files that belong to another file and are in the same folder.

use super::file_identity::real_path;
use super::random::token;
use std::path::{Path, PathBuf};

/// Maximum number of bytes of a name that the name of a further file repeats. File systems limit a name to 255 bytes,
/// some to 143.
const MAX_REPEATED_BYTES: usize = 100;

/// The folder of a file: `.` if the path has none.
#[must_use]
pub fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// A file beside a SQLite database: `a/store.db` and `-wal` become `a/store.db-wal`. On Unix, SQLite follows a symbolic link to the
/// database (`unixFullPathname` in its `os_unix.c`), so nothing is beside the link; on Windows it does not.
#[must_use]
pub fn beside_database(database: &Path, suffix: &str) -> PathBuf {
    let file = if cfg!(unix) && database.is_symlink() { real_path(database) } else { database.to_owned() };
    let mut name = file.into_os_string();
    name.push(suffix);
    name.into()
}

/// The files of a SQLite database in WAL mode: the database itself, its write-ahead log and
/// its shared memory (<https://sqlite.org/tempfiles.html>).
#[must_use]
pub fn database_files(database: &Path) -> [PathBuf; 3] {
    ["", "-wal", "-shm"].map(|suffix| beside_database(database, suffix))
}

/// The folder beside a store for the outputs of runs that left pages pending.
#[must_use]
pub fn partial_folder(store: &Path) -> PathBuf {
    beside_database(store, "").with_file_name("partial")
}

/// Whether `path` has the name of a file that SQLite keeps beside a database, in WAL mode or without it. A program that
/// opens that database replaces or removes the file.
#[must_use]
pub fn is_beside_database(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    ["-wal", "-shm", "-journal"].iter().any(|suffix| name.ends_with(suffix))
}

/// A new name for a temporary file beside `path`: `.<name>.<16 random digits>.tmp`. No two processes
/// choose the same one, even if they run in containers or on machines that share the folder.
#[must_use]
pub fn temporary_beside(path: &Path) -> PathBuf {
    path.with_file_name(format!(".{}.{}.tmp", short_name(path), token()))
}

/// Whether `name` is that of a temporary file beside `path`.
#[must_use]
pub fn is_temporary_of(name: &str, path: &Path) -> bool {
    let token = name.strip_prefix('.').and_then(|name| name.strip_prefix(&short_name(path)));
    let token = token.and_then(|rest| rest.strip_prefix('.')?.strip_suffix(".tmp"));
    token.is_some_and(|token| token.len() == 16 && token.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// The name of a file, shortened so that something can be added to it.
#[must_use]
pub fn short_name(path: &Path) -> String {
    let mut name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    name.truncate(name.floor_char_boundary(MAX_REPEATED_BYTES));
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suffix_is_appended_to_the_whole_name() {
        let files = database_files(Path::new("a.b/store.db"));
        assert_eq!(files, ["a.b/store.db", "a.b/store.db-wal", "a.b/store.db-shm"].map(PathBuf::from));
        for (name, is_beside) in [("s.db-wal", true), ("s.db-shm", true), ("s.db-journal", true), ("wal/s.db", false)] {
            assert_eq!(is_beside_database(Path::new(name)), is_beside, "{name}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn the_files_of_a_linked_database_are_beside_the_file_itself() {
        let folder = tempfile::tempdir().unwrap();
        let real = std::fs::canonicalize(folder.path()).unwrap();
        std::fs::create_dir(real.join("deep")).unwrap();
        std::os::unix::fs::symlink("deep", real.join("folder")).unwrap();
        std::os::unix::fs::symlink("folder/store.db", real.join("link.db")).unwrap();
        let files = ["store.db", "store.db-wal", "store.db-shm"].map(|name| real.join("deep").join(name));
        assert_eq!(database_files(&real.join("link.db")), files);
        assert_eq!(partial_folder(&real.join("link.db")), real.join("deep/partial"));
        assert_eq!(database_files(&real.join("folder/store.db"))[1], real.join("folder/store.db-wal"));
    }

    #[test]
    fn a_file_without_a_folder_is_in_the_current_one() {
        for (path, folder) in [("a/b/rows.csv", "a/b"), ("rows.csv", "."), ("/rows.csv", "/"), ("", ".")] {
            assert_eq!(folder_of(Path::new(path)), Path::new(folder), "{path}");
        }
    }

    #[test]
    fn temporary_names_are_new_hidden_short_and_recognized() {
        let long = format!("a/{}.csv", "é".repeat(120));
        for path in ["a/out.csv", "out.csv", "a/.csv", &long] {
            let path = Path::new(path);
            let (one, other) = (temporary_beside(path), temporary_beside(path));
            assert_ne!(one, other);
            assert_eq!(one.parent(), path.parent());
            let name = one.file_name().unwrap().to_str().unwrap();
            assert!(name.starts_with('.') && name.len() < 143, "{name}");
            assert!(is_temporary_of(name, path), "{name}");
            assert!(!is_temporary_of(name, Path::new("a/other.csv")));
        }
        for name in ["out.csv", ".out.csv.1.tmp", ".out.csv.0123456789abcdef.tm", ".out.csv.0123456789abcdeg.tmp"] {
            assert!(!is_temporary_of(name, Path::new("out.csv")), "{name}");
        }
    }
}
