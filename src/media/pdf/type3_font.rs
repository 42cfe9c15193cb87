//! Type 3 fonts, whose glyphs are content streams of the file. Source: ISO 32000-1, 9.6.5.

use hayro::hayro_syntax::object::{Array, Dict, Name, Object, Stream};
use std::collections::HashMap;

/// Names of invisible glyphs.
const INVISIBLE: [&[u8]; 6] = [b".notdef", b"space", b"nbspace", b"nonbreakingspace", b"uni00A0", b"uni0020"];

/// The glyphs of a font.
pub(crate) struct Type3Font<'a> {
    /// The names of the glyphs by their codes.
    names: HashMap<u8, Name<'a>>,
    glyphs: Dict<'a>,
}

impl<'a> Type3Font<'a> {
    /// Reads a font; `None`: it is of another type.
    pub(crate) fn read(font: &Dict<'a>) -> Option<Self> {
        if font.get::<Name<'_>>("Subtype").as_deref() != Some(b"Type3") {
            return None;
        }
        let encoding = font.get::<Dict<'a>>("Encoding");
        let differences = encoding.and_then(|encoding| encoding.get::<Array<'a>>("Differences"));
        let (mut names, mut code) = (HashMap::new(), 0_u32);
        for entry in differences.iter().flat_map(|all| all.iter::<Object<'a>>()) {
            match entry {
                Object::Number(number) => code = u32::try_from(number.as_i64()).unwrap_or(u32::MAX),
                Object::Name(name) => {
                    if let Ok(code) = u8::try_from(code) {
                        names.insert(code, name);
                    }
                    code = code.saturating_add(1);
                }
                _ => {}
            }
        }
        Some(Self { names, glyphs: font.get::<Dict<'a>>("CharProcs").unwrap_or_default() })
    }

    /// The number of characters of a text whose glyphs are missing.
    pub(crate) fn count_lost(&self, text: &[u8]) -> usize {
        let is_lost = |code: &&u8| {
            self.names
                .get(code)
                .is_some_and(|name| !INVISIBLE.contains(&&**name) && self.glyphs.get::<Stream<'_>>(&**name).is_none())
        };
        text.iter().filter(is_lost).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hayro::hayro_syntax::object::FromBytes;

    #[test]
    fn glyphs_that_are_named_and_missing_are_lost() {
        let font = |entries: &'static str| Dict::from_bytes(entries.as_bytes()).unwrap();
        let encoding = "/Encoding << /Differences [32 /space 65 /A /B 200 /C] >>";
        let text = format!("<< /Subtype /Type3 {encoding} /CharProcs << >> >>").leak();
        let found = Type3Font::read(&font(text)).unwrap();
        for (text, lost) in [(&b"AB\xc8"[..], 3), (b"A A", 2), (b"   ", 0), (b"xyz", 0), (b"", 0)] {
            assert_eq!(found.count_lost(text), lost, "{text:?}");
        }
        assert!(Type3Font::read(&font("<< /Subtype /Type1 >>")).is_none());
    }
}
