//! PDF.
//!
//! - [`encryption`]: files of which only the attachments are encrypted
//! - [`page_tree`]: the numbers of the pages
//! - [`content`]: content streams that paint one image
//! - [`stream_check`]: whether the data of an image is complete
//! - [`raster_scan`]: scanned images without loss, and in JPEG 2000 and JBIG2
//! - [`scan`]: pages that are one scanned image
//! - [`pdf_file`]: the pages of a file

pub(crate) mod content;
pub(crate) mod encryption;
pub(crate) mod page_tree;
pub(crate) mod pdf_file;
pub(crate) mod raster_scan;
pub(crate) mod scan;
pub(crate) mod stream_check;
