//! Where a URL begins.

/// The position of the colon after a scheme. `https:/host/path` and `https:\\host` are the rest of a URL that was taken
/// for the path of a file.
pub(crate) fn find_scheme(text: &[u8]) -> Option<usize> {
    let is_web = |before: &[u8]| {
        let before = before.to_ascii_lowercase();
        before.ends_with(b"http") || before.ends_with(b"https")
    };
    let is_colon = |at: &usize| {
        let (before, after) = (&text[..*at], &text[*at + 1..]);
        text[*at] == b':' && (after.starts_with(b"//") || after.first().is_some_and(is_slash) && is_web(before))
    };
    (0..text.len()).find(is_colon)
}

/// Whether a byte separates a host or a folder, on any system.
pub(crate) fn is_slash(byte: &u8) -> bool {
    matches!(byte, b'/' | b'\\')
}

/// Whether a text can be a scheme. Source: RFC 3986, 3.1.
pub(crate) fn is_scheme(text: &[u8]) -> bool {
    text.first().is_some_and(u8::is_ascii_alphabetic)
        && text.iter().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(byte))
}
