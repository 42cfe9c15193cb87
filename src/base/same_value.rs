//! Whether two JSON values are the same.

use serde_json::{Number, Value};

/// Whether two values are the same. `1` and `1.0` are, and every digit of a number counts; the order of members does not
/// matter, that of items does.
#[must_use]
pub fn same_value(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(a), Value::Number(b)) => same_number(a, b),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_value(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| same_value(a, b)))
        }
        (one, other) => one == other,
    }
}

fn same_number(one: &Number, other: &Number) -> bool {
    match (integer(one), integer(other)) {
        (Some(one), Some(other)) => one == other,
        (None, None) => one.as_f64() == other.as_f64(),
        (Some(whole), None) => other.as_f64().is_some_and(|real| is_whole(real, whole)),
        (None, Some(whole)) => one.as_f64().is_some_and(|real| is_whole(real, whole)),
    }
}

fn integer(number: &Number) -> Option<i128> {
    number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from))
}

/// Whether a floating-point number is this integer, which has at most 64 bits.
#[expect(
    clippy::cast_possible_truncation,
    reason = "larger numbers saturate, and no integer of 64 bits is the limit of 128 bits"
)]
fn is_whole(real: f64, whole: i128) -> bool {
    real.fract() == 0.0 && real as i128 == whole
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
            (json!(9_007_199_254_740_993_i64), json!(9_007_199_254_740_992_i64), false),
            (json!(9_007_199_254_740_993_i64), json!(9_007_199_254_740_992.0), false),
            (json!(9_007_199_254_740_992_i64), json!(9_007_199_254_740_992.0), true),
            (json!(u64::MAX), json!(i64::MAX), false),
            (json!(u64::MAX), json!(-1), false),
            (json!(1e300), json!(1e300), true),
            (json!(1e300), json!(1), false),
            (json!(-0.0), json!(0), true),
            (json!([1, 2]), json!([1.0, 2]), true),
            (json!([1, 2]), json!([2, 1]), false),
            (json!({"a": 1, "b": null}), json!({"b": null, "a": 1.0}), true),
            (json!({"a": 1}), json!({"a": 1, "b": null}), false),
        ] {
            assert_eq!(same_value(&one, &other), expected, "{one} {other}");
        }
    }
}
