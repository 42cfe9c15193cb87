//! Fonts with symbols instead of letters. If one is not embedded, the renderer uses a text font instead, even if the
//! font is installed, without a warning: a tick becomes a letter.

use super::losses::Lost;
use super::system_fonts::find_by_name;
use hayro::hayro_syntax::object::{Dict, Name};

/// Parts of their names: letters and digits, in lower case.
const NAMES: [&str; 14] = [
    "wingdings",
    "webdings",
    "monotypesorts",
    "marlett",
    "dingbats",
    "mtextra",
    "bookshelfsymbol",
    "msreferencespecialty",
    "europeanpi",
    "commercialpi",
    "universalmath",
    "wpiconic",
    "fontawesome",
    "sonata",
];
/// What other names begin with: Symbol in another style or version.
const SYMBOL: &str = "symbol";
/// The fonts of symbols that the renderer contains.
const CONTAINED: [&str; 2] = [SYMBOL, "zapfdingbats"];

/// Whether a font with this name has symbols, and is not one that the renderer contains.
pub(crate) fn is_symbol_font(name: &str) -> bool {
    let name = name.rsplit('+').next().unwrap_or(name);
    let name: String =
        name.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect();
    let has_symbols = name.starts_with(SYMBOL) || NAMES.iter().any(|part| name.contains(part));
    has_symbols && !CONTAINED.contains(&&*name)
}

/// The loss of text in a font of a page with codes of one byte. `None`: nothing, as far as the name shows.
pub(crate) fn find_lost_symbols(font: &Dict<'_>) -> Option<Lost> {
    let kind = font.get::<Name<'_>>("Subtype")?;
    let name = font.get::<Name<'_>>("BaseFont")?.as_str().to_owned();
    let descriptor = font.get::<Dict<'_>>("FontDescriptor").unwrap_or_default();
    let is_embedded = ["FontFile", "FontFile2", "FontFile3"].iter().any(|key| descriptor.contains_key(key));
    if is_embedded || !matches!(&*kind, b"Type1" | b"MMType1" | b"TrueType") || !is_symbol_font(&name) {
        return None;
    }
    let lost = if find_by_name(&name).is_some() { Lost::EmbeddedGlyphs } else { Lost::Glyphs };
    Some(lost(format!("the font {name}")))
}

/// How many of the codes of a text are seen: spaces are also written in these fonts.
pub(crate) fn count_symbols(text: &[u8]) -> usize {
    text.iter().filter(|code| **code > b' ').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fonts_of_symbols_are_known_by_their_names() {
        for (name, is_symbols) in [
            ("Wingdings", true),
            ("ABCDEF+Wingdings-Regular", true),
            ("WINGDINGS 2", true),
            ("Webdings,Bold", true),
            ("MonotypeSorts", true),
            ("Monotype Sorts", true),
            ("SymbolMT", true),
            ("Symbol,Bold", true),
            ("ABCDEF+MT-Extra", true),
            ("ITCZapfDingbats", true),
            ("ABCDEF+Symbol", false),
            ("SegoeUI", false),
            ("Symbol", false),
            ("ZapfDingbats", false),
            ("Wing", false),
        ] {
            assert_eq!(is_symbol_font(name), is_symbols, "{name}");
        }
        assert_eq!((count_symbols(b" l "), count_symbols(b"  ")), (1, 0));
    }
}
