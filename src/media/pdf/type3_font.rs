//! Type 3 fonts, whose glyphs are content streams of the file. Source: ISO 32000-1, 9.6.5.

use super::content::Matrix;
use hayro::hayro_syntax::content::UntypedIter;
use hayro::hayro_syntax::object::{Array, Dict, Name, Object, Stream};
use hayro::hayro_syntax::page::Resources;
use std::collections::{BTreeSet, HashMap, HashSet};

/// Names of invisible glyphs.
const INVISIBLE: [&[u8]; 6] = [b".notdef", b"space", b"nbspace", b"nonbreakingspace", b"uni00A0", b"uni0020"];

/// The glyphs of a font.
pub(crate) struct Type3Font<'a> {
    /// The names of the glyphs by their codes.
    names: HashMap<u8, Vec<u8>>,
    glyphs: Dict<'a>,
    /// The names of the glyphs that its own encoding does not name: those of another encoding.
    unnamed: Vec<Name<'a>>,
    matrix: Matrix,
    resources: Option<Dict<'a>>,
}

impl<'a> Type3Font<'a> {
    /// Reads a font; `None`: it is of another type, or has no matrix.
    pub(crate) fn read(font: &Dict<'a>) -> Option<Self> {
        if font.get::<Name<'_>>("Subtype").as_deref() != Some(b"Type3") {
            return None;
        }
        let encoding = font.get::<Dict<'a>>("Encoding");
        let differences = encoding.as_ref().and_then(|encoding| encoding.get::<Array<'a>>("Differences"));
        let has_base = font.get::<Name<'_>>("Encoding").is_some()
            || encoding.as_ref().is_some_and(|encoding| encoding.get::<Name<'_>>("BaseEncoding").is_some());
        let (mut names, mut code): (HashMap<u8, Vec<u8>>, _) = (HashMap::new(), 0_u32);
        for entry in differences.iter().flat_map(|all| all.iter::<Object<'a>>()) {
            match entry {
                Object::Number(number) => code = u32::try_from(number.as_i64()).unwrap_or(u32::MAX),
                Object::Name(name) => {
                    if let Ok(code) = u8::try_from(code) {
                        names.insert(code, name.to_vec());
                    }
                    code = code.saturating_add(1);
                }
                _ => {}
            }
        }
        let glyphs = font.get::<Dict<'a>>("CharProcs").unwrap_or_default();
        if has_base {
            // All of them name letters alike (annex D).
            let letters = (b'A'..=b'Z').chain(b'a'..=b'z');
            letters.for_each(|code| _ = names.entry(code).or_insert_with(|| vec![code]));
        }
        let named: HashSet<&[u8]> = names.values().map(Vec::as_slice).collect();
        let unnamed = glyphs.keys().filter(|name| !named.contains(&**name)).collect();
        let matrix = font.get::<Matrix>("FontMatrix")?;
        Some(Self { unnamed, names, glyphs, matrix, resources: font.get::<Dict<'a>>("Resources") })
    }

    /// The transformation of the glyphs.
    pub(crate) fn matrix(&self) -> Matrix {
        self.matrix
    }

    /// What the content of the glyphs refers to, if the font has it.
    pub(crate) fn resources(&self) -> Option<Resources<'a>> {
        self.resources.clone().map(Resources::new)
    }

    /// The content of the glyphs of a text. A code without a name stands for any glyph that has no code.
    pub(crate) fn glyphs_of(&self, text: &[u8]) -> Vec<Stream<'a>> {
        let codes: BTreeSet<&u8> = text.iter().collect();
        let mut names: Vec<&[u8]> = codes.iter().filter_map(|code| self.names.get(code)).map(Vec::as_slice).collect();
        if codes.iter().any(|code| !self.names.contains_key(code)) {
            names.extend(self.unnamed.iter().map(|name| &**name));
        }
        names.into_iter().filter_map(|name| self.glyphs.get::<Stream<'a>>(name)).collect()
    }

    /// The number of characters of a text whose glyphs are missing.
    pub(crate) fn count_lost(&self, text: &[u8]) -> usize {
        let is_lost = |code: &&u8| {
            self.names.get(code).is_some_and(|name| {
                !INVISIBLE.contains(&&**name) && self.glyphs.get::<Stream<'_>>(name.as_slice()).is_none()
            })
        };
        text.iter().filter(is_lost).count()
    }
}

/// Whether a glyph is painted in the colour of its text, whatever its content sets. Source: ISO 32000-1, table 113.
pub(crate) fn is_shape(content: &[u8]) -> bool {
    let mut operations = UntypedIter::new(content);
    while let Some(operation) = operations.next() {
        match &**operation.operator {
            b"d0" => return false,
            b"d1" => return true,
            _ => {}
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use hayro::hayro_syntax::object::FromBytes;

    #[test]
    fn glyphs_that_are_named_and_missing_are_lost() {
        let font = |entries: &'static str| Dict::from_bytes(entries.as_bytes()).unwrap();
        let matrix = "/FontMatrix [1 0 0 1 0 0]";
        let encoding = "/Encoding << /Differences [32 /space 65 /A /B 200 /C] >>";
        let text = format!("<< /Subtype /Type3 {matrix} {encoding} /CharProcs << >> >>").leak();
        let found = Type3Font::read(&font(text)).unwrap();
        for (text, lost) in [(&b"AB\xc8"[..], 3), (b"A A", 2), (b"   ", 0), (b"xyz", 0), (b"", 0)] {
            assert_eq!(found.count_lost(text), lost, "{text:?}");
        }
        for encoding in ["/MacRomanEncoding", "<< /BaseEncoding /WinAnsiEncoding /Differences [66 /X] >>"] {
            let text = format!("<< /Subtype /Type3 {matrix} /Encoding {encoding} /CharProcs << >> >>").leak();
            assert_eq!(Type3Font::read(&font(text)).unwrap().count_lost(b"AB c."), 3, "{encoding}");
        }
        assert!(Type3Font::read(&font("<< /Subtype /Type1 >>")).is_none());
    }
}
