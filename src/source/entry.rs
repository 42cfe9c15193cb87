//! One file of the input: its path, and the metadata that shows whether it has changed.

use super::url_secrets::Address;
use crate::base::file_names::find_in_both_forms;
use crate::base::json_text::JsonText;
use std::path::{Path, PathBuf};

/// One file of a folder, or one row of a list. Holds no content.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// The row of the list, from 1; 0 if the input is a folder.
    pub line: u64,
    /// In a folder: the path below it, with `/` between its parts, in the file system's
    /// bytes. In a list: the path or URL as written there, without the secrets of a URL.
    pub path: Vec<u8>,
    /// The URL with its secrets, if it has some.
    pub address: Option<Address>,
    /// Size in bytes.
    pub size: u64,
    /// Modification time (mtime), in nanoseconds since 1970.
    pub modified_ns: i64,
    /// Status change time (ctime), in nanoseconds since 1970; 0 on systems without one.
    pub changed_ns: i64,
    /// Inode number; 0 on systems without one. Of a URL: a digest of its version as the list has it, or 0.
    pub inode: u64,
    /// The carried values of the list's other columns, as a JSON object.
    pub carried: Option<JsonText>,
}

impl Entry {
    /// The key by which entries are ordered: row, then path.
    #[must_use]
    pub fn position(&self) -> (u64, &[u8]) {
        (self.line, &self.path)
    }

    /// The entry's URL with its secrets, if it is a row of a list with an `http` or `https` URL. It must
    /// not be shown or stored.
    #[must_use]
    pub fn url(&self) -> Option<&str> {
        let is_url = |text: &&str| {
            ["http://", "https://"]
                .iter()
                .any(|scheme| text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)))
        };
        let address = self.address.as_ref().map(Address::as_str);
        let text = address.or_else(|| std::str::from_utf8(&self.path).ok());
        text.filter(is_url).filter(|_| self.line > 0)
    }

    /// Whether the entry has an https URL.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.url().and_then(|url| url.get(..6)).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https:"))
    }

    /// The path of the entry's file. A relative path is resolved against `base`.
    #[must_use]
    pub fn file(&self, base: &Path) -> PathBuf {
        base.join(path_from_bytes(&self.path))
    }

    /// The metadata of the entry's file. A file of a list is also found by its name in the other form of
    /// accents (NFC or NFD).
    ///
    /// # Errors
    /// When there is no such file.
    pub fn metadata(&self, base: &Path) -> std::io::Result<std::fs::Metadata> {
        self.find_file(base).1
    }

    /// The entry's file and its metadata, as [`Entry::metadata`] finds them.
    pub(crate) fn find_file(&self, base: &Path) -> (PathBuf, std::io::Result<std::fs::Metadata>) {
        let file = self.file(base);
        match std::fs::metadata(&file) {
            Err(_) if self.line > 0 => {
                let file = find_in_both_forms(&file);
                let metadata = std::fs::metadata(&file);
                (file, metadata)
            }
            metadata => (file, metadata),
        }
    }

    /// The entry with the size and times of its file.
    #[must_use]
    pub fn with_metadata(self, metadata: &std::fs::Metadata) -> Self {
        let (modified_ns, changed_ns, inode) = identity(metadata);
        Self { size: metadata.len(), modified_ns, changed_ns, inode, ..self }
    }
}

/// A path in the form of [`Entry::path`].
#[must_use]
#[cfg(unix)]
pub fn path_bytes(path: &Path) -> Vec<u8> {
    use std::os::unix::ffi::OsStrExt;
    path.as_os_str().as_bytes().to_vec()
}

/// A path in the form of [`Entry::path`].
#[must_use]
#[cfg(not(unix))]
pub fn path_bytes(path: &Path) -> Vec<u8> {
    path.to_string_lossy().replace('\\', "/").into_bytes()
}

/// The path of bytes in the form of [`Entry::path`].
#[cfg(unix)]
#[must_use]
pub fn path_from_bytes(bytes: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt;
    std::ffi::OsStr::from_bytes(bytes).into()
}

/// The path of bytes in the form of [`Entry::path`].
#[cfg(not(unix))]
#[must_use]
pub fn path_from_bytes(bytes: &[u8]) -> PathBuf {
    String::from_utf8_lossy(bytes).as_ref().into()
}

/// Modification and status change time in nanoseconds since 1970, and the inode number.
#[cfg(unix)]
fn identity(metadata: &std::fs::Metadata) -> (i64, i64, u64) {
    use std::os::unix::fs::MetadataExt;
    let nanos = |seconds: i64, nanos: i64| seconds.saturating_mul(1_000_000_000).saturating_add(nanos);
    (nanos(metadata.mtime(), metadata.mtime_nsec()), nanos(metadata.ctime(), metadata.ctime_nsec()), metadata.ino())
}

#[cfg(not(unix))]
fn identity(metadata: &std::fs::Metadata) -> (i64, i64, u64) {
    let modified = metadata.modified().ok().and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
    (modified.and_then(|since| i64::try_from(since.as_nanos()).ok()).unwrap_or(0), 0, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_rows_of_lists_with_http_are_urls() {
        for (line, path, url) in [
            (1, "https://example.com/a.jpg", true),
            (1, "HTTP://example.com/a.jpg", true),
            (1, "http:/example.com/a.jpg", false),
            (1, "ftp://example.com/a.jpg", false),
            (1, "scans/https://a.jpg", false),
            (1, "", false),
            // A folder may hold a folder with the name `http:`.
            (0, "http://example.com/a.jpg", false),
        ] {
            let entry = Entry { line, path: path.into(), ..Entry::default() };
            assert_eq!(entry.url(), url.then_some(path), "{line} {path}");
        }
        let not_text = Entry { line: 1, path: b"http://\xff".to_vec(), ..Entry::default() };
        assert_eq!(not_text.url(), None);
    }

    #[test]
    fn relative_paths_are_resolved_against_the_base() {
        for (path, file) in
            [("a/b.jpg", "/base/a/b.jpg"), ("/other/b.jpg", "/other/b.jpg"), ("../c.jpg", "/base/../c.jpg")]
        {
            let entry = Entry { path: path.into(), ..Entry::default() };
            assert_eq!(entry.file(Path::new("/base")), Path::new(file), "{path}");
        }
    }
}
