//! The common name in the subject of a certificate.
//!
//! Source: RFC 5280, section 4.1.2.4; DER as in X.690.

/// Object identifier 2.5.4.3.
const COMMON_NAME: [u8; 3] = [0x55, 0x04, 0x03];
const OBJECT_IDENTIFIER: u8 = 0x06;
/// Types of strings whose bytes are UTF-8: UTF8String, PrintableString, IA5String.
const STRINGS: [u8; 3] = [0x0c, 0x13, 0x16];

/// The last common name in a subject, which is the most specific one. `subject`: the content of its DER sequence.
pub(crate) fn common_name(subject: &[u8]) -> Option<&str> {
    // A sequence of sets of sequences of a type and a value.
    let (mut rest, mut found) = (subject, None);
    while !rest.is_empty() {
        let (_, mut set, next) = element(rest)?;
        rest = next;
        while !set.is_empty() {
            let (_, attribute, next) = element(set)?;
            set = next;
            let (kind, identifier, value) = element(attribute)?;
            let (string, text, _) = element(value)?;
            if kind == OBJECT_IDENTIFIER && identifier == COMMON_NAME && STRINGS.contains(&string) {
                found = Some(std::str::from_utf8(text).ok()?);
            }
        }
    }
    found
}

/// The tag and the content of the first element of DER, and what follows it.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = der.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match usize::from(*first) {
        short @ 0..0x80 => (short, rest),
        long => {
            // No subject needs more than two bytes for a length.
            let (digits, rest) =
                rest.split_at_checked(long - 0x80).filter(|(digits, _)| (1..=2).contains(&digits.len()))?;
            (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), rest)
        }
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((*tag, content, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn der(tag: u8, content: &[u8]) -> Vec<u8> {
        [&[tag, u8::try_from(content.len()).unwrap()], content].concat()
    }

    fn attribute(last: u8, string: u8, value: &[u8]) -> Vec<u8> {
        der(0x31, &der(0x30, &[der(0x06, &[0x55, 0x04, last]), der(string, value)].concat()))
    }

    #[test]
    fn subjects() {
        let (country, name) = (attribute(6, 0x13, b"DE"), attribute(3, 0x0c, b"box.example"));
        let long: Vec<u8> = attribute(3, 0x0c, &[b'a'; 100]);
        for (subject, expected) in [
            (Vec::new(), None),
            (country.clone(), None),
            (name.clone(), Some("box.example")),
            ([country.clone(), name.clone()].concat(), Some("box.example")),
            ([name.clone(), attribute(3, 0x13, b"localhost"), country].concat(), Some("localhost")),
            (attribute(3, 0x1e, b"\0b"), None),
            (attribute(3, 0x0c, b"\xff"), None),
            (long[..50].to_vec(), None),
            ([&[0x31, 0x81, 111][..], &long[2..]].concat(), None),
            ([&[0x31, 0x81, u8::try_from(long.len() - 2).unwrap()][..], &long[2..]].concat(), Some(&*"a".repeat(100))),
            (vec![0x31, 0x80], None),
            (vec![0x31, 0xff, 0xff], None),
            (vec![0x31], None),
        ] {
            assert_eq!(common_name(&subject), expected, "{subject:02x?}");
        }
        for cut in 1..name.len() {
            assert_eq!(common_name(&name[..cut]), None);
        }
    }
}
