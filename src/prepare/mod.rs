//! Turns a page into the image that is sent: upright, no larger than the model can use,
//! encoded. A file that can be sent unchanged is sent unchanged and never decoded.
//!
//! - [`size`]: the size to send; [`resize`]: downscaling and turning upright; [`encode`]: JPEG
//! - [`page_features`]: whether a page is blank, and its fingerprint;
//!   [`fingerprint_index`]: near duplicates
//! - [`page`]: all of these for one page
//! - [`decoder`]: the same in a separate process, in which a malicious file may crash, hang or
//!   use up memory

pub(crate) mod decoder;
pub(crate) mod encode;
pub(crate) mod fingerprint_index;
pub(crate) mod page;
pub(crate) mod page_features;
pub(crate) mod resize;
pub(crate) mod size;

pub use decoder::child::serve;
pub use decoder::handle::{Decoder, DecoderError};
pub use decoder::memory::DecoderMemory;
pub(crate) use decoder::memory::{FileMemory, Share as MemoryShare};
pub use decoder::process::DecoderCommand;
pub use encode::encode_jpeg;
pub(crate) use fingerprint_index::FingerprintIndex;
#[cfg(feature = "internal")]
pub use page::prepare;
pub use page::{Prepared, is_single_page, pass_through, size_from_header};
pub use page_features::PageFeatures;
pub use resize::resize_upright;
pub use size::{full_size, target_size};
