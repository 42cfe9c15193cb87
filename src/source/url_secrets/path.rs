//! The path of a URL, and the secrets in it.

use super::parameter_digest::digest_of;
use crate::base::url_parameters::{UrlParameter, classify};

/// The path of a URL, whose segments may have parameters: `a.jpg;sig=…`. Source: RFC 3986, 3.3.
pub(crate) struct PathSegments<'u>(Vec<PathSegment<'u>>);

/// A segment's name, and its parameters with what each is.
type PathSegment<'u> = (&'u [u8], Vec<&'u [u8]>, Vec<UrlParameter>);

impl<'u> PathSegments<'u> {
    /// Splits a path.
    pub(crate) fn split(path: &'u [u8]) -> Self {
        let segment = |segment: &'u [u8]| {
            let mut parts = segment.split(|byte| *byte == b';');
            let name = parts.next().unwrap_or_default();
            let parameters: Vec<&[u8]> = parts.collect();
            let kinds = classify(&parameters);
            (name, parameters, kinds)
        };
        Self(path.split(|byte| *byte == b'/').map(segment).collect())
    }

    /// Whether a parameter of a segment is a secret.
    pub(crate) fn has_secrets(&self) -> bool {
        let is_secret = |kind: &UrlParameter| matches!(kind, UrlParameter::Signature | UrlParameter::Token);
        self.0.iter().any(|(_, _, kinds)| kinds.iter().any(is_secret))
    }

    /// The path without its secrets. `with_digests`: with a digest in place of each token.
    pub(crate) fn without_secrets(&self, with_digests: bool) -> Vec<u8> {
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
