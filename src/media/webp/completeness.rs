//! Whether the data of a lossy WebP reach to the end of its picture. Source: RFC 6386, sections 9 and 19.2.

use super::bit_reader::BitReader;
use super::chunks::find_lossy_picture;
use super::coefficients::{self, Edge};
use super::modes::{EdgeModes, read_modes};
use super::probabilities::{COEFFICIENT_UPDATES, COEFFICIENTS, CoefficientProbabilities};
use crate::media::fault::MediaFault;

/// Checks the data of an opaque picture with loss. Returns its width and height; `None` for another kind of WebP.
///
/// # Errors
/// A picture that is cut short or damaged.
pub(crate) fn check_lossy(bytes: &[u8]) -> Result<Option<(u32, u32)>, MediaFault> {
    find_lossy_picture(bytes).map(check_frame).transpose()
}

/// Reads a key frame to its end, every mode and every coefficient, without drawing it. That finds what decoders find: any
/// sequence of bits is a picture in VP8, unless it ends early. Returns width and height.
///
/// # Errors
/// A frame that is cut short or damaged.
fn check_frame(data: &[u8]) -> Result<(u32, u32), MediaFault> {
    let (&[tag0, tag1, tag2, 0x9D, 0x01, 0x2A, w0, w1, h0, h1], rest) =
        data.split_first_chunk::<10>().ok_or_else(MediaFault::cut_short)?
    else {
        return Err(MediaFault::damaged("the picture doesn't begin as VP8 does"));
    };
    let tag = u32::from_le_bytes([tag0, tag1, tag2, 0]);
    if tag & 1 == 1 {
        return Err(MediaFault::damaged("the picture is a change of another one"));
    }
    let size = |low, high| u32::from(u16::from_le_bytes([low, high]) & 0x3FFF);
    let (width, height) = (size(w0, w1), size(h0, h1));
    let (first, rest) = rest.split_at_checked((tag >> 5) as usize).ok_or_else(MediaFault::cut_short)?;
    let mut bits = BitReader::new(first);
    let header = Header::read(&mut bits)?;
    let mut partitions = split_partitions(rest, header.partitions)?;
    let columns = width.div_ceil(16) as usize;
    let mut above = vec![(Edge::default(), EdgeModes::default()); columns];
    for row in 0..height.div_ceil(16) as usize {
        let (mut left, mut left_modes) = (Edge::default(), EdgeModes::default());
        let partition = &mut partitions[row % header.partitions];
        for (above, above_modes) in &mut above {
            let is_skipped = header.read_prefix(&mut bits);
            let has_averages = !read_modes(&mut bits, above_modes, &mut left_modes);
            if is_skipped {
                above.skip(has_averages);
                left.skip(has_averages);
            } else {
                coefficients::read_macroblock(partition, &header.coefficients, has_averages, above, &mut left);
            }
        }
        if bits.is_past_end() || partition.is_past_end() {
            return Err(MediaFault::cut_short());
        }
    }
    Ok((width, height))
}

/// What the header of a frame determines about how the rest is read.
struct Header {
    /// The probabilities of the tree of segments, if each macroblock names its segment.
    segments: Option<[u8; 3]>,
    /// How many partitions the coefficients are in: 1, 2, 4 or 8.
    partitions: usize,
    coefficients: Box<CoefficientProbabilities>,
    /// The probability that a macroblock is not skipped, if some are.
    not_skipped: Option<u8>,
}

impl Header {
    fn read(bits: &mut BitReader<'_>) -> Result<Self, MediaFault> {
        if bits.read_flag() {
            return Err(MediaFault::damaged("the picture has a colour space that VP8 doesn't define"));
        }
        // How pixels are clamped.
        bits.read_flag();
        let segments = if bits.read_flag() { Self::read_segments(bits) } else { None };
        // The loop filter: its type, level and sharpness, and what changes them.
        bits.read_number(1);
        bits.read_number(6);
        bits.read_number(3);
        if bits.read_flag() && bits.read_flag() {
            (0..8).for_each(|_| bits.skip_optional_number(6));
        }
        let partitions = 1 << bits.read_number(2);
        // The quantizers.
        bits.read_number(7);
        (0..5).for_each(|_| bits.skip_optional_number(4));
        // Whether the probabilities hold for later frames.
        bits.read_flag();
        let mut coefficients = Box::new(COEFFICIENTS);
        let updates = COEFFICIENT_UPDATES.as_flattened().as_flattened().as_flattened();
        for (probability, update) in
            coefficients.as_flattened_mut().as_flattened_mut().as_flattened_mut().iter_mut().zip(updates)
        {
            if bits.read(*update) {
                *probability = bits.read_number(8);
            }
        }
        let not_skipped = bits.read_flag().then(|| bits.read_number(8));
        if bits.is_past_end() {
            return Err(MediaFault::cut_short());
        }
        Ok(Self { segments, partitions, coefficients, not_skipped })
    }

    fn read_segments(bits: &mut BitReader<'_>) -> Option<[u8; 3]> {
        let has_map = bits.read_flag();
        if bits.read_flag() {
            // Quantizers and filter levels, and whether they are differences.
            bits.read_flag();
            (0..4).for_each(|_| bits.skip_optional_number(7));
            (0..4).for_each(|_| bits.skip_optional_number(6));
        }
        has_map.then(|| std::array::from_fn(|_| if bits.read_flag() { bits.read_number(8) } else { 255 }))
    }

