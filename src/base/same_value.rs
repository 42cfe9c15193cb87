//! Whether two JSON values are the same.

use serde_json::Value;

/// Whether two values are the same. `1` and `1.0` are; the order of members does not matter, that of items does.
#[must_use]
pub fn same_value(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_value(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| same_value(a, b)))
        }
        (one, other) => one == other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn numbers_are_compared_by_value_and_members_by_name() {
        for (one, other, expected) in [
            (json!(12), json!(12.0), true),
            (json!(12), json!("12"), false),
            (json!(9_007_199_254_740_993_i64), json!(9_007_199_254_740_993_i64), true),
            (json!([1, 2]), json!([1.0, 2]), true),
            (json!([1, 2]), json!([2, 1]), false),
            (json!({"a": 1, "b": null}), json!({"b": null, "a": 1.0}), true),
            (json!({"a": 1}), json!({"a": 1, "b": null}), false),
        ] {
            assert_eq!(same_value(&one, &other), expected, "{one} {other}");
        }
    }
}
