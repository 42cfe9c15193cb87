//! The search: files below a folder, ordered by the bytes of their whole relative path.
//!
//! Hidden files and folders (a leading dot) and symbolic links are left out. What can't
//! be read is reported and does not end the search.

use super::select::Selection;
use crate::manifest::Input;
use std::cmp::Ordering;
use std::path::{Path, PathBuf};
use walkdir::{DirEntry, WalkDir};

/// One file of the input: its path and what tells that it has changed. No bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The path below the folder, `/` between its parts, in the bytes of the file system.
    pub path: Vec<u8>,
    /// Size in bytes.
    pub size: u64,
    /// Last change of the content, in nanoseconds since 1970.
    pub modified_ns: i64,
    /// Last change of the file's record, in nanoseconds since 1970; 0 where there is none.
    pub changed_ns: i64,
    /// The file's number; 0 where there is none.
    pub inode: u64,
}

/// Why the input can't be searched at all.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// There is no such folder.
    #[error("the input folder {} does not exist or can't be read: {reason}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// The system's words.
        reason: String,
    },
    /// A glob can't be compiled.
    #[error("{0}")]
    Glob(String),
}

/// A place that the search could not read.
#[derive(Debug, thiserror::Error)]
#[error("can't read {}: {reason}", path.display())]
pub struct WalkFault {
    /// The place.
    pub path: PathBuf,
    /// The system's words.
    pub reason: String,
}

/// The search itself; iterate over it.
pub struct Walk {
    root: PathBuf,
    selection: Selection,
    inner: walkdir::IntoIter,
}

impl Walk {
    /// Starts a search.
    ///
    /// # Errors
    /// When the folder does not exist, is no folder or can't be read.
    pub fn start(input: &Input) -> Result<Self, SourceError> {
        let fault = |reason: String| SourceError::Folder { path: input.folder.clone(), reason };
        let mut entries = std::fs::read_dir(&input.folder).map_err(|error| fault(error.to_string()))?;
        entries.next().transpose().map_err(|error| fault(error.to_string()))?;
        let inner = WalkDir::new(&input.folder).min_depth(1).sort_by(by_path).into_iter();
        Ok(Self { root: input.folder.clone(), selection: Selection::new(input)?, inner })
    }

    fn entry(&self, found: &DirEntry) -> Option<Result<Entry, WalkFault>> {
        let relative = found.path().strip_prefix(&self.root).unwrap_or(found.path());
        if !found.file_type().is_file() || !self.selection.takes(relative) {
            return None;
        }
        let path = relative_bytes(relative);
        Some(match found.metadata() {
            Ok(metadata) => Ok(with_times(path, &metadata)),
            Err(error) => Err(WalkFault { path: found.path().to_owned(), reason: error.to_string() }),
        })
    }
}

impl Iterator for Walk {
    type Item = Result<Entry, WalkFault>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.inner.next()? {
                Ok(found) if is_hidden(&found) => {
                    if found.file_type().is_dir() {
                        self.inner.skip_current_dir();
                    }
                }
                Ok(found) => {
                    if let Some(entry) = self.entry(&found) {
                        return Some(entry);
                    }
                }
                Err(error) => {
                    let path = error.path().unwrap_or(&self.root).to_owned();
                    let reason = error.io_error().map_or_else(|| error.to_string(), ToString::to_string);
                    return Some(Err(WalkFault { path, reason }));
                }
            }
        }
    }
}

/// Orders siblings so that whole paths come in the order of their bytes: a folder
/// sorts as its name with the `/` that follows it.
fn by_path(a: &DirEntry, b: &DirEntry) -> Ordering {
    let key = |entry: &DirEntry| {
        if entry.file_type().is_dir() { Some(b'/') } else { None }
    };
    let (left, right) = (a.file_name().as_encoded_bytes(), b.file_name().as_encoded_bytes());
    left.iter().copied().chain(key(a)).cmp(right.iter().copied().chain(key(b)))
}

fn is_hidden(entry: &DirEntry) -> bool {
    entry.file_name().as_encoded_bytes().first() == Some(&b'.')
}

/// A relative path in the bytes of an [`Entry`].
#[must_use]
#[cfg(unix)]
pub fn relative_bytes(path: &Path) -> Vec<u8> {
    use std::os::unix::ffi::OsStrExt;
    path.as_os_str().as_bytes().to_vec()
}

/// A relative path in the bytes of an [`Entry`].
#[must_use]
#[cfg(not(unix))]
pub fn relative_bytes(path: &Path) -> Vec<u8> {
    path.to_string_lossy().replace('\\', "/").into_bytes()
}

impl Entry {
    /// The file's path below `folder`.
    #[must_use]
    #[cfg(unix)]
    pub fn file(&self, folder: &Path) -> PathBuf {
        use std::os::unix::ffi::OsStrExt;
        folder.join(std::ffi::OsStr::from_bytes(&self.path))
    }

    /// The file's path below `folder`.
    #[must_use]
    #[cfg(not(unix))]
    pub fn file(&self, folder: &Path) -> PathBuf {
        folder.join(String::from_utf8_lossy(&self.path).as_ref())
    }
}

#[cfg(unix)]
fn with_times(path: Vec<u8>, metadata: &std::fs::Metadata) -> Entry {
    use std::os::unix::fs::MetadataExt;
    let nanos = |seconds: i64, nanos: i64| seconds.saturating_mul(1_000_000_000).saturating_add(nanos);
    Entry {
        path,
        size: metadata.size(),
        modified_ns: nanos(metadata.mtime(), metadata.mtime_nsec()),
        changed_ns: nanos(metadata.ctime(), metadata.ctime_nsec()),
        inode: metadata.ino(),
    }
}

#[cfg(not(unix))]
fn with_times(path: Vec<u8>, metadata: &std::fs::Metadata) -> Entry {
    let modified = metadata.modified().ok().and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
    let modified_ns = modified.and_then(|since| i64::try_from(since.as_nanos()).ok()).unwrap_or(0);
    Entry { path, size: metadata.len(), modified_ns, changed_ns: 0, inode: 0 }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests make files")]
mod tests {
    use super::*;

    fn walk(folder: &Path) -> Vec<String> {
        let input = Input { folder: folder.to_owned(), include: vec![], exclude: vec![], allow_empty: false };
        let found = Walk::start(&input).unwrap().filter_map(Result::ok);
        found.map(|entry| String::from_utf8_lossy(&entry.path).into_owned()).collect()
    }

    #[test]
    fn files_come_in_the_order_of_their_whole_paths() {
        let folder = tempfile::tempdir().unwrap();
        for name in
            ["a/b.jpg", "a.jpg", "a/B.png", "a-b.jpg", "ab/x.jpg", ".hidden.jpg", ".git/x.jpg", "note.txt", "é/ü.jpg"]
        {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "x").unwrap();
        }
        let found = walk(folder.path());
        let mut sorted = found.clone();
        sorted.sort();
        assert_eq!(found, sorted);
        assert_eq!(found, ["a-b.jpg", "a.jpg", "a/B.png", "a/b.jpg", "ab/x.jpg", "é/ü.jpg"]);
    }

    #[test]
    fn a_missing_folder_is_an_error() {
        let input = Input { folder: "/no/such/folder".into(), include: vec![], exclude: vec![], allow_empty: false };
        assert!(matches!(Walk::start(&input), Err(SourceError::Folder { .. })));
    }
}
