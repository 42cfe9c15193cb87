//! The request files of batches: beside the store, until the provider has them.

use crate::base::sibling::{beside_database, folder_of};
use std::path::{Path, PathBuf};

/// What the names of the files have between the name of the store and the key.
const MARK: &str = ".batch-";

/// The file with the requests of the batch with this key.
pub(crate) fn path_of(store: &Path, key: &str) -> PathBuf {
    beside_database(store, &format!("{MARK}{key}.jsonl"))
}

/// The batch files beside the store: the key of each, and its path.
pub(crate) fn list(store: &Path) -> Vec<(String, PathBuf)> {
    let start = beside_database(store, MARK);
    let prefix = start.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let entries = std::fs::read_dir(folder_of(&start)).into_iter().flatten().flatten();
    let key = |entry: std::fs::DirEntry| {
        let name = entry.file_name().to_string_lossy().into_owned();
        Some((name.strip_prefix(&prefix)?.strip_suffix(".jsonl")?.to_owned(), entry.path()))
    };
    entries.filter_map(key).collect()
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
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink("store.db", folder.path().join("link.db")).unwrap();
            assert_eq!(list(&folder.path().join("link.db")).len(), 2);
        }
        let mut keys: Vec<String> = list(&store).into_iter().map(|(key, _)| key).collect();
        keys.sort();
        assert_eq!(keys, ["r-1", "r-2"]);
    }
}
