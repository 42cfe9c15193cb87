//! What is sent instead of a page: upright, no larger than the model can use, encoded.
//!
//! - [`size`]: how large it is sent; [`resize`]: downscale and turn upright; [`encode`]: as JPEG
//! - [`marks`]: what a look at the small picture tells: blank, or like another
//! - [`page`]: all of these for one page
//! - [`decoder`], [`child`], [`frame`]: the same in a process of its own, where what a
//!   stranger wrote can crash, hang or swell without harm
//!
//! What is fit to be sent as it is, is sent as it is, and never leaves this process.

pub(crate) mod decoder;
pub(crate) mod encode;
pub(crate) mod page;
pub(crate) mod page_features;
pub(crate) mod resize;
pub(crate) mod size;

pub use decoder::child::serve;
pub use decoder::handle::{Decoder, DecoderCommand, DecoderError};
pub use encode::jpeg;
pub use page::{Prepared, as_it_is, count_by_header, prepare, size_by_header};
pub use page_features::PageFeatures;
pub use resize::to_size;
pub use size::{full_size, target_size};
