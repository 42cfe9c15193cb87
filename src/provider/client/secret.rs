//! A text that is never printed.

use super::encoded_secret::Encoded;
use std::fmt;
use std::sync::Arc;

/// A key or another header value that must not appear in logs, reports or the store.
#[derive(Clone)]
pub struct Secret {
    text: String,
    /// What shows that the secret is a part of encoded text.
    encoded: Arc<[Encoded]>,
}

/// Shown instead of a secret.
const MASK: &str = "***";
/// Shortest secret that is redacted, in bytes: a shorter one would match ordinary text.
const MIN_REDACTED_BYTES: usize = 4;

/// Shortest secret that is redacted in any case, in bytes.
const MIN_ANY_CASE_BYTES: usize = 8;

/// Words before the secret part of a header value.
const SCHEMES: [&str; 4] = ["Bearer", "Basic", "Token", "ApiKey"];

impl Secret {
    /// Wraps a secret. Surrounding white space, which files and shells add, is removed.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let text = text.trim().to_owned();
        let encoded = Encoded::forms(text.as_bytes());
        Self { text, encoded }
    }

    /// Whether the secret is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// `text` with every occurrence of the secret replaced by `***`, even where some or all of its
    /// characters are escaped as in JSON, URLs or HTML, and where it is a part of text in base64 or
    /// hexadecimal digits. A secret of less than 4 bytes is left in place, and encoded ones of less than 8.
    #[must_use]
    pub fn redact(&self, text: &str) -> String {
        if self.text.len() < MIN_REDACTED_BYTES {
            return text.to_owned();
        }
        // A server may repeat what follows `Bearer` alone.
        let text = match self.token() {
            token if token.len() < self.text.len() => Self::new(token).redact(text),
            _ => text.to_owned(),
        };
        // Searching for the plain secret is fast, and few texts have escapes.
        let mut text = self.redact_any_case(text.replace(&self.text, MASK));
        for encoded in self.encoded.iter() {
            text = encoded.redact(text);
        }
        if text.contains(ESCAPES) { self.redact_escaped(&text) } else { text }
    }

    /// `text`, a message, without the rest of the secret where the message was cut: at its end, or before an ellipsis
    /// or `*`. Text that people have written is left in place: it may end like a part of a secret.
    #[must_use]
    pub fn redact_cut(&self, text: String) -> String {
        let secret = self.token();
        if secret.len() < MIN_ANY_CASE_BYTES {
            return text;
        }
        let (mut out, mut rest) = (String::new(), text.as_str());
        while let Some(at) = rest.find(&secret[..secret.ceil_char_boundary(MIN_REDACTED_BYTES)]) {
            let same = rest[at..].chars().zip(secret.chars()).take_while(|(one, other)| one == other);
            let end = at + same.map(|(c, _)| c.len_utf8()).sum::<usize>();
            out.push_str(&rest[..at]);
            let is_cut = rest[end..].is_empty() || ENDS.iter().any(|mark| rest[end..].starts_with(mark));
            out.push_str(if is_cut { MASK } else { &rest[at..end] });
            rest = &rest[end..];
        }
        if out.is_empty() { text } else { out + rest }
    }

    /// The secret without the scheme before it.
    fn token(&self) -> &str {
        match self.text.split_once(' ') {
            Some((scheme, token)) if SCHEMES.iter().any(|known| scheme.eq_ignore_ascii_case(known)) => {
                token.trim_start()
            }
            _ => &self.text,
        }
    }

    /// Replaces the secret in other upper and lower case, too, as in names of headers. A short one may be a word.
    fn redact_any_case(&self, text: String) -> String {
        if self.text.len() < MIN_ANY_CASE_BYTES || !self.text.bytes().any(|byte| byte.is_ascii_alphabetic()) {
            return text;
        }
        // ASCII keeps its length.
        let (searched, secret) = (text.to_ascii_lowercase(), self.text.to_ascii_lowercase());
        if !searched.contains(&secret) {
            return text;
        }
        let (mut out, mut at) = (String::with_capacity(text.len()), 0);
        for (found, _) in searched.match_indices(&secret) {
            out.push_str(&text[at..found]);
            out.push_str(MASK);
            at = found + secret.len();
        }
        out.push_str(&text[at..]);
        out
    }

    fn redact_escaped(&self, text: &str) -> String {
        let first = self.text.chars().next().unwrap_or_default();
        let (mut out, mut rest) = (String::with_capacity(text.len()), text);
        while let Some(at) = rest.find(|c| c == first || ESCAPES.contains(&c)) {
            out.push_str(&rest[..at]);
            rest = &rest[at..];
            match self.escaped_length(rest) {
                Some(length) => {
                    out.push_str(MASK);
                    rest = &rest[length..];
                }
                None => {
                    let length = rest.chars().next().map_or(0, char::len_utf8);
                    out.push_str(&rest[..length]);
                    rest = &rest[length..];
                }
            }
        }
        out.push_str(rest);
        out
    }

    /// The length of the secret at the start of `text`, escaped or not; `None`: it is not
    /// there.
    fn escaped_length(&self, text: &str) -> Option<usize> {
        let mut rest = text;
        for c in self.text.chars() {
            rest = strip_escaped(rest, c).or_else(|| rest.strip_prefix(c))?;
        }
        Some(text.len() - rest.len())
    }

    /// The secret itself, for a header.
    pub(crate) fn expose(&self) -> &str {
        &self.text
    }
}

