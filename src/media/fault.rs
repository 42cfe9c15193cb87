//! Faults of files and pages that give no picture.

use crate::base::vocabulary::ErrorKind;
use serde::{Deserialize, Serialize};

/// Kinds of [`MediaFault`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MediaFaultKind {
    /// The file has no content.
    EmptyFile,
    /// The content is not an image or a document.
    NotAnImage,
    /// The content has a format that docmill doesn't read.
    UnsupportedFormat,
    /// The file ends before its picture does.
    CutShort,
    /// The picture exceeds a limit of size or memory.
    TooLarge,
    /// The content is damaged.
    Damaged,
    /// The page can't be drawn completely.
    IncompletePage,
    /// The document can be opened only with a password.
    PasswordProtected,
    /// The document has no pages, or not the requested one.
    NoPages,
    /// Reading the picture exceeded the time limit.
    DecodeTimeout,
    /// The decoder crashed.
    DecoderFailed,
    /// The decoder ran out of memory. Another try may succeed.
    DecoderOutOfMemory,
    /// The image to send is larger than providers accept.
    RequestTooLarge,
}

impl MediaFaultKind {
    /// The kind of error that the page gets.
    #[must_use]
    pub fn error_kind(self) -> ErrorKind {
        match self {
            Self::EmptyFile => ErrorKind::EmptyFile,
            Self::NotAnImage => ErrorKind::NotAnImage,
            Self::UnsupportedFormat => ErrorKind::UnsupportedFormat,
            Self::CutShort => ErrorKind::CutShort,
            Self::TooLarge => ErrorKind::TooLarge,
            Self::Damaged => ErrorKind::Damaged,
            Self::IncompletePage => ErrorKind::IncompletePage,
            Self::PasswordProtected => ErrorKind::PasswordProtected,
            Self::NoPages => ErrorKind::NoPages,
            Self::DecodeTimeout => ErrorKind::DecodeTimeout,
            Self::DecoderFailed => ErrorKind::DecoderFailed,
            Self::DecoderOutOfMemory => ErrorKind::DecoderOutOfMemory,
            Self::RequestTooLarge => ErrorKind::RequestTooLarge,
        }
    }

    /// The value of the column `error_kind`.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.error_kind().name()
    }
}

/// A file or a page gives no picture.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error("{message}")]
pub struct MediaFault {
    /// The kind.
    pub kind: MediaFaultKind,
    /// A lower-case fragment of one line.
    pub message: String,
}

impl MediaFault {
    /// A fault with this message, in which white space becomes single spaces.
    pub(crate) fn new(kind: MediaFaultKind, message: impl Into<String>) -> Self {
        let message: String = message.into();
        Self { kind, message: message.split_whitespace().collect::<Vec<_>>().join(" ") }
    }

    /// A file that is damaged.
    pub(crate) fn damaged(message: impl Into<String>) -> Self {
        Self::new(MediaFaultKind::Damaged, message)
    }

    /// A file that ends too early.
    pub(crate) fn cut_short() -> Self {
        Self::new(MediaFaultKind::CutShort, "the file ends before its picture does")
    }

    /// A document that has no page of this number.
    pub(crate) fn no_page(page: u32) -> Self {
        Self::new(MediaFaultKind::NoPages, format!("the document has no page {page}"))
    }

    /// A picture with a `feature` that docmill doesn't read; the message begins with it.
    pub(crate) fn unsupported(feature: impl std::fmt::Display) -> Self {
        let message = format!("{feature} is not supported; convert the file to JPEG or PNG");
        Self::new(MediaFaultKind::UnsupportedFormat, message)
    }

    /// From an error of the `image` library.
    pub(crate) fn from_image_error(error: &image::ImageError) -> Self {
        let ends_early =
            matches!(error, image::ImageError::IoError(io) if io.kind() == std::io::ErrorKind::UnexpectedEof);
        let message = error.to_string().to_lowercase();
        match error {
            _ if ends_early => Self::cut_short(),
            image::ImageError::Limits(_) => Self::new(MediaFaultKind::TooLarge, message),
            image::ImageError::Unsupported(_) => Self::new(MediaFaultKind::UnsupportedFormat, message),
            _ => Self::from_decoder_message(&message),
        }
    }

    /// From the message of a decoder that reports an early end only as text.
    pub(crate) fn from_decoder_message(message: &str) -> Self {
        let message = message.to_lowercase();
        let early = ["unexpected eof", "unexpected end", "failed to fill whole buffer", "end of file"];
        if early.iter().any(|early| message.contains(early)) { Self::cut_short() } else { Self::damaged(message) }
    }
}
