//! Whether the data of a PNG hold all rows of its picture. Source: the PNG specification, third edition, 7, 8 and 10.

use super::fault::MediaFault;
use fdeflate::Decompressor;

/// How far back deflated data refer, in bytes: what the inflater must find before the place that it writes to.
const LOOKBACK: usize = 32 * 1024;

/// How much is inflated before the buffer begins anew, in bytes.
const BUFFER: usize = 96 * 1024;

/// The colour type of pixels that are indices into a palette.
const INDEXED: u8 = 3;

/// The largest number of a row's filter.
const MAX_FILTER: u8 = 4;

/// Where the pixels of each pass of an interlaced picture begin, and how far they are apart: x, y, width, height.
const PASSES: [[u32; 4]; 7] =
    [[0, 0, 8, 8], [4, 0, 8, 8], [0, 4, 4, 8], [2, 0, 4, 4], [0, 2, 2, 4], [1, 0, 2, 2], [0, 1, 1, 2]];

/// Checks that a PNG has all rows of its picture: inflates its data, and looks only at the first byte of each row and at the
/// checksum at the end, because not every viewer ignores that.
///
/// # Errors
/// A PNG that is cut short or damaged.
pub(crate) fn check_rows(bytes: &[u8]) -> Result<(), MediaFault> {
    let header = chunks(bytes).next().and_then(|(_, content)| content.first_chunk::<13>());
    let header = header.ok_or_else(|| MediaFault::damaged("the header is damaged"))?;
    let is_data = |(kind, _): &([u8; 4], &[u8])| kind == b"IDAT";
    if header[9] == INDEXED && !chunks(bytes).take_while(|chunk| !is_data(chunk)).any(|(kind, _)| &kind == b"PLTE") {
        return Err(MediaFault::damaged("the palette is missing"));
    }
    let mut rows = Rows::read(header);
    let mut inflater = Decompressor::new();
    let mut buffer = vec![0; LOOKBACK + BUFFER];
    let mut filled = 0;
    // The first run of such chunks.
    let mut parts = chunks(bytes)
        .skip_while(|chunk| !is_data(chunk))
        .take_while(is_data)
        .map(|(_, content)| content)
        .filter(|content| !content.is_empty());
    let mut part: &[u8] = &[];
    while !inflater.is_done() && !rows.have_more {
        if part.is_empty() {
            part = parts.next().unwrap_or_default();
        }
        if filled == buffer.len() {
            buffer.copy_within(BUFFER.., 0);
            filled = LOOKBACK;
        }
        let (read, written) = inflater
            .read(part, &mut buffer, filled, false)
            .map_err(|error| MediaFault::damaged(format!("the picture can't be inflated: {error:?}")))?;
        if read == 0 && written == 0 {
            break;
        }
        part = &part[read..];
        rows.pass(&buffer[filled..filled + written])?;
        filled += written;
    }
    if rows.are_complete() { Ok(()) } else { Err(MediaFault::cut_short()) }
}

/// The chunks: kind, and content as far as it is there.
fn chunks(bytes: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8])> {
    let mut rest = bytes.get(8..).unwrap_or_default();
    std::iter::from_fn(move || {
        let (&[s0, s1, s2, s3, k0, k1, k2, k3], behind) = rest.split_first_chunk()?;
        let size = u32::from_be_bytes([s0, s1, s2, s3]) as usize;
        rest = behind.get(size.saturating_add(4)..).unwrap_or_default();
        Some(([k0, k1, k2, k3], &behind[..size.min(behind.len())]))
    })
}

/// The rows that are still to come.
struct Rows {
    /// The passes that are still to come, the current one last: bytes of a row, without its filter; rows.
    passes: Vec<(u64, u64)>,
    /// How many bytes of the current row are still to come.
    rest_of_row: u64,
    /// Whether there was more than all rows. Viewers ignore that.
    have_more: bool,
}

impl Rows {
    fn read(&[w0, w1, w2, w3, h0, h1, h2, h3, depth, color, _, _, interlace]: &[u8; 13]) -> Self {
        let (width, height) = (u32::from_be_bytes([w0, w1, w2, w3]), u32::from_be_bytes([h0, h1, h2, h3]));
        let samples = match color {
            2 => 3,
            4 => 2,
            6 => 4,
            _ => 1,
        };
        let bits = u64::from(depth) * samples;
        let passes = if interlace == 0 { &[[0, 0, 1, 1]][..] } else { &PASSES };
        let count = |size: u32, from: u32, step: u32| u64::from(size.saturating_sub(from).div_ceil(step));
        let mut passes: Vec<(u64, u64)> = passes
            .iter()
            .map(|&[x, y, dx, dy]| ((count(width, x, dx) * bits).div_ceil(8), count(height, y, dy)))
            .filter(|(bytes, rows)| *bytes > 0 && *rows > 0)
            .collect();
        passes.reverse();
        Self { passes, rest_of_row: 0, have_more: false }
    }

    fn are_complete(&self) -> bool {
        self.passes.is_empty() && self.rest_of_row == 0
    }

