//! Why a file gives no picture.

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
    /// As it stands in a row.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::EmptyFile => "empty_file",
            Self::NotAnImage => "not_an_image",
            Self::UnsupportedFormat => "unsupported_format",
            Self::CutShort => "cut_short",
            Self::TooLarge => "too_large",
            Self::Damaged => "damaged",
            Self::PasswordProtected => "password_protected",
            Self::NoPages => "no_pages",
            Self::DecodeTimeout => "decode_timeout",
            Self::DecoderFailed => "decoder_failed",
            Self::RequestTooLarge => "request_too_large",
        }
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
