//! Errors of the store.

use std::io;
use std::path::{Path, PathBuf};

/// Why the store cannot be used. Every command of a failed commit gets a clone.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// The file cannot be opened or created.
    #[error("cannot open the store {}: {reason}", path.display())]
    Open {
        /// The file of the store.
        path: PathBuf,
        /// The reason, from the operating system or SQLite.
        reason: String,
    },
    /// The user may not read or write the file or its folder.
    #[error("cannot open the store {}: {reason}", path.display())]
    Denied {
        /// The file of the store.
        path: PathBuf,
        /// The reason, from the operating system.
        reason: String,
    },
    /// The file is not a store of docmill.
    #[error("{} is not a docmill store", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// A newer version of docmill wrote the file.
    #[error(
        "a newer docmill has written the store {}: it has version {found}, but this docmill supports versions up to {known}",
        path.display()
    )]
    Newer {
        /// The file of the store.
        path: PathBuf,
        /// The version of its schema.
        found: i64,
        /// The newest version that this program supports.
        known: i64,
    },
    /// There is no store yet.
    #[error("there is no store at {}", path.display())]
    Missing {
        /// The path that was looked at.
        path: PathBuf,
    },
    /// The file contradicts itself or holds a value that docmill never writes.
    #[error("the store is damaged: {0}")]
    Damaged(String),
    /// Reading or writing failed, such as on a full disk or in a removed directory.
    #[error("the store failed: {0}")]
    Failed(String),
    /// The store is not one for this command, such as that of another shard. Nothing was changed.
    #[error("{message}")]
    Refused {
        /// Why.
        message: String,
        /// What to do about it.
        hint: String,
    },
    /// The writer has ended.
    #[error("the store is closed")]
    Closed,
    /// A defect of docmill.
    #[error("{0}")]
    Internal(String),
}

impl StoreError {
    /// What to do about it; `None`: nothing in particular, the disk or the permissions may be at fault.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::Missing { .. } => Some(
                "`docmill run` creates it beside the manifest, and `docmill merge` from the stores of shards; name the manifest, or the file with --store",
            ),
            Self::Damaged(_) => Some(
                "`docmill store check` shows the damage; restore your last `docmill store backup`, or save what can be read with `docmill store salvage --to FILE`",
            ),
            Self::Newer { .. } => {
                Some("use the docmill that has written it, or a newer one; the store was not changed")
            }
            Self::Denied { .. } => Some(
                "this user has to be able to read and write the store and its folder: change their permissions or name another file with --store, then run again; nothing is paid for twice",
            ),
            Self::Foreign { .. } => {
                Some("name the file of a store with --store or `store` in the manifest; the file was not changed")
            }
            Self::Refused { hint, .. } => Some(hint),
            Self::Open { .. } | Self::Failed(_) | Self::Closed | Self::Internal(_) => None,
        }
    }
}

impl StoreError {
    pub(crate) fn open(path: &Path, reason: impl ToString) -> Self {
        let reason = reason.to_string();
        let limit = if reason.contains("I/O error") { describe_file_limit() } else { String::new() };
        Self::Open { path: path.to_owned(), reason: reason + &limit }
    }

    /// A call on the file of the store or its folder failed.
    pub(crate) fn access(path: &Path, error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::PermissionDenied => Self::Denied { path: path.to_owned(), reason: error.to_string() },
            _ => Self::open(path, error),
        }
    }

    /// A file of the store, such as that of a batch, cannot be written.
    pub(crate) fn write(path: &Path, reason: impl ToString) -> Self {
        Self::Failed(format!("cannot write {}: {}", path.display(), reason.to_string()))
    }
}

/// The limit on the size of files, if the process has one: a write beyond it fails like one to a full disk.
#[cfg(unix)]
fn describe_file_limit() -> String {
    match rlimit::Resource::FSIZE.get_soft() {
        Ok(bytes) if bytes != rlimit::INFINITY => {
            format!(" (this process may write files of at most {bytes} bytes: ulimit -f)")
        }
        _ => String::new(),
    }
}

#[cfg(not(unix))]
fn describe_file_limit() -> String {
    String::new()
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::Error::{FromSqlConversionFailure, IntegralValueOutOfRange, InvalidColumnType};
        match error {
            FromSqlConversionFailure(..) | IntegralValueOutOfRange(..) | InvalidColumnType(..) => {
                Self::Damaged(error.to_string())
            }
            _ if error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseCorrupt) => {
                Self::Damaged(error.to_string())
            }
            _ if error.sqlite_error_code() == Some(rusqlite::ErrorCode::SystemIoFailure) => {
                Self::Failed(format!("{error}{}", describe_file_limit()))
            }
            _ => Self::Failed(error.to_string()),
        }
    }
}
