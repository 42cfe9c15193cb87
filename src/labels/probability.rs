//! The probability with which a page was drawn, as files state it.

use crate::base::sanitize::one_line;
use crate::base::units::parse_share;
use serde_json::Value;

/// Smallest probability: a page that was drawn with less would stand for more than a billion pages.
const MIN_PROBABILITY: f64 = 1e-9;

/// A probability in a cell that is not empty: a number, or a text, which may be in percent.
///
/// # Errors
/// Why it is not a probability, in words.
pub(crate) fn read_probability(cell: &Value) -> Result<f64, String> {
    let (number, is_share) = match cell {
        Value::Number(number) => (number.as_f64(), true),
        Value::String(text) => {
            // As spreadsheets write decimals in many languages.
            let text = text.replace(',', ".");
            match parse_share(&text) {
                Ok(share) => (Some(share), true),
                Err(_) => (text.trim().parse().ok(), false),
            }
        }
        _ => (None, false),
    };
    let found = one_line(&cell.to_string(), 40);
    match number {
        Some(number) if is_share && (MIN_PROBABILITY..=1.0).contains(&number) => Ok(number),
        Some(number) if number > 0.0 && number < MIN_PROBABILITY => Err(format!(
            "sampled_with: expected a probability of at least 0.000000001, found {found}: a page would stand for more than a billion"
        )),
        Some(number) if number > 1.0 && number <= 100.0 => Err(format!(
            "sampled_with: expected a probability above 0 and at most 1, found {found}; write {number}% if it is in percent"
        )),
        _ => Err(format!("sampled_with: expected a probability above 0 and at most 1, found {found}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn probabilities_are_numbers_or_in_percent() {
        for (cell, expected) in [
            (json!(0.25), Ok(0.25)),
            (json!(1), Ok(1.0)),
            (json!("0.25"), Ok(0.25)),
            (json!(" 5 % "), Ok(0.05)),
            (json!("0,25"), Ok(0.25)),
            (json!("12,5%"), Ok(0.125)),
            (json!("1,5"), Err("write 1.5% if it is in percent")),
            (json!("0,2,5"), Err("found \"0,2,5\"")),
            (json!(1e-9), Ok(1e-9)),
            (json!(1e-300), Err("at least 0.000000001, found 1e-300")),
            (json!("1e-300"), Err("at least 0.000000001")),
            (json!("0.00000000001%"), Err("at least 0.000000001")),
            (json!(20), Err("found 20; write 20% if it is in percent")),
            (json!("20"), Err("found \"20\"; write 20% if it is in percent")),
            (json!("1.5"), Err("write 1.5% if it is in percent")),
            (json!(0), Err("above 0 and at most 1, found 0")),
            (json!("-0.5"), Err("found \"-0.5\"")),
            (json!("NaN"), Err("found \"NaN\"")),
            (json!("150%"), Err("found \"150%\"")),
            (json!("x"), Err("found \"x\"")),
            (json!(true), Err("found true")),
        ] {
            let found = read_probability(&cell);
            match expected {
                Ok(expected) => assert_eq!(found, Ok(expected), "{cell}"),
                Err(part) => assert!(
                    found.as_ref().is_err_and(|found| found.ends_with(part) || found.contains(part)),
                    "{cell}: {found:?}"
                ),
            }
        }
    }
}
