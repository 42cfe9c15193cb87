//! Why a file gives no picture.

/// A kind of fault, as `error_kind` shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
            Self::RequestTooLarge => "request_too_large",
        }
    }
}

/// Why a file gives no picture: a kind and words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct MediaFault {
    /// The kind.
    pub kind: MediaFaultKind,
    /// A lower-case fragment.
    pub message: String,
}

impl MediaFault {
    pub(crate) fn new(kind: MediaFaultKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    pub(crate) fn from_image(error: &image::ImageError) -> Self {
        let message = error.to_string().to_lowercase();
        let ends_early = matches!(error, image::ImageError::IoError(io) if io.kind() == std::io::ErrorKind::UnexpectedEof)
            || message.contains("unexpected eof")
            || message.contains("unexpected end")
            || message.contains("failed to fill whole buffer");
        match error {
            _ if ends_early => Self::new(MediaFaultKind::CutShort, "the file ends before its picture does"),
            image::ImageError::Limits(_) => Self::new(MediaFaultKind::TooLarge, message),
            image::ImageError::Unsupported(_) => Self::new(MediaFaultKind::UnsupportedFormat, message),
            _ => Self::new(MediaFaultKind::Damaged, message),
        }
    }
}
