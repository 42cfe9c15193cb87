//! Whether content streams can be read to their end.

use super::content_repair::LAST;
use super::images::find_unknown_filter;
use super::page_items::page_items;
use super::stream_end::StreamEnd;
use hayro::hayro_syntax::content::UntypedIter;
use hayro::hayro_syntax::object::{Null, Object, Stream};
use hayro::hayro_syntax::page::Page;

/// The operators of content streams (ISO 32000-1, annex A).
const OPERATORS: [&[u8]; 73] = [
    b"b", b"B", b"b*", b"B*", b"BDC", b"BI", b"BMC", b"BT", b"BX", b"c", b"cm", b"CS", b"cs", b"d", b"d0", b"d1",
    b"Do", b"DP", b"EI", b"EMC", b"ET", b"EX", b"f", b"F", b"f*", b"G", b"g", b"gs", b"h", b"i", b"ID", b"j", b"J",
    b"K", b"k", b"l", b"m", b"M", b"MP", b"n", b"q", b"Q", b"re", b"RG", b"rg", b"ri", b"s", b"S", b"SC", b"sc",
    b"SCN", b"scn", b"sh", b"T*", b"Tc", b"Td", b"TD", b"Tf", b"Tj", b"TJ", b"TL", b"Tm", b"Tr", b"Ts", b"Tw", b"Tz",
    b"v", b"w", b"W", b"W*", b"y", b"'", b"\"",
];

/// The faults of the content streams of a page.
pub(crate) fn find_lost_content(page: &Page<'_>) -> Option<&'static str> {
    const MISSING: &str = "the content of the page is missing";
    if !page.raw().contains_key("Contents") {
        return None;
    }
    let contents = page_items(page, "Contents").unwrap_or_else(|| vec![page.raw().get("Contents")]);
    contents.into_iter().find_map(|content| match content {
        Some(Object::Stream(stream)) => find_damage(&stream),
        Some(Object::Null(Null)) => None,
        _ => Some(MISSING),
    })
}

/// The fault of a content stream.
pub(crate) fn find_damage(stream: &Stream<'_>) -> Option<&'static str> {
    const DAMAGED: &str = "the content of the page ends early or is damaged";
    const UNREADABLE: &str = "the content of the page can't be decoded";
    // The renderer reads such data as it is.
    if find_unknown_filter(stream.dict()).is_some() {
        return Some(UNREADABLE);
    }
    let Ok(content) = stream.decoded_data() else { return Some(UNREADABLE) };
    let is_damaged = match StreamEnd::of_data(stream) {
        StreamEnd::Whole => false,
        // Flipped bits make other operators of it; a checksum that was never right does not.
        StreamEnd::WrongChecksum => has_unknown_operators(&content),
        StreamEnd::Unmarked => has_unknown_operators(&content) || ends_within_text(&content),
        StreamEnd::Damaged => true,
    };
    is_damaged.then_some(DAMAGED)
}

/// Whether a content stream has operators that no version of PDF has, or can't be read to its end, or has operands
/// without an operator there.
fn has_unknown_operators(content: &[u8]) -> bool {
    let content = [content, b"\n", LAST].concat();
    let mut operations = UntypedIter::new(&content);
    while let Some(operation) = operations.next() {
        let operator: &[u8] = operation.operator;
        if operator == LAST {
            return operation.operands().next().is_some();
        }
        if !OPERATORS.contains(&operator) {
            return true;
        }
    }
    true
}

/// Whether text that has begun does not end.
fn ends_within_text(content: &[u8]) -> bool {
    let mut operations = UntypedIter::new(content);
    let mut is_text = false;
    while let Some(operation) = operations.next() {
        match &**operation.operator {
            b"BT" => is_text = true,
            b"ET" => is_text = false,
            _ => {}
        }
    }
    is_text
}

#[cfg(test)]
mod tests {
    use super::{ends_within_text, has_unknown_operators};

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
            ("0 0 m 9 9 l S 9 9", true),
            ("0 0 m 9 9 l S 9 9 r", true),
        ] {
            assert_eq!(has_unknown_operators(content.as_bytes()), is_unknown, "{content}");
        }
        for (content, is_text) in [("BT (a) Tj", true), ("BT (a) Tj ET", false), ("BT ET BT", true), ("q", false)] {
            assert_eq!(ends_within_text(content.as_bytes()), is_text, "{content}");
        }
    }
}
