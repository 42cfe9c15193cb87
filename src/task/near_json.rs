//! Objects that are not quite JSON, but can mean only one thing: texts in other quotes, comments, trailing commas, line
//! breaks in texts, and the words of other languages for values.

use serde_json::{Map, Value};
use std::borrow::Cow;

/// Typographic quotes that open a text, and those that close it.
const TYPOGRAPHIC: [(char, &[char]); 4] = [('“', &['”']), ('”', &['”']), ('„', &['“', '”']), ('«', &['»'])];
/// Longest comment that is read before the first member of an object, in bytes.
const MAX_FIRST_COMMENT: usize = 500;
/// Words for values that JSON does not have, and those that it has for them.
const WORDS: [(&str, &str); 5] =
    [("None", "null"), ("True", "true"), ("False", "false"), ("NaN", "null"), ("Infinity", "null")];

/// An object that is valid JSON, apart from quotes, comments, trailing commas, line breaks in texts, and Python's or
/// JavaScript's words for values.
pub(crate) fn parse(text: &str) -> Option<Map<String, Value>> {
    serde_json::from_str(text).or_else(|_| serde_json::from_str(&repair(&double_quoted(text)))).ok()
}

/// Whether `text`, which follows the brace of an object, begins with a text or closes the object.
pub(crate) fn begins_members(text: &str) -> bool {
    let text = after_comments(text);
    text.starts_with(['"', '\'', '}']) || TYPOGRAPHIC.iter().any(|(open, _)| text.starts_with(*open))
}

/// `text` without the comments and the white space at its beginning.
fn after_comments(text: &str) -> &str {
    let mut text = text.trim_start();
    if text.starts_with('/') {
        text = &text[..text.floor_char_boundary(MAX_FIRST_COMMENT)];
    }
    loop {
        text = text.trim_start();
        let rest = match text.get(..2) {
            Some("//") => text.split_once('\n').map(|(_, rest)| rest),
            Some("/*") => text[2..].split_once("*/").map(|(_, rest)| rest),
            _ => None,
        };
        match rest {
            Some(rest) => text = rest,
            None => return text,
        }
    }
}

/// What a character of an object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token {
    /// A quote that opens or closes a text.
    Quote,
    /// A part of a text; `is_escaped`: after a backslash.
    Text { is_escaped: bool },
    /// A part of a comment.
    Comment,
    /// Anything else.
    Code,
}

/// In what the next character is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Code,
    /// In a text that this quote has opened.
    Text {
        open: char,
        is_escaped: bool,
    },
    LineComment,
    /// In a comment that ends with `*/`, of which at least so many characters follow.
    BlockComment {
        remaining: u8,
    },
}

/// Reads the characters of an object.
struct Scanner {
    is_single_quoted: bool,
    place: Place,
}

impl Scanner {
    fn new(text: &str) -> Self {
        Self { is_single_quoted: is_single_quoted(text), place: Place::Code }
    }

    /// What `c` is, which `rest` begins with.
    fn read(&mut self, c: char, rest: &str) -> Token {
        match self.place {
            Place::Text { open, is_escaped } => {
                let is_end = !is_escaped && closes(open, c);
                self.place = match is_end {
                    true => Place::Code,
                    false => Place::Text { open, is_escaped: !is_escaped && c == '\\' },
                };
                if is_end { Token::Quote } else { Token::Text { is_escaped } }
            }
            Place::LineComment if c == '\n' => {
                self.place = Place::Code;
                Token::Code
            }
            Place::LineComment => Token::Comment,
            Place::BlockComment { remaining } => {
                self.place = match remaining {
                    1 => Place::Code,
                    0 if rest.starts_with("*/") => Place::BlockComment { remaining: 1 },
                    0 => self.place,
                    _ => Place::BlockComment { remaining: 0 },
                };
                Token::Comment
            }
            Place::Code if rest.starts_with("//") => {
                self.place = Place::LineComment;
                Token::Comment
            }
            Place::Code if rest.starts_with("/*") => {
                // The asterisk ends nothing.
                self.place = Place::BlockComment { remaining: 2 };
                Token::Comment
            }
            Place::Code if self.opens(c) => {
                self.place = Place::Text { open: c, is_escaped: false };
                Token::Quote
            }
            Place::Code => Token::Code,
        }
    }

    fn opens(&self, c: char) -> bool {
        c == '"' || c == '\'' && self.is_single_quoted || TYPOGRAPHIC.iter().any(|(open, _)| *open == c)
    }
}

/// Whether a text that the quote `open` has opened ends with `c`.
fn closes(open: char, c: char) -> bool {
    match TYPOGRAPHIC.iter().find(|(known, _)| *known == open) {
        Some((_, ends)) => ends.contains(&c),
        None => c == open,
    }
}

/// Whether an object has its names in single quotes, as Python writes it.
fn is_single_quoted(text: &str) -> bool {
    text.strip_prefix('{').is_some_and(|rest| after_comments(rest).starts_with('\''))
}