/// What stands where a message was cut.
const ENDS: [&str; 3] = ["…", "...", "*"];

/// Characters with which an escape begins.
const ESCAPES: [char; 3] = ['\\', '%', '&'];

/// How often text may have been escaped again.
const MAX_NESTING: usize = 3;

/// `text` after an escape of `c`.
fn strip_escaped(text: &str, c: char) -> Option<&str> {
    match text.chars().next()? {
        '\\' => {
            let mut units = [0; 2];
            c.encode_utf16(&mut units).iter().try_fold(text, |rest, unit| strip_escape(rest, *unit))
        }
        '%' => {
            let mut bytes = [0; 4];
            c.encode_utf8(&mut bytes).bytes().try_fold(text, strip_percent)
        }
        '&' => strip_entity(text, c),
        _ => None,
    }
}

/// `text` after a byte as in a URL: `%73`, and `%2573` in one that was escaped twice.
fn strip_percent(text: &str, byte: u8) -> Option<&str> {
    let mut rest = text.strip_prefix('%')?;
    for _ in 0..=MAX_NESTING {
        if rest.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok()) == Some(byte) {
            return Some(&rest[2..]);
        }
        rest = rest.strip_prefix("25")?;
    }
    None
}

/// `text` after a character as in HTML: `&#115;`, `&#x73;`, `&quot;`, and `&amp;quot;` in text that was
/// escaped twice.
fn strip_entity(text: &str, c: char) -> Option<&str> {
    strip_reference(text.strip_prefix('&')?, c, 0)
}

/// The same after the `&`, which was escaped `nesting` times.
fn strip_reference(text: &str, c: char, nesting: usize) -> Option<&str> {
    const NAMES: [(char, &str); 7] =
        [('&', "amp;"), ('<', "lt;"), ('>', "gt;"), ('"', "quot;"), ('\'', "apos;"), ('/', "sol;"), ('=', "equals;")];
    if let Some(number) = text.strip_prefix('#') {
        let (digits, radix) = match number.strip_prefix(['x', 'X']) {
            Some(digits) => (digits, 16),
            None => (number, 10),
        };
        let length = digits.bytes().take(MAX_DIGITS).take_while(u8::is_ascii_hexdigit).count();
        let is_c = u32::from_str_radix(&digits[..length], radix) == Ok(u32::from(c));
        return is_c.then(|| digits[length..].strip_prefix(';').unwrap_or(&digits[length..]));
    }
    // `&amp;` is a character, or the beginning of one that was escaped again.
    let inner = text.strip_prefix("amp;").filter(|_| nesting < MAX_NESTING);
    inner.and_then(|inner| strip_reference(inner, c, nesting + 1)).or_else(|| {
        let (_, name) = NAMES.iter().find(|(known, _)| *known == c)?;
        text.strip_prefix(name)
    })
}

