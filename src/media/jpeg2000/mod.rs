//! JPEG 2000 (ITU-T T.800).
//!
//! - [`boxes`]: the boxes of a file
//! - [`codestream`]: the tile-parts of a picture
//! - [`completeness`]: whether all of the picture is in the file
//! - [`decode`](mod@decode): size, orientation and picture

pub(crate) mod boxes;
pub(crate) mod codestream;
pub(crate) mod completeness;
pub(crate) mod decode;

pub(crate) use codestream::{is_high_throughput, read_format};
pub(crate) use completeness::check_complete;
pub(crate) use decode::{decode, read_earlier_orientation, read_header, read_orientation};
