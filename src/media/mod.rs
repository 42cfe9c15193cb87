//! What a file is, how large its picture is, and the picture itself, within bounds.
//!
//! - [`kind`]: told by content, never by name
//! - [`document`]: a file, opened: its pages, their headers, their pictures
//! - [`mod@probe`]: size, orientation and completeness of one picture, from headers
//! - [`jpeg`], [`tiff_file`] with [`directory`] and [`window`], [`pdf`] with [`scan`]: formats read by
//!   readers of our own or with pages; [`ccitt`]: fax pages
//! - [`decode`], [`pixels`]: the picture, 8 bits, grey or RGB, over white

pub(crate) mod decode;
pub(crate) mod document;
pub(crate) mod fault;
pub(crate) mod jpeg;
pub(crate) mod kind;
pub(crate) mod pdf;
pub(crate) mod pixels;
pub(crate) mod probe;
pub(crate) mod tiff;
#[cfg(feature = "turbojpeg")]
pub(crate) mod turbo;

pub use decode::to_image;
pub use document::Document;
pub use fault::{MediaFault, MediaFaultKind};
pub use image::metadata::Orientation;
pub use kind::Format;
pub use pixels::Pixels;
pub use probe::{Probe, probe};

/// Part of the key under which an unreadable file is remembered: raising it makes the
/// next run try such files again.
pub const DECODER_VERSION: u32 = 2;
