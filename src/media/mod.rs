//! What a file is, how large its picture is, and the picture itself, within bounds.
//!
//! - [`kind`]: told by content, never by name
//! - [`document`]: a file, opened: its pages, their headers, their pictures
//! - [`mod@probe`]: size, orientation and completeness of one picture, from headers
//! - [`jpeg`], [`tiff_file`] with [`directory`] and [`window`], [`pdf`] with [`scan`]: formats read by
//!   readers of our own or with pages; [`ccitt`]: fax pages
//! - [`decode`], [`pixels`]: the picture, 8 bits, grey or RGB, over white

mod ccitt;
mod decode;
mod directory;
mod document;
mod fault;
mod jpeg;
mod kind;
mod pdf;
mod pixels;
mod probe;
mod scan;
mod tiff_file;
#[cfg(feature = "turbojpeg")]
mod turbo;
mod window;

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
