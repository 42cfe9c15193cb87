//! References whose generation differs from that of the object with their number. Viewers read the object; the library
//! does not find it. Source: ISO 32000-1, 7.3.10; what PDFium and MuPDF do.

use super::encryption::is_encrypted;
use hayro::hayro_syntax::Pdf;
use hayro::hayro_syntax::object::{Object, ObjectIdentifier};
use std::collections::{BTreeMap, BTreeSet};

/// Largest number of generations that are compared.
const MAX_FOUND: usize = 10_000;

/// Copies of objects, by the number and the generation under which they are not found. Those of an encrypted file can't be
/// read under another generation.
pub(crate) fn find_unmatched_objects(pdf: &Pdf) -> BTreeMap<(u32, i32), Vec<u8>> {
    let bytes: &[u8] = pdf.data().as_ref();
    let mut found = find_ids(bytes, b"obj", |_, generation| generation > 0);
    let defined: BTreeSet<u32> = found.iter().map(|(number, _)| *number).collect();
    found.extend(find_ids(bytes, b"R", |number, generation| generation > 0 || defined.contains(&number)));
    if found.is_empty() || found.len() > MAX_FOUND || is_encrypted(bytes) {
        return BTreeMap::new();
    }
    let read = |(number, generation)| pdf.xref().get::<Object<'_>>(ObjectIdentifier::new(number, generation));
    let mut known: BTreeMap<u32, BTreeSet<i32>> = BTreeMap::new();
    for (number, generation) in &found {
        known.entry(*number).or_default().extend([0, *generation]);
    }
    let copy = |id: &(u32, i32)| {
        let generations = known.get(&id.0).filter(|_| read(*id).is_none())?;
        // The latest one that is in use.
        let object = generations.iter().rev().find_map(|generation| read((id.0, *generation)))?;
        Some((*id, write(&object)?))
    };
    found.iter().filter_map(copy).collect()
}

/// The numbers and generations before each `word` that `is_wanted` accepts.
fn find_ids(bytes: &[u8], word: &[u8], is_wanted: impl Fn(u32, i32) -> bool) -> BTreeSet<(u32, i32)> {
    let last = word[word.len() - 1];
    let ends = bytes.iter().enumerate().filter(|(_, byte)| **byte == last).map(|(at, _)| at + 1);
    let read = |end: usize| {
        let is_word = bytes.get(end).is_none_or(|next| !next.is_ascii_alphanumeric());
        let before = bytes[..end].strip_suffix(word).filter(|_| is_word)?;
        let (before, generation) = take_number(before)?;
        let (_, number) = take_number(before)?;
        Some((number, i32::try_from(generation).ok()?))
    };
    ends.filter_map(read).filter(|(number, generation)| is_wanted(*number, *generation)).collect()
}

/// The number at the end of a text with trailing white space, and the text before it.
fn take_number(text: &[u8]) -> Option<(&[u8], u32)> {
    let end = text.trim_ascii_end();
    let digits = end.iter().rev().take(10).take_while(|byte| byte.is_ascii_digit()).count();
    let (before, number) = end.split_at(end.len() - digits);
    let number = str::from_utf8(number).ok()?.parse().ok()?;
    (end.len() < text.len()).then_some((before, number))
}

/// An object as it is in a file. `None`: one of a few bytes.
fn write(object: &Object<'_>) -> Option<Vec<u8>> {
    match object {
        Object::Dict(dict) => Some(dict.data().to_vec()),
        Object::Array(array) => Some([b"[", array.data(), b"]"].concat()),
        Object::Stream(stream) => {
            let data = stream.raw_data();
            let length = format!("/Length {}>>\nstream\n", data.len());
            let dict = stream.dict().data().strip_suffix(b">>")?;
            Some([dict, length.as_bytes(), &data, b"\nendstream"].concat())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::find_ids;

    #[test]
    fn numbers_and_generations_are_those_before_a_word() {
        let text = b"3 1 obj <</A 4 0 R/B[5 2 R 6\n0\tR]/C 7 1 Rx /D 7 R>> endobj 1 obj x12 65535 obj 4 -1 R99 1 R";
        let any = |_, _| true;
        assert_eq!(find_ids(text, b"R", any).into_iter().collect::<Vec<_>>(), [(4, 0), (5, 2), (6, 0), (99, 1)]);
        assert_eq!(find_ids(text, b"obj", any).into_iter().collect::<Vec<_>>(), [(3, 1), (12, 65535)]);
        assert_eq!(find_ids(text, b"R", |_, generation| generation > 1).len(), 1);
        assert!(find_ids(b"", b"R", any).is_empty() && find_ids(b"R", b"R", any).is_empty());
    }
}
