//! Text of form fields and annotations: decoding, fonts, sizes, lines.
//!
//! Sources: ISO 32000-1, 7.9.2.2 (text strings), annex D (encodings), 12.7.3.3 (default
//! appearance); widths: Adobe's font metrics of Helvetica.

use crate::base::unicode::utf16_lossy;
use hayro::hayro_syntax::object::{Dict, Name, Object, Stream};

/// Widths of the characters 32 to 126 in Helvetica, in thousandths of an em.
const WIDTHS: [u16; 95] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556, 556,
    556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833,
    722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556,
    556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334,
    260, 334, 584,
];
/// The characters of the bytes 128 to 160 in text strings.
const DOC_ENCODING: [char; 33] = [
    '•', '†', '‡', '…', '—', '–', 'ƒ', '⁄', '‹', '›', '−', '‰', '„', '“', '”', '‘', '’', '‚', '™', 'ﬁ', 'ﬂ', 'Ł', 'Œ',
    'Š', 'Ÿ', 'Ž', 'ı', 'ł', 'œ', 'š', 'ž', ' ', '€',
];
/// The characters of the bytes 128 to 159 in `WinAnsiEncoding`.
const WIN_ANSI: [char; 32] = [
    '€', '•', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '•', 'Ž', '•', '•', '‘', '’', '“', '”', '•', '–',
    '—', '˜', '™', 'š', '›', 'œ', '•', 'ž', 'Ÿ',
];

/// The text of a string or a stream.
pub(crate) fn read_text(value: &Object<'_>) -> Option<String> {
    match value {
        Object::String(text) => Some(decode(text.as_bytes())),
        Object::Stream(stream) => stream_text(stream),
        Object::Name(name) => Some(name.as_str().to_owned()),
        Object::Number(number) => Some(number.as_f64().to_string()),
        _ => None,
    }
}

fn stream_text(stream: &Stream<'_>) -> Option<String> {
    stream.decoded_data().ok().map(|data| decode(&data))
}

/// Decodes a text string: UTF-16 or UTF-8 with a byte-order mark, otherwise `PDFDocEncoding`.
pub(crate) fn decode(bytes: &[u8]) -> String {
    match bytes {
        [0xFE, 0xFF, rest @ ..] => utf16_lossy(rest, u16::from_be_bytes),
        [0xFF, 0xFE, rest @ ..] => utf16_lossy(rest, u16::from_le_bytes),
        [0xEF, 0xBB, 0xBF, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        _ => bytes
            .iter()
            .map(|byte| match byte {
                128..=160 => DOC_ENCODING[usize::from(*byte) - 128],
                _ => char::from(*byte),
            })
            .collect(),
    }
}

/// The byte of a character in `WinAnsiEncoding`, if it has one.
pub(crate) fn to_win_ansi(character: char) -> Option<u8> {
    match u32::from(character) {
        code @ (0x20..=0x7E | 0xA0..=0xFF) => u8::try_from(code).ok(),
        _ => {
            let at = WIN_ANSI.iter().position(|known| *known == character)?;
            u8::try_from(at + 128).ok()
        }
    }
}

/// How text is written: the default appearance of a field or an annotation.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TextStyle {
    /// One of the standard fonts.
    pub(crate) font: &'static str,
    /// In points; 0: so that it fits.
    pub(crate) size: f64,
    /// Operators that set the colour.
    pub(crate) color: String,
}

impl TextStyle {
    /// Reads a default appearance, for example `/Helv 12 Tf 0 g`. `base_font` gives the name of a
    /// font resource.
    pub(crate) fn read(text: &str, base_font: impl Fn(&str) -> Option<String>) -> Self {
        let mut style = Self { font: "Helvetica", size: 0.0, color: "0 g".to_owned() };
        let mut operands: Vec<&str> = Vec::new();
        for word in text.split_ascii_whitespace() {
            match word {
                "Tf" => {
                    if let [.., name, size] = operands.as_slice() {
                        let name = name.trim_start_matches('/');
                        style.font = standard_font(&base_font(name).unwrap_or_else(|| name.to_owned()));
                        style.size = size.parse().unwrap_or(0.0_f64).clamp(0.0, 500.0);
                    }
                    operands.clear();
                }
                "g" | "rg" | "k" => {
                    let count = [("g", 1), ("rg", 3), ("k", 4)].iter().find(|(name, _)| *name == word);
                    let is_complete = count.is_some_and(|(_, count)| *count == operands.len());
                    if is_complete && operands.iter().all(|number| number.parse::<f64>().is_ok_and(f64::is_finite)) {
                        style.color = format!("{} {word}", operands.join(" "));
                    }
                    operands.clear();
                }
                _ if word.parse::<f64>().is_ok() || word.starts_with('/') => operands.push(word),
                _ => operands.clear(),
            }
        }
        style
    }

    /// The width of a text at a size of one point.
    pub(crate) fn width(&self, text: &str) -> f64 {
        text.chars().map(|character| f64::from(width(self.font, character)) / 1000.0).sum()
    }