    /// Reads what comes before the modes of a macroblock. Returns whether it has no coefficients.
    fn read_prefix(&self, bits: &mut BitReader<'_>) -> bool {
        if let Some([half, lower, upper]) = self.segments {
            let is_upper = bits.read(half);
            bits.read(if is_upper { upper } else { lower });
        }
        self.not_skipped.is_some_and(|probability| bits.read(probability))
    }
}

/// The partitions of coefficients: the sizes of all but the last come first, in three bytes each.
fn split_partitions(data: &[u8], count: usize) -> Result<Vec<BitReader<'_>>, MediaFault> {
    let (sizes, mut rest) = data.split_at_checked(3 * (count - 1)).ok_or_else(MediaFault::cut_short)?;
    let mut partitions = Vec::with_capacity(count);
    for size in sizes.as_chunks::<3>().0 {
        let size = u32::from_le_bytes([size[0], size[1], size[2], 0]) as usize;
        let (partition, behind) = rest.split_at_checked(size).ok_or_else(MediaFault::cut_short)?;
        partitions.push(BitReader::new(partition));
        rest = behind;
    }
    partitions.push(BitReader::new(rest));
    Ok(partitions)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::fault::MediaFaultKind::{CutShort, Damaged};
    use std::io::Cursor;

    /// One partition; eight of them, with segments. Both with skipped macroblocks and all kinds of modes.
    const PICTURES: [(&[u8], (u32, u32)); 2] = [
        (include_bytes!("../../../tests/data/page.webp"), (75, 110)),
        (include_bytes!("../../../tests/data/partitions.webp"), (70, 150)),
    ];

    fn is_decoded(bytes: &[u8]) -> bool {
        image::ImageReader::with_format(Cursor::new(bytes), image::ImageFormat::WebP).decode().is_ok()
    }

    /// The picture with the first bytes of its data, and sizes that fit.
    fn cut(picture: &[u8], length: usize) -> Vec<u8> {
        let mut bytes = picture[..length].to_vec();
        bytes[4..8].copy_from_slice(&(length as u32 - 8).to_le_bytes());
        bytes[16..20].copy_from_slice(&(length as u32 - 20).to_le_bytes());
        bytes
    }

    #[test]
    fn whole_pictures_have_their_size() {
        for (picture, size) in PICTURES {
            assert_eq!(check_lossy(picture), Ok(Some(size)));
        }
    }

    #[test]
    fn whatever_decoding_finds_is_found_without_drawing() {
        for (picture, _) in PICTURES {
            let mut found = 0;
            for length in (30..picture.len()).rev().take(40).chain((30..picture.len()).step_by(11)) {
                let bytes = cut(picture, length);
                let checked = check_lossy(&bytes);
                assert_eq!(checked.is_ok(), is_decoded(&bytes), "{length} of {} bytes: {checked:?}", picture.len());
                assert!(
                    checked.as_ref().is_ok_and(Option::is_some) || checked.is_err_and(|fault| fault.kind == CutShort)
                );
            }
            for at in (20..60).chain((60..picture.len()).step_by(7)) {
                for change in [0x01, 0x80] {
                    let mut bytes = picture.to_vec();
                    bytes[at] ^= change;
                    let checked = check_lossy(&bytes);
                    assert_eq!(checked.is_ok(), is_decoded(&bytes), "{at} ^ {change:#x}: {checked:?}");
                    found += usize::from(checked.is_err());
                }
            }
            assert!(found > 30, "the changes that can be found are found: {found}");
        }
    }

    #[test]
    fn headers() {
        let frame = |change: &dyn Fn(&mut Vec<u8>)| {
            let mut bytes = PICTURES[0].0.to_vec();
            change(&mut bytes);
            check_lossy(&bytes).map_err(|fault| fault.kind)
        };
        assert_eq!(frame(&|bytes| bytes[20] |= 1), Err(Damaged), "not a key frame");
        assert_eq!(frame(&|bytes| bytes[23] = 0), Err(Damaged), "without a start code");
        assert_eq!(frame(&|bytes| bytes[30] |= 0x80), Err(Damaged), "another colour space");
        assert_eq!(frame(&|bytes| bytes.truncate(25)), Err(CutShort));
    }

    #[test]
    fn only_opaque_stills_with_loss_are_checked_without_decoding() {
        let (picture, size) = PICTURES[0];
        let extended = |flags: u8, kind: &[u8]| {
            let canvas = [flags, 0, 0, 0, 74, 0, 0, 109, 0, 0];
            let frame = [kind, &picture[16..]].concat();
            let chunks = [b"WEBPVP8X\x0a\0\0\0", &canvas[..], b"ICCP\x03\0\0\0abc\0", &frame].concat();
            [b"RIFF", &(chunks.len() as u32).to_le_bytes()[..], &chunks].concat()
        };
        assert_eq!(check_lossy(&extended(0x20, b"VP8 ")), Ok(Some(size)));
        assert!(is_decoded(&extended(0x20, b"VP8 ")));
        for (flags, kind) in [(0x10, b"VP8 "), (0x02, b"VP8 "), (0x20, b"VP8L"), (0x20, b"ABCD")] {
            assert_eq!(check_lossy(&extended(flags, kind)), Ok(None), "{flags:#x} {kind:?}");
        }
        assert_eq!(check_lossy(b"RIFF\x04\0\0\0WEBP"), Ok(None));
    }
}
