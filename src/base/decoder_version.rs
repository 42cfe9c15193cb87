//! The version of decoding.

/// The version of decoding. It is stored with what depends on pictures: a file that an earlier version
/// has read is opened once more. Raising it costs no requests.
///
/// 3: pages that lost content are faults; PDF pages have the numbers of the page tree.
pub const DECODER_VERSION: u32 = 3;
