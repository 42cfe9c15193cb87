//! The request files of batches: beside the store, until the provider has them.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The file with the requests of the batch with this key.
pub(crate) fn path_of(store: &Path, key: &str) -> PathBuf {
    let mut name = prefix(store);
    name.push(format!("{key}.jsonl"));
    store.with_file_name(name)
}

/// The batch files beside the store: the key of each, and its path.
pub(crate) fn list(store: &Path) -> Vec<(String, PathBuf)> {
    let folder = store.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let prefix = prefix(store).to_string_lossy().into_owned();
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let key = |entry: std::fs::DirEntry| {
        let name = entry.file_name().to_string_lossy().into_owned();
        Some((name.strip_prefix(&prefix)?.strip_suffix(".jsonl")?.to_owned(), entry.path()))
    };
    entries.filter_map(key).collect()
}

fn prefix(store: &Path) -> OsString {
    let mut name = store.file_name().unwrap_or_default().to_owned();
    name.push(".batch-");
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_listed_by_their_keys() {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("store.db");
        #[expect(clippy::disallowed_methods, reason = "files of a test")]
        for name in
            ["store.db", "store.db-wal", "other.db.batch-x.jsonl", "store.db.batch-x.txt", "store.db.batch-.lock"]
        {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        assert_eq!(list(&store), []);
        for key in ["r-1", "r-2"] {
            let path = path_of(&store, key);
            assert_eq!(path, folder.path().join(format!("store.db.batch-{key}.jsonl")));
            #[expect(clippy::disallowed_methods, reason = "files of a test")]
            std::fs::write(path, "").unwrap();
        }
        let mut keys: Vec<String> = list(&store).into_iter().map(|(key, _)| key).collect();
        keys.sort();
        assert_eq!(keys, ["r-1", "r-2"]);
    }
}
