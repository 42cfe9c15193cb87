//! Numbers as people write them.

/// An exact decimal number: `digits * 10^exponent`, in one form for each value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decimal {
    is_negative: bool,
    /// Without zeros at the ends; empty for zero.
    digits: String,
    exponent: i64,
}

impl Decimal {
    /// Reads a number with or without a unit, such as a currency, before or after it: `1234.5`, `1,234.50`,
    /// `1.234,50 €`, `1 234,5`, `1'234.5`, `(12.00)`, `12-`, `1.5e3`, `12 %`.
    ///
    /// Of a point and a comma, the last one separates decimals. One that occurs several times separates
    /// thousands. A comma that occurs once separates thousands if three digits follow and one to three,
    /// not beginning with 0, precede it. A point that occurs once separates decimals, as in JSON.
    /// `None` if the text is not one number.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text: String = text.trim().chars().map(|c| if is_minus(c) { '-' } else { c }).collect();
        let (text, mut is_negative) = match text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
            Some(inner) => (inner.to_owned(), true),
            None => (text, false),
        };
        let first = text.find(|c: char| c.is_ascii_digit())?;
        // `.5`, but not `Fr.5`.
        let begins = |before: &str| !before.trim_end().ends_with(char::is_alphabetic);
        let first = text[..first].strip_suffix(['.', ',']).filter(|before| begins(before)).map_or(first, str::len);
        let last = text.rfind(|c: char| c.is_ascii_digit())?;
        let (before, number, after) = (&text[..first], &text[first..=last], &text[last + 1..]);
        // `12.-` and `12,--` are amounts without cents.
        let after = after.strip_prefix(['.', ',']).map_or(after, |cents| cents.trim_start_matches('-'));
        for unit in [before, after] {
            match unit.matches('-').count() {
                0 => {}
                1 if !is_negative && !is_hyphen(unit) => is_negative = true,
                _ => return None,
            }
            if unit.trim_matches(is_padding).chars().count() > 4 || unit.contains(['/', ':']) {
                return None;
            }
        }
        let (mantissa, exponent) = match number.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.trim_start_matches('+').parse::<i32>().ok()?),
            None => (number, 0),
        };
        let (whole, decimals) = split_at_decimals(mantissa)?;
        Some(Self::from_digits(is_negative, &format!("{whole}{decimals}"), i64::from(exponent) - decimals.len() as i64))
    }

    fn from_digits(is_negative: bool, digits: &str, exponent: i64) -> Self {
        let digits = digits.trim_start_matches('0');
        let significant = digits.trim_end_matches('0');
        if significant.is_empty() {
            return Self { is_negative: false, digits: String::new(), exponent: 0 };
        }
        let exponent = exponent + (digits.len() - significant.len()) as i64;
        Self { is_negative, digits: significant.to_owned(), exponent }
    }
}

fn is_minus(c: char) -> bool {
    matches!(c, '\u{2212}' | '\u{2010}'..='\u{2015}')
}

/// Whether the minus follows a letter, or precedes one after the number: `INV-12`, `12-A`.
fn is_hyphen(unit: &str) -> bool {
    let (before, after) = unit.split_once('-').unwrap_or((unit, ""));
    before.ends_with(char::is_alphabetic)
        || (before.is_empty() && after.len() == 1 && after.starts_with(char::is_alphabetic))
}

fn is_padding(c: char) -> bool {
    c.is_whitespace() || matches!(c, '-' | '+' | '.' | ',')
}

/// The digits before and after the decimal separator.
fn split_at_decimals(text: &str) -> Option<(String, String)> {
    let (points, commas) = (text.matches('.').count(), text.matches(',').count());
    let decimal = match (points, commas) {
        (0, 0) => None,
        (1, 0) => Some('.'),
        (0, 1) => (!is_grouping(text)).then_some(','),
        (_, 0) | (0, _) => None,
        _ if text.rfind('.') > text.rfind(',') => Some('.'),
        _ => Some(','),
    };
    let (whole, decimals) = decimal.and_then(|c| text.rsplit_once(c)).unwrap_or((text, ""));
    if decimal.is_some_and(|c| whole.contains(c)) || !decimals.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // Groups of thousands, after the first, have two or three digits (India).
    let groups: Vec<&str> =
        whole.split(|c: char| matches!(c, '.' | ',' | '\'' | '’' | '_') || c.is_whitespace()).collect();
    let are_groups = groups.iter().skip(1).all(|group| (2..=3).contains(&group.len()))
        && groups.iter().all(|group| group.bytes().all(|byte| byte.is_ascii_digit()))
        && (groups.len() == 1 || groups.last().is_some_and(|group| group.len() == 3));
    are_groups.then(|| (groups.concat(), decimals.to_owned()))
}

/// Whether a single comma separates thousands.
fn is_grouping(text: &str) -> bool {
    text.split_once(',')
        .is_some_and(|(before, after)| (1..=3).contains(&before.len()) && !before.starts_with('0') && after.len() == 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_the_same_number() {
        for forms in [
            &[
                "1234.5",
                "1,234.50",
                "1.234,5",
                "1 234,5",
                "1\u{a0}234.5",
                "1'234.50",
                "$1,234.50",
                "1.234,50 €",
                "EUR 1234.5",
                "1.2345e3",
                "+1234.5",
            ][..],
            &["-12", "−12", "(12.00)", "12-", "-12.0", "- 12", "-€12"],
            &["0", "-0", "0.00", "000", "0,0"],
            &["1234567", "1.234.567", "1,234,567", "12,34,567", "1 234 567"],
            &["0.123", "0,123", ".123", ",123"],
            &["1234", "1,234", "1'234", "1234.-"],
            &["12", "Fr.12", "12 %", "12%", "12 kg"],
        ] {
            for form in forms {
                assert_eq!(Decimal::parse(form), Decimal::parse(forms[0]), "{form} {}", forms[0]);
                assert!(Decimal::parse(form).is_some(), "{form}");
            }
        }
    }

    #[test]
    fn different_numbers() {
        for (one, other) in [("1.234", "1,234"), ("1", "10"), ("1", "-1"), ("0.1", "0.01"), ("12,5", "125")] {
            assert_ne!(Decimal::parse(one), Decimal::parse(other), "{one} {other}");
        }
    }

    #[test]
    fn what_is_not_one_number() {
        for text in [
            "",
            "-",
            "abc",
            "1 2",
            "12.11.2026",
            "1/2",
            "10:30",
            "INV-1234",
            "12-A",
            "1,2,3",
            "1..2",
            "--1",
            "12 of 13",
        ] {
            assert_eq!(Decimal::parse(text), None, "{text}");
        }
    }
}
