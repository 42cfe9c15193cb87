//! Why a file gives no picture.

use crate::base::vocabulary::ErrorKind;
use serde::{Deserialize, Serialize};

/// A kind of fault, as `error_kind` shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MediaFaultKind {
    /// The file has no bytes.
    EmptyFile,
    /// The content is no image.
    NotAnImage,
    /// The content is a format that docmill does not read.
    UnsupportedFormat,
    /// The file ends before its picture does.
    CutShort,
    /// The picture or the file is larger than the bounds.
    TooLarge,
    /// The content is damaged.
    Damaged,
    /// The document opens only with a password.
    PasswordProtected,
    /// The document has no pages.
    NoPages,
    /// Reading the picture took too long.
    DecodeTimeout,
    /// The decoder crashed.
    DecoderFailed,
    /// What would have to be sent is more than providers take.
    RequestTooLarge,
}

impl MediaFaultKind {
    /// As `error_kind` shows it.
    #[must_use]
    pub fn error_kind(self) -> ErrorKind {
        match self {
            Self::EmptyFile => ErrorKind::EmptyFile,
            Self::NotAnImage => ErrorKind::NotAnImage,
            Self::UnsupportedFormat => ErrorKind::UnsupportedFormat,
            Self::CutShort => ErrorKind::CutShort,
            Self::TooLarge => ErrorKind::TooLarge,
            Self::Damaged => ErrorKind::Damaged,
            Self::PasswordProtected => ErrorKind::PasswordProtected,
            Self::NoPages => ErrorKind::NoPages,
            Self::DecodeTimeout => ErrorKind::DecodeTimeout,
            Self::DecoderFailed => ErrorKind::DecoderFailed,
            Self::RequestTooLarge => ErrorKind::RequestTooLarge,
        }
    }

    /// The word of [`Self::error_kind`].
    #[must_use]
    pub fn name(self) -> &'static str {
        self.error_kind().name()
    }
}

/// Why a file gives no picture: a kind and words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error("{message}")]
pub struct MediaFault {
    /// The kind.
    pub kind: MediaFaultKind,
    /// A lower-case fragment.
    pub message: String,
}

impl MediaFault {
    pub(crate) fn new(kind: MediaFaultKind, message: impl Into<String>) -> Self {
        let message: String = message.into();
        Self { kind, message: message.split_whitespace().collect::<Vec<_>>().join(" ") }
    }

    pub(crate) fn from_image(error: &image::ImageError) -> Self {
        let ends_early =
            matches!(error, image::ImageError::IoError(io) if io.kind() == std::io::ErrorKind::UnexpectedEof);
        let message = error.to_string().to_lowercase();
        match error {
            _ if ends_early => Self::cut_short(),
            image::ImageError::Limits(_) => Self::new(MediaFaultKind::TooLarge, message),
            image::ImageError::Unsupported(_) => Self::new(MediaFaultKind::UnsupportedFormat, message),
            _ => Self::from_words(&message),
        }
    }

    /// From what a decoder says: libraries name an early end in words only.
    pub(crate) fn from_words(words: &str) -> Self {
        let words = words.to_lowercase();
        let early = ["unexpected eof", "unexpected end", "failed to fill whole buffer", "end of file"];
        if early.iter().any(|early| words.contains(early)) {
            Self::cut_short()
        } else {
            Self::new(MediaFaultKind::Damaged, words)
        }
    }

    pub(crate) fn cut_short() -> Self {
        Self::new(MediaFaultKind::CutShort, "the file ends before its picture does")
    }
}
