//! Whether deflated data is complete: decoders return what they have read before an error. Sources: RFC 1950
//! (zlib), RFC 1951 (Deflate); ISO 32000-1, 7.4 (filters).

use flate2::{Decompress, FlushDecompress, Status};
use hayro::hayro_syntax::Filter;
use hayro::hayro_syntax::object::Stream;
use std::borrow::Cow;
use std::io::Read;

/// Bytes of the header of zlib, and of the checksum after the data.
const HEADER: usize = 2;
const CHECKSUM: usize = 4;
/// Maximum number of bytes that are inflated for another decoder.
const MAX_INFLATED: u64 = 256 << 20;
/// The modulus of the checksum, and the bytes after which its sums are reduced.
const MODULUS: u32 = 65_521;
const MAX_UNREDUCED: usize = 5552;

/// How deflated data ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DeflateEnd {
    /// With its last block. The checksum is right, zero, or not there.
    Whole,
    /// With its last block, and another checksum than that of the data. Many writers get it wrong.
    WrongChecksum,
    /// Before its last block.
    Cut,
    /// With bytes that can't be read.
    Damaged,
}

/// What deflated data holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Inflated {
    /// Size of the data that could be read, in bytes.
    pub(crate) bytes: u64,
    /// How it ends.
    pub(crate) end: DeflateEnd,
}

impl Inflated {
    /// Reads data with the header of zlib, or without.
    pub(crate) fn read(data: &[u8]) -> Self {
        let with_header = data.get(HEADER..).map(|data| inflate(data, true));
        let is_whole = |found: &Self| matches!(found.end, DeflateEnd::Whole | DeflateEnd::WrongChecksum);
        match with_header {
            Some(found) if is_whole(&found) => found,
            other => {
                let bare = inflate(data, false);
                if is_whole(&bare) { bare } else { other.unwrap_or(bare) }
            }
        }
    }
}

/// Reads blocks; `has_checksum`: whether a checksum follows them.
fn inflate(data: &[u8], has_checksum: bool) -> Inflated {
    let mut inflate = Decompress::new(false);
    let mut out = vec![0; 1 << 16];
    let mut sums = (1, 0);
    loop {
        let before = (inflate.total_in(), inflate.total_out());
        let rest = usize::try_from(before.0).ok().and_then(|read| data.get(read..)).unwrap_or_default();
        let status = inflate.decompress(rest, &mut out, FlushDecompress::None);
        let written = usize::try_from(inflate.total_out() - before.1).unwrap_or(0);
        add_to_checksum(&mut sums, out.get(..written).unwrap_or_default());
        let end = match status {
            Ok(Status::StreamEnd) => {
                let behind = usize::try_from(inflate.total_in()).ok().and_then(|read| data.get(read..));
                let stated = behind.filter(|_| has_checksum).and_then(|behind| behind.first_chunk::<CHECKSUM>());
                // Some writers leave zeros for it.
                let stated = stated.map(|stated| u32::from_be_bytes(*stated)).filter(|stated| *stated != 0);
                let is_right = stated.is_none_or(|stated| stated == sums.1 << 16 | sums.0);
                if is_right { DeflateEnd::Whole } else { DeflateEnd::WrongChecksum }
            }
            Ok(_) if (inflate.total_in(), inflate.total_out()) != before => continue,
            Ok(_) => DeflateEnd::Cut,
            Err(_) => DeflateEnd::Damaged,
        };
        return Inflated { bytes: inflate.total_out(), end };
    }
}

/// Adds bytes to the two sums of Adler-32.
fn add_to_checksum((low, high): &mut (u32, u32), data: &[u8]) {
    for part in data.chunks(MAX_UNREDUCED) {
        for byte in part {
            *low += u32::from(*byte);
            *high += *low;
        }
        (*low, *high) = (*low % MODULUS, *high % MODULUS);
    }
}

/// What each filter of a stream reads, up to one behind a filter that only the library knows, or that can't read
/// its data.
pub(crate) fn data_of_filters<'a>(stream: &Stream<'a>) -> Vec<Cow<'a, [u8]>> {
    let mut all = Vec::new();
    let mut next = Some(stream.raw_data());
    let filters = stream.filters();
    for (at, filter) in filters.iter().enumerate() {
        let Some(data) = next else { break };
        next = match filter {
            _ if at + 1 == filters.len() => None,
            // Data for another decoder is not predicted.
            Filter::FlateDecode => inflate_all(&data).map(Cow::Owned),
            Filter::AsciiHexDecode => Some(Cow::Owned(decode_hex(&data))),
            Filter::Ascii85Decode => Some(Cow::Owned(decode_85(&data))),
            _ => None,
        };
        all.push(data);
    }
    all
}

/// The first `length` bytes of the decoded data of a stream, or all of it: usually no more is inflated. `None`: it can't be
/// decoded.
pub(crate) fn read_start<'a>(stream: &Stream<'a>, length: usize) -> Option<Cow<'a, [u8]>> {
    let is_predicted = ["DecodeParms", "DP"].iter().any(|key| stream.dict().contains_key(*key));
    if stream.filters().as_slice() == [Filter::FlateDecode] && !is_predicted {
        let mut start = Vec::with_capacity(length);
        let raw = stream.raw_data();
        let read = flate2::read::ZlibDecoder::new(&*raw).take(length as u64).read_to_end(&mut start);
        if read.is_ok() && start.len() == length {
            return Some(Cow::Owned(start));
        }
    }
    stream.decoded_data().ok()
}

