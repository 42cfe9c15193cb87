//! One file of the input: its path and what tells that it has changed. No bytes.

use std::path::{Path, PathBuf};

/// One file of a folder, or one line of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// The line of the list, from 1; 0: the input is a folder.
    pub line: u64,
    /// The path below the folder, `/` between its parts, in the bytes of the file system;
    /// of a list, the path or URL as it stands there.
    pub path: Vec<u8>,
    /// Size in bytes.
    pub size: u64,
    /// Last change of the content, in nanoseconds since 1970.
    pub modified_ns: i64,
    /// Last change of the file's record, in nanoseconds since 1970; 0 where there is none.
    pub changed_ns: i64,
    /// The file's number; 0 where there is none.
    pub inode: u64,
    /// The values of the list's other columns, as a JSON object.
    pub carried: Option<String>,
}

impl Entry {
    /// Where it stands in the order of the input.
    #[must_use]
    pub fn place(&self) -> (u64, &[u8]) {
        (self.line, &self.path)
    }

    /// The URL, when it is one.
    #[must_use]
    pub fn url(&self) -> Option<&str> {
        let is_url = |text: &&str| {
            ["http://", "https://"]
                .iter()
                .any(|scheme| text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)))
        };
        std::str::from_utf8(&self.path).ok().filter(is_url).filter(|_| self.line > 0)
    }

    /// The file's path; relative ones stand below `base`.
    #[must_use]
    pub fn file(&self, base: &Path) -> PathBuf {
        base.join(path_of(&self.path))
    }

    /// The same with what the system tells of the file.
    #[must_use]
    pub fn with_times(self, metadata: &std::fs::Metadata) -> Self {
        let times = times(metadata);
        Self { size: metadata.len(), modified_ns: times.0, changed_ns: times.1, inode: times.2, ..self }
    }
}

/// A path in the bytes of an [`Entry`].
#[must_use]
#[cfg(unix)]
pub fn path_bytes(path: &Path) -> Vec<u8> {
    use std::os::unix::ffi::OsStrExt;
    path.as_os_str().as_bytes().to_vec()
}

/// A path in the bytes of an [`Entry`].
#[must_use]
#[cfg(not(unix))]
pub fn path_bytes(path: &Path) -> Vec<u8> {
    path.to_string_lossy().replace('\\', "/").into_bytes()
}

#[cfg(unix)]
fn path_of(bytes: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt;
    std::ffi::OsStr::from_bytes(bytes).into()
}

#[cfg(not(unix))]
fn path_of(bytes: &[u8]) -> PathBuf {
    String::from_utf8_lossy(bytes).as_ref().into()
}

/// Last change of the content and of the record, in nanoseconds, and the file's number.
#[cfg(unix)]
fn times(metadata: &std::fs::Metadata) -> (i64, i64, u64) {
    use std::os::unix::fs::MetadataExt;
    let nanos = |seconds: i64, nanos: i64| seconds.saturating_mul(1_000_000_000).saturating_add(nanos);
    (nanos(metadata.mtime(), metadata.mtime_nsec()), nanos(metadata.ctime(), metadata.ctime_nsec()), metadata.ino())
}

#[cfg(not(unix))]
fn times(metadata: &std::fs::Metadata) -> (i64, i64, u64) {
    let modified = metadata.modified().ok().and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
    (modified.and_then(|since| i64::try_from(since.as_nanos()).ok()).unwrap_or(0), 0, 0)
}
