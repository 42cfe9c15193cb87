//! The version of decoding.

/// The version of decoding. It is stored with what depends on pictures: a file that an earlier version
/// has read is opened once more. Raising it costs no requests.
///
/// 3: pages that lost content are faults; PDF pages have the numbers of the page tree. 4: cut JPEG 2000,
/// patterns, shadings and glyphs that are missing are faults; form fields show their values; pages without a
/// size are Letter. 5: content behind a damaged part of a PDF page is drawn, or a fault; JPEG has the colours
/// of libjpeg; TIFF pages that can't be read are faults and have numbers; PNG and WebP are decoded before they
/// are sent; pages with an impossible crop box are drawn; missing symbol fonts and palettes are faults.
pub const DECODER_VERSION: u32 = 5;

/// Since this version PDF pages have the numbers of the page tree.
pub const PAGE_TREE_VERSION: u32 = 3;

/// Since this version TIFF pages that can't be read have numbers.
pub const TIFF_PAGES_VERSION: u32 = 5;

/// Since this version JPEG has the colours of libjpeg.
pub const JPEG_COLORS_VERSION: u32 = 5;

/// Since this version PDF pages are drawn with form fields, annotations and installed fonts; Exif data and
/// TIFF tags are read as today.
pub const FULL_DRAWING_VERSION: u32 = 3;
