//! A URL without its secrets.

use super::path::PathSegments;
use super::query::Query;
use super::redacted_url::{Address, Redacted};
use super::scheme::{find_scheme, is_scheme, is_slash};
use crate::base::url_parameters::{UrlParameter, classify, split};

/// Deepest URL within a parameter of a URL that is looked at.
const MAX_DEPTH: usize = 3;

/// `url` without its secrets; `None` if it is not a URL or has none.
pub(crate) fn redact(url: &[u8]) -> Option<Redacted> {
    redact_nested(url, 0)
}

/// The same for a URL that is a parameter of `depth` others.
fn redact_nested(url: &[u8], depth: usize) -> Option<Redacted> {
    let (start, has_scheme) = start_of(url)?;
    let (start, rest) = url.split_at(start);
    let user_end = user_end(rest);
    let (rest, fragment) = split(&rest[user_end..], b'#');
    let (place, query) = split(rest, b'?');
    let redact_value = |url: &[u8]| if depth < MAX_DEPTH { redact_nested(url, depth + 1) } else { None };
    let (path, query) = (PathSegments::split(place), Query::read(query, redact_value));
    let has_secret_fragment = fragment.is_some_and(is_secret_fragment);
    if user_end == 0 && !has_secret_fragment && !path.has_secrets() && !query.has_secrets() {
        return None;
    }
    // The path of a file may begin with two slashes, too.
    if !has_scheme && !path.has_secrets() && !query.has_certain_secrets() {
        return None;
    }
    let build = |with_digests: bool| {
        let mut out = [start, &path.without_secrets(with_digests), &query.without_secrets(with_digests)].concat();
        if let Some(fragment) = fragment.filter(|_| !has_secret_fragment) {
            out.push(b'#');
            out.extend_from_slice(fragment);
        }
        out
    };
    let address = std::str::from_utf8(url).ok().map(|text| Address::new(text.to_owned()));
    Some(Redacted { path: build(false), with_digests: build(true), address })
}

/// Where the host of a URL begins, and whether there is a scheme before it; `None`: this is not a URL.
fn start_of(url: &[u8]) -> Option<(usize, bool)> {
    let slashes = |colon: usize| url[colon + 1..].iter().take(2).take_while(|byte| is_slash(byte)).count();
    match find_scheme(url).filter(|end| is_scheme(&url[..*end])) {
        Some(colon) => Some((colon + 1 + slashes(colon), true)),
        // `//host/path` has the scheme of the document that it is in.
        None => url.starts_with(b"//").then_some((2, false)),
    }
}

/// Where a user name and a password before the host end; 0: there are none.
fn user_end(rest: &[u8]) -> usize {
    let host_end = rest.iter().position(|byte| b"/?#".contains(byte)).unwrap_or(rest.len());
    rest[..host_end].iter().rposition(|byte| *byte == b'@').map_or(0, |at| at + 1)
}

/// Whether a fragment has a secret. It is left out as a whole then.
fn is_secret_fragment(fragment: &[u8]) -> bool {
    let parts: Vec<&[u8]> = fragment.split(|byte| matches!(byte, b'&' | b';')).collect();
    classify(&parts).iter().any(|kind| *kind != UrlParameter::Identifying)
}
