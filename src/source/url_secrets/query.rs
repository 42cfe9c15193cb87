//! The query of a URL, and the secrets in it.

use super::parameter_digest::digest_of;
use super::redacted_url::Redacted;
use crate::base::path_text::percent_decoded;
use crate::base::url_parameters::{UrlParameter, classify, split};

/// The rest of an `&amp;` after a split at `&`.
const ESCAPED_AMPERSAND: &[u8] = b"amp";

/// The query of a URL.
pub(crate) struct Query(Vec<QueryParameter>);

/// A parameter of a query.
struct QueryParameter {
    part: QueryPart,
    kind: UrlParameter,
    /// The URL in its value, if it has secrets.
    nested: Option<Redacted>,
}

impl Query {
    /// Reads a query. `redact`: what a URL in the value of a parameter is without its secrets.
    pub(crate) fn read(query: Option<&[u8]>, redact: impl Fn(&[u8]) -> Option<Redacted>) -> Self {
        let written: Vec<&[u8]> = query.map(|query| query.split(|byte| *byte == b'&').collect()).unwrap_or_default();
        let parts = QueryPart::read(&written);
        let texts: Vec<&[u8]> = parts.iter().map(|part| part.text.as_slice()).collect();
        let kinds = classify(&texts);
        let parameter = |(part, kind): (QueryPart, UrlParameter)| {
            let nested = redact_value(&part.text, &redact);
            let is_hidden = nested.is_none() && hides_secret(&part.text);
            QueryParameter { kind: if is_hidden { UrlParameter::Token } else { kind }, nested, part }
        };
        Self(parts.into_iter().zip(kinds).map(parameter).collect())
    }

    /// Whether a parameter is a secret or may be one, or holds one.
    pub(crate) fn has_secrets(&self) -> bool {
        let is_secret = |parameter: &QueryParameter| {
            parameter.kind != UrlParameter::Identifying || parameter.part.has_secret || parameter.nested.is_some()
        };
        self.0.iter().any(is_secret)
    }

    /// Whether a parameter is a secret by its name alone.
    pub(crate) fn has_certain_secrets(&self) -> bool {
        let is_certain = |kind| matches!(kind, UrlParameter::Signature | UrlParameter::Token);
        self.0.iter().any(|parameter| is_certain(parameter.kind) || parameter.part.has_secret)
    }

    /// The query without its secrets, with its question mark; empty if nothing is left. `with_digests`: with a digest in
    /// place of each token.
    pub(crate) fn without_secrets(&self, with_digests: bool) -> Vec<u8> {
        let kept: Vec<Vec<u8>> =
            self.0.iter().filter_map(|parameter| parameter.without_secrets(with_digests)).collect();
        if kept.is_empty() { Vec::new() } else { [b"?", &kept.join(&b'&')[..]].concat() }
    }
}

impl QueryParameter {
    /// What stays of the parameter; `None`: nothing.
    fn without_secrets(&self, with_digests: bool) -> Option<Vec<u8>> {
        let Self { part, kind, nested } = self;
        match kind {
            UrlParameter::Identifying => {
                let mut kept = match nested {
                    Some(inner) => with_value(&part.text, if with_digests { &inner.with_digests } else { &inner.path }),
                    None => part.text.clone(),
                };
                if with_digests {
                    kept.extend_from_slice(&part.tokens);
                }
                let is_nothing = kept.is_empty() || kept == ESCAPED_AMPERSAND;
                Some(kept).filter(|_| !part.has_secret || !is_nothing)
            }
            UrlParameter::Ambiguous => Some(digest_of(&part.text)),
            UrlParameter::Token if with_digests => Some(digest_of(&part.text)),
            UrlParameter::Token | UrlParameter::Signature => None,
        }
    }
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

/// The URL that is the value of a parameter, without its secrets; `None` if it is not a URL or has none.
fn redact_value(part: &[u8], redact: impl Fn(&[u8]) -> Option<Redacted>) -> Option<Redacted> {
    let value = split(part, b'=').1.filter(|value| value.contains(&b':') || value.contains(&b'%'))?;
    let field = [b"v=", value].concat();
    let (_, decoded) = url::form_urlencoded::parse(&field).next()?;
    redact(decoded.as_bytes())
}

/// Whether a secret follows in the value of a parameter whose `&` is encoded once too often.
fn hides_secret(part: &[u8]) -> bool {
    let Some(value) = split(part, b'=').1.filter(|value| value.contains(&b'%')) else { return false };
    let decoded = percent_decoded(std::str::from_utf8(value).unwrap_or_default());
    let hidden: Vec<&[u8]> = decoded.split(|byte| matches!(byte, b'&' | b'?')).skip(1).collect();
    classify(&hidden).iter().any(|kind| matches!(kind, UrlParameter::Signature | UrlParameter::Token))
}

/// A parameter with this value.
fn with_value(part: &[u8], value: &[u8]) -> Vec<u8> {
    let (name, _) = split(part, b'=');
    let value: String = url::form_urlencoded::byte_serialize(value).collect();
    [name, b"=", value.as_bytes()].concat()
}
