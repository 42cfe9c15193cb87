//! Digests in place of secrets.

use crate::base::digest::Digest;
use crate::base::url_parameters::split;

/// Hexadecimal digits that replace a value.
const DIGEST_CHARS: usize = 12;

/// A parameter with a digest in place of its value.
pub(crate) fn digest_of(part: &[u8]) -> Vec<u8> {
    let (name, value) = split(part, b'=');
    let digest = Digest::compute(value.unwrap_or_default()).to_string();
    [name, b"=~", &digest.as_bytes()[..DIGEST_CHARS.min(digest.len())]].concat()
}
