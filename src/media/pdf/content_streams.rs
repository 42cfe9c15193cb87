//! Whether content streams can be read to their end.

use super::content_repair::reads_to_its_end;
use super::deflate::{DeflateEnd, Inflated, deflated_data};
use hayro::hayro_syntax::content::UntypedIter;
use hayro::hayro_syntax::object::{Dict, Null, Object, Stream};

/// The operators of content streams (ISO 32000-1, annex A).
const OPERATORS: [&[u8]; 73] = [
    b"b", b"B", b"b*", b"B*", b"BDC", b"BI", b"BMC", b"BT", b"BX", b"c", b"cm", b"CS", b"cs", b"d", b"d0", b"d1",
    b"Do", b"DP", b"EI", b"EMC", b"ET", b"EX", b"f", b"F", b"f*", b"G", b"g", b"gs", b"h", b"i", b"ID", b"j", b"J",
    b"K", b"k", b"l", b"m", b"M", b"MP", b"n", b"q", b"Q", b"re", b"RG", b"rg", b"ri", b"s", b"S", b"SC", b"sc",
    b"SCN", b"scn", b"sh", b"T*", b"Tc", b"Td", b"TD", b"Tf", b"Tj", b"TJ", b"TL", b"Tm", b"Tr", b"Ts", b"Tw", b"Tz",
    b"v", b"w", b"W", b"W*", b"y", b"'", b"\"",
];

/// What is wrong with the content streams of a page.
pub(crate) fn find_lost_content(page: &Dict<'_>) -> Option<&'static str> {
    const MISSING: &str = "the content of the page is missing";
    let streams: Vec<Option<Stream<'_>>> = match page.get::<Object<'_>>("Contents") {
        Some(Object::Stream(stream)) => vec![Some(stream)],
        Some(Object::Array(array)) => array
            .iter::<Object<'_>>()
            .filter(|item| !matches!(item, Object::Null(_)))
            .map(Object::into_stream)
            .collect(),
        Some(Object::Null(Null)) => return None,
        Some(_) => return Some(MISSING),
        None => return page.contains_key("Contents").then_some(MISSING),
    };
    streams.into_iter().find_map(|stream| match stream {
        None => Some(MISSING),
        Some(stream) => find_damage(&stream),
    })
}

/// What is wrong with a content stream.
pub(crate) fn find_damage(stream: &Stream<'_>) -> Option<&'static str> {
    const DAMAGED: &str = "the content of the page ends early or is damaged";
    let Ok(content) = stream.decoded_data() else {
        return Some("the content of the page can't be decoded");
    };
    let deflated = deflated_data(stream).filter(|data| !data.is_empty())?;
    let found = Inflated::read(&deflated);
    let is_damaged = match found.end {
        // Flipped bits make other operators of it; a checksum that was never right does not.
        DeflateEnd::WrongChecksum => has_unknown_operators(&content),
        _ => !found.is_whole(),
    };
    is_damaged.then_some(DAMAGED)
}

/// Whether a content stream has operators that no version of PDF has, or can't be read to its end.
fn has_unknown_operators(content: &[u8]) -> bool {
    let mut operations = UntypedIter::new(content);
    while let Some(operation) = operations.next() {
        let operator: &[u8] = operation.operator;
        if !OPERATORS.contains(&operator) {
            return true;
        }
    }
    !reads_to_its_end(content)
}

#[cfg(test)]
mod tests {
    use super::has_unknown_operators;

    #[test]
    fn operators_that_no_version_has() {
        for (content, is_unknown) in [
            ("", false),
            ("q 1 0 0 1 5 5 cm BT /F1 12 Tf (words) Tj ET Q", false),
            ("BI /W 1 /H 1 /BPC 8 /CS /G ID a EI", false),
            ("q 1 0 0 1 5 5 cl BT", true),
            ("0 0 m 9 9 l S \u{1}x", true),
            ("0 0 m 9 9 l S ) 0 0 m 9 9 l S", true),
            ("BT /F1 12 Tf (words", true),
        ] {
            assert_eq!(has_unknown_operators(content.as_bytes()), is_unknown, "{content}");
        }
    }
}
