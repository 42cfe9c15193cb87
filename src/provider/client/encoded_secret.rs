//! A secret as a part of encoded text.

use std::borrow::Cow;
use std::sync::Arc;

/// The replacement of a secret in a message.
const MASK: &str = "***";

/// Shortest secret that is looked for, in bytes: a shorter one may be part of any text.
const MIN_BYTES: usize = 8;

/// Characters of base64 before those that depend on the secret alone, by the number of bytes that precede
/// it in its group of three.
const FIRST_CHARS: [usize; 3] = [0, 2, 3];

/// The part of an encoded text that depends only on the secret, not on its surroundings: `Bearer KEY` and `user:KEY` in
/// base64 have different ones.
#[derive(Clone)]
pub(crate) struct Encoded {
    part: String,
    is_hex: bool,
}

impl Encoded {
    /// The parts of all encodings of a secret.
    pub(crate) fn forms(secret: &[u8]) -> Arc<[Self]> {
        if secret.len() < MIN_BYTES {
            return Arc::default();
        }
        let mut forms = Vec::new();
        for (before, first) in FIRST_CHARS.into_iter().enumerate() {
            let bytes = [&[0; 2][..before], secret].concat();
            let last = bytes.len() * 8 / 6;
            let standard = base64_simd::STANDARD_NO_PAD.encode_to_string(&bytes)[first..last].to_owned();
            let url_safe = standard.replace('+', "-").replace('/', "_");
            if url_safe != standard {
                forms.push(Self { part: url_safe, is_hex: false });
            }
            forms.push(Self { part: standard, is_hex: false });
        }
        let hex = secret.iter().map(|byte| format!("{byte:02x}")).collect();
        forms.push(Self { part: hex, is_hex: true });
        forms.into()
    }

    /// `text` without the runs of encoded characters that contain the secret.
    pub(crate) fn redact(&self, text: String) -> String {
        // ASCII keeps its length.
        let searched = if self.is_hex { Cow::Owned(text.to_ascii_lowercase()) } else { Cow::Borrowed(&text[..]) };
        let (mut out, mut at) = (String::new(), 0);
        while let Some(found) = searched[at..].find(&self.part) {
            let start = text[at..at + found].trim_end_matches(|c| self.is_encoded(c)).len() + at;
            let rest = &text[at + found..];
            out.push_str(&text[at..start]);
            out.push_str(MASK);
            at = text.len() - rest.trim_start_matches(|c| self.is_encoded(c)).len();
        }
        if at == 0 {
            drop(searched);
            return text;
        }
        out.push_str(&text[at..]);
        out
    }

    fn is_encoded(&self, c: char) -> bool {
        match self.is_hex {
            true => c.is_ascii_hexdigit(),
            false => c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '-' | '_' | '='),
        }
    }
}
