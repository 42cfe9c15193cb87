//! References that viewers follow and the library does not: those whose generation differs from that of the object with
//! their number, and those to an object that is itself a reference. Source: ISO 32000-1, 7.3.10; what PDFium and MuPDF do.

use super::content_repair::read_token;
use super::encryption::is_encrypted;
use hayro::hayro_syntax::Pdf;
use hayro::hayro_syntax::object::{Object, ObjectIdentifier};
use std::collections::{BTreeMap, BTreeSet};
use std::iter::successors;

/// Largest number of objects that are looked at.
const MAX_FOUND: usize = 10_000;
/// Longest text of an object that is a reference, with comments, in bytes.
const MAX_REFERENCE: usize = 1000;
/// How many references are followed from one to the next, as by MuPDF.
const MAX_CHAIN: usize = 10;

/// Objects of a file by their numbers and generations.
pub(crate) type Objects = BTreeMap<(u32, i32), Vec<u8>>;

/// Copies of the newest generations of objects, by the number and the generation under which they are not found: viewers
/// look for the number alone. Those of an encrypted file can't be read under another generation.
pub(crate) fn find_unmatched_objects(pdf: &Pdf) -> Objects {
    let bytes: &[u8] = pdf.data().as_ref();
    // Where each is last defined, unless it is in an object stream.
    let places: BTreeMap<(u32, i32), usize> = find_ids(bytes, b"obj").collect();
    let mut found: BTreeSet<_> = places.keys().copied().filter(|id| id.1 > 0).collect();
    let defined: BTreeSet<u32> = found.iter().map(|(number, _)| *number).collect();
    let references = find_ids(bytes, b"R").map(|(id, _)| id);
    found.extend(references.filter(|(number, generation)| *generation > 0 || defined.contains(number)));
    found.extend(defined.iter().map(|number| (*number, 0)));
    if found.is_empty() || found.len() > MAX_FOUND || is_encrypted(bytes) {
        return BTreeMap::new();
    }
    let mut known: BTreeMap<u32, BTreeSet<i32>> = BTreeMap::new();
    for (number, generation) in &found {
        known.entry(*number).or_default().extend([0, *generation]);
    }
    let copy = |id: &(u32, i32)| {
        // Reading an object that is not at its place makes the library look for all.
        let is_there = read(pdf, *id).is_some();
        let others = known.get(&id.0)?.iter().rev().map(|generation| (id.0, *generation)).filter(|other| other != id);
        let is_newer = |other: &(u32, i32)| places.contains_key(id) && places.get(other) > places.get(id);
        let usable = others.filter(|other| read(pdf, *other).is_some() && (!is_there || is_newer(other)));
        let newest = usable.max_by_key(|other| places.get(other))?;
        Some((*id, write(&read(pdf, newest)?)?))
    };
    found.iter().filter_map(copy).collect()
}

/// Copies of the objects that objects refer to which are references, by the number and the generation of the reference. Those
/// of an encrypted file can't be read under another number.
pub(crate) fn find_forwarded_objects(pdf: &Pdf) -> Objects {
    let bytes: &[u8] = pdf.data().as_ref();
    // The last definition of an object holds.
    let targets: BTreeMap<_, _> =
        find_ids(bytes, b"obj").filter_map(|(id, end)| Some((id, read_reference(&bytes[end..])?))).collect();
    if targets.is_empty() || targets.len() > MAX_FOUND || is_encrypted(bytes) {
        return BTreeMap::new();
    }
    // An object without that generation is the one that has its number.
    let find = |id: (u32, i32)| if read(pdf, id).is_some() { id } else { (id.0, 0) };
    // The library takes the first number of a reference for the object. Another object is a later definition.
    let next = |id: &(u32, i32)| {
        let target = targets.get(id)?;
        let is_number = |object| matches!(object, Object::Number(number) if number.as_i64() == i64::from(target.0));
        read(pdf, *id).is_some_and(is_number).then(|| find(*target))
    };
    let copy = |id: &(u32, i32)| {
        let mut chain = successors(next(id), next).take(MAX_CHAIN);
        let object = read(pdf, chain.find(|target| next(target).is_none())?)?;
        Some((*id, write(&object)?))
    };
    targets.keys().filter_map(copy).collect()
}

