//! JPEG (ITU-T T.81).
//!
//! - [`header`]: size, orientation and end of a file, from its segments
//! - [`bit_reader`], [`huffman`], [`standard_tables`]: Huffman codes
//! - [`frame`]: frame and scan headers
//! - [`entropy`]: walks over the coded blocks of a scan, without decoding them
//! - [`arithmetic`]: the same for arithmetic coding, which has to decode them
//! - [`completeness`]: whether every block of the picture is in the file
//! - [`color`]: whether components are RGB or YCbCr
//! - [`decode`](mod@decode): the picture
//! - `test_parts`: parts of files, for tests

mod arithmetic;
pub(crate) mod bit_reader;
pub(crate) mod color;
pub(crate) mod completeness;
pub(crate) mod decode;
pub(crate) mod entropy;
pub(crate) mod frame;
pub(crate) mod header;
pub(crate) mod huffman;
pub(crate) mod standard_tables;
#[cfg(test)]
pub(crate) mod test_parts;

pub(crate) use color::{had_other_colors, is_rgb_in_tiff};
pub(crate) use completeness::{check_complete, check_complete_if_arithmetic};
pub(crate) use decode::decode;
pub(crate) use header::read_header;
