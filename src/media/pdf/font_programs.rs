//! Fonts with an embedded program that the renderer would not find or use, because it is of another type than they or its
//! entry state: viewers look at the program. Source: ISO 32000-1, 9.9; what PDFium, MuPDF and Poppler do.

use super::deflate::read_start;
use super::embedded_font::{has_tables, has_true_type_outlines, is_collection, is_font_program};
use super::font_flags::missing_type;
use super::page_fonts::FontEntries;
use hayro::hayro_syntax::object::{Array, Dict, Name, ObjRef, Object, Stream};

/// Bytes that tell what a program with tables is.
const TAG: usize = 4;

/// The entries of a font whose embedded program the renderer would not find, because it is in the entry of another type.
/// Viewers look at the program.
pub(crate) fn find_unusual_program(font: &Dict<'_>) -> FontEntries {
    ProgramChange::of_unusual_entry(font).map(ProgramChange::into_entries).unwrap_or_default()
}

/// The entries of a font whose embedded program the renderer would not use, because it is of another type than its entry.
pub(crate) fn find_program_of_other_type(font: &Dict<'_>) -> FontEntries {
    ProgramChange::of_usual_entry(font).map(ProgramChange::into_entries).unwrap_or_default()
}

/// What makes the renderer find the program of a font.
struct ProgramChange {
    /// The entry with the right type.
    font_type: Option<&'static str>,
    /// The entry of the descriptor in which the renderer looks for the program.
    program: Option<String>,
}

impl ProgramChange {
    fn into_entries(self) -> FontEntries {
        FontEntries {
            font: self.font_type.unwrap_or_default().to_owned(),
            descriptor: self.program.unwrap_or_default(),
        }
    }

    /// The change of a font whose program is in an entry of another type, or not as that entry has it. `None`: the
    /// renderer finds it, or there is none.
    fn of_unusual_entry(font: &Dict<'_>) -> Option<Self> {
        let found = FoundProgram::read(font).filter(|found| !found.is_usual())?;
        let data = found.stream.decoded_data().ok()?;
        match has_tables(&data) || is_collection(&data) {
            true => found.to_true_type(),
            false if is_font_program(&data) => found.to_type1(),
            false => None,
        }
    }

    /// The change of a font whose program is as its entry has it, but of another type. `None`: it is of that type.
    fn of_usual_entry(font: &Dict<'_>) -> Option<Self> {
        let found = FoundProgram::read(font).filter(FoundProgram::is_usual)?;
        // The renderer looks up the glyphs of names.
        if !found.is_true_type && names_codes(font) {
            return None;
        }
        let start = read_start(&found.stream, TAG)?;
        let is_program = || found.stream.decoded_data().is_ok_and(|data| is_font_program(&data));
        match found.is_true_type {
            true if !has_tables(&start) && !is_collection(&start) && is_program() => found.to_type1(),
            false if has_true_type_outlines(&start) => found.to_true_type(),
            _ => None,
        }
    }
}

/// Whether the encoding of a font names characters.
fn names_codes(font: &Dict<'_>) -> bool {
    const ENCODINGS: [&[u8]; 4] = [b"StandardEncoding", b"WinAnsiEncoding", b"MacRomanEncoding", b"MacExpertEncoding"];
    let is_known = |name: &Name<'_>| ENCODINGS.contains(&&**name);
    match font.get::<Object<'_>>("Encoding") {
        Some(Object::Name(name)) => is_known(&name),
        Some(Object::Dict(encoding)) => {
            let differences = encoding.get::<Array<'_>>("Differences");
            let mut entries = differences.iter().flat_map(|all| all.iter::<Object<'_>>());
            encoding.get::<Name<'_>>("BaseEncoding").is_some_and(|name| is_known(&name))
                || entries.any(|entry| matches!(entry, Object::Name(_)))
        }
        _ => false,
    }
}

/// The embedded program of a font with codes of one byte.
struct FoundProgram<'a> {
    /// Whether the font states that it is TrueType, and not Type 1.
    is_true_type: bool,
    /// The entry of the descriptor that has the program.
    key: &'static str,
    stream: Stream<'a>,
    id: ObjRef,
}

impl<'a> FoundProgram<'a> {
    /// The program of a font. `None`: it has none, or the font is of another kind.
    fn read(font: &Dict<'a>) -> Option<Self> {
        let is_true_type = match (missing_type(font), font.get::<Name<'_>>("Subtype").as_deref()) {
            (Some("/Subtype/TrueType"), _) | (None, Some(b"TrueType" | b"OpenType")) => true,
            (Some("/Subtype/Type1"), _) | (None, Some(b"Type1" | b"MMType1")) => false,
            _ => return None,
        };
        let descriptor = font.get::<Dict<'a>>("FontDescriptor")?;
        let keys = match is_true_type {
            true => ["FontFile2", "FontFile3", "FontFile"],
            false => ["FontFile3", "FontFile", "FontFile2"],
        };
        keys.into_iter().find_map(|key| {
            let (stream, id) = (descriptor.get::<Stream<'a>>(key)?, descriptor.get_ref(key)?);
            Some(Self { is_true_type, key, stream, id })
        })
    }

    /// Whether the entry is one for programs of fonts of this type, and has what they have: those of TrueType have a length,
    /// and no type (table 126).
    fn is_usual(&self) -> bool {
        let has = |key: &str| self.stream.dict().contains_key(key);
        match self.is_true_type {
            true => self.key == "FontFile2" && has("Length1") && !has("Subtype"),
            false => self.key != "FontFile2",
        }
    }

    fn to_true_type(&self) -> Option<ProgramChange> {
        let is_found = self.is_true_type && self.key == "FontFile2";
        (!is_found).then(|| ProgramChange {
            font_type: (!self.is_true_type).then_some("/Subtype/TrueType"),
            program: (self.key != "FontFile2").then(|| self.entry("FontFile2")),
        })
    }

    fn to_type1(&self) -> Option<ProgramChange> {
        let is_found = !self.is_true_type && self.key != "FontFile2";
        (!is_found).then(|| ProgramChange {
            font_type: self.is_true_type.then_some("/Subtype/Type1"),
            program: (self.key == "FontFile2").then(|| self.entry("FontFile3")),
        })
    }

    /// The entry of a descriptor with this program.
    fn entry(&self, key: &str) -> String {
        format!("/{key} {} {} R", self.id.obj_number, self.id.gen_number)
    }
}
