//! The entries of a font that the renderer can't use, of all kinds.

use super::font_flags::{find_flags, find_flags_of_symbols, find_type};
use super::font_programs::{find_program_of_other_type, find_unusual_program};
use super::page_fonts::FontEntries;
use hayro::hayro_syntax::object::Dict;

/// What makes the renderer use a font as viewers do. Of two equal entries the last one holds.
pub(crate) fn find_entries(font: &Dict<'_>) -> FontEntries {
    let mut all = FontEntries::default();
    for find in [find_type, find_flags, find_flags_of_symbols, find_unusual_program, find_program_of_other_type] {
        let FontEntries { font, descriptor } = find(font);
        all.font.push_str(&font);
        all.descriptor.push_str(&descriptor);
    }
    all
}
