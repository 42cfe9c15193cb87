//! Text for people, such as a message, without the secrets that it may hold.
//!
//! [`mask_keys`] masks what certainly is a secret: keys with a known prefix, `Bearer …`, the user and
//! password of a URL. [`mask_secrets`] also masks long tokens that look random, for text that a user
//! has written. [`mask_word`] also masks shorter words that look like keys, where something else was expected.

use super::key_forms::may_be_key;
use super::keys::{SCHEME_END, keys_in_path, known_keys, probable_keys};
use std::borrow::Cow;
use std::ops::Range;

/// The replacement of a secret in a message.
pub(crate) const MASK: &str = "***";

/// Masks what certainly is a secret.
#[must_use]
pub fn mask_keys(text: &str) -> Cow<'_, str> {
    replace(text, &known_keys(text))
}

/// Masks what certainly or probably is a secret.
#[must_use]
pub fn mask_secrets(text: &str) -> Cow<'_, str> {
    replace(text, &probable_keys(text))
}

/// A command-line word, such as the name of a file that does not exist, for a message: all of it is masked if it may be
/// a key.
#[must_use]
pub fn mask_word(word: &str) -> Cow<'_, str> {
    if may_be_key(word) { MASK.into() } else { mask_secrets(word) }
}

/// A URL for a message: its path is masked where it certainly or probably is a secret.
#[must_use]
pub fn mask_url(url: &str) -> Cow<'_, str> {
    let host = url.find(SCHEME_END).map_or(0, |at| at + SCHEME_END.len());
    let mut spans = known_keys(url);
    spans.extend(keys_in_path(url, host..url.len()));
    spans.sort_by_key(|span| (span.start, span.end));
    replace(url, &spans)
}

fn replace<'a>(text: &'a str, spans: &[Range<usize>]) -> Cow<'a, str> {
    // Masked text keeps its length.
    let is_masked = |span: &Range<usize>| text[span.clone()].bytes().all(|byte| byte == b'*');
    if spans.iter().all(is_masked) {
        return Cow::Borrowed(text);
    }
    let (mut out, mut at) = (String::with_capacity(text.len()), 0);
    for span in spans.iter().filter(|span| !is_masked(span)) {
        if span.start >= at {
            out.push_str(&text[at..span.start]);
            out.push_str(MASK);
        }
        at = at.max(span.end);
    }
    out.push_str(&text[at..]);
    Cow::Owned(out)
}
