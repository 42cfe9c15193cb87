//! What a file is, how large its picture is, and the picture itself, within bounds.
//!
//! - [`kind`]: told by content, never by name
//! - [`jpeg`]: a JPEG's header and end
//! - [`mod@probe`]: size, orientation and completeness, from headers
//! - [`mod@decode`]: the picture, 8 bits, grey or RGB, over white

mod decode;
mod fault;
mod jpeg;
mod kind;
mod probe;

pub use decode::{Pixels, decode};
pub use fault::{MediaFault, MediaFaultKind};
pub use image::metadata::Orientation;
pub use kind::Format;
pub use probe::{Probe, probe};

/// Part of the key under which an unreadable file is remembered: raising it makes the
/// next run try such files again.
pub const DECODER_VERSION: u32 = 1;
