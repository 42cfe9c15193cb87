//! Forms of Unicode text: one spelling for text that looks the same. UTF-16 as bytes.

use icu_normalizer::{ComposingNormalizerBorrowed, DecomposingNormalizerBorrowed};
use std::borrow::Cow;

/// The text in Normalization Form C: accents are a part of their letters.
#[must_use]
pub fn nfc(text: &str) -> Cow<'_, str> {
    const { ComposingNormalizerBorrowed::new_nfc() }.normalize(text)
}

/// The text in Normalization Form D: accents follow their letters, as some file systems write them.
#[must_use]
pub fn nfd(text: &str) -> Cow<'_, str> {
    const { DecomposingNormalizerBorrowed::new_nfd() }.normalize(text)
}

/// `text` without the white space of Unicode, zero width spaces and byte order marks around it; if it is not UTF-8, without
/// that of ASCII.
#[must_use]
pub fn trim_blanks(text: &[u8]) -> &[u8] {
    match std::str::from_utf8(text) {
        Ok(text) => text.trim_matches(|c: char| c.is_whitespace() || matches!(c, '\u{200b}' | '\u{feff}')).as_bytes(),
        Err(_) => text.trim_ascii(),
    }
}

/// The text of UTF-16 without a byte order mark. `from`: the order of bytes. Invalid text is replaced; a byte that is
/// left over is ignored.
#[must_use]
pub fn utf16_lossy(bytes: &[u8], from: fn([u8; 2]) -> u16) -> String {
    let units = bytes.chunks_exact(2).map(|pair| from([pair[0], pair[1]]));
    char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

/// The text for a comparison that ignores differences without meaning: Normalization Form C, full case folding (`ß` is
/// `ss`), runs of white space, forms of quotes and dashes, full-width letters, invisible characters, and one period at
/// the end.
#[must_use]
pub fn fold(text: &str) -> String {
    let unified: String = nfc(text).chars().filter_map(unify).flat_map(fold_case).collect();
    let joined = unified.split_whitespace().collect::<Vec<_>>().join(" ");
    // Folding may leave letters and accents that compose again.
    let folded = nfc(joined.strip_suffix('.').unwrap_or(&joined)).trim_end().to_owned();
    // A text of only these is not empty.
    if folded.is_empty() { joined } else { folded }
}

/// A character in its canonical form; `None` if it is invisible.
fn unify(c: char) -> Option<char> {
    Some(match c {
        // Soft hyphen, zero width space, word joiner, byte order mark; marks of the direction.
        '\u{ad}' | '\u{200b}' | '\u{2060}' | '\u{feff}' => return None,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => return None,
        '‘' | '’' | '‚' | '‛' | '‹' | '›' | '′' | '`' | '´' | 'ʼ' => '\'',
        '“' | '”' | '„' | '‟' | '«' | '»' | '″' => '"',
        // Hyphen, non-breaking hyphen, figure dash, en dash, em dash, horizontal bar, minus.
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{fe58}' | '\u{fe63}' => '-',
        '。' | '｡' => '.',
        // Full-width forms of the characters from `!` to `~`.
        '\u{ff01}'..='\u{ff5e}' => u8::try_from(u32::from(c) - 0xfee0).map_or(c, char::from),
        other => other,
    })
}

/// Full case folding of Unicode: the lower case of the upper case. Without a dot, `ı` is a letter of
/// its own.
fn fold_case(c: char) -> impl Iterator<Item = char> {
    let upper: String = if c == 'ı' { c.to_string() } else { c.to_uppercase().collect() };
    upper.chars().flat_map(char::to_lowercase).collect::<Vec<_>>().into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn blanks_around_a_text() {
        for (text, trimmed) in [
            (&b"a b"[..], &b"a b"[..]),
            (" \u{a0}a\u{3000}\n".as_bytes(), b"a"),
            ("\u{feff}a\u{a0}b".as_bytes(), "a\u{a0}b".as_bytes()),
            ("\u{200b}\u{feff} a\u{200b}b\u{200b}".as_bytes(), "a\u{200b}b".as_bytes()),
            ("\u{a0}".as_bytes(), b""),
            (b" \xff\xa0 ", b"\xff\xa0"),
        ] {
            assert_eq!(trim_blanks(text), trimmed, "{text:?}");
        }
    }

    #[test]
    fn texts_that_fold_to_the_same() {
        for (one, other) in [
            ("Gro\u{308}ße", "GRÖSSE"),
            ("ΟΔΟΣ", "οδος"),
            ("ﬁle", "FILE"),
            ("a  b\u{a0}c\u{202f}d\u{3000}e\n", " A b c d e"),
            ("driver’s licence", "Driver's licence"),
            ("“x”", "\"X\""),
            ("follow–up", "follow-up"),
            ("non\u{2011}breaking", "non-breaking"),
            ("−1", "-1"),
            ("Invoice.", "invoice"),
            ("发票。", "发票"),
            ("ＩＤ１", "id1"),
            ("in\u{ad}voice\u{200b}", "invoice"),
            ("\u{2067}חשבונית\u{2069}\u{200f}", "חשבונית"),
            ("J\u{30c}", "ǰ"),
        ] {
            assert_eq!(fold(one), fold(other), "{one:?} {other:?}");
        }
    }

    #[test]
    fn texts_that_fold_to_different_ones() {
        for (one, other) in [
            ("invoice", "invoices"),
            ("a b", "ab"),
            ("a-b", "a b"),
            ("a..", "a"),
            ("ı", "i"),
            ("é", "e"),
            ("m²", "m2"),
            (".", ""),
            ("a/b", "a-b"),
        ] {
            assert_ne!(fold(one), fold(other), "{one:?} {other:?}");
        }
    }

    proptest! {
        #[test]
        fn both_forms_are_the_same_text(text in "\\PC{0,12}") {
            let decomposed = nfd(&text);
            prop_assert_eq!(nfc(&decomposed), nfc(&text));
            prop_assert_eq!(fold(&decomposed), fold(&text));
            prop_assert_eq!(fold(&text), fold(&format!(" {text} ")));
        }
    }
}
