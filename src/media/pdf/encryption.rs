//! PDFs with only encrypted attachments: their pages need no password.
//!
//! The library refuses a file whose password it doesn't know, even if pages are not encrypted. Source: ISO 32000-1,
//! 7.6.5 (crypt filters).

use hayro::hayro_syntax::Pdf;
use hayro::hayro_syntax::object::{Dict, FromBytes, Name, ObjRef};
use std::collections::HashSet;
use std::sync::Arc;

/// The key of the encryption dictionary in a trailer.
const ENCRYPT: &[u8] = b"/Encrypt";
/// A key of the same length without a meaning.
const IGNORED: &[u8] = b"/Ignored";

/// Largest number of references to encryption dictionaries: one for each time a file was saved.
const MAX_REFERENCES: usize = 1000;

/// Opens a file whose pages are not encrypted without the encryption of its attachments. `None`:
/// its pages are encrypted.
pub(crate) fn open_without_attachments(bytes: &[u8]) -> Option<Pdf> {
    // Trailers and the dictionaries of cross-reference streams are neither compressed nor
    // encrypted.
    let places = find_references(bytes);
    if !(1..=MAX_REFERENCES).contains(&places.len()) {
        return None;
    }
    let mut copy = bytes.to_vec();
    for place in &places {
        copy.get_mut(*place..place + ENCRYPT.len())?.copy_from_slice(IGNORED);
    }
    let pdf = Pdf::new(Arc::new(copy)).ok()?;
    let mut known = HashSet::new();
    let is_plain = |place: &usize| {
        let value = bytes.get(place + ENCRYPT.len()..).unwrap_or_default().trim_ascii_start();
        let dict = match ObjRef::from_bytes(value) {
            Some(id) if !known.insert(id) => return true,
            Some(id) => pdf.xref().get::<Dict<'_>>(id.into()),
            None => Dict::from_bytes(value),
        };
        dict.is_some_and(|dict| leaves_pages_plain(&dict))
    };
    let is_plain = places.iter().all(is_plain);
    is_plain.then_some(pdf)
}

/// Whether the file has an encryption dictionary.
pub(crate) fn is_encrypted(bytes: &[u8]) -> bool {
    !find_references(bytes).is_empty()
}

/// The positions of the keys `Encrypt` whose value is a dictionary or a reference to one.
fn find_references(bytes: &[u8]) -> Vec<usize> {
    let is_reference = |at: &usize| {
        let Some(value) = bytes.get(at + ENCRYPT.len()..) else { return false };
        let value = value.trim_ascii_start();
        value.starts_with(b"<<") || ObjRef::from_bytes(value).is_some()
    };
    let slashes = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(at, _)| at);
    slashes.filter(|at| bytes[*at..].starts_with(ENCRYPT)).filter(is_reference).collect()
}

/// Whether an encryption dictionary leaves streams and strings unencrypted.
fn leaves_pages_plain(dict: &Dict<'_>) -> bool {
    // Only these have crypt filters.
    matches!(dict.get::<i32>("V"), Some(4 | 5)) && ["StmF", "StrF"].iter().all(|key| is_identity(dict, key))
}

/// Whether the crypt filter that the entry `key` names changes nothing.
fn is_identity(dict: &Dict<'_>, key: &str) -> bool {
    let Some(name) = dict.get::<Name<'_>>(key) else { return !dict.contains_key(key) };
    let method = || dict.get::<Dict<'_>>("CF")?.get::<Dict<'_>>(&*name)?.get::<Name<'_>>("CFM");
    &*name == b"Identity" || method().is_some_and(|method| &*method == b"None")
}
