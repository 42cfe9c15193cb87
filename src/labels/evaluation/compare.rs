//! Compares an answer with the truth: exactly, and after what is not a difference in meaning is removed.

use crate::base::unicode::fold;
use crate::base::units::is_date;
use crate::task::Shape;
use serde_json::Value;

/// Relative difference up to which two numbers are the same: that of a decimal written with nine digits.
const NUMBER_TOLERANCE: f64 = 1e-9;
/// Edit distance, as a share of the longer text, from which ANLS counts a text as wrong. Source: Biten and
/// others, "Scene Text Visual Question Answering" (2019).
const ANLS_THRESHOLD: f64 = 0.5;

/// How an answer and the truth compare.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Comparison {
    /// Whether they are the same.
    pub(crate) is_exact: bool,
    /// Whether they mean the same: without regard to case, white space, quotes, dashes, and forms of numbers
    /// and dates.
    pub(crate) is_normalized: bool,
    /// For texts: the normalized Levenshtein similarity (ANLS), 0 below a half. `None`: not a text.
    pub(crate) anls: Option<f64>,
}

impl Comparison {
    /// Compares values of one shape.
    pub(crate) fn of_values(shape: &Shape, truth: &Value, answer: &Value) -> Self {
        let is_exact = is_same(truth, answer);
        let is_normalized = is_exact || means_same(shape, truth, answer);
        let anls = match (shape.required(), truth, answer) {
            (Shape::Text, Value::String(truth), Value::String(answer)) => Some(anls(truth, answer)),
            // No text, where one is on the page or is answered.
            (Shape::Text, _, _) => Some(if is_exact { 1.0 } else { 0.0 }),
            _ => None,
        };
        Self { is_exact, is_normalized, anls }
    }
}

/// Whether two values are the same. `1` and `1.0` are.
fn is_same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| is_same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| is_same(a, b)))
        }
        (one, other) => one == other,
    }
}

/// Whether two values mean the same.
fn means_same(shape: &Shape, one: &Value, other: &Value) -> bool {
    match (shape.required(), one, other) {
        (_, Value::Null, Value::Null) => true,
        (_, Value::Number(a), Value::Number(b)) => match (a.as_f64(), b.as_f64()) {
            (Some(a), Some(b)) => (a - b).abs() <= NUMBER_TOLERANCE * a.abs().max(b.abs()),
            _ => false,
        },
        (Shape::Text, Value::String(a), Value::String(b)) => texts_mean_same(a, b),
        (Shape::List(inner), Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| means_same(inner, a, b))
        }
        (Shape::Object(fields), a, b) => {
            let member = |value: &Value, name: &str| value.get(name).cloned().unwrap_or_default();
            fields.iter().all(|field| means_same(&field.shape, &member(a, &field.name), &member(b, &field.name)))
        }
        (_, one, other) => is_same(one, other),
    }
}

/// Whether two texts mean the same: as texts, as numbers, or as dates.
fn texts_mean_same(one: &str, other: &str) -> bool {
    let (one, other) = (fold(one), fold(other));
    let same = |read: fn(&str) -> Option<String>| read(&one).is_some_and(|value| read(&other) == Some(value));
    one == other || same(decimal) || same(date)
}

/// A number in text, such as `1,234.50` or `1.234,5`, as a decimal without grouping; `None`: not a number, or one
/// that means different things in different countries (`1.234`).
fn decimal(text: &str) -> Option<String> {
    let (sign, digits) = match text.strip_prefix(['-', '+']) {
        Some(rest) => (text.starts_with('-'), rest),
        None => (false, text),
    };
    let digits: String = digits.chars().filter(|c| !matches!(c, ' ' | '\'' | '_')).collect();
    if !digits.starts_with(|c: char| c.is_ascii_digit()) || !digits.ends_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let count = |separator: char| digits.matches(separator).count();
    let last = digits.rfind([',', '.']).and_then(|at| digits.get(at..)?.chars().next());
    let fraction = match (count(','), count('.'), last) {
        (0, 0, _) => None,
        (1, 0, Some(separator)) | (0, 1, Some(separator)) => {
            let (whole, part) = digits.split_once(separator)?;
            if part.len() == 3 && !whole.starts_with('0') && whole.len() <= 3 {
                return None;
            }
            Some(separator)
        }
        // Both: the last one begins the decimals, and occurs once.
        (1.., 1.., Some(separator)) if count(separator) == 1 => Some(separator),
        (1.., 0, _) | (0, 1.., _) => None,
        _ => return None,
    };
    let (whole, part) = match fraction {
        Some(separator) => digits.split_once(separator)?,
        None => (digits.as_str(), ""),
    };
    let groups: Vec<&str> = whole.split([',', '.']).collect();
    let are_groups = groups.len() == 1
        || (groups.iter().skip(1).all(|group| group.len() == 3) && groups.first().is_some_and(|first| first.len() <= 3));
    let whole = groups.concat();
    if !are_groups || !whole.chars().chain(part.chars()).all(|c| c.is_ascii_digit()) {
        return None;
    }
    let whole = whole.trim_start_matches('0');
    let part = part.trim_end_matches('0');
    let sign = if sign && !(whole.is_empty() && part.is_empty()) { "-" } else { "" };
    Some(format!("{sign}{}.{part}", if whole.is_empty() { "0" } else { whole }))
}

