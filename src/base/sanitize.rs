//! Text from outside, made harmless: no control character reaches a terminal, a log, a
//! report or a row, and nothing is longer than it may be.

/// Stands for a character that is not shown.
const HIDDEN: char = '\u{fffd}';

/// Whether a terminal might obey this character instead of showing it: controls, and
/// those that turn the direction of writing (Unicode Technical Report 36, section 2.5).
fn is_harmful(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// `text` on one line, white space collapsed, at most `most` characters.
#[must_use]
pub fn one_line(text: &str, most: usize) -> String {
    let clean: String = text.chars().map(|c| if is_harmful(c) { ' ' } else { c }).collect();
    let joined = clean.split_whitespace().collect::<Vec<_>>().join(" ");
    match joined.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &joined[..end]),
        None => joined,
    }
}

/// `text` with its lines, for a terminal.
#[must_use]
pub fn for_terminal(text: &str) -> String {
    text.chars().map(|c| if is_harmful(c) && c != '\n' && c != '\t' { HIDDEN } else { c }).collect()
}

/// `text` as a value: line ends and tabs stay, other control characters are dropped,
/// which no text on a page has and many loaders refuse.
#[must_use]
pub fn value(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\r' | '\t')).collect()
}

/// An identifier from outside: no control characters, at most 200 characters.
#[must_use]
pub fn id(text: &str) -> String {
    text.chars().filter(|c| !is_harmful(*c)).take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_terminal_obeys_is_left() {
        assert_eq!(one_line("a\u{1b}[31mb\r\n\tc\u{202e}d", 99), "a [31mb c d");
        assert_eq!(one_line("äöüß", 3), "äöü…");
        assert_eq!(for_terminal("a\n\tb\u{1b}]0;x\u{7}\u{9b}m"), "a\n\tb\u{fffd}]0;x\u{fffd}\u{fffd}m");
        assert_eq!(value("a\u{0}b\u{1b}\nc"), "ab\nc");
        assert_eq!(id("req_\u{1b}1\n2"), "req_12");
    }
}