    /// Breaks a text into lines of at most `width` points.
    pub(crate) fn wrap(&self, text: &str, size: f64, width: f64) -> Vec<String> {
        let mut lines = Vec::new();
        for paragraph in text.replace("\r\n", "\n").split(['\n', '\r']) {
            let mut line = String::new();
            for word in paragraph.split(' ') {
                let longer = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
                if line.is_empty() || self.width(&longer) * size <= width {
                    line = longer;
                } else {
                    lines.push(std::mem::replace(&mut line, word.to_owned()));
                }
            }
            lines.push(line);
        }
        lines
    }
}

/// The width of a character in a standard font, in thousandths of an em.
pub(crate) fn width(font: &str, character: char) -> u16 {
    if font.starts_with("Courier") {
        return 600;
    }
    let code = u32::from(character);
    let plain = match code {
        32..=126 => WIDTHS[code as usize - 32],
        0x1100.. => 1000,
        _ => 556,
    };
    // Close enough to find the middle and the end of a line.
    match (font.starts_with("Times"), font.contains("Bold")) {
        _ if plain == 1000 => plain,
        (true, _) => plain - plain / 11,
        (false, true) => plain + plain / 17,
        (false, false) => plain,
    }
}

/// The standard font that looks most like the one with this name.
fn standard_font(name: &str) -> &'static str {
    let lower = name.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    let is_bold =
        has(&["bold", "demi", "black"]) || matches!(name, "HeBo" | "TiBo" | "CoBo" | "HeBO" | "TiBI" | "CoBO");
    let is_italic = has(&["italic", "oblique"]) || matches!(name, "HeOb" | "TiIt" | "CoOb" | "HeBO" | "TiBI" | "CoBO");
    if has(&["dingbat", "zadb"]) {
        return "ZapfDingbats";
    }
    if lower == "symb" || lower == "symbol" {
        return "Symbol";
    }
    let serif = has(&["times", "serif", "roman", "georgia", "garamond"]) && !has(&["sans"]) || name.starts_with("Ti");
    let mono = has(&["cour", "mono", "consol"]) || matches!(name, "CoBo" | "CoOb" | "CoBO");
    match (mono, serif, is_bold, is_italic) {
        (true, _, true, true) => "Courier-BoldOblique",
        (true, _, true, false) => "Courier-Bold",
        (true, _, false, true) => "Courier-Oblique",
        (true, _, false, false) => "Courier",
        (_, true, true, true) => "Times-BoldItalic",
        (_, true, true, false) => "Times-Bold",
        (_, true, false, true) => "Times-Italic",
        (_, true, false, false) => "Times-Roman",
        (_, _, true, true) => "Helvetica-BoldOblique",
        (_, _, true, false) => "Helvetica-Bold",
        (_, _, false, true) => "Helvetica-Oblique",
        (_, _, false, false) => "Helvetica",
    }
}

/// The `BaseFont` of a font resource.
pub(crate) fn base_font(fonts: Option<&Dict<'_>>, name: &str) -> Option<String> {
    let font = fonts?.get::<Dict<'_>>(name)?;
    font.get::<Name<'_>>("BaseFont").map(|name| name.as_str().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_strings() {
        for (bytes, text) in [
            (&b"plain"[..], "plain"),
            (b"\xFE\xFF\x65\x87\0A", "文A"),
            (b"\xFF\xFE\x87\x65", "文"),
            ("\u{feff}文".as_bytes(), "文"),
            (b"\xA0 \x80 \x92", "€ • ™"),
            (b"caf\xE9", "café"),
        ] {
            assert_eq!(decode(bytes), text);
        }
        for (character, byte) in
            [('A', Some(65)), ('é', Some(0xE9)), ('€', Some(0x80)), ('–', Some(0x96)), ('文', None)]
        {
            assert_eq!(to_win_ansi(character), byte);
        }
    }

    #[test]
    fn default_appearances() {
        let base = |name: &str| (name == "F1").then(|| "Arial-BoldMT".to_owned());
        for (text, font, size, color) in [
            ("/Helv 12 Tf 0 g", "Helvetica", 12.0, "0 g"),
            ("0 0 1 rg /F1 0 Tf", "Helvetica-Bold", 0.0, "0 0 1 rg"),
            ("/TiRo 9.5 Tf", "Times-Roman", 9.5, "0 g"),
            ("/CoBo 8 Tf 1 0 0 0 k", "Courier-Bold", 8.0, "1 0 0 0 k"),
            ("/ZaDb 0 Tf 0 g", "ZapfDingbats", 0.0, "0 g"),
            ("", "Helvetica", 0.0, "0 g"),
            // Nothing but numbers reaches a content stream.
            ("x y z rg /Helv 1e9 Tf", "Helvetica", 500.0, "0 g"),
        ] {
            let style = TextStyle::read(text, base);
            assert_eq!((style.font, style.size, style.color.as_str()), (font, size, color), "{text}");
        }
    }

    #[test]
    fn lines_are_as_wide_as_the_field() {
        let style = TextStyle::read("/Helv 10 Tf", |_| None);
        assert_eq!(style.wrap("one two three", 10.0, 45.0), ["one two", "three"]);
        assert_eq!(style.wrap("a\r\nb\rc", 10.0, 45.0), ["a", "b", "c"]);
        assert_eq!(style.wrap("unbreakable", 10.0, 5.0), ["unbreakable"]);
    }
}
