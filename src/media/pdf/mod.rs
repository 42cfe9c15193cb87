//! PDF.
//!
//! - [`content`]: content streams that paint one image
//! - [`scan`]: pages that are one scanned image
//! - [`pdf_file`]: the pages of a file

pub(crate) mod content;
pub(crate) mod pdf_file;
pub(crate) mod scan;
