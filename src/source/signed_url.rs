//! URLs with secrets in them, such as signed links to an object store. The path of an entry is the URL
//! without its secrets: they change every day, and must not reach rows, logs or the store.

use crate::base::digest::Digest;
use crate::base::path_text::percent_decoded;
use crate::base::unicode::trim_blanks;
use crate::base::url_parameters::{UrlParameter, classify, split};
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};

/// Deepest URL within a parameter of a URL that is looked at.
const MAX_DEPTH: usize = 3;
/// The rest of an `&amp;` after a split at `&`.
const ESCAPED_AMPERSAND: &[u8] = b"amp";
/// What a secret in a URL without its scheme takes at least, with its name, in bytes.
const MIN_SECRET: usize = 20;
/// Hexadecimal digits that replace a value.
const DIGEST_CHARS: usize = 12;

/// The URL that is fetched: it may hold secrets, and is never shown or stored.
#[derive(Clone, PartialEq, Eq)]
pub struct Address(String);

impl Address {
    /// The URL.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// A URL with secrets, without them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Redacted {
    /// The URL without its secrets.
    pub(crate) path: Vec<u8>,
    /// As `path`, with a digest in place of each token.
    pub(crate) with_digests: Vec<u8>,
    /// The URL itself, if it is text.
    pub(crate) address: Option<Address>,
}

impl Redacted {
    /// Whether there are tokens, which may be the only difference between two files.
    pub(crate) fn has_tokens(&self) -> bool {
        self.path != self.with_digests
    }
}

/// `url` without its secrets; `None` if it is not a URL or has none.
pub(crate) fn redact(url: &[u8]) -> Option<Redacted> {
    redact_nested(url, 0)
}

/// The same for a URL that is a parameter of `depth` others.
fn redact_nested(url: &[u8], depth: usize) -> Option<Redacted> {
    let scheme = find_scheme(url).filter(|end| is_scheme(&url[..*end]));
    let after = |colon: usize| colon + 1 + url[colon + 1..].iter().take(2).take_while(|byte| is_slash(byte)).count();
    // `//host/path` has the scheme of the document that it is in.
    let start = scheme.map(after).or_else(|| url.starts_with(b"//").then_some(2))?;
    let (start, rest) = url.split_at(start);
    let host_end = rest.iter().position(|byte| b"/?#".contains(byte)).unwrap_or(rest.len());
    // A user name and a password.
    let user_end = rest[..host_end].iter().rposition(|byte| *byte == b'@').map_or(0, |at| at + 1);
    let rest = &rest[user_end..];
    let (rest, fragment) = split(rest, b'#');
    let (place, query) = split(rest, b'?');
    let written: Vec<&[u8]> = query.map(|query| query.split(|byte| *byte == b'&').collect()).unwrap_or_default();
    let cleaned = QueryPart::read(&written);
    let has_secret_within = cleaned.iter().any(|part| part.has_secret);
    let parts: Vec<&[u8]> = cleaned.iter().map(|part| part.text.as_slice()).collect();
    let has_secret_fragment = fragment.is_some_and(|fragment| {
        let parts: Vec<&[u8]> = fragment.split(|byte| matches!(byte, b'&' | b';')).collect();
        classify(&parts).iter().any(|kind| *kind != UrlParameter::Identifying)
    });
    let nested: Vec<Option<Redacted>> = parts.iter().map(|part| redact_value(part, depth)).collect();
    let kind = |((part, nested), kind): ((&&[u8], &Option<Redacted>), UrlParameter)| match nested {
        None if hides_secret(part) => UrlParameter::Token,
        _ => kind,
    };
    let kinds: Vec<UrlParameter> = parts.iter().zip(&nested).zip(classify(&parts)).map(kind).collect();
    let segments = PathSegments::split(place);
    let is_signed = |kinds: &[UrlParameter]| kinds.iter().any(|kind| *kind != UrlParameter::Identifying);
    let is_plain =
        !is_signed(&kinds) && !has_secret_within && !segments.has_secrets() && nested.iter().all(Option::is_none);
    if user_end == 0 && !has_secret_fragment && is_plain {
        return None;
    }
    // A path on a file system may begin so, too.
    let is_certain = |kind: &UrlParameter| matches!(kind, UrlParameter::Signature | UrlParameter::Token);
    if scheme.is_none() && !kinds.iter().any(is_certain) && !has_secret_within && !segments.has_secrets() {
        return None;
    }
    let build = |with_digests: bool| {
        let kept: Vec<Vec<u8>> = parts
            .iter()
            .zip(&kinds)
            .zip(nested.iter().zip(&cleaned))
            .filter_map(|((part, kind), (nested, cleaned))| match kind {
                UrlParameter::Identifying => {
                    let mut kept = match nested {
                        Some(inner) => with_value(part, if with_digests { &inner.with_digests } else { &inner.path }),
                        None => part.to_vec(),
                    };
                    if with_digests {
                        kept.extend_from_slice(&cleaned.tokens);
                    }
                    let is_nothing = kept.is_empty() || kept == ESCAPED_AMPERSAND;
                    Some(kept).filter(|_| !cleaned.has_secret || !is_nothing)
                }
                UrlParameter::Ambiguous => Some(digest_of(part)),
                UrlParameter::Token if with_digests => Some(digest_of(part)),
                UrlParameter::Token | UrlParameter::Signature => None,
            })
            .collect();
        let mut out = [start, &segments.without_secrets(with_digests)].concat();
        if !kept.is_empty() {
            out.push(b'?');
            out.extend_from_slice(&kept.join(&b'&'));
        }
        if let Some(fragment) = fragment.filter(|_| !has_secret_fragment) {
            out.push(b'#');
            out.extend_from_slice(fragment);
        }
        out
    };
    let address = std::str::from_utf8(url).ok().map(|text| Address(text.to_owned()));
    Some(Redacted { path: build(false), with_digests: build(true), address })
}

