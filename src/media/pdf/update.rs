//! Files with changed objects. The library reads a file unchanged, and can't change an object. So changed objects are
//! appended to a copy of the file, with a table of their places, as an editor does. Source: ISO 32000-1, 7.5.6
//! (incremental updates).

use super::references::Objects;
use hayro::hayro_syntax::Pdf;
use hayro::hayro_syntax::object::{Dict, FromBytes};
use std::fmt::Write;
use std::sync::Arc;

/// The key word before the place of the last table of objects.
const START: &[u8] = b"startxref";
/// The key word before the trailer of a table that is text.
const TRAILER: &[u8] = b"trailer";
/// The largest generation that a table has space for.
const MAX_GENERATION: i32 = 99_999;

/// Opens a file again with these objects.
pub(crate) fn open_with(pdf: &Pdf, objects: &Objects) -> Option<Pdf> {
    let original: &[u8] = pdf.data().as_ref();
    let mut bytes = original.to_vec();
    let mut table = "xref\n".to_owned();
    for ((number, generation), object) in objects {
        bytes.push(b'\n');
        let _ = write!(table, "{number} 1\n{:010} {generation:05} n \n", bytes.len());
        bytes.extend(format!("{number} {generation} obj\n").bytes());
        bytes.extend(object);
        bytes.extend(b"\nendobj\n");
    }
    let has_space = objects.keys().all(|(_, generation)| (0..=MAX_GENERATION).contains(generation));
    let Some((previous, trailer)) = find_trailer(original).filter(|_| has_space) else {
        return open_without_table(bytes);
    };
    let place = bytes.len();
    // The last of two equal keys holds.
    let entries = format!("/Prev {previous}/XRefStm null>>\nstartxref\n{place}\n%%EOF\n");
    bytes.extend([table.as_bytes(), TRAILER, trailer.data().strip_suffix(b">>")?, entries.as_bytes()].concat());
    Pdf::new(Arc::new(bytes)).ok()
}

/// Opens a file of which the library looks for all objects, instead of reading where they are. The last one with a number
/// holds.
pub(crate) fn open_without_table(mut bytes: Vec<u8>) -> Option<Pdf> {
    bytes.extend(format!("\nstartxref\n{}\n%%EOF\n", i32::MAX).bytes());
    Pdf::new(Arc::new(bytes)).ok()
}

/// The place of the last table of objects, and its trailer. `None`: the file has none that the library could use.
fn find_trailer(bytes: &[u8]) -> Option<(usize, Dict<'_>)> {
    let start = bytes.windows(START.len()).rposition(|text| text == START)?;
    let place = bytes[start + START.len()..].trim_ascii_start();
    let digits = place.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let place: usize = str::from_utf8(&place[..digits]).ok()?.parse().ok()?;
    let table = bytes.get(place..)?.trim_ascii_start();
    let (_, dict) = match table.strip_prefix(b"xref") {
        Some(entries) => split_at_word(entries, TRAILER)?,
        // A stream, whose head has a number and a generation.
        None => split_at_word(table, b"obj").filter(|(head, _)| head.iter().all(is_of_number))?,
    };
    Some((place, Dict::from_bytes(dict.trim_ascii_start())?))
}

/// The text before the first `word`, and that behind it.
fn split_at_word<'a>(text: &'a [u8], word: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = text.windows(word.len()).position(|part| part == word)?;
    Some((&text[..at], &text[at + word.len()..]))
}

fn is_of_number(byte: &u8) -> bool {
    byte.is_ascii_digit() || byte.is_ascii_whitespace()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_trailer_is_that_of_the_last_table() {
        let classic = b"%PDF\nxref\n0 1\n0000000000 65535 f \ntrailer\n<</Root 1 0 R>>\nstartxref\n5\n%%EOF\n";
        let stream = b"%PDF\n9 0 obj\n<</Type/XRef/Root 1 0 R/Length 0>>stream\nendstream\nstartxref 5\n%%EOF";
        for bytes in [&classic[..], stream] {
            let (place, trailer) = find_trailer(bytes).unwrap();
            assert_eq!((place, trailer.get_ref("Root").map(|id| id.obj_number)), (5, Some(1)));
        }
        let elsewhere = b"%PDF\n(text) 9 0 obj\n<</Root 1 0 R>>\nstartxref 5\n%%EOF";
        for bytes in [&b"%PDF"[..], b"startxref", b"startxref -5", b"startxref 99", b"startxref 0", elsewhere] {
            assert!(find_trailer(bytes).is_none());
        }
    }
}
