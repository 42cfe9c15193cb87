//! Why the content of an entry can't be read.

use crate::base::vocabulary::ErrorKind;

/// Kinds of [`ReadFault`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadFaultKind {
    /// The file is larger than the limit.
    TooLarge,
    /// The file can't be read.
    ReadFailed,
    /// The URL can't be fetched.
    FetchFailed,
    /// No decoder can open a file of this size with the memory that there is.
    LacksMemory,
    /// HTTP can't be set up, so that no URL can be fetched: the run should end.
    NoHttpClient,
    /// There are no trusted certificates, so that no https URL can be fetched: the run should end.
    NoRoots,
}

impl ReadFaultKind {
    /// The value of the column `error_kind`.
    #[must_use]
    pub fn error_kind(self) -> ErrorKind {
        match self {
            Self::TooLarge => ErrorKind::TooLarge,
            Self::ReadFailed => ErrorKind::ReadFailed,
            Self::LacksMemory => ErrorKind::DecoderOutOfMemory,
            Self::FetchFailed | Self::NoHttpClient | Self::NoRoots => ErrorKind::FetchFailed,
        }
    }
}

/// The content of an entry can't be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ReadFault {
    /// The kind.
    pub kind: ReadFaultKind,
    /// A lower-case fragment.
    pub message: String,
    /// Whether another attempt would fail in the same way. Never for a file, which may come back.
    pub is_final: bool,
}

impl ReadFault {
    /// A fault of a file.
    pub(crate) fn of_file(kind: ReadFaultKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), is_final: false }
    }

    /// A file of `length` bytes that no decoder can open with the memory that there is.
    pub(crate) fn lacks_memory(length: u64) -> Self {
        let message = format!("there is too little memory to open a file of {} MB", length >> 20);
        Self::of_file(ReadFaultKind::LacksMemory, message)
    }

    /// The run ends before the file is read.
    pub(crate) fn cancelled() -> Self {
        Self::of_file(ReadFaultKind::ReadFailed, "the run ends")
    }

    /// A file can't be read.
    pub(crate) fn from_io(error: &std::io::Error) -> Self {
        Self::of_file(ReadFaultKind::ReadFailed, format!("can't be read: {error}"))
    }
}
