//! WebP: what docmill reads itself. Pixels are those of the `image` library.
//!
//! - [`chunks`]: the parts of a file
//! - [`bit_reader`], [`probabilities`]: VP8's arithmetic coder and its tables
//! - [`modes`], [`coefficients`]: the parts of a macroblock
//! - [`completeness`]: whether the data of a picture with loss reach to its end

pub(crate) mod bit_reader;
pub(crate) mod chunks;
pub(crate) mod coefficients;
pub(crate) mod completeness;
pub(crate) mod modes;
pub(crate) mod probabilities;

pub(crate) use chunks::{is_complete_webp, read_webp_orientation};
pub(crate) use completeness::check_lossy;
