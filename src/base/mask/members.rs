//! Text of members, such as a manifest, without the secrets in it: keys, and the values of members with names such as
//! `api_key`.

use super::key_forms::tokens;
use super::keys::{probable_keys, url_keys};
use super::messages::{MASK, mask_secrets, mask_word};
use super::secret_names::is_secret_name;
use std::ops::Range;

/// Members that name where a secret is. Their values are shown, unless they have another form: then the secret may be there.
const PLACES: &[&str] = &["api_key_env", "api_key_file"];

/// Shortest value of a member that is also searched for in messages, in bytes: a shorter one may
/// be part of any word.
const MIN_VALUE: usize = 4;

/// A text of members, such as a manifest, and the secrets in it.
pub struct SecretText {
    masked: String,
    values: Vec<String>,
}

impl SecretText {
    /// Finds the secrets of a text, whether it is valid YAML or not. `more`: secrets from elsewhere.
    #[must_use]
    pub fn new(text: &str, more: Vec<String>) -> Self {
        let spans = secret_spans(text);
        let masked = mask_spans(text, &spans);
        let mut values: Vec<String> = spans.into_iter().map(|span| text[span].to_owned()).chain(more).collect();
        values.retain(|value| value.len() >= MIN_VALUE);
        // A value that contains another one is replaced first.
        values.sort_by_key(|value| std::cmp::Reverse(value.len()));
        Self { masked, values }
    }

    /// The text with `*` for every byte of a secret, so that places stay the same.
    #[must_use]
    pub fn masked(&self) -> &str {
        &self.masked
    }

    /// Masks the secrets of the text in a message about it.
    #[must_use]
    pub fn mask(&self, message: &str) -> String {
        let known = self.values.iter().fold(message.to_owned(), |message, value| message.replace(value, MASK));
        mask_secrets(&known).into_owned()
    }
}

/// A text of members, such as a manifest, with `*` for every byte of a secret. `more`: spans that are secrets, too.
#[must_use]
pub fn mask_members(text: &str, more: Vec<Range<usize>>) -> String {
    let mut spans = secret_spans(text);
    spans.extend(more);
    mask_spans(text, &spans)
}

/// Spans of the secrets of a text of members.
fn secret_spans(text: &str) -> Vec<Range<usize>> {
    let mut spans = probable_keys(text);
    spans.extend(url_keys(text));
    spans.extend(secret_members(text));
    spans.extend(keys_in_braces(text));
    spans
}

fn mask_spans(text: &str, spans: &[Range<usize>]) -> String {
    let mut masked = text.as_bytes().to_vec();
    for byte in spans.iter().cloned().flat_map(|span| masked_bytes(text, span)) {
        masked[byte] = b'*';
    }
    String::from_utf8_lossy(&masked).into_owned()
}

/// The bytes of a span that are masked: all but line ends.
fn masked_bytes(text: &str, span: Range<usize>) -> impl Iterator<Item = usize> + '_ {
    span.filter(|at| !matches!(text.as_bytes()[*at], b'\n' | b'\r'))
}

/// The values of members with secret names, line by line: the text need not be valid.
fn secret_members(text: &str) -> Vec<Range<usize>> {
    let mut spans = Vec::new();
    // The indent of a secret member whose value is on the lines below, and whether all of them are.
    let mut below: Option<(usize, bool)> = None;
    let mut line_start = 0;
    for line in text.split_inclusive('\n') {
        let content = line.trim_end();
        let indent = content.len() - content.trim_start().len();
        if let Some((parent, is_block)) = below {
            if !content.is_empty() && indent <= parent {
                below = None;
            } else if is_block || !content.contains(':') {
                spans.push(line_start + indent.min(content.len())..line_start + content.len());
            } else {
                below = None;
            }
        }
        for name in tokens(content) {
            let is_place = PLACES.contains(&&content[name.clone()]);
            let is_secret = is_secret_name(&content[name.clone()]);
            if !is_place && !is_secret {
                continue;
            }
            let value = value_of(content, name.end).or_else(|| header_in_list(content, &name).filter(|_| is_secret));
            let Some(value) = value else { continue };
            let shown = &content[value.clone()];
            if is_place && !shown.trim_start_matches(['"', '\'']).starts_with(['{', '[', '$']) {
                continue;
            }
            match shown {
                "" | "|" | "|-" | "|+" | ">" | ">-" | ">+" => below = Some((indent, !shown.is_empty())),
                _ if is_variable(shown) => {}
                _ => spans.push(line_start + value.start..line_start + value.end),
            }
        }
        line_start += line.len();
    }
    spans
}

/// Where the value of a member is whose name ends at `end`; `None`: the name is not that of a member.
fn value_of(line: &str, end: usize) -> Option<Range<usize>> {
    let rest = &line[end..];
    let after_quote = rest.trim_start_matches(['"', '\'']).trim_start();
    let after = after_quote.strip_prefix([':', '='])?;
    let value = after.trim_start();
    let start = line.len() - value.len();
    let length = match value.chars().next() {
        Some(quote @ ('"' | '\'')) => value[1..].find(quote).map_or(value.len(), |at| at + 2),
        Some('{' | '[') => value.len(),
        _ => {
            let is_flow = line[..end].matches(['{', '[']).count() > line[..end].matches(['}', ']']).count();
            let ends = |(at, c): &(usize, char)| match c {
                // A variable has its own braces.
                '}' => is_flow && !value[..*at].contains("${"),
                ',' | ']' => is_flow,
                '#' => value[..*at].ends_with(' '),
                _ => false,
            };
            value.char_indices().find(ends).map_or(value.len(), |(at, _)| at)
        }
    };
    let length = value[..length].trim_end().len();
    Some(start..start + length)
}

/// Where the value is that follows the name of a header in a list, as in `[Authorization, KEY]`.
fn header_in_list(line: &str, name: &Range<usize>) -> Option<Range<usize>> {
    let lower = line[name.clone()].to_ascii_lowercase().replace(['-', '_'], "");
    let is_header = lower.ends_with("authorization") || lower.ends_with("apikey");
    let is_first = line[..name.start].trim_end_matches(['"', '\'', ' ']).ends_with('[');
    let rest =
        line[name.end..].trim_start_matches(['"', '\'', ' ']).strip_prefix(',').filter(|_| is_header && is_first)?;
    let start = line.len() - rest.trim_start().len();
    let length = line[start..].find(']').unwrap_or(line.len() - start);
    Some(start..start + length).filter(|value| !value.is_empty())
}

/// Text in `${…}` that looks like a key instead of the name of a variable.
fn keys_in_braces(text: &str) -> Vec<Range<usize>> {
    let inner = |(at, braces): (usize, &str)| {
        let start = at + braces.len();
        let end = text[start..].find(['}', '\n']).map_or(text.len(), |length| start + length);
        start..text[start..end].find(":-").map_or(end, |length| start + length)
    };
    let is_key = |span: &Range<usize>| {
        let word = text[span.clone()].replace('/', "");
        word.contains(|c: char| !(c.is_ascii_alphanumeric() || c == '_')) && mask_word(&word) != word
    };
    text.match_indices("${").map(inner).filter(is_key).collect()
}

/// Whether a value is only the name of a variable.
fn is_variable(value: &str) -> bool {
    let inner = value.trim_matches(['"', '\'']).strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
    inner.is_some_and(|name| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'))
}
