//! Where keys are in a text, as spans.

use super::key_forms::{has_known_prefix, looks_random, tokens};
use super::secret_names::is_secret_name;
use crate::base::url_parameters::{UrlParameter, classify};
use std::ops::Range;

/// Words before a key in a header.
const SCHEMES: &[&str] = &["bearer ", "basic "];

/// What follows the scheme of a URL.
pub(crate) const SCHEME_END: &str = "://";

/// Spans of what certainly is a secret, in order.
pub(crate) fn known_keys(text: &str) -> Vec<Range<usize>> {
    let mut spans: Vec<Range<usize>> =
        tokens(text).filter(|span| has_known_prefix(&text[span.clone()])).map(|span| with_dots(text, span)).collect();
    spans.extend(scheme_values(text));
    spans.extend(header_values(text));
    spans.extend(url_users(text));
    spans.extend(assigned_values(text));
    spans.sort_by_key(|span| (span.start, span.end));
    spans
}

/// Spans of what certainly or probably is a secret, in order.
pub(crate) fn probable_keys(text: &str) -> Vec<Range<usize>> {
    let mut spans = known_keys(text);
    // A part of a path is a name, even if it looks random.
    let is_in_path = |span: &Range<usize>| text[..span.start].ends_with('/') || text[span.end..].starts_with('/');
    spans.extend(tokens(text).filter(|span| looks_random(&text[span.clone()]) && !is_in_path(span)));
    spans.sort_by_key(|span| (span.start, span.end));
    spans
}

/// A JSON web token has parts with dots between them.
fn with_dots(text: &str, span: Range<usize>) -> Range<usize> {
    if !text[span.clone()].starts_with("eyJ") {
        return span;
    }
    let rest = text[span.end..].find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')));
    span.start..rest.map_or(text.len(), |length| span.end + length)
}

/// Spans of parts of URLs that are keys or look like them: parts of the path, and values of parameters that sign a URL.
pub(crate) fn url_keys(text: &str) -> Vec<Range<usize>> {
    let up_to = |start: usize, is_end: fn(char) -> bool| {
        start..text[start..].find(is_end).map_or(text.len(), |length| start + length)
    };
    let mut spans = Vec::new();
    for (at, _) in text.match_indices(SCHEME_END) {
        let url = up_to(at + SCHEME_END.len(), |c| is_end_of_url(c) || matches!(c, '?' | ','));
        if text[url.end..].starts_with('?') {
            spans.extend(keys_in_query(text, up_to(url.end + 1, is_end_of_url)));
        }
        spans.extend(keys_in_path(text, url));
    }
    spans
}

fn is_end_of_url(c: char) -> bool {
    c.is_whitespace() || matches!(c, '"' | '\'' | '#' | '}' | ']')
}

/// Spans of the values in a URL's query that are secrets by their names.
fn keys_in_query(text: &str, query: Range<usize>) -> Vec<Range<usize>> {
    let parts: Vec<&str> = text[query.clone()].split('&').collect();
    let kinds = classify(&parts.iter().map(|part| part.as_bytes()).collect::<Vec<_>>());
    let mut end = query.start;
    let spans = parts.iter().zip(kinds).filter_map(|(part, kind)| {
        let start = end;
        end += part.len() + 1;
        let is_secret = matches!(kind, UrlParameter::Signature | UrlParameter::Token);
        let name = part.find('=').filter(|_| is_secret)?;
        Some(start + name + 1..start + part.len())
    });
    spans.collect()
}

/// Spans of parts of one URL's path that look like keys. `url`: the URL from its host on, to its end or to that of its
/// path.
pub(crate) fn keys_in_path(text: &str, url: Range<usize>) -> Vec<Range<usize>> {
    let Some(length) = text[url.clone()].find('/') else { return Vec::new() };
    let path = url.start + length;
    let spans = tokens(&text[path..url.end]).map(|span| path + span.start..path + span.end);
    spans.filter(|span| looks_random(&text[span.clone()])).collect()
}

/// What follows the name of a header with credentials, and the scheme behind it.
fn header_values(text: &str) -> Vec<Range<usize>> {
    let mut spans: Vec<Range<usize>> = Vec::new();
    for name in tokens(text).filter(|span| text[span.clone()].to_ascii_lowercase().ends_with("authorization")) {
        if spans.last().is_some_and(|last| name.start < last.end) {
            continue;
        }
        let quotes = ['"', '\'', '\\', ' '];
        let Some(value) = text[name.end..].trim_start_matches(quotes).strip_prefix(':') else { continue };
        let mut value = value.trim_start_matches(quotes);
        // A scheme, such as `Digest`.
        let word = value.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(value.len());
        if value[word..].starts_with(' ') {
            value = value[word..].trim_start();
        }
        let start = text.len() - value.len();
        let value = &value[..value.find(is_end_of_value).unwrap_or(value.len())];
        if value.len() >= 16 || value.len() >= 6 && value.contains(|c: char| c.is_ascii_digit()) {
            spans.push(start..start + value.len());
        }
    }
    spans
}

/// What follows `Bearer` or `Basic`.
fn scheme_values(text: &str) -> Vec<Range<usize>> {
    let lower = text.to_ascii_lowercase();
    let mut spans = Vec::new();
    for scheme in SCHEMES {
        for (at, _) in lower.match_indices(scheme) {
            let start = at + scheme.len();
            let end = text[start..].find(is_end_of_value).map_or(text.len(), |length| start + length);
            let value = &text[start..end];
            // `Bearer token` is prose.
            if value.len() >= 16 || value.len() >= 6 && value.contains(|c: char| c.is_ascii_digit()) {
                spans.push(start..end);
            }
        }
    }
    spans
}

fn is_end_of_value(c: char) -> bool {
    c.is_whitespace() || matches!(c, '"' | '\'' | '`' | ',' | '}' | ']' | '<' | '>' | ')')
}

/// User names and passwords of URLs.
fn url_users(text: &str) -> Vec<Range<usize>> {
    let mut spans = Vec::new();
    for (at, _) in text.match_indices(SCHEME_END) {
        let start = at + SCHEME_END.len();
        let end = text[start..]
            .find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '<' | '>'))
            .map_or(text.len(), |length| start + length);
        let url = &text[start..end];
        let authority = url.find(['/', '?', '#']).unwrap_or(url.len());
        let is_port = |text: &str| text.split('@').next().is_some_and(|port| port.bytes().all(|b| b.is_ascii_digit()));
        // A password may contain a slash, although it should not.
        let has_password = url[..authority].split_once(':').is_some_and(|(_, rest)| !is_port(rest));
        let user = url[..authority].rfind('@').or_else(|| has_password.then(|| url.rfind('@')).flatten());
        spans.extend(user.filter(|length| *length > 0).map(|length| start..start + length));
    }
    spans
}

/// Values after a secret name and `=`, as in the query of a URL or in `NAME=VALUE`.
fn assigned_values(text: &str) -> Vec<Range<usize>> {
    let mut spans = Vec::new();
    for name in tokens(text).filter(|span| is_secret_name(&text[span.clone()])) {
        let Some(value) = text[name.end..].strip_prefix('=') else { continue };
        let start = name.end + 1;
        let end = value.find(|c| is_end_of_value(c) || c == '&').map_or(text.len(), |length| start + length);
        if end > start {
            spans.push(start..end);
        }
    }
    spans
}
