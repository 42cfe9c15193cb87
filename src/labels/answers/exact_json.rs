//! JSON whose numbers keep their digits: a double has about 16 of them, a person may have typed more.

use crate::base::escape::pointer_token;
use crate::eval::Decimal;
use serde_json::Value;
use std::collections::HashMap;

/// `value` as JSON without white space, in its own order of members. A number that `source`, the JSON that it was read
/// from, has in the same place is written with the digits of the source, if it would lose some.
pub(crate) fn exact_json(value: &Value, source: &str) -> String {
    let numbers = exact_numbers(source);
    if numbers.is_empty() {
        return value.to_string();
    }
    let mut out = String::new();
    write_value(value, &mut String::new(), &numbers, &mut out);
    out
}

/// The numbers of a JSON text that lose digits as doubles, by the pointers to them.
fn exact_numbers(source: &str) -> HashMap<String, &str> {
    let mut found = HashMap::new();
    let Ok(value) = serde_json::from_str::<Value>(source) else { return found };
    let mut tokens = number_tokens(source).into_iter();
    let mut is_complete = true;
    visit_numbers(&value, &mut String::new(), &mut |pointer, number| match tokens.next() {
        Some(token) if Decimal::parse(token) != Decimal::parse(number) => _ = found.insert(pointer.to_owned(), token),
        Some(_) => {}
        None => is_complete = false,
    });
    // A member that is there twice has a number that the value does not have.
    if is_complete && tokens.next().is_none() { found } else { HashMap::new() }
}

/// The numbers of a JSON text, in their order.
fn number_tokens(source: &str) -> Vec<&str> {
    let bytes = source.as_bytes();
    let (mut tokens, mut at) = (Vec::new(), 0);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => {
                at += 1;
                while bytes.get(at).is_some_and(|byte| *byte != b'"') {
                    at += if bytes[at] == b'\\' { 2 } else { 1 };
                }
                at += 1;
            }
            b'-' | b'0'..=b'9' => {
                let is_of_number = |byte: &u8| matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9');
                let end =
                    bytes[at..].iter().position(|byte| !is_of_number(byte)).map_or(bytes.len(), |length| at + length);
                tokens.extend(source.get(at..end));
                at = end;
            }
            _ => at += 1,
        }
    }
    tokens
}

/// Calls `on_number` with the pointer to each number and its text, in the order of the text.
fn visit_numbers(value: &Value, pointer: &mut String, on_number: &mut dyn FnMut(&str, &str)) {
    match value {
        Value::Number(number) => on_number(pointer, &number.to_string()),
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                inside(pointer, &at.to_string(), |pointer| visit_numbers(item, pointer, on_number));
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                inside(pointer, name, |pointer| visit_numbers(member, pointer, on_number));
            }
        }
        _ => {}
    }
}

fn write_value(value: &Value, pointer: &mut String, numbers: &HashMap<String, &str>, out: &mut String) {
    match value {
        Value::Number(number) => match numbers.get(pointer.as_str()) {
            Some(digits) => out.push_str(digits),
            None => out.push_str(&number.to_string()),
        },
        Value::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                out.push_str(if at == 0 { "" } else { "," });
                inside(pointer, &at.to_string(), |pointer| write_value(item, pointer, numbers, out));
            }
            out.push(']');
        }
        Value::Object(members) => {
            out.push('{');
            for (at, (name, member)) in members.iter().enumerate() {
                out.push_str(if at == 0 { "" } else { "," });
                out.push_str(&Value::from(name.as_str()).to_string());
                out.push(':');
                inside(pointer, name, |pointer| write_value(member, pointer, numbers, out));
            }
            out.push('}');
        }
        other => out.push_str(&other.to_string()),
    }
}

/// Does something with the pointer to a member.
fn inside(pointer: &mut String, name: &str, act: impl FnOnce(&mut String)) {
    let length = pointer.len();
    pointer.push('/');
    pointer.push_str(&pointer_token(name));
    act(pointer);
    pointer.truncate(length);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn exact(source: &str) -> String {
        exact_json(&serde_json::from_str(source).unwrap(), source)
    }

    #[test]
    fn digits_are_kept_where_a_double_loses_them() {
        for (source, expected) in [
            ("12345678901234567890.12", "12345678901234567890.12"),
            ("0.1234567890123456789", "0.1234567890123456789"),
            ("-100000000000000000001", "-100000000000000000001"),
            ("1.50", "1.5"),
            ("1e2", "100.0"),
            ("0.1", "0.1"),
            ("18446744073709551615", "18446744073709551615"),
            (
                r#"{ "a": [1, 2.00000000000000000003], "b\"1": "-5", "c/d": {"e": 9007199254740993.5} }"#,
                r#"{"a":[1,2.00000000000000000003],"b\"1":"-5","c/d":{"e":9007199254740993.5}}"#,
            ),
            // It is undefined which of both counts.
            (r#"{"a": 1, "a": 0.1234567890123456789}"#, r#"{"a":0.12345678901234568}"#),
        ] {
            assert_eq!(exact(source), expected);
        }
        let value = serde_json::json!({"b": 0.123_456_789_012_345_68, "a": 1});
        let source = r#"{"a": 1, "b": 0.1234567890123456789, "c": 2}"#;
        assert_eq!(exact_json(&value, source), r#"{"b":0.1234567890123456789,"a":1}"#);
        assert_eq!(exact_json(&value, "no JSON"), value.to_string());
    }

    proptest! {
        #[test]
        fn what_is_written_is_written_again(digits in "-?[1-9][0-9]{0,30}(\\.[0-9]{1,30})?") {
            let once = exact(&digits);
            prop_assert_eq!(Decimal::parse(&once), Decimal::parse(&digits));
            prop_assert_eq!(exact(&once), once);
        }
    }
}
