//! The tile-parts of a codestream. Source: ITU-T T.800, annex A.

use super::boxes::Boxes;
use std::collections::BTreeMap;

/// The first two markers: start of codestream, size.
const START: [u8; 4] = [0xFF, 0x4F, 0xFF, 0x51];
/// The marker segment with the capabilities of parts after the first, such as HTJ2K.
const CAPABILITIES: u16 = 0xFF50;
const SIZE: u16 = 0xFF51;
const TILE_PART: u16 = 0xFF90;
const START_OF_DATA: [u8; 2] = [0xFF, 0x93];
/// The marker of the end.
pub(crate) const END: [u8; 2] = [0xFF, 0xD9];
/// Bytes of the marker segment that a tile-part begins with.
const TILE_PART_HEADER: usize = 12;
/// Where the length of a tile-part is in it.
const LENGTH_AT: usize = 6;

/// A codestream with all its tile-parts in the file.
pub(crate) struct Codestream<'c> {
    /// The data before the first tile-part.
    header: &'c [u8],
    /// The tile-parts.
    parts: Vec<&'c [u8]>,
}

impl<'c> Codestream<'c> {
    /// Finds the codestream of a file, or of the data of an image in a PDF.
    pub(crate) fn find(bytes: &'c [u8]) -> Option<&'c [u8]> {
        let found = Boxes::parse(bytes).find(|found| found.kind == *b"jp2c").map(|found| found.content);
        let is_start = |data: &&[u8]| data.starts_with(&START);
        found.filter(is_start).or_else(|| bytes.get(bytes.windows(START.len()).position(|four| four == START)?..))
    }

    /// Reads the tile-parts of a codestream. `None`: it ends before its picture does.
    pub(crate) fn read(data: &'c [u8]) -> Option<Self> {
        let mut at = START.len() - 2;
        let mut tiles = 1;
        let mut parts = Vec::new();
        let mut header = None;
        // The parts of each tile that were seen, and those that it has.
        let mut seen: BTreeMap<u16, (u32, u32)> = BTreeMap::new();
        while let Some(marker) = word(data, at) {
            match marker {
                TILE_PART => {
                    header.get_or_insert(data.get(..at)?);
                    let part = data.get(at..)?;
                    let end = match long(part, LENGTH_AT)? {
                        // The last one extends to the end mark.
                        0 => end_of_last(part)?,
                        length => usize::try_from(length).ok()?.max(TILE_PART_HEADER),
                    };
                    let part = part.get(..end)?;
                    let (tile, count) = (word(part, 4)?, *part.get(TILE_PART_HEADER - 1)?);
                    let known = seen.entry(tile).or_default();
                    *known = (known.0 + 1, known.1.max(count.into()));
                    parts.push(part);
                    at += end;
                }
                // Only the end mark follows the tile-parts.
                _ if header.is_some() => break,
                _ => {
                    if marker == SIZE {
                        tiles = count_tiles(data.get(at..)?)?;
                    }
                    at += 2 + usize::from(word(data, at + 2)?.max(2));
                }
            }
        }
        let has_all = seen.len() as u64 >= tiles && seen.values().all(|(found, count)| found >= count);
        header.filter(|_| has_all).map(|header| Self { header, parts })
    }

    /// The same codestream, with the length of each tile-part and the end mark, which files may leave out.
    pub(crate) fn to_explicit(&self) -> Vec<u8> {
        let mut data = self.header.to_vec();
        for part in &self.parts {
            let length = u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes();
            let (before, after) = part.split_at(LENGTH_AT);
            data.extend([before, &length, &after[length.len()..]].concat());
        }
        data.extend(END);
        data
    }
}

/// Whether a codestream has capabilities of a later part of the standard, such as HTJ2K.
pub(crate) fn is_high_throughput(data: &[u8]) -> bool {
    let mut at = START.len() - 2;
    while let Some(marker) = word(data, at) {
        match marker {
            CAPABILITIES => return true,
            TILE_PART => return false,
            _ => at += 2 + usize::from(word(data, at + 2).unwrap_or(2).max(2)),
        }
    }
    false
}

/// The width and height in pixels, and the number of channels, that a codestream states.
pub(crate) fn read_format(data: &[u8]) -> Option<((u32, u32), u32)> {
    let number = |at: usize| long(data, at);
    let side = |at: usize| number(at)?.checked_sub(number(at + 8)?);
    Some(((side(8)?, side(12)?), u32::from(word(data, 40)?)))
}

/// The length of a tile-part that does not state it. Coded data has no marker of the end: a byte of ones is
/// followed by one below 0x90.
fn end_of_last(part: &[u8]) -> Option<usize> {
    let start = part.windows(2).position(|two| two == START_OF_DATA)?;
    Some(start + part.get(start..)?.windows(2).position(|two| two == END)?)
}

/// The number of tiles, from the marker segment with the size.
fn count_tiles(segment: &[u8]) -> Option<u64> {
    let side = |size: usize, tile: usize, offset: usize| {
        let (size, tile, offset) = (long(segment, size)?, long(segment, tile)?, long(segment, offset)?);
        Some(u64::from(size.checked_sub(offset)?.div_ceil(tile.max(1))))
    };
    Some(side(6, 22, 30)?.saturating_mul(side(10, 26, 34)?))
}

fn word(data: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(*data.get(at..)?.first_chunk()?))
}

