//! Finds the JSON objects of a reply, in linear time. Reasoning, prose, code fences and trailing
//! commas are ignored.

use super::thought::{ThoughtMark, thought_marks};
use serde_json::error::Category;
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::ops::Range;

/// Bytes that may be read again and again, for each byte of the text: a text of many objects that
/// never end is not searched to its end.
const WORK_PER_BYTE: usize = 8;
/// The same for a short text.
const FREE_WORK: usize = 1 << 16;

/// The result of a search in a text.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Found {
    /// An outermost object.
    Object(Map<String, Value>),
    /// The text ends within an object.
    Unfinished,
    /// The end of reasoning whose beginning is not marked: everything before is reasoning.
    Discard,
}

/// The objects of a text, in their order. Objects inside of an object that is not valid or not
/// complete are not found.
pub(crate) struct Objects<'a> {
    text: &'a str,
    marks: Vec<ThoughtMark>,
    /// The next mark.
    mark: usize,
    /// The next byte.
    at: usize,
    in_thought: bool,
    /// After an object that breaks off, what may be one of its members is not an object.
    is_recovering: bool,
    /// Bytes that may still be read.
    work: usize,
    /// The position of the last result.
    place: Range<usize>,
}

impl<'a> Objects<'a> {
    /// The objects of `text`.
    pub(crate) fn new(text: &'a str) -> Self {
        let work = text.len().saturating_mul(WORK_PER_BYTE).saturating_add(FREE_WORK);
        let marks = thought_marks(text);
        Self { text, marks, mark: 0, at: 0, in_thought: false, is_recovering: false, work, place: 0..0 }
    }

    /// Where the object that was found last is in the text.
    pub(crate) fn place(&self) -> Range<usize> {
        self.place.clone()
    }

    /// The next mark that is not before `at`.
    fn next_mark(&mut self) -> Option<ThoughtMark> {
        while self.marks.get(self.mark).is_some_and(|mark| mark.start < self.at) {
            self.mark += 1;
        }
        self.marks.get(self.mark).copied()
    }

    /// The object that begins at `start`; otherwise the search continues at `self.at`.
    fn object_at(&mut self, start: usize) -> Option<Found> {
        self.at = start + 1;
        let rest = &self.text[start..];
        let is_member = self.is_recovering && is_member_value(&self.text[..start]);
        if is_member || !rest[1..].trim_start().starts_with(['"', '\'', '}']) {
            return None;
        }
        let length = object_length(rest);
        self.work = self.work.saturating_sub(length.unwrap_or(rest.len()));
        let Some(length) = length else {
            return self.skip_unfinished(start);
        };
        let object = parse(&rest[..length]);
        // Where it is not valid, a mark inside is one of reasoning that broke off.
        let mark = self.next_mark().filter(|mark| object.is_none() && mark.start < start + length);
        self.at = mark.map_or(start + length, |mark| mark.start);
        self.place = start..start + length;
        object.map(Found::Object)
    }

    /// Continues after an object that never ends: at the next mark, or where it is not JSON.
    fn skip_unfinished(&mut self, start: usize) -> Option<Found> {
        self.is_recovering = true;
        if let Some(mark) = self.next_mark() {
            self.at = mark.start;
            return None;
        }
        let rest = &self.text[start..];
        self.work = self.work.saturating_sub(rest.len());
        let fault = match double_quoted(rest) {
            Cow::Borrowed(text) => fault_offset(text),
            Cow::Owned(text) => fault_offset(&text).map(|_| 1),
        };
        match fault {
            Some(offset) => {
                self.at = start + offset.max(1);
                None
            }
            None => {
                self.at = self.text.len();
                self.place = start..self.text.len();
                Some(Found::Unfinished)
            }
        }
    }
}