/// An object with double quotes around its texts, and without comments.
pub(crate) fn double_quoted(text: &str) -> Cow<'_, str> {
    let is_other = is_single_quoted(text)
        || ["//", "/*", "\\'"].iter().any(|mark| text.contains(mark))
        || TYPOGRAPHIC.iter().any(|(open, _)| text.contains(*open));
    if !is_other {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut scanner = Scanner::new(text);
    for (at, c) in text.char_indices() {
        match (scanner.read(c, &text[at..]), c) {
            (Token::Quote, _) => out.push('"'),
            // What stands on both sides of a comment is not joined.
            (Token::Comment, _) if out.ends_with(' ') => {}
            (Token::Comment, _) => out.push(' '),
            // JSON has no such escape.
            (Token::Text { is_escaped: true }, '\'') => {
                out.pop();
                out.push(c);
            }
            (Token::Text { is_escaped: false }, '"') => out.push_str("\\\""),
            _ => out.push(c),
        }
    }
    if out == text { Cow::Borrowed(text) } else { Cow::Owned(out) }
}

/// Bytes up to the brace that closes the first one. `None` if there is none.
pub(crate) fn object_length(text: &str) -> Option<usize> {
    let mut scanner = Scanner::new(text);
    let mut depth = 0_usize;
    for (at, c) in text.char_indices() {
        match (scanner.read(c, &text[at..]), c) {
            (Token::Code, '{') => depth += 1,
            (Token::Code, '}') => {
                depth -= 1;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
    }
    None
}

/// Removes trailing commas, escapes control characters in texts, and replaces the words of other languages.
fn repair(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut in_string, mut is_escaped) = (false, false);
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let mut length = c.len_utf8();
        if in_string {
            in_string = is_escaped || c != '"';
            is_escaped = !is_escaped && c == '\\';
            match c {
                '\n' => out.push_str("\\n"),
                '\t' => out.push_str("\\t"),
                '\0'..' ' => {}
                c => out.push(c),
            }
        } else if let Some((word, value)) = WORDS.iter().find(|(word, _)| rest.starts_with(word)) {
            length = word.len();
            out.truncate(out.strip_suffix('-').map_or(out.len(), str::len));
            out.push_str(value);
        } else if c != ',' || !rest[1..].trim_start().starts_with(['}', ']']) {
            in_string = c == '"';
            out.push(c);
        }
        rest = &rest[length..];
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_can_mean_only_one_thing() {
        for (text, expected) in [
            // Typographic quotes.
            ("{“kind”: “invoice”, “marks”: [“a”, “b”]}", Some(r#"{"kind":"invoice","marks":["a","b"]}"#)),
            ("{”kind”: ”invoice”}", Some(r#"{"kind":"invoice"}"#)),
            ("{„kind“: „invoice”, «a»: 1}", Some(r#"{"kind":"invoice","a":1}"#)),
            ("{\"kind\": “invoice”}", Some(r#"{"kind":"invoice"}"#)),
            ("{“note”: “5\" and it's “}", None),
            ("{“note”: “5\" and it's”}", Some(r#"{"note":"5\" and it's"}"#)),
            ("{\"note\": \"“a”, «b»\"}", Some(r#"{"note":"“a”, «b»"}"#)),
            ("{“note”: “{”}", Some(r#"{"note":"{"}"#)),
            // A quote in a quote, and quotes of two kinds around one text, may mean several things.
            ("{“note”: “he said “hi” there”}", None),
            ("{“note\": “a\"}", None),
            ("{‘note’: ‘a’}", None),
            // Comments.
            ("{\"kind\": \"invoice\", // it's {sure}\n \"a\": 1}", Some(r#"{"kind":"invoice","a":1}"#)),
            ("{\"kind\": /* \"letter\"} */ \"invoice\" /*/ , */}", Some(r#"{"kind":"invoice"}"#)),
            ("{// the page\n'kind': 'invoice', /**/}", Some(r#"{"kind":"invoice"}"#)),
            ("{\"url\": \"http://x/*y*/\",}", Some(r#"{"url":"http://x/*y*/"}"#)),
            ("{\"kind\": \"invoice\", // \"letter\"}", None),
            ("{\"kind\": \"invoice\" /* never closed }", None),
            ("{\"kind\": \"invoice\" / 2}", None),
            ("{\"count\": 1/**/2}", None),
            (r#"{"note": "it\'s"}"#, Some(r#"{"note":"it's"}"#)),
            // Neither members without quotes nor values.
            ("{kind: \"invoice\"}", None),
            ("{\"kind\": invoice}", None),
        ] {
            let parsed = object_length(text).and_then(|length| parse(&text[..length]));
            assert_eq!(parsed.map(|members| Value::from(members).to_string()).as_deref(), expected, "{text}");
            let is_begun = begins_members(&text[1..]);
            assert!(is_begun || expected.is_none(), "{text}");
        }
    }

    proptest! {
        /// What is JSON is read as JSON.
        #[test]
        fn valid_json_is_not_changed(value in "[^\\x00-\\x1f]{0,20}", name in "[^\\x00-\\x1f]{1,9}") {
            let mut members = Map::new();
            members.insert(name, Value::from(value));
            let text = Value::from(members.clone()).to_string();
            prop_assert_eq!(object_length(&text), Some(text.len()));
            prop_assert_eq!(&*double_quoted(&text), &text);
            prop_assert_eq!(parse(&text), Some(members));
        }
    }
}
