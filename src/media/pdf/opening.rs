//! Opens PDFs.

use super::encryption::open_without_attachments;
use crate::media::fault::{MediaFault, MediaFaultKind};
use bytes::Bytes;
use hayro::hayro_syntax::{DecryptionError, LoadPdfError, Pdf};
use std::sync::Arc;

/// Opens the PDF with this content.
///
/// # Errors
/// A PDF that is damaged, needs a password or is encrypted in an unknown way.
pub(crate) fn open_pdf(bytes: &Bytes) -> Result<Pdf, MediaFault> {
    Pdf::new(Arc::new(bytes.clone())).or_else(|error| open_without_attachments(bytes).ok_or_else(|| load_fault(error)))
}

/// Why the library can't open a file.
fn load_fault(error: LoadPdfError) -> MediaFault {
    match error {
        LoadPdfError::Decryption(DecryptionError::PasswordProtected) => {
            MediaFault::new(MediaFaultKind::PasswordProtected, "the PDF needs a password; save it without one")
        }
        LoadPdfError::Decryption(_) => MediaFault::new(
            MediaFaultKind::UnsupportedFormat,
            "the encryption of the PDF is not supported; save it without encryption",
        ),
        LoadPdfError::Invalid => MediaFault::damaged("the PDF is damaged"),
    }
}
