//! Embedded TrueType fonts with an encoding that the renderer ignores, because they are said to have symbols. Viewers apply
//! the encoding unless the font has a table of symbols. Source: ISO 32000-1, 9.6.6.4 and 9.8.2.

use super::corrections::Correction;
use super::objects::MAX_DEPTH;
use hayro::hayro_syntax::object::{Dict, Name, ObjectIdentifier, Stream};
use hayro::hayro_syntax::page::{Page, Resources};
use skrifa::raw::tables::cmap::PlatformId;
use skrifa::raw::{FontRef, TableProvider};
use std::collections::HashSet;

/// The flag of fonts with the characters of Latin text.
const NON_SYMBOLIC: u32 = 1 << 5;
/// The number of the encoding of symbols, for Windows.
const SYMBOLS: u16 = 0;

/// The fonts of a page whose encoding the renderer would ignore.
pub(crate) fn correct_font_flags(page: &Page<'_>) -> Vec<Correction> {
    let mut found = Vec::new();
    collect(page.resources(), &mut HashSet::new(), 0, &mut found);
    found
}

fn collect(resources: &Resources<'_>, seen: &mut HashSet<ObjectIdentifier>, depth: u32, found: &mut Vec<Correction>) {
    for font in resources.fonts.keys().filter_map(|name| resources.get_font(&name)) {
        let is_new =
            font.get::<Dict<'_>>("FontDescriptor").and_then(|known| known.obj_id()).is_some_and(|id| seen.insert(id));
        found.extend(Some(font).filter(|_| is_new).and_then(|font| correct_flags(&font)));
    }
    for form in resources.x_objects.keys().filter_map(|name| resources.get_x_object(&name)) {
        let own = form.dict().get::<Dict<'_>>("Resources");
        if let Some(own) = own.filter(|_| depth < MAX_DEPTH && seen.insert(form.obj_id())) {
            collect(&Resources::new(own), seen, depth + 1, found);
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
    Some(Correction { id: descriptor.obj_id()?.into(), content: descriptor.data().to_vec(), entry })
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
