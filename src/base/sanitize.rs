//! Sanitizes text from outside, such as file names, replies and error messages. No control
//! character reaches a terminal, a log, a report or a row, and lengths are bounded.

/// Replaces a character that is not printed.
const REPLACEMENT: char = '\u{fffd}';
/// Maximum length of an identifier, in characters.
const MAX_ID_CHARS: usize = 200;
/// Maximum length of a path that is shown, in characters.
const MAX_PATH_CHARS: usize = 1000;

/// Whether a terminal may interpret this character instead of printing it: control characters, and
/// characters that change the direction of text (Unicode Technical Report 36, section 2.5).
pub(crate) fn is_control(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The text on one line: each run of white space and control characters becomes one space. A text
/// of more than `max_chars` characters is cut and ends with `…`.
#[must_use]
pub fn one_line(text: &str, max_chars: usize) -> String {
    let clean: String = text.chars().map(|c| if is_control(c) { ' ' } else { c }).collect();
    let joined = clean.split_whitespace().collect::<Vec<_>>().join(" ");
    match joined.char_indices().nth(max_chars) {
        Some((end, _)) => format!("{}…", &joined[..end]),
        None => joined,
    }
}

/// The text for a terminal. Line feeds and tabs are kept, other control characters are replaced.
#[must_use]
pub fn for_terminal(text: &str) -> String {
    text.chars().map(|c| if is_control(c) && c != '\n' && c != '\t' { REPLACEMENT } else { c }).collect()
}

/// A path or URL for a terminal or a log: on one line. The query and the credentials of a URL are left
/// out, because they may be secrets.
#[must_use]
pub fn path(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let shown: String =
        text.chars().map(|c| if is_control(c) { REPLACEMENT } else { c }).take(MAX_PATH_CHARS).collect();
    let is_url = ["http://", "https://"]
        .iter()
        .any(|scheme| shown.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)));
    let Some((scheme, rest)) = shown.split_once("://").filter(|_| is_url) else { return shown };
    let (place, is_cut) = match rest.find(['?', '#']) {
        Some(end) => (&rest[..end], true),
        None => (rest, false),
    };
    let host_end = place.find('/').unwrap_or(place.len());
    let host_start = place[..host_end].rfind('@').map_or(0, |at| at + 1);
    format!("{scheme}://{}{}", &place[host_start..], if is_cut { "?…" } else { "" })
}

/// The text as a value of a row. Line ends and tabs are kept. Other control characters are removed:
/// no page shows them, and many programs that load rows reject them.
#[must_use]
pub fn value(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\r' | '\t')).collect()
}

/// The text as an identifier: control characters are removed, and it has at most 200 characters.
#[must_use]
pub fn id(text: &str) -> String {
    text.chars().filter(|c| !is_control(*c)).take(MAX_ID_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn control_characters_by_use() {
        // The text, on one line, for a terminal, as a value, as an identifier.
        for (text, line, terminal, row, name) in [
            ("plain", "plain", "plain", "plain", "plain"),
            ("", "", "", "", ""),
            ("äöü 写真 🙂", "äöü 写真 🙂", "äöü 写真 🙂", "äöü 写真 🙂", "äöü 写真 🙂"),
            ("a\u{1b}[31mb", "a [31mb", "a\u{fffd}[31mb", "a[31mb", "a[31mb"),
            ("a\r\n\tb  c ", "a b c", "a\u{fffd}\n\tb  c ", "a\r\n\tb  c ", "ab  c "),
            ("a\u{0}b\u{7f}c\u{9b}d", "a b c d", "a\u{fffd}b\u{fffd}c\u{fffd}d", "abcd", "abcd"),
            ("exe.\u{202e}gpj", "exe. gpj", "exe.\u{fffd}gpj", "exe.\u{202e}gpj", "exe.gpj"),
            ("a\u{200f}b\u{61c}c\u{200e}", "a b c", "a\u{fffd}b\u{fffd}c\u{fffd}", "a\u{200f}b\u{61c}c\u{200e}", "abc"),
            ("\u{2066}x\u{2069}", "x", "\u{fffd}x\u{fffd}", "\u{2066}x\u{2069}", "x"),
        ] {
            assert_eq!(one_line(text, 99), line, "{text:?}");
            assert_eq!(for_terminal(text), terminal, "{text:?}");
            assert_eq!(value(text), row, "{text:?}");
            assert_eq!(id(text), name, "{text:?}");
        }
    }

    #[test]
    fn lengths_are_counted_in_characters() {
        for (text, max_chars, cut) in
            [("äöüß", 3, "äöü…"), ("äöüß", 4, "äöüß"), ("a  b  c", 3, "a b…"), ("", 0, ""), ("a", 0, "…")]
        {
            assert_eq!(one_line(text, max_chars), cut);
        }
        assert_eq!(id(&"é".repeat(300)).chars().count(), 200);
    }

    #[test]
    fn paths_keep_their_name_and_lose_secrets_and_control_characters() {
        for (bytes, shown) in [
            (&b"mail/a b.jpg"[..], "mail/a b.jpg"),
            (b"a\nb\tc\xff\x1b[31m", "a\u{fffd}b\u{fffd}c\u{fffd}\u{fffd}[31m"),
            (b"what?.jpg", "what?.jpg"),
            (b"https://example.com/a.jpg", "https://example.com/a.jpg"),
            (b"https://example.com/a.jpg?X-Amz-Signature=secret", "https://example.com/a.jpg?\u{2026}"),
            (b"HTTP://me:pass@example.com/a@b.jpg#x", "HTTP://example.com/a@b.jpg?\u{2026}"),
            (b"http://me:pass@example.com", "http://example.com"),
            (b"http://?q", "http://?\u{2026}"),
        ] {
            assert_eq!(path(bytes), shown);
        }
    }

    proptest! {
        #[test]
        fn nothing_is_left_that_a_terminal_interprets(text in any::<String>(), max_chars in 0_usize..40) {
            let line = one_line(&text, max_chars);
            prop_assert!(!line.chars().any(is_control), "{line:?}");
            prop_assert!(line.chars().count() <= max_chars + 1);
            prop_assert!(!for_terminal(&text).chars().any(|c| is_control(c) && c != '\n' && c != '\t'));
            prop_assert!(!id(&text).chars().any(is_control));
            prop_assert!(!path(text.as_bytes()).chars().any(is_control));
        }

        #[test]
        fn sanitizing_twice_changes_nothing_more(text in any::<String>()) {
            for sanitize in [for_terminal, value, id, |text: &str| one_line(text, usize::MAX)] {
                let once = sanitize(&text);
                prop_assert_eq!(sanitize(&once), once);
            }
        }
    }
}
