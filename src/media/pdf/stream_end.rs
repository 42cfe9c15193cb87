//! How the data of a stream ends: decoders return what they have read where it is cut. Source: ISO 32000-1, 7.4
//! (filters).

use super::deflate::{DeflateEnd, Inflated, data_of_filters};
use super::stream_data::has_end_of_run_length;
use hayro::hayro_syntax::Filter;
use hayro::hayro_syntax::object::{Array, Dict, Object, Stream};

/// The codes of LZW that clear its table and end the data, and the first one that stands for several bytes.
const CLEAR_TABLE: u32 = 256;
const END_OF_DATA: u32 = 257;
const FIRST_ENTRY: usize = 258;
/// Maximum number of LZW codes, and their sizes in bits.
const MAX_ENTRIES: usize = 4096;
const SIZES: std::ops::RangeInclusive<u32> = 9..=12;

/// How the data of a stream ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum StreamEnd {
    /// As its filters require, or the filters are unknown.
    Whole,
    /// With another checksum than that of the data. Many writers get it wrong.
    WrongChecksum,
    /// Without the mark that its filter requires. Some writers leave it out.
    Unmarked,
    /// Too early, or with data that can't be read.
    Damaged,
}

impl StreamEnd {
    /// The worst end of the data of all filters, up to one that only the library knows.
    pub(crate) fn of_data(stream: &Stream<'_>) -> Self {
        let filters = stream.filters();
        let data = data_of_filters(stream);
        let ends = data.iter().zip(&filters).enumerate().map(|(at, (data, filter))| match filter {
            // Nothing may be written as no data at all.
            _ if data.is_empty() => Self::Whole,
            Filter::FlateDecode => match Inflated::read(data).end {
                DeflateEnd::Whole => Self::Whole,
                DeflateEnd::WrongChecksum => Self::WrongChecksum,
                DeflateEnd::Cut | DeflateEnd::Damaged => Self::Damaged,
            },
            Filter::LzwDecode if has_end_of_lzw(data, is_early(stream.dict(), at)) => Self::Whole,
            Filter::AsciiHexDecode if data.contains(&b'>') => Self::Whole,
            Filter::Ascii85Decode if data.contains(&b'~') => Self::Whole,
            // The renderer refuses it without its mark, or drops a part of it.
            Filter::RunLengthDecode if !has_end_of_run_length(data) => Self::Damaged,
            Filter::LzwDecode | Filter::AsciiHexDecode | Filter::Ascii85Decode => Self::Unmarked,
            _ => Self::Whole,
        });
        ends.max().unwrap_or(Self::Whole)
    }
}

/// Whether the sizes of LZW codes grow one code early, which is the default.
fn is_early(dict: &Dict<'_>, filter: usize) -> bool {
    let parameters = ["DecodeParms", "DP"].iter().find_map(|key| {
        let one = dict.get::<Dict<'_>>(key).filter(|_| filter == 0);
        one.or_else(|| dict.get::<Array<'_>>(key)?.iter::<Object<'_>>().nth(filter)?.into_dict())
    });
    parameters.and_then(|parameters| parameters.get::<u32>("EarlyChange")) != Some(0)
}

/// Whether LZW data has the mark of its end.
fn has_end_of_lzw(data: &[u8], is_early: bool) -> bool {
    let mut bits = 0_u32;
    let mut count = 0;
    let mut bytes = data.iter();
    let (mut entries, mut has_previous) = (FIRST_ENTRY, false);
    loop {
        let next = entries + usize::from(is_early);
        let size = SIZES.clone().find(|size| next < 1 << size).unwrap_or(*SIZES.end());
        while count < size {
            let Some(byte) = bytes.next() else { return false };
            bits = bits << 8 | u32::from(*byte);
            count += 8;
        }
        count -= size;
        let code = bits >> count & ((1 << size) - 1);
        match code {
            END_OF_DATA => return true,
            CLEAR_TABLE => (entries, has_previous) = (FIRST_ENTRY, false),
            _ => {
                if has_previous && entries < MAX_ENTRIES {
                    entries += 1;
                }
                has_previous = true;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// LZW data of these codes, all of nine bits.
    fn lzw(codes: &[u32]) -> Vec<u8> {
        let bits: String = codes.iter().map(|code| format!("{code:09b}")).collect();
        let bits = format!("{bits:0<width$}", width = bits.len().div_ceil(8) * 8);
        bits.as_bytes().chunks(8).map(|byte| u8::from_str_radix(str::from_utf8(byte).unwrap(), 2).unwrap()).collect()
    }

    #[test]
    fn the_mark_at_the_end_of_lzw_data() {
        let letters: Vec<u32> = (0..200).map(|at| 65 + at % 20).collect();
        for (codes, has_end) in [
            (vec![CLEAR_TABLE, 65, 66, END_OF_DATA], true),
            (vec![CLEAR_TABLE, 65, 66], false),
            (vec![END_OF_DATA], true),
            (vec![], false),
            ([&[CLEAR_TABLE], &letters[..], &[END_OF_DATA]].concat(), true),
            ([&letters[..], &[CLEAR_TABLE], &letters, &[END_OF_DATA]].concat(), true),
        ] {
            let data = lzw(&codes);
            assert_eq!(has_end_of_lzw(&data, true), has_end, "{codes:?}");
            assert!(!has_end_of_lzw(&data[..data.len().saturating_sub(2)], true), "cut: {codes:?}");
        }
        // The code after the 254th one has ten bits, one earlier or later.
        let codes: Vec<u32> = (0..254).map(|_| 65).collect();
        let mut early: String = [CLEAR_TABLE].iter().chain(&codes).map(|code| format!("{code:09b}")).collect();
        let late = format!("{early}{:09b}{:010b}", 65, END_OF_DATA);
        early += &format!("{END_OF_DATA:010b}");
        for (bits, is_early) in [(early, true), (late, false)] {
            let bits = format!("{bits:0<width$}", width = bits.len().div_ceil(8) * 8);
            let data: Vec<u8> = bits
                .as_bytes()
                .chunks(8)
                .map(|byte| u8::from_str_radix(str::from_utf8(byte).unwrap(), 2).unwrap())
                .collect();
            assert!(has_end_of_lzw(&data, is_early), "{is_early}");
        }
    }
}
