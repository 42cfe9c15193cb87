//! Content streams with characters that can't begin anything, such as a surplus parenthesis.
//!
//! The renderer stops there, and everything after it is lost. Viewers report an error and continue; so does the
//! renderer with the repaired content. Source: what Poppler's `Lexer` and `Parser` do; ISO 32000-1, 7.2 and 7.3.

use super::losses::Lost;
use hayro::hayro_syntax::content::ops::TypedInstruction;
use hayro::hayro_syntax::content::{TypedIter, UntypedIter};
use hayro::hayro_syntax::object::Object;

/// An operator that is read if everything before it is.
pub(crate) const LAST: &[u8] = b"end-of-content";

/// An operator that does nothing, and takes the operands before it.
const UNKNOWN: &[u8] = b"?";

/// Whether the renderer reads a content stream to its end.
pub(crate) fn reads_to_its_end(content: &[u8]) -> bool {
    count_read(content).is_none()
}

/// What the renderer loses of a content stream that can't be replaced. `None`: nothing.
pub(crate) fn find_unread(content: &[u8]) -> Option<Lost> {
    let read = count_read(content)?;
    match count_all(&repair(content)) {
        None => Some(Lost::Content("the content of the page ends early or is damaged".to_owned())),
        Some(all) => (all > read).then_some(Lost::Syntax),
    }
}

/// The number of operations that the renderer reads before it stops. `None`: all of them. It also stops at
/// an operator that constructs a path and lacks operands.
fn count_read(content: &[u8]) -> Option<usize> {
    let content = [content, b"\n", LAST].concat();
    let mut operations = TypedIter::new(&content);
    let mut count = 0;
    while let Some(operation) = operations.next() {
        if let TypedInstruction::Fallback(operator) = &operation {
            let operator: &[u8] = operator;
            if operator == LAST {
                return None;
            }
        }
        count += 1;
    }
    Some(count)
}

/// The number of operations of a content stream. `None`: it can't be read to its end.
fn count_all(content: &[u8]) -> Option<usize> {
    let content = [content, b"\n", LAST].concat();
    let mut operations = UntypedIter::new(&content);
    let mut count = 0;
    while let Some(operation) = operations.next() {
        let operator: &[u8] = operation.operator;
        if operator == LAST {
            return Some(count);
        }
        count += 1;
    }
    None
}

/// A content stream without brackets that close or open nothing, with hexadecimal strings of nothing but
/// digits, and without operators that construct paths and lack operands. Other content is unchanged.
pub(crate) fn repair(content: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(content.len());
    // The ends of the arrays and dictionaries that are open.
    let mut open: Vec<&[u8]> = Vec::new();
    let mut at = 0;
    // The numbers before a token.
    let mut numbers = 0;
    while let Some(rest) = content.get(at..).filter(|rest| !rest.is_empty()) {
        let token = read_token(rest);
        at += token.len();
        let before = numbers;
        match token {
            [b'+' | b'-' | b'.' | b'0'..=b'9', ..] => numbers += 1,
            [first, ..] if is_white_space(*first) || *first == b'%' => {}
            _ => numbers = 0,
        }
        if before < numbers_needed(token) {
            out.extend(UNKNOWN);
            continue;
        }
        match token {
            b"[" => open.push(b"]"),
            b"<<" => open.push(b">>"),
            b"]" | b">>" if open.last() == Some(&token) => _ = open.pop(),
            b"]" | b">>" | b")" | b">" | b"{" | b"}" => {
                out.push(b' ');
                continue;
            }
            _ => {}
        }
        match token {
            [b'<', digits @ .., b'>'] => {
                out.push(b'<');
                // Other characters count as zero.
                out.extend(digits.iter().map(|byte| match byte {
                    byte if byte.is_ascii_hexdigit() || is_white_space(*byte) => *byte,
                    _ => b'0',
                }));
                out.push(b'>');
            }
            _ => out.extend(token),
        }
    }
    out
}

/// The numbers that an operator needs that constructs a path.
fn numbers_needed(operator: &[u8]) -> usize {
    match operator {
        b"m" | b"l" => 2,
        b"v" | b"y" | b"re" => 4,
        b"c" => 6,
        _ => 0,
    }
}

fn is_white_space(byte: u8) -> bool {
    byte == 0 || byte.is_ascii_whitespace()
}

fn is_delimiter(byte: u8) -> bool {
    matches!(byte, b'(' | b')' | b'<' | b'>' | b'[' | b']' | b'{' | b'}' | b'/' | b'%')
}

