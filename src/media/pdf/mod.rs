//! PDF.
//!
//! - [`opening`]: opens files; [`encryption`]: those with only encrypted attachments
//! - [`corrections`]: entries that are corrected; [`page_tree`]: the numbers of the pages
//! - [`layers`]: which layers are hidden; [`soft_mask`]: which masks the renderer applies
//! - [`stream_corrections`]: entries of streams that the renderer can't use
//! - [`page_items`]: the arrays of a page; [`references`]: those that the library does not follow
//! - [`content`]: content streams that paint one image; [`content_repair`]: those that the renderer can't read;
//!   [`type3_text`]: those whose text it would not fill
//! - [`fill`]: the colour of areas; [`inline_image`]: inline images as objects
//! - [`color_space`]: the channels of colour spaces; [`functions`]: what computes colours; [`mesh`]: the data of shadings
//! - [`deflate`], [`stream_data`], [`stream_end`]: whether deflated and other data, JPEG and JBIG2 in a stream are complete
//! - [`jbig2`]: whether JBIG2 can be decoded without inventing a part of it
//! - [`stream_check`]: whether the data of a scanned image is complete
//! - [`raster_scan`]: scanned images without loss, and in JPEG 2000 and JBIG2
//! - [`scan`]: pages that are one scanned image
//! - [`losses`]: what a renderer did not draw; [`images`], [`embedded_font`], [`symbol_font`], [`type3_font`],
//!   [`content_streams`], [`paints`], [`page_state`], [`objects`]: whether images, fonts, content, patterns and other
//!   objects of the file are complete; [`within`]: what content belongs to, in the words of its losses
//! - [`font_flags`]: fonts whose encoding it would ignore; [`font_programs`]: those whose program it would not find;
//!   [`font_entries`]: both; [`page_fonts`]: the fonts of a page with other entries
//! - [`system_fonts`]: the installed fonts; [`fonts`]: those that a page is drawn with
//! - [`examine`]: what hayro leaves out of a page; [`groups`]: what it draws apart and should blend with the page
//! - [`form_text`], [`rich_text`], [`overlay`], [`appearance`], [`form_field`], [`annotations`]: additions drawn over a
//!   page because the file does not contain how it looks
//! - [`drawing`]: draws a page with hayro; [`poppler`]: with `pdftoppm`; [`renderer`]: which of them
//! - [`palettes`]: palettes that the library does not find; [`change`]: what is changed in a file before it is drawn;
//!   [`update`]: the file with it
//! - [`pdf_file`]: the pages of a file

pub(crate) mod annotations;
pub(crate) mod appearance;
pub(crate) mod change;
pub(crate) mod color_space;
pub(crate) mod content;
pub(crate) mod content_repair;
pub(crate) mod content_streams;
pub(crate) mod corrections;
pub(crate) mod deflate;
pub(crate) mod drawing;
pub(crate) mod embedded_font;
pub(crate) mod encryption;
pub(crate) mod examine;
pub(crate) mod fill;
pub(crate) mod font_entries;
pub(crate) mod font_flags;
pub(crate) mod font_programs;
pub(crate) mod fonts;
pub(crate) mod form_field;
pub(crate) mod form_text;
pub(crate) mod functions;
pub(crate) mod groups;
pub(crate) mod images;
pub(crate) mod inline_image;
pub(crate) mod jbig2;
pub(crate) mod layers;
pub(crate) mod losses;
pub(crate) mod mesh;
pub(crate) mod objects;
pub(crate) mod opening;
pub(crate) mod overlay;
pub(crate) mod page_fonts;
pub(crate) mod page_items;
pub(crate) mod page_state;
pub(crate) mod page_tree;
pub(crate) mod paints;
pub(crate) mod palettes;
pub(crate) mod pdf_file;
pub(crate) mod poppler;
pub(crate) mod raster_scan;
pub(crate) mod references;
pub(crate) mod renderer;
pub(crate) mod rich_text;
pub(crate) mod scan;
pub(crate) mod soft_mask;
pub(crate) mod stream_check;
pub(crate) mod stream_corrections;
pub(crate) mod stream_data;
pub(crate) mod stream_end;
pub(crate) mod symbol_font;
pub(crate) mod system_fonts;
pub(crate) mod type3_font;
pub(crate) mod type3_text;
pub(crate) mod update;
pub(crate) mod within;
