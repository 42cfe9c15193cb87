//! TIFF and BigTIFF. Where files deviate from the standard, they are read as libtiff reads them.
//!
//! - [`byte_layout`]: byte order and width of the numbers in a file
//! - [`directory`]: one directory: the tags of a page
//! - [`chunks`]: the strips or tiles of a page, and where their data is
//! - [`unpack`], [`predictor`], [`jpeg_chunk`], [`subsampling`]: from the data of a chunk to samples
//! - [`colors`]: from samples to pixels
//! - [`raster`]: pages of samples; [`fax_page`]: fax pages
//! - [`changes`]: pages that earlier versions decoded otherwise
//! - [`tiff_file`]: the pages of a file

pub(crate) mod byte_layout;
pub(crate) mod changes;
pub(crate) mod chunks;
pub(crate) mod colors;
pub(crate) mod directory;
pub(crate) mod fax_page;
pub(crate) mod jpeg_chunk;
pub(crate) mod predictor;
pub(crate) mod raster;
pub(crate) mod subsampling;
pub(crate) mod tiff_file;
pub(crate) mod unpack;
