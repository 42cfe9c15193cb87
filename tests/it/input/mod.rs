//! Files, lists, documents of several pages, and pages that are not sent.

mod decoders;
mod files;
mod lists;
mod near_duplicates;
pub(crate) mod pdf;
mod pdf_losses;
mod pdf_renderers;
mod tiff;