fn read(pdf: &Pdf, (number, generation): (u32, i32)) -> Option<Object<'_>> {
    pdf.xref().get(ObjectIdentifier::new(number, generation))
}

/// The reference that an object is, whose text follows.
fn read_reference(text: &[u8]) -> Option<(u32, i32)> {
    let mut rest = &text[..text.len().min(MAX_REFERENCE)];
    let tokens = std::iter::from_fn(|| {
        let (token, after) = rest.split_at_checked(read_token(rest).len()).filter(|_| !rest.is_empty())?;
        rest = after;
        Some(token)
    });
    let mut words = tokens.filter(|token: &&[u8]| !matches!(token[0], 0 | b'%') && !token[0].is_ascii_whitespace());
    let mut number = || str::from_utf8(words.next()?).ok()?.parse::<i32>().ok();
    let (number, generation) = (u32::try_from(number()?).ok()?, number()?);
    matches!(words.next()?, b"R" | b"Rendobj").then_some((number, generation))
}

/// The numbers and generations before each `word`, and the places behind it.
fn find_ids(bytes: &[u8], word: &[u8]) -> impl Iterator<Item = ((u32, i32), usize)> {
    let last = word[word.len() - 1];
    let ends = bytes.iter().enumerate().filter(move |(_, byte)| **byte == last).map(|(at, _)| at + 1);
    ends.filter_map(move |end| {
        let is_word = bytes.get(end).is_none_or(|next| !next.is_ascii_alphanumeric());
        let before = bytes[..end].strip_suffix(word).filter(|_| is_word)?;
        let (before, generation) = take_number(before)?;
        let (_, number) = take_number(before)?;
        Some(((number, i32::try_from(generation).ok()?), end))
    })
}

/// The number at the end of a text with trailing white space, and the text before it.
fn take_number(text: &[u8]) -> Option<(&[u8], u32)> {
    let end = text.trim_ascii_end();
    let digits = end.iter().rev().take(10).take_while(|byte| byte.is_ascii_digit()).count();
    let (before, number) = end.split_at(end.len() - digits);
    let number = str::from_utf8(number).ok()?.parse().ok()?;
    (end.len() < text.len()).then_some((before, number))
}

/// An object as it is in a file. `None`: one that nothing is drawn from.
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
        Object::Number(number) => Some(number.to_string().into_bytes()),
        Object::Name(name) => Some(format!("/{}", name.as_str()).into_bytes()),
        Object::Boolean(value) => Some(value.to_string().into_bytes()),
        Object::Null(_) | Object::String(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_generations_are_those_before_a_word() {
        let text = b"3 1 obj <</A 4 0 R/B[5 2 R 6\n0\tR]/C 7 1 Rx /D 7 R>> endobj 1 obj x12 65535 obj 4 -1 R99 1 R";
        let ids = |text, word| find_ids(text, word).map(|(id, _)| id).collect::<Vec<_>>();
        assert_eq!(ids(text, b"R"), [(4, 0), (5, 2), (6, 0), (99, 1)]);
        assert_eq!(ids(text, b"obj"), [(3, 1), (12, 65535)]);
        assert!(ids(b"", b"R").is_empty() && ids(b"R", b"R").is_empty());
    }

    #[test]
    fn an_object_is_a_reference_if_nothing_else_precedes() {
        for (text, expected) in [
            (" 8 0 R endobj", Some((8, 0))),
            ("\r\n8\n1\tR\nendobj", Some((8, 1))),
            ("\0% 9 0 R\n8 % comment\n0 \0 R% end\nendobj", Some((8, 0))),
            (" 8 0 Rendobj", Some((8, 0))),
            (" 8 0 R", Some((8, 0))),
            (" 8 endobj", None),
            ("[8 0 R] endobj", None),
            (" << /A 8 0 R >> endobj", None),
            (" -8 0 R endobj", None),
            ("", None),
        ] {
            assert_eq!(read_reference(text.as_bytes()), expected, "{text}");
        }
    }
}
