//! Fonts with entries that the renderer can't use. Embedded TrueType fonts with an encoding that it ignores, because
//! their flags declare symbols: viewers apply the encoding unless the font has a table of symbols. Fonts without a
//! type. Source: ISO 32000-1, 9.6.6.4 and 9.8.2; for types, what PDFium, MuPDF and Poppler do.

use super::deflate::read_start;
use super::page_fonts::FontEntries;
use hayro::hayro_syntax::object::{Dict, Name, Object, Stream};
use skrifa::raw::tables::cmap::{Cmap, PlatformId};
use skrifa::raw::types::Version16Dot16;
use skrifa::raw::{FontRef, TableProvider, TopLevelTable};

/// The flag of fonts with the characters of Latin text.
const NON_SYMBOLIC: u32 = 1 << 5;
/// The font types that the renderer supports.
const TYPES: [&[u8]; 6] = [b"Type1", b"MMType1", b"TrueType", b"OpenType", b"Type0", b"Type3"];
/// The flag of fonts with other characters.
const SYMBOLIC: u32 = 1 << 2;
/// The numbers of encodings: of symbols and of Unicode for Windows, and of Latin text for the Macintosh.
const SYMBOLS: u16 = 0;
const UNICODE: u16 = 1;
const ROMAN: u16 = 0;
/// Bytes that the list of a font's tables has at most: a header, and sixty tables.
const MAX_DIRECTORY: usize = 12 + 60 * 16;
/// The version of a table of names that has none.
const NO_NAMES: Version16Dot16 = Version16Dot16::VERSION_3_0;

/// The type of a font that has none that the renderer knows: viewers draw it as what it holds.
pub(crate) fn find_type(font: &Dict<'_>) -> FontEntries {
    FontEntries { font: missing_type(font).unwrap_or_default().to_owned(), ..FontEntries::default() }
}

/// The same; `None`: it has one.
pub(crate) fn missing_type(font: &Dict<'_>) -> Option<&'static str> {
    let kind = font.get::<Name<'_>>("Subtype");
    if kind.is_some_and(|kind| TYPES.contains(&&*kind)) {
        return None;
    }
    let has_outlines = || font.get::<Dict<'_>>("FontDescriptor").is_some_and(|found| found.contains_key("FontFile2"));
    Some(match font {
        _ if font.contains_key("DescendantFonts") => "/Subtype/Type0",
        _ if font.contains_key("CharProcs") => "/Subtype/Type3",
        _ if has_outlines() => "/Subtype/TrueType",
        _ => "/Subtype/Type1",
    })
}

/// The flags of a font whose encoding the renderer would ignore, and viewers apply.
pub(crate) fn find_flags(font: &Dict<'_>) -> FontEntries {
    with_flags(flags_with_encoding(font, |tables, program| tables.has_characters || has_names(program)))
}

/// The same as versions of the decoder before 15 had it: also with a table of codes for the Macintosh only.
pub(crate) fn find_flags_as_before(font: &Dict<'_>) -> FontEntries {
    with_flags(flags_with_encoding(font, |_, _| true))
}

/// The flags of a font whose codes the renderer would look up by names that it does not have.
pub(crate) fn find_flags_of_symbols(font: &Dict<'_>) -> FontEntries {
    with_flags(flags_of_symbols(font))
}

fn with_flags(flags: Option<u32>) -> FontEntries {
    let entry = flags.map(|flags| format!("/Flags {flags}"));
    FontEntries { descriptor: entry.unwrap_or_default(), ..FontEntries::default() }
}

/// The right flags of a font. `None`: the renderer applies its encoding, it has none with a name, or its glyphs are not found by
/// their names.
fn flags_with_encoding(font: &Dict<'_>, are_found_by_names: impl Fn(&CodeTables, &Stream<'_>) -> bool) -> Option<u32> {
    let is = |key: &str, names: &[&[u8]]| font.get::<Name<'_>>(key).is_some_and(|name| names.contains(&&*name));
    if !is("Subtype", &[b"TrueType"]) || !is("Encoding", &[b"WinAnsiEncoding", b"MacRomanEncoding"]) {
        return None;
    }
    let descriptor = font.get::<Dict<'_>>("FontDescriptor")?;
    let flags = descriptor.get::<u32>("Flags").unwrap_or(0);
    if flags & NON_SYMBOLIC != 0 {
        return None;
    }
    let program = descriptor.get::<Stream<'_>>("FontFile2")?;
    let tables = CodeTables::read(&program)?;
    (!tables.has_symbols && are_found_by_names(&tables, &program)).then_some(flags | NON_SYMBOLIC)
}

/// The right flags of a font that declares Latin text, and whose glyphs viewers find by its codes: one with a table of symbols
/// only, or without an encoding. `None`: they find them by their names.
fn flags_of_symbols(font: &Dict<'_>) -> Option<u32> {
    if font.get::<Name<'_>>("Subtype").as_deref() != Some(b"TrueType") {
        return None;
    }
    let descriptor = font.get::<Dict<'_>>("FontDescriptor")?;
    let flags = descriptor.get::<u32>("Flags").filter(|flags| flags & NON_SYMBOLIC != 0)?;
    let program = descriptor.get::<Stream<'_>>("FontFile2")?;
    let tables = CodeTables::read(&program)?;
    let is_by_codes = match font.get::<Object<'_>>("Encoding") {
        Some(_) => tables.has_symbols && !tables.has_characters && !tables.is_for_macintosh && !has_names(&program),
        None => tables.has_symbols || tables.has_characters || tables.is_for_macintosh,
    };
    is_by_codes.then_some(flags & !NON_SYMBOLIC | SYMBOLIC)
}

/// Whether a font has names of its glyphs.
fn has_names(font: &Stream<'_>) -> bool {
    let has =
        |data: &[u8]| FontRef::new(data).and_then(|font| font.post()).is_ok_and(|post| post.version() != NO_NAMES);
    font.decoded_data().is_ok_and(|data| has(&data))
}

/// What a font finds its glyphs by.
struct CodeTables {
    /// Codes of symbols, for Windows.
    has_symbols: bool,
    /// Characters of Unicode, for Windows.
    has_characters: bool,
    /// Codes for the Macintosh.
    is_for_macintosh: bool,
}

impl CodeTables {
    /// `None`: the font can't be read, or maps no codes.
    fn read(font: &Stream<'_>) -> Option<Self> {
        // The table of codes is one of the first in most fonts, and pages are drawn with many fonts.
        let start = read_start(font, MAX_DIRECTORY)?;
        let known = FontRef::new(&start).ok()?;
        let entry = known.table_directory().table_records().iter().find(|entry| entry.tag() == Cmap::TAG)?;
        let end = entry.offset().checked_add(entry.length())?;
        let data = read_start(font, usize::try_from(end).ok()?)?;
        let font = FontRef::new(&data).ok()?;
        let cmap = font.cmap().ok()?;
        let tables = cmap.encoding_records();
        let has = |platform: PlatformId, encoding: u16| {
            tables.iter().any(|table| table.platform_id() == platform && table.encoding_id() == encoding)
        };
        (!tables.is_empty()).then(|| Self {
            has_symbols: has(PlatformId::Windows, SYMBOLS),
            has_characters: has(PlatformId::Windows, UNICODE),
            is_for_macintosh: has(PlatformId::Macintosh, ROMAN),
        })
    }
}
