//! The number of a page, as files state it.

use serde_json::Value;

/// The number in a cell, also as programs write whole numbers that they keep as decimals (`1.0`); `None`: not a page
/// number.
pub(crate) fn read_page_number(cell: &Value) -> Option<u32> {
    let text = match cell {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.trim().to_owned(),
        _ => return None,
    };
    let whole = match text.split_once('.') {
        Some((whole, part)) if !part.is_empty() && part.bytes().all(|digit| digit == b'0') => whole,
        Some(_) => return None,
        None => &text,
    };
    whole.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn whole_numbers_may_have_a_point() {
        for (cell, expected) in [
            (json!(3), Some(3)),
            (json!(3.0), Some(3)),
            (json!("3"), Some(3)),
            (json!(" 3.00 "), Some(3)),
            (json!("3."), None),
            (json!(".0"), None),
            (json!("3.5"), None),
            (json!(3.5), None),
            (json!("-1"), None),
            (json!("4294967296"), None),
            (json!("x"), None),
            (json!(true), None),
        ] {
            assert_eq!(read_page_number(&cell), expected, "{cell}");
        }
    }
}
