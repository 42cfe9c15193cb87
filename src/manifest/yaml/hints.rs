//! What to do about text that is not valid YAML. The parser reports where it stopped; most often a text should
//! be in quotes there, or a line does not begin below the ones that it belongs to.

const QUOTE: &str =
    "a text with `: ` in it, or that begins with one of - ? [ { & * ! | > % @ `, has to be in quotes as a whole";
const NO_NESTING: &str = "a text with `: ` in it has to be in quotes as a whole";
const DEEPER: &str = "this line is indented further than the line above it, which has a value already";
const COLUMN: &str =
    "begin this line in the same column as the keys or items that it belongs to, or put the text above it in quotes";
const BRACKETS: &str = "in { } and [ ], text with a comma, `: ` or a bracket has to be in quotes; each bracket is closed, and nothing is empty between two commas";
const AFTER_DOUBLE: &str = "put the whole text in single quotes, or write \\\" for a quote within double quotes";
const AFTER_SINGLE: &str = "put the whole text in double quotes, or write '' for a quote within single quotes";
const ESCAPE: &str = "in double quotes, `\\` begins an escape: use single quotes, or write \\\\";
const SPACE_AFTER_COLON: &str = "a space after the colon: `key: value`";
const SPACE_AFTER_DASH: &str = "a space after the dash: `- item`";
const KEY: &str = "`key: value`";
const CLOSE: &str = "the same quote at the end of the text";

/// What to do about a fault at `offset` of `source`, which the parser describes with `message`.
pub(crate) fn hint(source: &str, offset: usize, message: &str) -> Option<&'static str> {
    let start = source[..offset].rfind('\n').map_or(0, |end| end + 1);
    let before = &source[start..offset];
    let line = source[start..].lines().next().unwrap_or_default().trim_start();
    let begins_line = before.trim_start().is_empty();
    let has = |words: &str| message.contains(words);
    Some(if has("mapping values are not allowed") {
        if before.contains(": ") { NO_NESTING } else { DEEPER }
    } else if has("flow mapping") || has("flow sequence") || has("illegal placement of ':'") {
        BRACKETS
    } else if has("did not find expected key") || has("did not find expected '-' indicator") {
        if begins_line { COLUMN } else { QUOTE }
    } else if has("trailing content after single-quoted") {
        AFTER_SINGLE
    } else if has("trailing content after double-quoted") {
        AFTER_DOUBLE
    } else if has("unclosed quote") {
        CLOSE
    } else if has("unknown escape") {
        ESCAPE
    } else if has("simple key expected") {
        match line.strip_prefix('-') {
            Some(rest) if !rest.starts_with([' ', '-']) => SPACE_AFTER_DASH,
            _ if line.contains(':') => SPACE_AFTER_COLON,
            _ => KEY,
        }
    } else if [
        "unexpected character",
        "unknown anchor",
        "not allowed in this context",
        "expected comment or line break",
    ]
    .iter()
    .any(|words| has(words))
        && !begins_line
    {
        QUOTE
    } else {
        return None;
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::yaml::node::parse_yaml;

    #[test]
    fn a_hint_fits_the_mistake() {
        for (source, expected) in [
            // Text that needs quotes.
            ("text: Signed: yes or no?", Some(NO_NESTING)),
            ("a:\n  b: A bill: with amount\n  c: x", Some(NO_NESTING)),
            ("text: - is it signed?", Some(QUOTE)),
            ("text: @signed?", Some(QUOTE)),
            ("text: %signed?", Some(QUOTE)),
            ("text: `signed` or not?", Some(QUOTE)),
            ("text: *signed* or not?", Some(QUOTE)),
            ("text: |signed or not?", Some(QUOTE)),
            ("text: > 5 pages?", Some(QUOTE)),
            ("text: ? is it", Some(QUOTE)),
            ("a:\n  text: {customer} signed?\n  b: c", Some(QUOTE)),
            ("a:\n  text: [x] signed?\n  b: c", Some(QUOTE)),
            ("text: 'What's it?'", Some(AFTER_SINGLE)),
            ("text: \"Signed\" or not?", Some(AFTER_DOUBLE)),
            ("folder: \"C:\\scans\"", Some(ESCAPE)),
            ("text: 'is it", Some(CLOSE)),
            // Indentation.
            ("a:\n  b: 1\n    c: 2", Some(DEEPER)),
            ("a:\n  b: 1\n c: 2", Some(COLUMN)),
            ("a:\n  - x\n - y", Some(COLUMN)),
            // Brackets.
            ("a: {b: Is it {c}?, d: e}", Some(BRACKETS)),
            ("a: {b: A bill: with amount, c: d}", Some(BRACKETS)),
            ("a: [x, , y]", Some(BRACKETS)),
            ("a: [x, y\nb: c", Some(BRACKETS)),
            ("a: {x: y\nb: {c: d}", Some(BRACKETS)),
            // Spaces.
            ("version: 1\nname:m\nb: c", Some(SPACE_AFTER_COLON)),
            ("a:\n  b:\n  -x\n  -y\nc: d", Some(SPACE_AFTER_DASH)),
            ("version: 1\nname = m\nb: c", Some(KEY)),
        ] {
            let faults = parse_yaml(source).unwrap_err();
            assert_eq!(faults[0].allowed.as_deref(), expected, "{source:?}: {faults:?}");
        }
    }
}