impl Iterator for Objects<'_> {
    type Item = Found;

    fn next(&mut self) -> Option<Found> {
        while self.work > 0 {
            let mark = self.next_mark();
            if self.in_thought {
                let mark = mark?;
                self.at = mark.end;
                self.in_thought = mark.opens;
                continue;
            }
            let end = mark.map_or(self.text.len(), |mark| mark.start);
            if let Some(brace) = self.text[self.at..end].find('{') {
                if let Some(found) = self.object_at(self.at + brace) {
                    return Some(found);
                }
                continue;
            }
            let mark = mark?;
            self.at = mark.end;
            self.in_thought = mark.opens;
            self.is_recovering = false;
            if !mark.opens {
                return Some(Found::Discard);
            }
        }
        None
    }
}

/// An object that is valid JSON, apart from trailing commas, line breaks in texts, and Python's or JavaScript's quotes and
/// words for values.
pub(crate) fn parse(text: &str) -> Option<Map<String, Value>> {
    serde_json::from_str(text).or_else(|_| serde_json::from_str(&repair(&double_quoted(text)))).ok()
}

/// Whether an object has its names in single quotes, as Python writes it.
fn is_single_quoted(text: &str) -> bool {
    text.strip_prefix('{').is_some_and(|rest| rest.trim_start().starts_with('\''))
}

