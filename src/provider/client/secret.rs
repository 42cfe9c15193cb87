//! A text that is never printed.

use std::fmt;

/// A key or another header value that must not appear in logs, reports or the store.
#[derive(Clone)]
pub struct Secret(String);

/// What is shown instead of a secret.
const MASK: &str = "***";
/// Shortest secret that is redacted, in bytes: a shorter one would match ordinary text.
const MIN_REDACTED_BYTES: usize = 4;

/// Words before the secret part of a header value.
const SCHEMES: [&str; 4] = ["Bearer", "Basic", "Token", "ApiKey"];

impl Secret {
    /// Wraps a secret. Surrounding white space, which files and shells add, is removed.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.trim().to_owned())
    }

    /// Whether the secret is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// `text` with every occurrence of the secret replaced by `***`, also where some or all
    /// of its characters are escaped as in JSON. A secret of less than 4 bytes is left in
    /// place.
    #[must_use]
    pub fn redact(&self, text: &str) -> String {
        if self.0.len() < MIN_REDACTED_BYTES {
            return text.to_owned();
        }
        // A server may repeat what follows `Bearer` alone.
        let text = match self.0.split_once(' ') {
            Some((scheme, token)) if SCHEMES.iter().any(|known| scheme.eq_ignore_ascii_case(known)) => {
                Self::new(token).redact(text)
            }
            _ => text.to_owned(),
        };
        // Few texts have escapes, and searching for the plain secret is fast.
        let text = text.replace(&self.0, MASK);
        if !text.contains('\\') {
            return text;
        }
        let (mut out, mut rest) = (String::with_capacity(text.len()), &text[..]);
        while let Some(first) = rest.chars().next() {
            match self.escaped_length(rest) {
                Some(length) => {
                    out.push_str(MASK);
                    rest = &rest[length..];
                }
                None => {
                    out.push(first);
                    rest = &rest[first.len_utf8()..];
                }
            }
        }
        out
    }

    /// The length of the secret at the start of `text`, escaped or not; `None`: it is not
    /// there.
    fn escaped_length(&self, text: &str) -> Option<usize> {
        let mut units = [0; 2];
        let mut rest = text;
        for c in self.0.chars() {
            rest = match rest.strip_prefix(c) {
                Some(after) => after,
                None => c.encode_utf16(&mut units).iter().try_fold(rest, |rest, unit| strip_escape(rest, *unit))?,
            };
        }
        Some(text.len() - rest.len())
    }

    /// The secret itself, for a header.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

/// Longest run of backslashes that is read as an escape: that of text that was escaped three times.
const MAX_BACKSLASHES: usize = 8;

/// `text` after an escape of the UTF-16 code unit `unit`: `\u0073`, or a backslash and the
/// character itself. Text that was escaped twice has more backslashes.
fn strip_escape(text: &str, unit: u16) -> Option<&str> {
    let backslashes = text.bytes().take(MAX_BACKSLASHES).take_while(|byte| *byte == b'\\').count();
    let rest = &text[backslashes..];
    if backslashes == 0 {
        return None;
    }
    if let Some(digits) = rest.strip_prefix('u').and_then(|rest| rest.get(..4))
        && u16::from_str_radix(digits, 16).is_ok_and(|found| found == unit)
    {
        return Some(&rest[5..]);
    }
    let itself = char::from_u32(unit.into())?;
    rest.strip_prefix(itself).filter(|_| !itself.is_alphanumeric())
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_removed_from_text_and_never_printed() {
        let secret = Secret::new(" sk-1234\n");
        assert_eq!(secret.redact("key sk-1234, again sk-1234"), "key ***, again ***");
        assert_eq!(format!("{secret:?}"), "***");
        assert_eq!(Secret::new("abc").redact("abc"), "abc");
        assert!(Secret::new(" \n").is_empty());
        let header = Secret::new("Bearer sk-1234");
        assert_eq!(header.redact("got sk-1234 as Bearer sk-1234"), "got *** as Bearer ***");
    }

    #[test]
    fn an_escaped_secret_is_removed_too() {
        let secret = Secret::new("sk-12/3+Z\u{1f511}");
        let all = r"\u0073\u006B\u002d\u0031\u0032\u002F\u0033\u002b\u005a\ud83d\uDD11";
        for text in [
            "sk-12/3+Z\u{1f511}".to_owned(),
            r"\u0073k-12/3+Z\ud83d\udd11".to_owned(),
            "s\\u006b-12\\/3+Z\u{1f511}".to_owned(),
            all.to_owned(),
            all.replace('\\', r"\\"),
            all.to_uppercase().replace("\\U", r"\u"),
        ] {
            let around = format!(r#"{{"kind":"\u00e4 {text}\n{text}"}}"#);
            assert_eq!(secret.redact(&around), r#"{"kind":"\u00e4 ***\n***"}"#, "{text}");
        }
        for other in [r"\u0073k-12/3+Y", r"\u0073", r"\", r"\u", r"\u00e", r"\sk-12/3+Z", "ä\\ö"] {
            assert_eq!(secret.redact(other), other);
        }
    }

    /// A hostile server can't make the search slow.
    #[test]
    fn many_backslashes_are_read_once() {
        let text = "\\".repeat(4 << 20);
        assert_eq!(Secret::new("sk-1234").redact(&text), text);
    }
}
