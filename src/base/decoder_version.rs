//! The version of decoding.

/// The version of decoding. It is stored with what depends on pictures: a file that an earlier version
/// has read is opened once more. Raising it costs no requests.
///
/// 3: pages that lost content are faults; PDF pages have the numbers of the page tree. 4: cut JPEG 2000,
/// patterns, shadings and glyphs that are missing are faults; form fields show their values; pages without a
/// size are Letter.
pub const DECODER_VERSION: u32 = 4;

/// Since this version PDF pages have the numbers of the page tree.
pub const PAGE_TREE_VERSION: u32 = 3;

/// Since this version PDF pages are drawn with form fields, annotations and installed fonts; Exif data and
/// TIFF tags are read as today.
pub const FULL_DRAWING_VERSION: u32 = 3;