/// Whether a secret follows in the value of a parameter whose `&` is encoded once too often.
fn hides_secret(part: &[u8]) -> bool {
    let Some(value) = split(part, b'=').1.filter(|value| value.contains(&b'%')) else { return false };
    let decoded = percent_decoded(std::str::from_utf8(value).unwrap_or_default());
    let hidden: Vec<&[u8]> = decoded.split(|byte| matches!(byte, b'&' | b'?')).skip(1).collect();
    classify(&hidden).iter().any(|kind| matches!(kind, UrlParameter::Signature | UrlParameter::Token))
}

/// A part of a query between two `&`, without secrets that follow a `;`, which separates parameters, too (HTML 4.01,
/// B.2.2), or ends an `&amp;`, or a second `?`.
struct QueryPart {
    text: Vec<u8>,
    /// Tokens that were left out: with a digest in place of each.
    tokens: Vec<u8>,
    /// Whether anything was left out.
    has_secret: bool,
}

impl QueryPart {
    /// Reads the parts of a query. A part that is a secret itself is left unchanged.
    fn read<'u>(parts: &[&'u [u8]]) -> Vec<Self> {
        let is_identifying: Vec<bool> = classify(parts).iter().map(|kind| *kind == UrlParameter::Identifying).collect();
        let pieces = |(part, is_identifying): (&&'u [u8], &bool)| -> Vec<&'u [u8]> {
            part.splitn(if *is_identifying { usize::MAX } else { 1 }, |byte| matches!(byte, b';' | b'?')).collect()
        };
        let pieces: Vec<Vec<&[u8]>> = parts.iter().zip(&is_identifying).map(pieces).collect();
        // Together: `sig` after a `;` makes a signature of `se` after an `&`.
        let mut kinds = classify(&pieces.concat()).into_iter();
        let read = |((part, pieces), is_identifying): ((&&[u8], &Vec<&[u8]>), &bool)| {
            let mut kept: Vec<&[u8]> = Vec::new();
            let mut tokens = Vec::new();
            for (piece, kind) in pieces.iter().zip(kinds.by_ref()) {
                match kind {
                    UrlParameter::Token if *is_identifying => tokens.extend([b";", &digest_of(piece)[..]].concat()),
                    UrlParameter::Signature if *is_identifying => {}
                    _ => kept.push(piece),
                }
            }
            let has_secret = kept.len() < pieces.len();
            Self { text: if has_secret { kept.join(&b';') } else { part.to_vec() }, tokens, has_secret }
        };
        parts.iter().zip(&pieces).zip(&is_identifying).map(read).collect()
    }
}

/// The path of a URL, whose segments may have parameters: `a.jpg;sig=…`. Source: RFC 3986, 3.3.
struct PathSegments<'u>(Vec<PathSegment<'u>>);

/// A segment's name, and its parameters with what each is.
type PathSegment<'u> = (&'u [u8], Vec<&'u [u8]>, Vec<UrlParameter>);

impl<'u> PathSegments<'u> {
    fn split(path: &'u [u8]) -> Self {
        let segment = |segment: &'u [u8]| {
            let mut parts = segment.split(|byte| *byte == b';');
            let name = parts.next().unwrap_or_default();
            let parameters: Vec<&[u8]> = parts.collect();
            let kinds = classify(&parameters);
            (name, parameters, kinds)
        };
        Self(path.split(|byte| *byte == b'/').map(segment).collect())
    }

    fn has_secrets(&self) -> bool {
        let is_secret = |kind: &UrlParameter| matches!(kind, UrlParameter::Signature | UrlParameter::Token);
        self.0.iter().any(|(_, _, kinds)| kinds.iter().any(is_secret))
    }

    fn without_secrets(&self, with_digests: bool) -> Vec<u8> {
        let segment = |(name, parameters, kinds): &PathSegment<'_>| {
            let mut out = name.to_vec();
            for (part, kind) in parameters.iter().zip(kinds) {
                match kind {
                    UrlParameter::Identifying | UrlParameter::Ambiguous => out.extend([b";", *part].concat()),
                    UrlParameter::Token if with_digests => out.extend([b";", &digest_of(part)[..]].concat()),
                    UrlParameter::Token | UrlParameter::Signature => {}
                }
            }
            out
        };
        self.0.iter().map(segment).collect::<Vec<_>>().join(&b'/')
    }
}

