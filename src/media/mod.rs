//! Formats of images and documents: detects them, counts pages, reads sizes and decodes
//! pages, within limits of size and memory.
//!
//! - [`fault`]: why a file or a page gives no picture
//! - [`kind`]: the format of a file
//! - [`page_layout`]: how the pages of a document are numbered
//! - [`pixels`]: a decoded page
//! - [`exif`]: the orientation in Exif data; [`png_chunks`], [`webp_chunks`]: where it is, and
//!   whether the file is complete
//! - [`mod@jpeg`], [`mod@jpeg2000`], [`fax`], [`bmp_header`], [`bmp_rle`]: decoders of single formats; `turbo`: JPEG with
//!   libjpeg-turbo
//! - [`mod@probe`], [`decode`]: the header and the picture of files that hold one picture
//! - [`mod@tiff`], [`mod@pdf`]: files of several pages
//! - [`document`]: a file of any format; [`earlier`]: what earlier versions made of one

pub(crate) mod bmp_header;
pub(crate) mod bmp_rle;
pub(crate) mod decode;
pub(crate) mod document;
pub(crate) mod earlier;
pub(crate) mod exif;
pub(crate) mod fault;
pub(crate) mod fax;
pub(crate) mod jpeg;
pub(crate) mod jpeg2000;
pub(crate) mod kind;
pub(crate) mod page_layout;
pub(crate) mod pdf;
pub(crate) mod pixels;
pub(crate) mod png_chunks;
pub(crate) mod probe;
pub(crate) mod tiff;
#[cfg(feature = "turbojpeg")]
pub(crate) mod turbo;
pub(crate) mod webp_chunks;

pub use decode::check_complete;
pub use document::Document;
pub use earlier::EarlierPicture;
pub use fault::{MediaFault, MediaFaultKind};
pub use image::metadata::Orientation;
pub use kind::ImageFormat;
pub use page_layout::PageLayout;
pub(crate) use pdf::drawing::BUILT_IN as BUILT_IN_RENDERER;
pub use pdf::poppler::{Pdftoppm, is_pdftoppm};
pub use pdf::renderer::PdfRenderers;
pub(crate) use pdf::system_fonts::hash_of_installed as hash_of_installed_fonts;
pub use pixels::Pixels;
pub use probe::{Probe, probe};

pub use crate::base::decoder_version::DECODER_VERSION;
