//! Text that spreadsheets would run as formulas.

/// Whether a spreadsheet would run the text as a formula. A number is not a formula.
/// Source: OWASP, "CSV Injection".
#[must_use]
pub fn is_formula(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@', '\t', '\r']) && text.parse::<f64>().is_err()
}

/// The text with a `'` before it if a spreadsheet would run it as a formula, or if it looks like a text that was
/// escaped so.
#[must_use]
pub fn escape_formula(text: &str) -> String {
    if is_formula(text.trim_start_matches('\'')) { format!("'{text}") } else { text.to_owned() }
}

/// The text that [`escape_formula`] escaped. Other texts are unchanged.
#[must_use]
pub fn unescape_formula(text: &str) -> &str {
    text.strip_prefix('\'').filter(|rest| is_formula(rest.trim_start_matches('\''))).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn formulas_are_detected_and_numbers_are_not() {
        for formula in ["=1+1", "+SUM(A1)", "-A1", "@x", "\tx", "\r=1", "-", "+49 30 1234", "=", "-5%"] {
            assert!(is_formula(formula), "{formula:?}");
        }
        for other in ["", "a=b", "-5", "+5", "-1.5e3", "1-2", " =1", "'=1", "A", "\n=1"] {
            assert!(!is_formula(other), "{other:?}");
        }
    }

    #[test]
    fn escaped_texts() {
        for (text, escaped) in [("=1", "'=1"), ("'=1", "''=1"), ("-5", "-5"), ("'a", "'a"), ("a", "a"), ("", "")] {
            assert_eq!(escape_formula(text), escaped);
        }
        assert_eq!(unescape_formula("=1"), "=1", "nobody escaped it");
    }

    proptest! {
        #[test]
        fn escaping_is_undone_and_leaves_no_formula(text in "['=+@a1\t-]{0,6}") {
            let escaped = escape_formula(&text);
            prop_assert!(!is_formula(&escaped));
            prop_assert_eq!(unescape_formula(&escaped), text);
        }
    }
}