/// A date in text as `2026-11-23`; `None`: not a date, or one that means different things in different countries
/// (`3/4/2026`).
fn date(text: &str) -> Option<String> {
    if is_date(text) {
        return Some(text.to_owned());
    }
    // The text is folded: in lower case, without a period at its end. Names of months are read in any case.
    let forms = ["%Y/%m/%d", "%d.%m.%Y", "%d. %m. %Y", "%d %b %Y", "%d %B %Y", "%d. %B %Y", "%B %d, %Y", "%b %d, %Y", "%Y%m%d"];
    let parsed = |form: &&str| jiff::civil::Date::strptime(form, text).ok();
    if let Some(date) = forms.iter().find_map(parsed) {
        return Some(date.to_string());
    }
    let either = ["%d/%m/%Y", "%m/%d/%Y"].iter().filter_map(parsed).collect::<Vec<_>>();
    match either.as_slice() {
        [date] => Some(date.to_string()),
        [one, other] if one == other => Some(one.to_string()),
        _ => None,
    }
}

/// The normalized Levenshtein similarity of two texts, without regard to case and white space around them; 0 if
/// more than half of the text differs.
fn anls(truth: &str, answer: &str) -> f64 {
    let similarity = similarity(truth, answer);
    if 1.0 - similarity < ANLS_THRESHOLD { similarity } else { 0.0 }
}

/// One minus the edit distance as a share of the longer text, without regard to case: 0 to 1.
pub(crate) fn similarity(one: &str, other: &str) -> f64 {
    strsim::normalized_levenshtein(&one.trim().to_lowercase(), &other.trim().to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::Field;
    use serde_json::json;

    #[test]
    fn what_means_the_same() {
        for (one, other, is_same) in [
            ("ACME Ltd.", "acme  ltd", true),
            ("follow–up", "follow-up", true),
            ("1,234.50", "1234.5", true),
            ("1.234,50", "1,234.5", true),
            ("1 234,5", "1'234.5", true),
            ("1,234,567", "1234567", true),
            ("-0.0", "0", true),
            ("0.125", "0,125", true),
            ("007", "7", true),
            // A thousand in one country, one and a bit in another.
            ("1.234", "1234", false),
            ("1.234", "1,234", false),
            ("1,23,4", "1234", false),
            ("23.11.2026", "2026-11-23", true),
            ("November 23, 2026", "23 Nov 2026", true),
            ("11/23/2026", "2026-11-23", true),
            ("3/4/2026", "2026-04-03", false),
            ("3/3/2026", "2026-03-03", true),
            ("2026-02-30", "30.02.2026", false),
            ("ACME", "ACNE", false),
            ("a", "", false),
        ] {
            let found = Comparison::of_values(&Shape::Text, &json!(one), &json!(other));
            assert_eq!(found.is_normalized, is_same, "{one:?} {other:?}");
            assert!(!found.is_exact);
        }
    }

    #[test]
    fn typed_values() {
        let nullable = |shape| Shape::Nullable(Box::new(shape));
        let item = Shape::Object(vec![Field { name: "t".into(), description: None, shape: Shape::Text }]);
        for (shape, truth, answer, exact, normalized) in [
            (Shape::Number, json!(1), json!(1.0), true, true),
            (Shape::Number, json!(0.3), json!(0.1 + 0.2), false, true),
            (Shape::Number, json!(0.3), json!(0.31), false, false),
            (Shape::Number, json!(0), json!(1e-12), false, false),
            (nullable(Shape::Date), json!(null), json!(null), true, true),
            (nullable(Shape::Date), json!(null), json!("2026-01-01"), false, false),
            (nullable(Shape::Text), json!(null), json!("x"), false, false),
            (Shape::List(Box::new(Shape::Text)), json!(["A"]), json!(["a."]), false, true),
            (Shape::List(Box::new(Shape::Text)), json!(["A", "b"]), json!(["a"]), false, false),
            (Shape::List(Box::new(item)), json!([{"t": "X"}]), json!([{"t": "x"}]), false, true),
            (Shape::Boolean, json!(true), json!(false), false, false),
        ] {
            let found = Comparison::of_values(&shape, &truth, &answer);
            assert_eq!((found.is_exact, found.is_normalized), (exact, normalized), "{truth} {answer}");
        }
    }

    #[test]
    fn similarity_of_texts_as_in_the_benchmark() {
        let anls = |one: &str, other: &str| {
            Comparison::of_values(&Shape::Text, &json!(one), &json!(other)).anls.unwrap()
        };
        assert_eq!((anls("ABC", "abc"), anls("abcd", "abce"), anls("abcd", "abxy")), (1.0, 0.75, 0.0));
        assert_eq!(Comparison::of_values(&Shape::Number, &json!(1), &json!(1)).anls, None);
        let missing = Comparison::of_values(&Shape::Nullable(Box::new(Shape::Text)), &json!("x"), &json!(null));
        assert_eq!(missing.anls, Some(0.0));
    }
}
