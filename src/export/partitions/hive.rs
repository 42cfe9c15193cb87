//! Names of Hive partitions: `column=value`.

use crate::base::digest::Digest;
use crate::base::units::rfc3339;
use crate::export::columns::Cell;
use serde_json::{Number, Value};
use std::borrow::Cow;
use std::fmt::Write;

/// The value of null, and of an empty text, which a folder can't have.
/// Source: Hive's `hive.exec.default.partition.name`; Spark writes the same.
const NULL: &str = "__HIVE_DEFAULT_PARTITION__";

/// Maximum number of bytes of the name of a folder. Source: `NAME_MAX` of Linux.
pub(crate) const MAX_NAME_BYTES: usize = 255;
/// Hexadecimal digits that stand for the rest of a value that is too long.
const DIGITS: usize = 16;

/// The name of the folder of rows with this value: `kind=invoice`. A value that is too long for a name is
/// cut, and ends with `~` and digits that stand for all of it: `kind=an inv~0123456789abcdef`.
pub(crate) fn folder_name(column: &str, cell: Cell<'_>) -> String {
    let name = partition_name(column, cell);
    if name.len() <= MAX_NAME_BYTES {
        return name;
    }
    let digest = Digest::compute(name.as_bytes());
    let end = name.floor_char_boundary(MAX_NAME_BYTES - DIGITS - 1);
    // An escaped character is not cut, either.
    let start = name.get(..end).unwrap_or_default();
    let start = match start.rfind('%') {
        Some(at) if start.len() - at < 3 => start.get(..at).unwrap_or_default(),
        _ => start,
    };
    format!("{start}~{}", digest.short(DIGITS))
}

/// The name of the folder of rows with this value, of any length.
pub(crate) fn partition_name(column: &str, cell: Cell<'_>) -> String {
    let value = value_text(cell);
    let value = if value.is_empty() { Cow::Borrowed(NULL) } else { escape(&value) };
    format!("{}={value}", escape(column))
}

fn value_text(cell: Cell<'_>) -> Cow<'_, str> {
    match cell {
        Cell::Text { text, .. } => text.unwrap_or_default().into(),
        Cell::Count(count) => count.map_or(String::new(), |count| count.to_string()).into(),
        Cell::Money(amount) => amount.map_or(String::new(), |amount| amount.to_string()).into(),
        Cell::Time(ms) => ms.map_or(String::new(), rfc3339).into(),
        Cell::Json { value: Value::Null, .. } => "".into(),
        Cell::Json { value: Value::String(text), .. } => text.into(),
        Cell::Json { value: Value::Number(number), .. } => number_text(number).into(),
        Cell::Json { value, .. } => value.to_string().into(),
    }
}

/// A number, so that those with one value have one name: `1` and `1.0`.
fn number_text(number: &Number) -> String {
    match number.as_f64() {
        // Integers have at most 20 digits. Adding 0 makes -0 the same as 0.
        Some(double) if number.is_f64() && double.fract() == 0.0 && double.abs() < 1e19 => {
            format!("{:.0}", double + 0.0)
        }
        _ => number.to_string(),
    }
}

/// Writes characters that a path can't have as `%XX`.
/// Source: Hive's `FileUtils.escapePathName`, which Spark's `ExternalCatalogUtils` repeats; and NUL, which
/// neither has.
fn escape(text: &str) -> Cow<'_, str> {
    let is_escaped = |c: char| c.is_ascii_control() || "\"#%'*/:=?\\{[]^".contains(c);
    if !text.contains(is_escaped) {
        return text.into();
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if is_escaped(c) {
            let _ = write!(out, "%{:02X}", u32::from(c));
        } else {
            out.push(c);
        }
    }
    out.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names_that_are_too_long_are_cut_and_stay_different() {
        let name = |value: &str| folder_name("kind", Cell::Json { value: &json!(value), is_untrusted: false });
        assert_eq!(name(&"x".repeat(250)), format!("kind={}", "x".repeat(250)));
        let mut names = std::collections::BTreeSet::new();
        for value in [
            "x".repeat(251),
            "x".repeat(252),
            "é".repeat(126),
            "/".repeat(100),
            format!("{}{}", "y".repeat(231), "/".repeat(9)),
        ] {
            let name = name(&value);
            assert!(name.len() <= 255 && name.len() > 230, "{name}");
            let (start, digits) = name.rsplit_once('~').unwrap();
            assert!(digits.len() == 16 && digits.chars().all(|digit| digit.is_ascii_hexdigit()), "{name}");
            assert!(!start.ends_with('%') && !start.ends_with("%2"), "{name}");
            assert_eq!(name, folder_name("kind", Cell::Text { text: Some(&value), is_untrusted: true }));
            names.insert(name);
        }
        assert_eq!(names.len(), 5);
    }

    #[test]
    fn names_are_those_of_hive() {
        for (value, expected) in [
            (json!("invoice"), "kind=invoice"),
            (json!(null), "kind=__HIVE_DEFAULT_PARTITION__"),
            (json!(""), "kind=__HIVE_DEFAULT_PARTITION__"),
            (json!("a/b"), "kind=a%2Fb"),
            (json!("50 % of 1:2"), "kind=50 %25 of 1%3A2"),
            (json!("a=b\"c'd*e?f\\g{h[i]j^k#l"), "kind=a%3Db%22c%27d%2Ae%3Ff%5Cg%7Bh%5Bi%5Dj%5Ek%23l"),
            (json!("tab\tline\nnul\0del\u{7f}"), "kind=tab%09line%0Anul%00del%7F"),
            (json!("größe }~ 請求書"), "kind=größe }~ 請求書"),
            (json!(".."), "kind=.."),
            (json!(true), "kind=true"),
            (json!(-7), "kind=-7"),
            (json!(1.5), "kind=1.5"),
            (json!(-7.0), "kind=-7"),
            (json!(0), "kind=0"),
            (json!(-0.0), "kind=0"),
            (json!(1e16), "kind=10000000000000000"),
            (json!(10_000_000_000_000_000_i64), "kind=10000000000000000"),
            (json!(1e15), "kind=1000000000000000"),
            (json!(1_000_000_000_000_000_i64), "kind=1000000000000000"),
            (json!(9_007_199_254_740_993_i64), "kind=9007199254740993"),
            (json!(1e300), "kind=1e+300"),
        ] {
            assert_eq!(partition_name("kind", Cell::Json { value: &value, is_untrusted: false }), expected);
        }
        assert_eq!(partition_name("at", Cell::Time(Some(0))), "at=1970-01-01T00%3A00%3A00.000Z");
        assert_eq!(partition_name("at", Cell::Time(None)), "at=__HIVE_DEFAULT_PARTITION__");
        assert_eq!(partition_name("a__b/c", Cell::Count(Some(3))), "a__b%2Fc=3");
    }
}