fn long(data: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(*data.get(at..)?.first_chunk()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The header of a picture with two tiles.
    fn header() -> Vec<u8> {
        let mut header = [&START[..], &[0, 36, 0, 0]].concat();
        for number in [20_u32, 10, 0, 0, 10, 10, 0, 0] {
            header.extend(number.to_be_bytes());
        }
        header
    }

    /// A tile-part; `length`: as it states it.
    fn part(tile: u16, count: u8, length: u32) -> Vec<u8> {
        let head = [&[0xFF, 0x90, 0, 10][..], &tile.to_be_bytes(), &length.to_be_bytes(), &[0, count]].concat();
        [&head[..], &START_OF_DATA, b"data"].concat()
    }

    #[test]
    fn codestreams_that_lack_tile_parts_are_cut() {
        let (first, second) = (part(0, 1, 18), part(1, 1, 18));
        for (parts, is_whole) in [
            (vec![first.clone(), second.clone(), END.to_vec()], true),
            // The end mark is not part of the picture, unless only it ends the last part.
            (vec![first.clone(), second.clone()], true),
            (vec![first.clone(), part(1, 1, 0), END.to_vec()], true),
            (vec![first.clone(), part(1, 1, 0), END.to_vec(), b"\r\n".to_vec()], true),
            (vec![first.clone(), part(1, 1, 0)], false),
            (vec![first.clone(), second[..17].to_vec()], false),
            (vec![first.clone(), second[..14].to_vec(), END.to_vec()], false),
            (vec![first.clone(), END.to_vec()], false),
            (vec![first.clone()], false),
            (vec![part(0, 2, 18), second.clone(), END.to_vec()], false),
            (vec![part(0, 2, 18), part(0, 0, 18), second, END.to_vec()], true),
            (vec![], false),
        ] {
            let data = [header(), parts.concat()].concat();
            assert_eq!(Codestream::read(&data).is_some(), is_whole, "{parts:x?}");
        }
        assert!(Codestream::read(&header()[..20]).is_none());
        assert!(Codestream::find(b"noise").is_none());
    }

    #[test]
    fn a_codestream_states_its_size_and_its_channels() {
        let data = [header(), vec![0, 3]].concat();
        assert_eq!(read_format(&data), Some(((20, 10), 3)));
        assert_eq!(read_format(&data[..data.len() - 1]), None);
    }

    #[test]
    fn lengths_that_are_left_out_are_stated() {
        let whole = [header(), part(0, 1, 18), part(1, 1, 18), END.to_vec()].concat();
        let open = [header(), part(0, 1, 18), part(1, 1, 0), END.to_vec(), b"\n".to_vec()].concat();
        assert_eq!(Codestream::read(&open).unwrap().to_explicit(), whole);
        assert_eq!(Codestream::read(&whole).unwrap().to_explicit(), whole);
    }
}
