//! TIFF and BigTIFF.
//!
//! - [`byte_layout`]: byte order and width of the numbers in a file
//! - [`directory`]: one directory: the tags of a page
//! - [`patched_file`], [`patches`]: what the `tiff` library is shown instead of the file
//! - [`raster`]: pages that the `tiff` library decodes; [`fax_page`]: fax pages
//! - [`tiff_file`]: the pages of a file

pub(crate) mod byte_layout;
pub(crate) mod directory;
pub(crate) mod fax_page;
pub(crate) mod patched_file;
pub(crate) mod patches;
pub(crate) mod raster;
pub(crate) mod tiff_file;
