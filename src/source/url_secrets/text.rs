//! Texts with URLs in them, such as messages and values of rows, without the secrets of the URLs.

use super::redaction::redact;
use super::scheme::{find_scheme, is_scheme};
use crate::base::path_text::percent_decoded;
use crate::base::url_parameters::split;

/// What a secret in a URL without its scheme takes at least, with its name, in bytes.
const MIN_SECRET: usize = 20;

/// `text` for a message or a row: without the secrets of the URLs in it.
pub(crate) fn without_secrets(text: &str) -> String {
    if let Some(clean) = url_with_blanks(text) {
        return clean;
    }
    let mut out = String::with_capacity(text.len());
    let is_end = |c: char| c.is_whitespace() || "\"'<>`|".contains(c);
    for word in text.split_inclusive(is_end) {
        let bare = word.trim_end_matches(is_end);
        out.push_str(&word_without_secrets(bare).unwrap_or_else(|| bare.to_owned()));
        out.push_str(&word[bare.len()..]);
    }
    out
}

/// A text that is a URL with blanks in its path, without its secrets. `None`: it is not, or has none.
fn url_with_blanks(text: &str) -> Option<String> {
    let text = text.as_bytes();
    is_scheme(&text[..find_scheme(text)?]).then_some(())?;
    let query = split(text, b'?').1?;
    let has_blank = |text: &[u8]| text.iter().any(u8::is_ascii_whitespace);
    let redacted = redact(text).filter(|_| has_blank(text) && !has_blank(query))?;
    String::from_utf8(redacted.path).ok()
}

/// A path that is not a URL, without the secrets of URLs in it: in quotes or brackets, after other text, without their
/// scheme, or with every character of them encoded. `None` if there are none.
pub(crate) fn not_a_url_without_secrets(path: &[u8]) -> Option<Vec<u8>> {
    let bare = without_secrets_of_query(path);
    let shown = bare.as_deref().unwrap_or(path);
    let Ok(text) = std::str::from_utf8(shown) else { return bare };
    let clean = without_secrets(text);
    let has_mark =
        |decoded: &[u8]| b":/?=".iter().any(|mark| decoded.contains(mark) && !clean.as_bytes().contains(mark));
    if let Some(found) = encoded_without_secrets(&clean, has_mark, not_a_url_without_secrets) {
        return Some(found.into_bytes());
    }
    if clean == text { bare } else { Some(clean.into_bytes()) }
}

/// A text that is percent-encoded as a whole, without the secrets of its decoded form, and encoded again. `is_encoded`: whether
/// the decoded form shows that it is. `None` if it is not, or has no secrets.
fn encoded_without_secrets(
    text: &str,
    is_encoded: impl Fn(&[u8]) -> bool,
    redact: impl Fn(&[u8]) -> Option<Vec<u8>>,
) -> Option<String> {
    let decoded = percent_decoded(text);
    let found = is_encoded(&decoded).then(|| redact(&decoded)).flatten()?;
    Some(url::form_urlencoded::byte_serialize(&found).collect())
}

/// Text whose query has a signature or a token, without it, such as after a host without a scheme.
fn without_secrets_of_query(text: &[u8]) -> Option<Vec<u8>> {
    let redacted = redact(&[b"//", text].concat())?;
    redacted.path.strip_prefix(b"//").map(<[u8]>::to_vec)
}

/// A word with a URL, without the secrets of it; `None` if it has none. A URL that is wholly encoded is encoded again.
fn word_without_secrets(word: &str) -> Option<String> {
    if word.get(..8).is_some_and(|start| start.to_ascii_lowercase().starts_with("http")) && word.contains("%2") {
        let has_scheme = |decoded: &[u8]| find_scheme(word.as_bytes()).is_none() && find_scheme(decoded).is_some();
        let found = encoded_without_secrets(word, has_scheme, |url| Some(redact(url)?.path));
        if found.is_some() {
            return found;
        }
    }
    let start = match find_scheme(word.as_bytes()) {
        Some(end) => {
            let before = &word.as_bytes()[..end];
            before.iter().rposition(|byte| !is_scheme(&[b'a', *byte])).map_or(0, |at| at + 1)
        }
        None => match word.find("//") {
            Some(start) => start,
            None => return host_without_secrets(word),
        },
    };
    let (ahead, url) = word.split_at_checked(start)?;
    let redacted = redact(url.as_bytes())?;
    Some(format!("{ahead}{}", String::from_utf8(redacted.path).ok()?))
}

/// The same for a URL without its scheme. Other texts may look like one: it has to begin with a host, and what is a
/// secret by its name has to be as long as one.
fn host_without_secrets(word: &str) -> Option<String> {
    let (ahead, url) = word.split_at_checked(word.find(|c: char| c.is_ascii_alphanumeric())?)?;
    let host = url.split(['/', '?']).next()?;
    let port = host.rsplit_once(':').filter(|(_, port)| port.parse::<u16>().is_ok());
    let name = port.map_or(host, |(name, _)| name);
    let is_domain = name.rsplit_once('.').is_some_and(|(_, top)| {
        top.chars().count() >= 2 && (top.starts_with("xn--") || top.chars().all(char::is_alphabetic))
    });
    let is_name = name.chars().all(|c| c.is_alphanumeric() || "-._".contains(c));
    let is_host = is_name && (port.is_some() || is_domain || name.parse::<std::net::Ipv4Addr>().is_ok());
    let bare = without_secrets_of_query(url.as_bytes()).filter(|_| is_host)?;
    let is_long = url.len().saturating_sub(bare.len()) >= MIN_SECRET;
    Some(format!("{ahead}{}", String::from_utf8(bare).ok()?)).filter(|_| is_long)
}