    /// Goes on by these bytes.
    fn pass(&mut self, mut data: &[u8]) -> Result<(), MediaFault> {
        loop {
            let length = usize::try_from(self.rest_of_row).unwrap_or(usize::MAX).min(data.len());
            data = &data[length..];
            self.rest_of_row -= length as u64;
            let Some((filter, rest)) = data.split_first() else { return Ok(()) };
            let Some((bytes, rows)) = self.passes.last_mut() else {
                self.have_more = true;
                return Ok(());
            };
            if *filter > MAX_FILTER {
                return Err(MediaFault::damaged("a row has an unknown filter"));
            }
            data = rest;
            self.rest_of_row = *bytes;
            *rows -= 1;
            if *rows == 0 {
                self.passes.pop();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::fault::MediaFaultKind::{self, CutShort, Damaged};
    use std::io::{Cursor, Write};

    fn chunk(kind: &[u8], content: &[u8]) -> Vec<u8> {
        let body = [kind, content].concat();
        [&(content.len() as u32).to_be_bytes()[..], &body, &crc32fast::hash(&body).to_be_bytes()].concat()
    }

    /// A PNG whose compressed data are in these parts.
    fn png(size: (u32, u32), depth: u8, color: u8, interlace: u8, parts: &[&[u8]]) -> Vec<u8> {
        let (width, height) = (size.0.to_be_bytes(), size.1.to_be_bytes());
        let header = [&width[..], &height, &[depth, color, 0, 0, interlace]].concat();
        let palette = if color == 3 { chunk(b"PLTE", &[9; 3 * 256][..3 << depth]) } else { Vec::new() };
        let data: Vec<u8> = parts.iter().flat_map(|part| chunk(b"IDAT", part)).collect();
        [&b"\x89PNG\r\n\x1a\n"[..], &chunk(b"IHDR", &header), &palette, &data, &chunk(b"IEND", b"")].concat()
    }

    fn deflated(data: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(data).unwrap();
        encoder.finish().unwrap()
    }

    fn fault(bytes: &[u8]) -> Option<MediaFaultKind> {
        check_rows(bytes).err().map(|fault| fault.kind)
    }

    fn is_decoded(bytes: &[u8]) -> bool {
        image::ImageReader::with_format(Cursor::new(bytes), image::ImageFormat::Png).decode().is_ok()
    }

    #[test]
    fn rows_have_the_length_that_decoders_expect() {
        let kinds: [(u8, u8); 15] = [
            (1, 0),
            (2, 0),
            (4, 0),
            (8, 0),
            (16, 0),
            (8, 2),
            (16, 2),
            (1, 3),
            (2, 3),
            (4, 3),
            (8, 3),
            (8, 4),
            (16, 4),
            (8, 6),
            (16, 6),
        ];
        for (depth, color) in kinds {
            for interlace in [0, 1] {
                for size in [(1, 1), (2, 1), (1, 5), (4, 3), (5, 2), (9, 9), (23, 17)] {
                    let header = png(size, depth, color, interlace, &[]);
                    let rows = Rows::read(chunks(&header).next().unwrap().1.first_chunk().unwrap());
                    let length: u64 = rows.passes.iter().map(|(bytes, rows)| (bytes + 1) * rows).sum();
                    let with = |length| png(size, depth, color, interlace, &[&deflated(&vec![0; length])]);
                    let (whole, short) = (with(length as usize), with(length as usize - 1));
                    let name = format!("{size:?} of depth {depth}, colour type {color}, interlace {interlace}");
                    assert_eq!((fault(&whole), is_decoded(&whole)), (None, true), "{name}");
                    assert_eq!((fault(&short), is_decoded(&short)), (Some(CutShort), false), "{name}");
                }
            }
        }
    }

    #[test]
    fn whatever_decoding_finds_is_found_without_undoing_filters() {
        let rows: Vec<u8> = (0..90 * 301_usize).map(|at| if at % 301 == 0 { 0 } else { (at * at / 7) as u8 }).collect();
        let data = deflated(&rows);
        let picture = |parts: &[&[u8]]| png((300, 90), 8, 0, 0, parts);
        assert_eq!(fault(&picture(&[&data])), None);
        // In parts, some of them empty.
        let halves = data.split_at(data.len() / 2);
        assert_eq!(fault(&picture(&[b"", halves.0, b"", halves.1, b""])), None);
        // Parts after another chunk don't count.
        let mut split = picture(&[halves.0]);
        split.truncate(split.len() - 12);
        split.extend([chunk(b"tEXt", b"a\0b"), chunk(b"IDAT", halves.1), chunk(b"IEND", b"")].concat());
        assert_eq!((fault(&split), is_decoded(&split)), (Some(CutShort), false));
        for length in (0..data.len()).step_by(13).chain(data.len() - 9..data.len()) {
            let bytes = picture(&[&data[..length]]);
            assert!(fault(&bytes).is_some() || is_decoded(&bytes), "{length} of {} bytes", data.len());
            // Only the checksum, or the end mark before it, is missing.
            let missing = data.len() - length;
            assert!(fault(&bytes).is_none() == (missing <= 4) || missing == 5, "{length} of {} bytes", data.len());
        }
        for at in (0..data.len()).step_by(7) {
            let mut changed = data.clone();
            changed[at] ^= 0x10;
            assert!(fault(&picture(&[&changed])).is_some(), "changed at {at}");
        }
    }

    #[test]
    fn more_than_all_rows_is_ignored() {
        // A megabyte of rows that deflates to a thousandth, behind a picture of one row.
        let more = png((300, 1), 8, 0, 0, &[&deflated(&vec![0; 1 << 20])]);
        assert_eq!((fault(&more), is_decoded(&more)), (None, true));
        let filter = png((300, 1), 8, 0, 0, &[&deflated(&[&[5][..], &[0; 300]].concat())]);
        assert_eq!((fault(&filter), is_decoded(&filter)), (Some(Damaged), false));
    }
}
