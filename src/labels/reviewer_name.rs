//! The names under which people decide.

/// Longest name, in characters.
const MAX_CHARS: usize = 100;

/// A name as it is stored: without white space around it.
///
/// # Errors
/// Why it is not a valid name, a lower-case fragment. It does not quote the name.
pub(crate) fn checked_name(name: &str) -> Result<String, String> {
    let name = name.trim();
    if name.is_empty() {
        return Err("is empty".to_owned());
    }
    if name.chars().nth(MAX_CHARS).is_some() {
        return Err(format!("has more than {MAX_CHARS} characters"));
    }
    // Also those that no terminal interprets: names are shown in lists, one on a line.
    match name.chars().find(|c| crate::base::sanitize::is_control(*c) || is_invisible(*c)) {
        Some(c) => Err(format!("contains the control character U+{:04X}", u32::from(c))),
        None => Ok(name.to_owned()),
    }
}

/// Separators of lines, and characters without a width: two names would look the same.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{2028}' | '\u{2029}' | '\u{200b}' | '\u{2060}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_short_and_printable() {
        for name in ["ann", " Ann Müller ", "山田", "eve <b>", "ann@example.org", "=cmd()", "👩‍🔬", &"x".repeat(100)]
        {
            assert_eq!(checked_name(name).as_deref(), Ok(name.trim()), "{name:?}");
        }
        for (name, expected) in [
            ("", "is empty"),
            (" \t ", "is empty"),
            (&"x".repeat(101), "has more than 100 characters"),
            ("a\u{1b}[31mb", "contains the control character U+001B"),
            ("a\nb", "contains the control character U+000A"),
            ("a\u{0}b", "contains the control character U+0000"),
            ("a\u{202e}b", "contains the control character U+202E"),
            ("a\u{200b}b", "contains the control character U+200B"),
            ("a\u{9b}b", "contains the control character U+009B"),
        ] {
            assert_eq!(checked_name(name).unwrap_err(), expected, "{name:?}");
        }
    }
}
