//! Patterns of `like`: `%` is any text, `_` any character, `\` escapes the next character.

use crate::base::unicode::nfc;

/// A pattern of `like`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pattern {
    /// As it was written.
    text: String,
    parts: Vec<Part>,
    ignores_case: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    AnyText,
    AnyCharacter,
    Character(char),
}

impl Pattern {
    /// The pattern with this text; `None`: it ends with `\`.
    pub(crate) fn new(text: &str, ignores_case: bool) -> Option<Self> {
        let mut parts = Vec::new();
        let folded = folded(text, ignores_case);
        let mut characters = folded.chars();
        while let Some(c) = characters.next() {
            match c {
                // Several are as one.
                '%' if parts.last() == Some(&Part::AnyText) => {}
                '%' => parts.push(Part::AnyText),
                '_' => parts.push(Part::AnyCharacter),
                '\\' => parts.push(Part::Character(characters.next()?)),
                other => parts.push(Part::Character(other)),
            }
        }
        Some(Self { text: text.to_owned(), parts, ignores_case })
    }

    /// As it was written.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Whether upper and lower case are equal.
    pub(crate) fn ignores_case(&self) -> bool {
        self.ignores_case
    }

    /// Whether it matches the whole text. Takes time proportional to the product of both lengths at most.
    pub(crate) fn matches(&self, text: &str) -> bool {
        let text: Vec<char> = folded(text, self.ignores_case).chars().collect();
        let (mut at, mut part) = (0, 0);
        // Where to continue when the text after the last `%` does not match: it takes one more character.
        let mut last_any: Option<(usize, usize)> = None;
        while at < text.len() {
            match self.parts.get(part) {
                Some(Part::AnyText) => {
                    last_any = Some((part, at));
                    part += 1;
                }
                Some(Part::AnyCharacter) => (at, part) = (at + 1, part + 1),
                Some(Part::Character(c)) if *c == text[at] => (at, part) = (at + 1, part + 1),
                _ => {
                    let Some((any, begin)) = last_any else { return false };
                    last_any = Some((any, begin + 1));
                    (at, part) = (begin + 1, any + 1);
                }
            }
        }
        self.parts[part..].iter().all(|part| *part == Part::AnyText)
    }
}

/// The text with accents as a part of their letters, so that `_` is a letter with its accent.
fn folded(text: &str, ignores_case: bool) -> String {
    let text = nfc(text);
    if ignores_case { text.to_lowercase() } else { text.into_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn is_like(text: &str, pattern: &str) -> bool {
        Pattern::new(pattern, false).unwrap().matches(text)
    }

    #[test]
    fn patterns_match_whole_texts() {
        for (text, pattern, expected) in [
            ("", "", true),
            ("", "%", true),
            ("", "_", false),
            ("a", "", false),
            ("scan/a.tif", "%.tif", true),
            ("scan/a.tiff", "%.tif", false),
            ("scan/a.tif", "scan/%", true),
            ("invoice", "inv_ice", true),
            ("invoice", "INV%", false),
            ("größe", "gr__e", true),
            ("gro\u{308}ße", "gr__e", true),
            ("größe", "gro\u{308}%", true),
            ("aab", "%ab", true),
            ("ababac", "%ab%ac", true),
            ("ababa", "%ab%ac", false),
            ("100 %", r"100 \%", true),
            ("100 x", r"100 \%", false),
            ("a_b", r"a\_b", true),
            ("axb", r"a\_b", false),
            (r"a\b", r"a\\b", true),
        ] {
            assert_eq!(is_like(text, pattern), expected, "{text} like {pattern}");
        }
        assert!(Pattern::new("GR%E", true).unwrap().matches("größe"));
        assert_eq!(Pattern::new(r"a\", false), None);
    }

    /// The definition, without any thought of time.
    fn slowly(text: &[char], pattern: &[char]) -> bool {
        match pattern.split_first() {
            None => text.is_empty(),
            Some(('%', rest)) => (0..=text.len()).any(|at| slowly(&text[at..], rest)),
            Some((c, rest)) => text.split_first().is_some_and(|(t, more)| (*c == '_' || c == t) && slowly(more, rest)),
        }
    }

    proptest! {
        #[test]
        fn matching_is_as_defined(text in "[ab]{0,8}", pattern in "[ab%_]{0,6}") {
            let chars = |text: &str| text.chars().collect::<Vec<_>>();
            prop_assert_eq!(is_like(&text, &pattern), slowly(&chars(&text), &chars(&pattern)));
        }
    }
}