/// Longest number of a character in HTML, with leading zeros.
const MAX_DIGITS: usize = 8;

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
    use proptest::prelude::*;

    #[test]
    fn a_secret_is_removed_from_text_and_never_printed() {
        let secret = Secret::new(" sk-1234\n");
        assert_eq!(secret.redact("key sk-1234, again sk-1234"), "key ***, again ***");
        assert_eq!(format!("{secret:?}"), "***");
        assert_eq!(Secret::new("abc").redact("abc"), "abc");
        let long = Secret::new("sk-Abcd1234");
        for (text, redacted) in [
            ("SK-ABCD1234, sk-abcd1234!", "***, ***!"),
            ("é sk-aBCD1234é", "é ***é"),
            ("sk-abcd123", "sk-abcd123"),
            ("***", "***"),
        ] {
            assert_eq!(long.redact(text), redacted);
        }
        assert_eq!(Secret::new("Word").redact("a word"), "a word", "too short");
        assert!(Secret::new(" \n").is_empty());
        let header = Secret::new("Bearer sk-1234");
        assert_eq!(header.redact("got sk-1234 as Bearer sk-1234"), "got *** as Bearer ***");
    }

    #[test]
    fn a_part_that_was_cut_is_removed_from_messages() {
        let secret = Secret::new("Bearer hunter2-Zq7");
        for (text, redacted) in [
            ("the key hunter2-Z", "the key ***"),
            ("the key hunt… is wrong", "the key ***… is wrong"),
            ("hunter2-... and hunter2-****, hunter", "***... and *******, ***"),
            ("a hunter is no key", "a hunter is no key"),
            ("hun", "hun"),
            ("no Bearer", "no Bearer"),
            ("", ""),
        ] {
            assert_eq!(secret.redact_cut(text.to_owned()), redacted, "{text}");
        }
        assert_eq!(Secret::new("hunter2").redact_cut("hunte".to_owned()), "hunte", "too short");
        assert_eq!(Secret::new("äöüäöüäöü").redact_cut("key äöü…".to_owned()), "key ***…");
    }

    proptest! {
        /// In any quotation of a key that does not look like one, no usable part of it is left.
        #[test]
        fn a_random_key_is_hidden_in_every_form(key in "[A-Za-z0-9+/=_.~-]{8,40}", cut in 4_usize..8, pad in "[a-z]{0,5}") {
            let secret = Secret::new(&key);
            let base64 = |text: String| base64_simd::STANDARD.encode_to_string(text);
            let percent: String = key.bytes().map(|byte| format!("%{byte:02X}")).collect();
            let form: String = url::form_urlencoded::byte_serialize(key.as_bytes()).collect();
            let json: String = key.chars().map(|c| format!("\\u{:04x}", u32::from(c))).collect();
            for quoted in [
                key.clone(),
                key.to_ascii_uppercase(),
                format!("x-{}-header", key.to_ascii_lowercase()),
                percent,
                form,
                json,
                key.replace('/', "\\/"),
                base64(format!("{pad}:{key}")),
                base64(format!("{key}:{pad}")),
                key[..cut].to_owned() + "…",
            ] {
                let message = secret.redact_cut(secret.redact(&format!("Invalid key: `{quoted}` (see the manual)")));
                prop_assert!(!message.contains(&quoted) || quoted == "***", "{quoted}: {message}");
                prop_assert!(message.starts_with("Invalid key: `") && message.ends_with(" (see the manual)"), "{message}");
            }
        }
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

    #[test]
    fn a_secret_in_a_url_or_in_html_is_removed_too() {
        let secret = Secret::new("sk-12/3+&Z==");
        let all = |escape: &dyn Fn(u8) -> String| "sk-12/3+&Z==".bytes().map(escape).collect::<String>();
        for text in [
            "sk-12%2F3%2B%26Z%3D%3D".to_owned(),
            "sk-12%2f3%2b%26Z%3d=".to_owned(),
            "sk-12%252F3%252B%2526Z%253D%253D".to_owned(),
            "sk-12/3+&amp;Z==".to_owned(),
            "sk-12&sol;3+&amp;Z&equals;&#61;".to_owned(),
            all(&|byte| format!("%{byte:02X}")),
            all(&|byte| format!("%{byte:02x}")),
            all(&|byte| format!("&#{byte};")),
            all(&|byte| format!("&#x{byte:X};")),
            all(&|byte| format!("&#{byte:04}")),
            all(&|byte| format!("&amp;#{byte};")),
        ] {
            assert_eq!(secret.redact(&format!("a=100%&b={text}&c")), "a=100%&b=***&c", "{text}");
        }
        for other in ["%73k-12", "%", "%7", "&#", "&#115", "&amp;", "&;", "%zz", "sk-12%2F3%2B%26Z%3D%3C"] {
            assert_eq!(secret.redact(other), other);
        }
    }

    #[test]
    fn an_encoded_secret_is_removed_with_what_surrounds_it() {
        let secret = Secret::new("sk-proj-Zq9xK4mB7wP2+/tR8vN5cL1h==");
        let key = b"sk-proj-Zq9xK4mB7wP2+/tR8vN5cL1h==";
        for (before, after) in [("", ""), ("Bearer ", ""), (":", ""), ("user:", "\r\n"), ("x", "y"), ("xy", "")] {
            let whole = [before.as_bytes(), key, after.as_bytes()].concat();
            let hex: String = whole.iter().map(|byte| format!("{byte:02x}")).collect();
            for encoded in [
                base64_simd::STANDARD.encode_to_string(&whole),
                base64_simd::STANDARD_NO_PAD.encode_to_string(&whole),
                base64_simd::URL_SAFE.encode_to_string(&whole),
                base64_simd::URL_SAFE_NO_PAD.encode_to_string(&whole),
                hex.to_uppercase(),
                hex,
            ] {
                let text = format!("Basic {encoded}, \"{encoded}\"");
                assert_eq!(secret.redact(&text), "Basic ***, \"***\"", "{before}");
            }
        }
    }

    /// A hostile server can't make the search slow.
    #[test]
    fn many_escapes_are_read_once() {
        for escape in ["\\", "%", "%25", "&", "&amp;", "&#"] {
            let text = escape.repeat(1 << 20);
            assert_eq!(Secret::new("sk-1234").redact(&text), text);
        }
    }
}