/// The deflated data of a stream: what its filter `FlateDecode` reads. `None`: it has none, or behind a
/// filter that only the library knows.
pub(crate) fn deflated_data<'a>(stream: &Stream<'a>) -> Option<Cow<'a, [u8]>> {
    let at = stream.filters().iter().position(|filter| *filter == Filter::FlateDecode)?;
    data_of_filters(stream).into_iter().nth(at)
}

/// What the last filter of a stream reads. `None`: behind a filter that only the library knows, or that can't
/// read its data.
pub(crate) fn data_of_last_filter<'a>(stream: &Stream<'a>) -> Option<Cow<'a, [u8]>> {
    let last = stream.filters().len().checked_sub(1)?;
    data_of_filters(stream).into_iter().nth(last)
}

/// Inflates data with the header of zlib, as far as it can be read.
fn inflate_all(data: &[u8]) -> Option<Vec<u8>> {
    let mut inflated = Vec::new();
    let decoder = flate2::read::DeflateDecoder::new(data.get(HEADER..)?);
    // An error ends the data early, which the next filter notices.
    let _ = decoder.take(MAX_INFLATED).read_to_end(&mut inflated);
    Some(inflated)
}

fn decode_hex(data: &[u8]) -> Vec<u8> {
    let digits = data.iter().take_while(|byte| **byte != b'>');
    let mut digits = digits.filter_map(|byte| char::from(*byte).to_digit(16));
    let mut decoded = Vec::with_capacity(data.len() / 2);
    while let Some(high) = digits.next() {
        decoded.extend(u8::try_from(high << 4 | digits.next().unwrap_or(0)));
    }
    decoded
}

fn decode_85(data: &[u8]) -> Vec<u8> {
    let data = data.strip_prefix(b"<~").unwrap_or(data);
    let mut decoded = Vec::with_capacity(data.len() / 5 * 4);
    let mut group = Vec::with_capacity(5);
    // Groups that are not full have one byte less than digits.
    let put = |group: &mut Vec<u8>, decoded: &mut Vec<u8>| {
        let count = group.len();
        group.resize(5, 84);
        let number = group.iter().fold(0_u32, |number, digit| number.wrapping_mul(85).wrapping_add((*digit).into()));
        decoded.extend(number.to_be_bytes().iter().take(count.saturating_sub(1)));
        group.clear();
    };
    for byte in data.iter().take_while(|byte| **byte != b'~') {
        match byte {
            b'z' if group.is_empty() => decoded.extend([0; 4]),
            b'!'..=b'u' => group.push(byte - b'!'),
            _ => {}
        }
        if group.len() == 5 {
            put(&mut group, &mut decoded);
        }
    }
    if !group.is_empty() {
        put(&mut group, &mut decoded);
    }
    decoded
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn the_end_of_deflated_data() {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
        let content: Vec<u8> =
            (0..90_000_u32).flat_map(|at| (at.wrapping_mul(2_654_435_761) >> 20).to_le_bytes()).collect();
        encoder.write_all(&content).unwrap();
        let whole = encoder.finish().unwrap();
        let end = |data: &[u8]| Inflated::read(data).end;
        assert_eq!(end(&whole), DeflateEnd::Whole);
        assert_eq!(Inflated::read(&whole).bytes, content.len() as u64);
        assert_eq!(end(&whole[..whole.len() - 4]), DeflateEnd::Whole, "without the checksum");
        assert_eq!(end(&[&whole[..whole.len() - 4], &[0; 4]].concat()), DeflateEnd::Whole, "no checksum but zeros");
        assert_eq!(end(&whole[2..]), DeflateEnd::Whole, "without the header");
        assert_eq!(end(&[&whole[..], b"\n"].concat()), DeflateEnd::Whole);
        assert_eq!(end(&whole[..whole.len() - 8]), DeflateEnd::Cut);
        assert_eq!(end(&whole[..whole.len() / 2]), DeflateEnd::Cut);
        let mut other = whole.clone();
        *other.last_mut().unwrap() ^= 1;
        assert_eq!(end(&other), DeflateEnd::WrongChecksum);
        assert_eq!(end(b"x\x9cnoise, not data"), DeflateEnd::Damaged);
        // A bit that flips is never unnoticed.
        for at in (2..whole.len() - 4).step_by(997) {
            let mut flipped = whole.clone();
            flipped[at] ^= 0x10;
            assert_ne!(end(&flipped), DeflateEnd::Whole, "byte {at}");
        }
    }

    #[test]
    fn letters_that_stand_for_bytes() {
        for (digits, bytes) in [("48 65\n6C6c6F>junk", "Hello"), ("4>", "@"), ("", "")] {
            assert_eq!(decode_hex(digits.as_bytes()), bytes.as_bytes(), "{digits}");
        }
        for (digits, bytes) in [
            ("87cURD]i,\"Ebo80~>", &b"Hello World!"[..]),
            ("<~87cUR D]\n~>", b"Hello"),
            ("z!!~>", b"\0\0\0\0\0"),
            ("", b""),
        ] {
            assert_eq!(decode_85(digits.as_bytes()), bytes, "{digits}");
        }
    }
}
