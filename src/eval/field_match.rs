//! Whether a field's answer is its true value.

use super::date_text::dates_of_text;
use super::decimal_text::Decimal;
use super::similarity::text_similarity;
use crate::base::unicode::fold;
use crate::base::units::parse_boolean;

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// Any text, also a label.
    Text,
    /// A number.
    Number,
    /// A calendar date.
    Date,
    /// True or false.
    Boolean,
}

/// How close an answer is to the truth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FieldMatch {
    /// The same characters.
    pub exact: bool,
    /// The same value: what differs is how it is written.
    pub normalized: bool,
    /// From 0 to 1: for text, the similarity of [`text_similarity`]; for other kinds, 1 for the same value.
    pub similarity: f64,
}

/// Compares a field's answer with its true value. `None` is a value that the page does not state.
///
/// - Numbers are equal in value: `1,234.50`, `1 234,5`, `€ 1234.5` ([`Decimal`]).
/// - Dates are the same day: `2026-11-23`, `23.11.2026`, `Nov 23, 2026` ([`dates_of_text`]).
/// - Booleans are the words true, yes, y, 1 and false, no, n, 0.
/// - Text is equal in its folded form: Unicode composition, case, white space, forms of quotes and dashes.
///
/// A value that cannot be read as its kind is compared as text.
#[must_use]
pub fn match_field(kind: FieldKind, truth: Option<&str>, answer: Option<&str>) -> FieldMatch {
    let (truth, answer) = match (truth, answer) {
        (Some(truth), Some(answer)) => (truth, answer),
        (truth, answer) => {
            let same = truth.is_none() && answer.is_none();
            return FieldMatch { exact: same, normalized: same, similarity: f64::from(u8::from(same)) };
        }
    };
    let exact = truth == answer;
    let same_value = match kind {
        FieldKind::Text => None,
        FieldKind::Number => both(Decimal::parse(truth), Decimal::parse(answer)).map(|(one, other)| one == other),
        FieldKind::Date => {
            let (one, other) = (dates_of_text(truth), dates_of_text(answer));
            (!one.is_empty() && !other.is_empty()).then(|| one.iter().any(|date| other.contains(date)))
        }
        FieldKind::Boolean => both(parse_boolean(truth), parse_boolean(answer)).map(|(one, other)| one == other),
    };
    let normalized = exact || same_value.unwrap_or_else(|| fold(truth) == fold(answer));
    let similarity = match kind {
        _ if normalized => 1.0,
        FieldKind::Text => text_similarity(truth, answer),
        _ => 0.0,
    };
    FieldMatch { exact, normalized, similarity }
}

/// Whether both texts are the same day. An ambiguous text does not count as a day.
#[must_use]
pub fn is_same_day(one: &str, other: &str) -> bool {
    match (dates_of_text(one).as_slice(), dates_of_text(other).as_slice()) {
        ([one], [other]) => one == other,
        _ => false,
    }
}

/// Whether both texts are the same amount with the same signs and symbols around it: `$1,234.50` and `$ 1234.5`. A number
/// with a leading zero (`007`) is the number of something, and so may be one with letters.
#[must_use]
pub fn is_same_amount(one: &str, other: &str) -> bool {
    both(amount(one), amount(other)).is_some_and(|(one, other)| one == other)
}

/// The text before an amount, the amount, and the text after it.
fn amount(text: &str) -> Option<(String, Decimal, String)> {
    let is_digit = |c: char| c.is_ascii_digit();
    let (first, last) = (text.find(is_digit)?, text.rfind(is_digit)?);
    let (before, number, after) = (&text[..first], &text[first..=last], &text[last + 1..]);
    let is_separator = |c: char| matches!(c, '.' | ',' | '\'' | '’') || c.is_whitespace();
    let is_plain = number.chars().all(|c| is_digit(c) || is_separator(c));
    let is_padded = number.strip_prefix('0').is_some_and(|rest| rest.starts_with(is_digit));
    let has_letter = [before, after].iter().any(|around| around.contains(char::is_alphabetic));
    let value = Decimal::parse(number).filter(|_| is_plain && !is_padded && !has_letter)?;
    Some((fold(before), value, fold(after)))
}

fn both<T>(one: Option<T>, other: Option<T>) -> Option<(T, T)> {
    one.zip(other)
}

/// Whether a text can be read as a value of this kind, so that it is not compared as text.
#[must_use]
pub fn is_readable(kind: FieldKind, text: &str) -> bool {
    match kind {
        FieldKind::Text => true,
        FieldKind::Number => Decimal::parse(text).is_some(),
        FieldKind::Date => !dates_of_text(text).is_empty(),
        FieldKind::Boolean => parse_boolean(text).is_some(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use FieldKind::{Boolean, Date, Number, Text};

    #[test]
    fn same_values() {
        for (kind, truth, answer) in [
            (Number, "1,234.50", "1234.5"),
            (Number, "1.234,50 €", "1234.5"),
            (Number, "0.10", "0.1"),
            (Number, "1e3", "1000"),
            (Number, "n/a", "N/A "),
            (Date, "23.11.2026", "2026-11-23"),
            (Date, "November 23rd, 2026", "2026-11-23"),
            (Date, "03/04/2026", "2026-04-03"),
            (Date, "unknown", "Unknown"),
            (Boolean, "yes", "true"),
            (Boolean, "0", "false"),
            (Text, "Cafe\u{301}  Müller", "café müller"),
            (Text, "“x”", "\"x\""),
        ] {
            let found = match_field(kind, Some(truth), Some(answer));
            assert!(found.normalized && !found.exact && found.similarity == 1.0, "{truth} {answer} {found:?}");
            assert_eq!(match_field(kind, Some(answer), Some(truth)), found, "{truth} {answer}");
        }
    }

    #[test]
    fn different_values() {
        for (kind, truth, answer) in [
            (Number, "1,234.50", "1234.6"),
            (Number, "12", "-12"),
            (Number, "9007199254740993", "9007199254740992"),
            (Number, "12", "n/a"),
            (Date, "23.11.2026", "2026-11-22"),
            (Date, "03/04/2026", "2026-05-03"),
            (Boolean, "yes", "false"),
            (Text, "1.0", "1"),
            (Text, "invoice", ""),
        ] {
            let found = match_field(kind, Some(truth), Some(answer));
            assert!(!found.normalized && !found.exact, "{truth} {answer} {found:?}");
            assert!(found.similarity < 1.0);
        }
    }

    #[test]
    fn a_value_that_is_not_stated_equals_only_itself() {
        assert!(match_field(Text, None, None).exact);
        for found in [match_field(Text, None, Some("")), match_field(Number, Some("0"), None)] {
            assert_eq!(found, FieldMatch { exact: false, normalized: false, similarity: 0.0 });
        }
    }
}
