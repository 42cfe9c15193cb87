//! The bytes of a file, within bounds.

use super::entry::Entry;
use crate::base::vocabulary::ErrorKind;
use std::path::Path;

/// Largest file that is read, in bytes.
const MOST_BYTES: u64 = 512 << 20;

/// Why a file can't be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// A line of a list without a path.
    #[error("the list has no path here")]
    NoPath,
    /// Larger than the bounds.
    #[error("the file has {0} bytes, more than {MOST_BYTES}")]
    TooLarge(u64),
    /// A folder, a device: what a list names may never end.
    #[error("not a file")]
    NotAFile,
    /// Another scheme than http and https.
    #[error("can't be read: only files, and URLs of http and https, are")]
    Scheme,
    /// The system's words.
    #[error("can't be read: {0}")]
    Failed(#[from] std::io::Error),
}

impl ReadError {
    /// As `error_kind` shows it.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::TooLarge(_) => ErrorKind::TooLarge,
            _ => ErrorKind::ReadFailed,
        }
    }
}

impl Entry {
    /// The bytes of the file; relative paths stand below `base`.
    ///
    /// # Errors
    /// When there are none within the bounds.
    pub fn read(&self, base: &Path) -> Result<Vec<u8>, ReadError> {
        if self.path.is_empty() {
            return Err(ReadError::NoPath);
        }
        let path = self.file(base);
        let metadata = match std::fs::metadata(&path) {
            Err(_) if self.line > 0 && self.path.windows(3).any(|three| three == b"://") => {
                return Err(ReadError::Scheme);
            }
            found => found?,
        };
        if !metadata.is_file() {
            return Err(ReadError::NotAFile);
        }
        if metadata.len() > MOST_BYTES {
            return Err(ReadError::TooLarge(metadata.len()));
        }
        Ok(std::fs::read(path)?)
    }
}
