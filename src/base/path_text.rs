//! Paths as text: different paths have different texts, and a path that is UTF-8 is its own text unless
//! it looks like the text of another one.

use std::fmt::Write;

/// A path as text. Of a path that is not UTF-8, other bytes and `%` are written as `%XX`. So is the
/// `%` of a path that would otherwise be the text of such a path; URLs are never changed.
#[must_use]
pub fn display_path(path: &[u8]) -> String {
    match std::str::from_utf8(path) {
        Ok(text) if !is_escape_of_another(text) => text.to_owned(),
        _ => escape(path),
    }
}

/// The path whose text this is, as [`display_path`] writes it. Any other text stands for the path with its bytes.
#[must_use]
pub fn path_of_text(text: &str) -> Vec<u8> {
    let path = percent_decoded(text);
    if display_path(&path) == text { path } else { text.as_bytes().to_vec() }
}

/// `path` with `%XX` in place of `%` and of bytes that are not UTF-8. The text never begins as a URL.
fn escape(path: &[u8]) -> String {
    let mut out = String::with_capacity(path.len() + 2);
    for chunk in path.utf8_chunks() {
        out.push_str(&chunk.valid().replace('%', "%25"));
        for byte in chunk.invalid() {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    if is_url(&out) { out.replacen(':', "%3A", 1) } else { out }
}

/// Whether `text` is the escaped form of another path: of one that is not UTF-8, or of one that is
/// escaped because of that.
fn is_escape_of_another(text: &str) -> bool {
    let mut text = text.to_owned();
    loop {
        if is_url(&text) {
            return false;
        }
        let other = percent_decoded(&text);
        if other.len() == text.len() || escape(&other) != text {
            return false;
        }
        match String::from_utf8(other) {
            Ok(other) => text = other,
            Err(_) => return true,
        }
    }
}

/// `text` with the bytes that `%XX` stands for. Any other `%` stands for itself.
#[must_use]
pub fn percent_decoded(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let digits = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.filter(|_| *first == b'%').and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                out.push(byte);
                rest = &after[2..];
            }
            None => {
                out.push(*first);
                rest = after;
            }
        }
    }
    out
}

fn is_url(text: &str) -> bool {
    let is = |scheme: &str| text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
    is("http://") || is("https://")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn texts_of_paths() {
        for (path, text) in [
            (&b"a/b c.jpg"[..], "a/b c.jpg"),
            ("ä.jpg".as_bytes(), "ä.jpg"),
            (b"a\xff.jpg", "a%FF.jpg"),
            // Percent signs that do not need escaping stay.
            (b"100%.jpg", "100%.jpg"),
            (b"a%20b.jpg", "a%20b.jpg"),
            (b"a%25.jpg", "a%25.jpg"),
            (b"a%ff.jpg", "a%ff.jpg"),
            // These would be the texts of other paths.
            (b"a%FF.jpg", "a%25FF.jpg"),
            (b"a%25FF.jpg", "a%2525FF.jpg"),
            (b"a%FF\xfe.jpg", "a%25FF%FE.jpg"),
            (b"https://h/caf%E9.jpg", "https://h/caf%E9.jpg"),
            (b"https://h/caf\xe9.jpg", "https%3A//h/caf%E9.jpg"),
        ] {
            assert_eq!(display_path(path), text, "{}", path.escape_ascii());
        }
    }

    /// Parts of paths that look alike.
    const PARTS: &[&[u8]] =
        &[b"a", b"%", b"25", b"%FF", b"FF", b"\xff", b"%C3", b"\xc3\xa9", b"\xc3", b"https://", b"https%3A//"];

    proptest! {
        /// No two paths have one text.
        #[test]
        fn different_paths_have_different_texts(
            one in prop::collection::vec(prop::sample::select(PARTS), 0..6),
            other in prop::collection::vec(prop::sample::select(PARTS), 0..6),
        ) {
            let (one, other) = (one.concat(), other.concat());
            prop_assert_eq!(display_path(&one) == display_path(&other), one == other);
            prop_assert_eq!(path_of_text(&display_path(&one)), one.clone());
            // A path that is not UTF-8 against the one that its text would be.
            let text = display_path(&one);
            prop_assert_eq!(display_path(text.as_bytes()) == text, text.as_bytes() == one.as_slice());
        }
    }
}