/// The token that content begins with: a bracket, a string, a comment, an inline image or anything else up to the
/// next delimiter. At least one byte of content that is not empty.
pub(crate) fn read_token(content: &[u8]) -> &[u8] {
    let up_to = |is_end: &dyn Fn(u8) -> bool| content.iter().position(|byte| is_end(*byte));
    let length = match content {
        [b'<', b'<', ..] | [b'>', b'>', ..] => 2,
        [b'<', ..] => up_to(&|byte| byte == b'>').map_or(content.len(), |end| end + 1),
        [b'(', ..] => literal_length(content),
        [b'/', name @ ..] => {
            1 + name.iter().take_while(|byte| !is_delimiter(**byte) && !is_white_space(**byte)).count()
        }
        [b'%', ..] => up_to(&|byte| matches!(byte, b'\r' | b'\n')).unwrap_or(content.len()),
        [b'B', b'I', after, ..] if is_white_space(*after) || is_delimiter(*after) => image_length(content).unwrap_or(2),
        [first, rest @ ..] if !is_delimiter(*first) => {
            let is_regular = |byte: u8| !is_delimiter(byte) && !is_white_space(byte);
            // White space is a separate token, so that words begin with their first letter.
            let is_same = |byte: &u8| is_regular(*byte) == is_regular(*first);
            1 + rest.iter().take_while(|byte| !is_delimiter(**byte) && is_same(byte)).count()
        }
        _ => 1,
    };
    content.get(..length).unwrap_or(content)
}

/// The length of the string in parentheses that content begins with.
fn literal_length(content: &[u8]) -> usize {
    let (mut depth, mut is_escaped) = (0_usize, false);
    for (at, byte) in content.iter().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'(' => depth += 1,
            b')' => {
                depth -= 1;
                if depth == 0 {
                    return at + 1;
                }
            }
            _ => {}
        }
    }
    content.len()
}

/// The length of the inline image that content begins with, as the renderer finds its end.
fn image_length(content: &[u8]) -> Option<usize> {
    let mut operations = UntypedIter::new(content);
    let operation = operations.next()?;
    let Some(Object::Stream(image)) = operation.operands().last() else { return None };
    let data = image.raw_data();
    let start = (data.as_ptr() as usize).checked_sub(content.as_ptr() as usize)?;
    let end = start.checked_add(data.len())?.checked_add(b"EI".len())?;
    content.get(..end).filter(|image| image.ends_with(b"EI")).map(<[u8]>::len)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What a page shows after the damaged part.
    const BEHIND: &str = "1 0 0 rg 50 50 300 300 re f";

    #[test]
    fn stray_characters_are_skipped_and_digits_that_are_none_are_zero() {
        for (damaged, repaired) in [
            (")", " "),
            (">>", " "),
            ("]", " "),
            ("}", " "),
            ("{", " "),
            (">", " "),
            ("(Total (net)) amount) Tj", "(Total (net)) amount  Tj"),
            ("<48656C6C6G> Tj", "<48656C6C60> Tj"),
            ("<12zz> Tj", "<1200> Tj"),
            ("10 20 re", "10 20 ?"),
            ("(x) m 5 5 l", "(x) ? 5 5 l"),
            ("[(a) -20 (b)]] TJ", "[(a) -20 (b)]  TJ"),
            ("/Span <</MCID 0>> >> BDC EMC", "/Span <</MCID 0>>   BDC EMC"),
        ] {
            let (damaged, expected) = (format!("{damaged} {BEHIND}"), format!("{repaired} {BEHIND}"));
            assert!(!reads_to_its_end(damaged.as_bytes()), "{damaged}");
            let found = repair(damaged.as_bytes());
            assert_eq!(String::from_utf8_lossy(&found), expected);
            assert!(reads_to_its_end(&found), "{damaged}");
            assert_eq!(find_unread(damaged.as_bytes()), Some(Lost::Syntax), "{damaged}");
        }
    }

    #[test]
    fn what_is_in_order_stays_as_it_is() {
        for content in [
            "",
            r"q BT /F1 12 Tf (a\) b (c) \\) Tj <48 65> Tj [(x) 3 <41>] TJ ET Q % a ) comment",
            "/OC /L BDC /P <</A [1 2] /B <</C (x)>>>> BDC EMC EMC",
            "BI /W 4 /H 1 /BPC 8 /CS /G ID )]>> EI q Q",
            "BI/W 2/H 1/BPC 8/CS/G ID >> EI Q",
            "/m gs /BI Do /re/c scn 1 2 3 4 re",
            "foo 5 0 R true null 1.2.3 \u{ff}",
        ] {
            assert_eq!(repair(content.as_bytes()), content.as_bytes(), "{content}");
            assert_eq!(find_unread(content.as_bytes()), None, "{content}");
        }
    }

    #[test]
    fn what_can_not_be_repaired_is_lost_and_what_has_nothing_behind_it_is_not() {
        for (content, is_lost) in
            [("(words", true), ("[ 1 2", true), ("<< /A", true), ("<12", true), (")", false), ("] >>\n", false)]
        {
            assert_eq!(find_unread(format!("q Q {content}").as_bytes()).is_some(), is_lost, "{content}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_repaired_once(content in prop::collection::vec(prop_oneof![any::<u8>(), prop::sample::select(b"()<>[]{}BIEID \\%".to_vec())], 0..60)) {
            let once = repair(&content);
            prop_assert_eq!(once.len() <= content.len(), true);
            prop_assert_eq!(repair(&once), once);
        }
    }
}
