//! Compares a value of an answer with the truth, by its shape.

use crate::base::same_value::same_value;
use crate::eval::{FieldKind, FieldMatch, is_same_amount, is_same_day, match_field};
use crate::task::Shape;
use serde_json::Value;
use std::borrow::Cow;

/// Compares two values of one shape. Lists are right if all their items are, in the same order.
pub(crate) fn compare_values(shape: &Shape, truth: &Value, answer: &Value) -> FieldMatch {
    match (shape.required(), truth, answer) {
        (Shape::Tags { .. } | Shape::List(_) | Shape::Object(_), _, _) => {
            let (exact, normalized) = (same_value(truth, answer), means_same(shape, truth, answer));
            FieldMatch { exact, normalized, similarity: f64::from(u8::from(normalized)) }
        }
        // Labels that are written differently are different labels.
        (Shape::Choice(_), _, _) => {
            let same = same_value(truth, answer);
            FieldMatch { exact: same, normalized: same, similarity: f64::from(u8::from(same)) }
        }
        (Shape::Number | Shape::Integer, _, _) => {
            let same = same_value(truth, answer);
            let found = match_field(FieldKind::Number, text_of(truth).as_deref(), text_of(answer).as_deref());
            if same {
                FieldMatch { exact: true, normalized: true, similarity: 1.0 }
            } else {
                FieldMatch { exact: false, ..found }
            }
        }
        (Shape::Boolean, _, _) => {
            match_field(FieldKind::Boolean, text_of(truth).as_deref(), text_of(answer).as_deref())
        }
        (Shape::Date, _, _) => match_field(FieldKind::Date, text_of(truth).as_deref(), text_of(answer).as_deref()),
        _ => compare_texts(text_of(truth).as_deref(), text_of(answer).as_deref()),
    }
}

/// Compares texts. A text may be a date or an amount: then its form does not matter.
fn compare_texts(truth: Option<&str>, answer: Option<&str>) -> FieldMatch {
    let found = match_field(FieldKind::Text, truth, answer);
    let (false, Some(truth), Some(answer)) = (found.normalized, truth, answer) else { return found };
    if is_same_day(truth, answer) || is_same_amount(truth, answer) {
        return FieldMatch { normalized: true, similarity: 1.0, ..found };
    }
    found
}

/// A value as text; `None`: null.
fn text_of(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.into()),
        other => Some(other.to_string().into()),
    }
}

