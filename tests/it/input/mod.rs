//! Files, lists, documents of several pages, and pages that are not sent.

mod decoders;
mod files;
mod list_files;
mod lists;
pub(crate) mod near_duplicates;
pub(crate) mod pdf;
mod pdf_colors;
mod pdf_corrections;
mod pdf_damage;
mod pdf_encryption;
mod pdf_fonts;
mod pdf_groups;
mod pdf_jbig2;
mod pdf_layers;
mod pdf_losses;
mod pdf_numbers;
mod pdf_objects;
mod pdf_parts;
mod pdf_renderers;
mod pdf_scans;
mod pdf_stencils;
mod selections;
mod signed_urls;
mod tiff;
mod tiff_builder;
mod tiff_colors;
mod tiff_variants;
