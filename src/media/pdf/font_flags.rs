//! Fonts with entries that the renderer can't use. Embedded TrueType fonts with an encoding that it ignores, because
//! their flags declare symbols: viewers apply the encoding unless the font has a table of symbols. Fonts without a
//! type. Source: ISO 32000-1, 9.6.6.4 and 9.8.2; for types, what PDFium, MuPDF and Poppler do.

use super::corrections::Correction;
use super::objects::MAX_DEPTH;
use hayro::hayro_syntax::object::{Dict, Name, ObjRef, ObjectIdentifier, Stream};
use hayro::hayro_syntax::page::{Page, Resources};
use skrifa::raw::tables::cmap::PlatformId;
use skrifa::raw::{FontRef, TableProvider};
use std::collections::HashSet;

/// The flag of fonts with the characters of Latin text.
const NON_SYMBOLIC: u32 = 1 << 5;
/// The font types that the renderer supports.
const TYPES: [&[u8]; 6] = [b"Type1", b"MMType1", b"TrueType", b"OpenType", b"Type0", b"Type3"];
/// The number of the encoding of symbols, for Windows.
const SYMBOLS: u16 = 0;

/// The fonts of a page whose encoding the renderer would ignore.
pub(crate) fn correct_font_flags(page: &Page<'_>) -> Vec<Correction> {
    let mut seen = HashSet::new();
    let mut found = Vec::new();
    visit_fonts(page.resources(), &mut HashSet::new(), 0, &mut |_, _, font| {
        let descriptor = font.get::<Dict<'_>>("FontDescriptor");
        let is_new = descriptor.and_then(|known| known.obj_id()).is_some_and(|id| seen.insert(id));
        found.extend(Some(font).filter(|_| is_new).and_then(correct_flags));
    });
    found
}

/// The fonts of a page without a type that the renderer knows, which viewers draw as what they hold.
pub(crate) fn correct_font_types(page: &Page<'_>) -> Vec<Correction> {
    let mut found: Vec<Correction> = Vec::new();
    visit_fonts(page.resources(), &mut HashSet::new(), 0, &mut |name, id, font| {
        let correction = find_type(font).and_then(|entry| match id {
            Some(id) => Some(Correction::new(id, font, entry)),
            None => correct_direct(page, name, font, entry),
        });
        found.extend(correction.filter(|new| found.iter().all(|known| known.id != new.id || known.entry != new.entry)));
    });
    found
}

/// The type of a font that has none. `None`: it has one.
fn find_type(font: &Dict<'_>) -> Option<&'static str> {
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

/// The page, its resources or its list of fonts, whichever is an object of the file, with another entry of a font that is
/// none.
pub(crate) fn correct_direct(page: &Page<'_>, name: &Name<'_>, font: &Dict<'_>, entry: &str) -> Option<Correction> {
    let resources = page.raw().get::<Dict<'_>>("Resources")?;
    let fonts = resources.get::<Dict<'_>>("Font").filter(|fonts| fonts.get::<Dict<'_>>(name).as_ref() == Some(font))?;
    let with = |dict: &Dict<'_>, entry: &str| {
        let text = str::from_utf8(dict.data().strip_suffix(b">>")?).ok()?;
        Some(format!("{text}{entry}>>"))
    };
    let key: String = name.iter().map(|byte| format!("#{byte:02X}")).collect();
    let mut entry = format!("/{key}{}", with(font, entry)?);
    for (dict, parent, key) in [(&fonts, &resources, "Font"), (&resources, page.raw(), "Resources")] {
        if let Some(id) = parent.get_ref(key) {
            return Some(Correction::new(id, dict, entry));
        }
        entry = format!("/{key}{}", with(dict, &entry)?);
    }
    Some(Correction::new(page.raw().obj_id()?, page.raw(), entry))
}

/// Visits the fonts of a page and of its forms, each with its name and its object, if it is one.
pub(crate) fn visit_fonts<'a>(
    resources: &Resources<'a>,
    seen: &mut HashSet<ObjectIdentifier>,
    depth: u32,
    examine: &mut dyn FnMut(&Name<'_>, Option<ObjRef>, &Dict<'a>),
) {
    for name in resources.fonts.keys() {
        if let Some(font) = resources.get_font(&name) {
            examine(&name, resources.fonts.get_ref(&*name), &font);
        }
    }
    for form in resources.x_objects.keys().filter_map(|name| resources.get_x_object(&name)) {
        let own = form.dict().get::<Dict<'a>>("Resources");
        if let Some(own) = own.filter(|_| depth < MAX_DEPTH && seen.insert(form.obj_id())) {
            visit_fonts(&Resources::new(own), seen, depth + 1, examine);
        }
    }
}

/// The right flags of a font. `None`: the renderer applies its encoding, or it has none with a name.
fn correct_flags(font: &Dict<'_>) -> Option<Correction> {
    let is = |key: &str, names: &[&[u8]]| font.get::<Name<'_>>(key).is_some_and(|name| names.contains(&&*name));
    if !is("Subtype", &[b"TrueType"]) || !is("Encoding", &[b"WinAnsiEncoding", b"MacRomanEncoding"]) {
        return None;
    }
    let descriptor = font.get::<Dict<'_>>("FontDescriptor")?;
    let flags = descriptor.get::<u32>("Flags").unwrap_or(0);
    if flags & NON_SYMBOLIC != 0 || has_symbols(&descriptor.get::<Stream<'_>>("FontFile2")?)? {
        return None;
    }
    let entry = format!("/Flags {}", flags | NON_SYMBOLIC);
    Some(Correction::new(descriptor.obj_id()?, &descriptor, entry))
}

/// Whether a font maps codes to symbols. `None`: it can't be read, or maps no codes.
fn has_symbols(font: &Stream<'_>) -> Option<bool> {
    let data = font.decoded_data().ok()?;
    let cmap = FontRef::new(&data).ok()?.cmap().ok()?;
    let tables = cmap.encoding_records();
    (!tables.is_empty()).then(|| {
        tables.iter().any(|table| table.platform_id() == PlatformId::Windows && table.encoding_id() == SYMBOLS)
    })
}