/// The URL that is the value of a parameter, without its secrets; `None` if it is not a URL or has none.
fn redact_value(part: &[u8], depth: usize) -> Option<Redacted> {
    let value = split(part, b'=').1.filter(|value| value.contains(&b':') || value.contains(&b'%'))?;
    let field = [b"v=", value].concat();
    let (_, decoded) = url::form_urlencoded::parse(&field).next().filter(|_| depth < MAX_DEPTH)?;
    redact_nested(decoded.as_bytes(), depth + 1)
}

/// A parameter with this value.
fn with_value(part: &[u8], value: &[u8]) -> Vec<u8> {
    let (name, _) = split(part, b'=');
    let value: String = url::form_urlencoded::byte_serialize(value).collect();
    [name, b"=", value.as_bytes()].concat()
}

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
    let decoded = percent_decoded(&clean);
    let is_encoded = b":/?=".iter().any(|mark| decoded.contains(mark) && !clean.as_bytes().contains(mark));
    if is_encoded && let Some(found) = not_a_url_without_secrets(&decoded) {
        // Encoded again, as it was.
        return Some(url::form_urlencoded::byte_serialize(&found).collect::<String>().into_bytes());
    }
    if clean == text { bare } else { Some(clean.into_bytes()) }
}

/// Text whose query has a signature or a token, without it, such as after a host without a scheme.
fn without_secrets_of_query(text: &[u8]) -> Option<Vec<u8>> {
    let redacted = redact(&[b"//", text].concat())?;
    redacted.path.strip_prefix(b"//").map(<[u8]>::to_vec)
}

/// A word with a URL, without the secrets of it; `None` if it has none. A URL that is wholly encoded is encoded again.
fn word_without_secrets(word: &str) -> Option<String> {
    if word.len() > 8
        && word.get(..8).is_some_and(|start| start.to_ascii_lowercase().starts_with("http"))
        && word.contains("%2")
    {
        let decoded = percent_decoded(word);
        let is_encoded = find_scheme(word.as_bytes()).is_none() && find_scheme(&decoded).is_some();
        if is_encoded && let Some(redacted) = redact(&decoded) {
            return Some(url::form_urlencoded::byte_serialize(&redacted.path).collect());
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

/// The position of the colon after a scheme. `https:/host/path` and `https:\\host` are the rest of a URL that was taken
/// for the path of a file.
fn find_scheme(text: &[u8]) -> Option<usize> {
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

fn is_slash(byte: &u8) -> bool {
    matches!(byte, b'/' | b'\\')
}

fn is_scheme(text: &[u8]) -> bool {
    text.first().is_some_and(u8::is_ascii_alphabetic)
        && text.iter().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(byte))
}

/// A parameter with a digest in place of its value.
fn digest_of(part: &[u8]) -> Vec<u8> {
    let (name, value) = split(part, b'=');
    let digest = Digest::compute(value.unwrap_or_default()).to_string();
    [name, b"=~", &digest.as_bytes()[..DIGEST_CHARS.min(digest.len())]].concat()
}

/// URLs that are equal except for their tokens: the tokens distinguish their files.
#[derive(Debug, Default)]
pub(crate) struct TokenClashes(HashSet<u64>);

impl TokenClashes {
    /// Finds them among the URLs of a list. Needs some 20 bytes for each URL with a token.
    pub(crate) fn find(urls: impl Iterator<Item = Vec<u8>>) -> Self {
        let mut known: HashMap<u64, u64> = HashMap::new();
        let mut clashes = HashSet::new();
        for redacted in urls.filter_map(|url| redact(trim_blanks(&url))).filter(Redacted::has_tokens) {
            let (path, with_digests) = (hash(&redacted.path), hash(&redacted.with_digests));
            if *known.entry(path).or_insert(with_digests) != with_digests {
                clashes.insert(path);
            }
        }
        Self(clashes)
    }

    /// The path of the entry of a URL.
    pub(crate) fn path_of(&self, redacted: &Redacted) -> Vec<u8> {
        let is_clash = self.0.contains(&hash(&redacted.path));
        if is_clash { redacted.with_digests.clone() } else { redacted.path.clone() }
    }
}

fn hash(text: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests;