/// Whether two values mean the same.
fn means_same(shape: &Shape, one: &Value, other: &Value) -> bool {
    match (shape.required(), one, other) {
        (Shape::List(inner), Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| means_same(inner, a, b))
        }
        (Shape::Object(fields), Value::Object(_), Value::Object(_)) => {
            let member = |value: &Value, name: &str| value.get(name).cloned().unwrap_or_default();
            fields.iter().all(|field| means_same(&field.shape, &member(one, &field.name), &member(other, &field.name)))
        }
        (Shape::Tags { .. } | Shape::List(_) | Shape::Object(_), one, other) => same_value(one, other),
        (shape, one, other) => compare_values(shape, one, other).normalized,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::Field;
    use serde_json::json;

    #[test]
    fn what_is_the_same_and_what_means_the_same() {
        let nullable = |shape| Shape::Nullable(Box::new(shape));
        let list = |shape| Shape::List(Box::new(shape));
        let item = Shape::Object(vec![Field { name: "t".into(), description: None, shape: Shape::Text }]);
        for (shape, truth, answer, exact, normalized) in [
            (Shape::Number, json!(1), json!(1.0), true, true),
            (Shape::Number, json!(0.3), json!(0.31), false, false),
            (Shape::Integer, json!(7), json!(7), true, true),
            (Shape::Integer, json!(9_007_199_254_740_993_i64), json!(9_007_199_254_740_992_i64), false, false),
            (Shape::Number, json!(9_007_199_254_740_993_i64), json!("9007199254740992"), false, false),
            (nullable(Shape::Number), json!(0), json!(null), false, false),
            (nullable(Shape::Date), json!(null), json!(null), true, true),
            (nullable(Shape::Date), json!(null), json!("2026-01-01"), false, false),
            (Shape::Boolean, json!(true), json!(false), false, false),
            (Shape::Boolean, json!(false), json!(false), true, true),
            (Shape::Text, json!("ACME Ltd."), json!("acme  ltd"), false, true),
            (Shape::Text, json!("23.11.2026"), json!("2026-11-23"), false, true),
            (Shape::Text, json!("1,234.50"), json!("1234.5"), false, true),
            (Shape::Text, json!("$1,234.50"), json!("$ 1234.5"), false, true),
            (Shape::Text, json!("\u{2212}12.50"), json!("-12.5"), false, true),
            (Shape::Text, json!("12 345"), json!("12345"), false, true),
            (Shape::Text, json!("0.50"), json!("0,5"), false, true),
            (Shape::Text, json!("20%"), json!("20 %"), false, true),
            (Shape::Text, json!("11/23/2026"), json!("23 Nov 2026"), false, true),
            // Numbers of accounts, postal codes, signs and symbols are text.
            (Shape::Text, json!("007"), json!("7"), false, false),
            (Shape::Text, json!("00008"), json!("000008"), false, false),
            (Shape::Text, json!("0301234"), json!("301234"), false, false),
            (Shape::Text, json!("(555)"), json!("-555"), false, false),
            (Shape::Text, json!("-12"), json!("12-"), false, false),
            (Shape::Text, json!("100%"), json!("100"), false, false),
            (Shape::Text, json!("#12"), json!("12"), false, false),
            (Shape::Text, json!("$12.00"), json!("12"), false, false),
            (Shape::Text, json!("EUR 12.0"), json!("EUR 12"), false, false),
            (Shape::Text, json!("1.500"), json!("1500"), false, false),
            (Shape::Text, json!("12 34 56"), json!("123456"), false, false),
            (Shape::Text, json!("1e5"), json!("100000"), false, false),
            (Shape::Text, json!("\u{663}"), json!("3"), false, false),
            // Day and month may be either.
            (Shape::Text, json!("03/04/2026"), json!("04/03/2026"), false, false),
            (Shape::Text, json!("10-11-12"), json!("12-11-10"), false, false),
            (Shape::Text, json!("2026-11-23"), json!("2026-11-24"), false, false),
            (Shape::Date, json!("03/04/2026"), json!("2026-03-04"), false, true),
            (Shape::Text, json!("ACME 12"), json!("ACMF 12"), false, false),
            (Shape::Text, json!("12/2026"), json!("122026"), false, false),
            (Shape::Choice(vec!["A".into()]), json!("A"), json!("A"), true, true),
            (Shape::Choice(vec!["A".into()]), json!("a."), json!("A"), false, false),
            // Truth that does not fit is compared as text.
            (Shape::Number, json!("n/a"), json!(12), false, false),
            (Shape::Number, json!("1.234,50"), json!(1234.5), false, true),
            (Shape::Number, json!("EUR 1,234.50"), json!(1234.5), false, true),
            (nullable(Shape::Number), json!("1234.5 CHF"), json!(1234.5), false, true),
            (Shape::Number, json!("1234.5 CHF"), json!(1234.6), false, false),
            (Shape::Integer, json!("12 kg"), json!(12), false, true),
            (nullable(Shape::Integer), json!("12 kg"), json!(null), false, false),
            (Shape::Date, json!("soon"), json!("2026-11-23"), false, false),
            (Shape::Boolean, json!("perhaps"), json!(true), false, false),
            (Shape::Integer, json!(7.5), json!(7), false, false),
            (list(Shape::Number), json!("1; 2"), json!([1, 2]), false, false),
            (list(Shape::Number), json!([1, "x"]), json!([1, 2]), false, false),
            (list(Shape::Text), json!(["A"]), json!(["a."]), false, true),
            (list(Shape::Text), json!(["A", "b"]), json!(["a"]), false, false),
            (list(Shape::Number), json!([1, 2.0]), json!([1.0, 2]), true, true),
            (list(item), json!([{"t": "X"}]), json!([{"t": "x"}]), false, true),
            (nullable(list(Shape::Text)), json!([]), json!(null), false, false),
        ] {
            let found = compare_values(&shape, &truth, &answer);
            assert_eq!((found.exact, found.normalized), (exact, normalized), "{truth} {answer}");
            assert_eq!(found.similarity == 1.0, normalized, "{truth} {answer}");
        }
    }
}