/// An object with double quotes around its texts.
pub(crate) fn double_quoted(text: &str) -> Cow<'_, str> {
    if !is_single_quoted(text) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let (mut quote, mut is_escaped) = (None, false);
    for c in text.chars() {
        match (quote, c) {
            (Some(_), c) if is_escaped => {
                is_escaped = false;
                // JSON has no such escape.
                if c == '\'' {
                    out.pop();
                }
                out.push(c);
            }
            (Some(_), '\\') => {
                is_escaped = true;
                out.push(c);
            }
            (Some(open), c) if c == open => {
                quote = None;
                out.push('"');
            }
            (Some(_), '"') => out.push_str("\\\""),
            (None, '"' | '\'') => {
                quote = Some(c);
                out.push('"');
            }
            _ => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// Bytes up to the brace that closes the first one. `None` if there is none.
fn object_length(text: &str) -> Option<usize> {
    let is_single_quoted = is_single_quoted(text);
    let (mut depth, mut quote, mut is_escaped) = (0_usize, None, false);
    for (at, byte) in text.bytes().enumerate() {
        match (quote, byte) {
            _ if is_escaped => is_escaped = false,
            (Some(_), b'\\') => is_escaped = true,
            (Some(open), byte) if byte == open => quote = None,
            (Some(_), _) => {}
            (None, b'"') => quote = Some(byte),
            (None, b'\'') if is_single_quoted => quote = Some(byte),
            (None, b'{') => depth += 1,
            (None, b'}') => {
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

/// Where an object stops being JSON; `None`: it only breaks off.
fn fault_offset(text: &str) -> Option<usize> {
    let error = serde_json::from_str::<serde::de::IgnoredAny>(text).err().filter(|e| e.classify() != Category::Eof)?;
    let mut starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1));
    let line = starts.nth(error.line().saturating_sub(1)).unwrap_or(0);
    Some(text.ceil_char_boundary(line + error.column()))
}

/// Whether what follows `before` may be the value of a member or an item of a list.
fn is_member_value(before: &str) -> bool {
    let before = before.trim_end();
    before.ends_with([',', '[']) || before.strip_suffix(':').is_some_and(|key| key.trim_end().ends_with('"'))
}

/// Words for values that JSON does not have, and those that it has for them.
const WORDS: [(&str, &str); 5] =
    [("None", "null"), ("True", "true"), ("False", "false"), ("NaN", "null"), ("Infinity", "null")];

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

    /// The objects as text, and `|` where what came before is discarded.
    fn found(text: &str) -> String {
        Objects::new(text)
            .map(|found| match found {
                Found::Object(members) => Value::Object(members).to_string(),
                Found::Discard => "|".to_owned(),
                Found::Unfinished => "~".to_owned(),
            })
            .collect()
    }

    #[test]
    fn outermost_objects_outside_of_reasoning() {
        for (text, objects) in [
            ("", ""),
            ("{}", "{}"),
            (r#"{"a":{"b":1}} and {"c":2}"#, r#"{"a":{"b":1}}{"c":2}"#),
            (r#"[{"a":1},{"b":2}]"#, r#"{"a":1}{"b":2}"#),
            (r#"{"a":1,}"#, r#"{"a":1}"#),
            ("{\"a\":\"one\ntwo\\n\", \"b\": [1,],}", r#"{"a":"one\ntwo\n","b":[1]}"#),
            (
                r#"{"a":None,"b":True,"c":[False,-Infinity,NaN],"d":"None"}"#,
                r#"{"a":null,"b":true,"c":[false,null,null],"d":"None"}"#,
            ),
            // Python's quotes, unless they may mean something else.
            (
                r#"{'a': 'b', 'c': [True, "it's"], 'd': 'a \'b\' "c"', 'e': {'f': '}'}}"#,
                r#"{"a":"b","c":[true,"it's"],"d":"a 'b' \"c\"","e":{"f":"}"}}"#,
            ),
            (r"{'a': 'it's'} {'b': 1}", r#"{"b":1}"#),
            (r"Use {'a'}. {'b': 1}", r#"{"b":1}"#),
            (r"{'a': 'b', 'c': 'd", "~"),
            (r#"{"a":"} { \" </think>"}"#, r#"{"a":"} { \" </think>"}"#),
            (r#"Use { and }, {a, b}. {"c":1}"#, r#"{"c":1}"#),
            (r#"<think>{"a":1}</think>{"b":2}"#, r#"{"b":2}"#),
            (r#"{"a":1}</think>{"b":2}"#, r#"{"a":1}|{"b":2}"#),
            (r#"{"a":1}<think>{"b":2}"#, r#"{"a":1}"#),
            (r#"<think>{"a": no</think>{"b":2}"#, r#"{"b":2}"#),
            (r#"Maybe {"a": no</think>{"b":2}"#, r#"|{"b":2}"#),
            (r#"Maybe {"a": "no</think>{"b":2}"#, r#"|{"b":2}"#),
            // Invalid and incomplete objects, and their content.
            (r#"{"a":{"b":1},"c":"#, "~"),
            (r#"{"a":{"b":1},"c":"d"#, "~"),
            (r#"{"a":{"b":1},"c":oops} {"d":2}"#, r#"{"d":2}"#),
            ("First: {\"a\": \"let... no.\nFinal: {\"b\":2}", r#"{"b":2}"#),
            ("{\"a\":[{\"x\":1},],\n \"b\":{\"c\":1},\n \"d\": \"cut", ""),
        ] {
            assert_eq!(found(text), objects, "{text}");
        }
    }

    /// Texts that make a search that begins again at each brace quadratic.
    #[test]
    fn hostile_texts_are_read_in_linear_time() {
        let count = 1 << 15;
        for unit in
            ["{", "{\"a\":", "{\"a\"x ", "{\"", "[{\"a\":1", "{\"</think>", "<think>{", "\"{\\", "a<", "{}", "{\"\n"]
        {
            let text = unit.repeat(count);
            for text in [format!("{text}{{\"z\":1}}"), format!("{text}{}", "}".repeat(count))] {
                let search = Objects::new(&text);
                let allowed = search.work;
                assert!(allowed <= text.len() * 9 + FREE_WORK);
                let _ = search.count();
            }
        }
    }

    proptest! {
        #[test]
        fn an_object_is_found_in_any_prose(before in "[a-z.: \n]{0,20}", after in "[a-z.: \n]{0,20}", value in "[^\\x00-\\x1f]{0,20}") {
            let object = serde_json::json!({ "a": value });
            let text = format!("{before}{object}{after}");
            prop_assert_eq!(found(&text), object.to_string());
        }

        #[test]
        fn any_text_is_read(text in r#"([{}\[\]":,a<>/\\\n]|</?think>){0,60}"#) {
            let _ = found(&text);
        }
    }
}
