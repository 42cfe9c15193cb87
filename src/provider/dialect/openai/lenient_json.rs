//! JSON as servers send it: a number that no double can hold, such as a cost of `1e999`, is not a reason to throw a
//! good reply away. It becomes null.

use serde_json::{Error, Value};

/// Digits of an exponent with which a number may not fit into a double.
const MAX_EXPONENT_DIGITS: usize = 3;

/// Parses JSON; numbers that are too large are null.
///
/// # Errors
/// When the text is not JSON.
pub(crate) fn parse(text: &str) -> Result<Value, Error> {
    serde_json::from_str(text).or_else(|error| match without_huge_numbers(text) {
        Some(text) => serde_json::from_str(&text),
        None => Err(error),
    })
}

/// The value behind these names, each a member of the one before. Unlike `Value::pointer` it copies no name: replies are looked
/// through for dozens of them.
pub(crate) fn find<'v>(value: &'v Value, path: &[&str]) -> Option<&'v Value> {
    path.iter().try_fold(value, |value, name| value.get(*name))
}

/// The text with null instead of numbers with a large exponent; `None` if it has none.
fn without_huge_numbers(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let (mut out, mut from, mut at) = (String::new(), 0, 0);
    while at < bytes.len() {
        match bytes[at] {
            b'"' => at = end_of_string(bytes, at),
            b'-' | b'0'..=b'9' => {
                let length = bytes[at..].iter().take_while(|byte| is_of_number(**byte)).count();
                if is_huge(&text[at..at + length]) {
                    out.push_str(&text[from..at]);
                    out.push_str("null");
                    from = at + length;
                }
                at += length;
            }
            _ => at += 1,
        }
    }
    out.push_str(&text[from..]);
    (from > 0).then_some(out)
}

/// The end of the string that begins at `at`.
fn end_of_string(bytes: &[u8], at: usize) -> usize {
    let mut end = at + 1;
    while end < bytes.len() && bytes[end] != b'"' {
        end += if bytes[end] == b'\\' { 2 } else { 1 };
    }
    end + 1
}

fn is_of_number(byte: u8) -> bool {
    byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E')
}

fn is_huge(number: &str) -> bool {
    let exponent = number.split_once(['e', 'E']).map_or("", |(_, exponent)| exponent.trim_start_matches('+'));
    let has_many_digits = number.len() > 300 || exponent.len() >= MAX_EXPONENT_DIGITS && !exponent.starts_with('-');
    has_many_digits && serde_json::from_str::<f64>(number).is_err()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_number_that_is_too_large_is_null_and_the_rest_stays() {
        let digits = "9".repeat(400);
        for (text, expected) in [
            (r#"{"cost":1e999,"a":"1e999 \" 2e999"}"#.to_owned(), Some(json!({"cost": null, "a": "1e999 \" 2e999"}))),
            ("[-1E+400, 1e-400, 1e300, 12]".to_owned(), Some(json!([null, 0.0, 1e300, 12]))),
            (format!("[{digits}]"), Some(json!([null]))),
            (r#"{"a": 1e999"#.to_owned(), None),
            ("\"".to_owned(), None),
            ("\"\\".to_owned(), None),
            ("1e999x".to_owned(), None),
            (String::new(), None),
        ] {
            assert_eq!(parse(&text).ok(), expected, "{text}");
        }
    }
}
