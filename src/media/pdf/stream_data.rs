//! The data of JPEG, JBIG2 and run-length images in a PDF, and whether it is complete. Sources: ITU-T T.81, annex
//! B; T.88, clause 7; ISO 32000-1, 7.4.5.

use std::borrow::Cow;

/// The markers that a JPEG begins with: start of image, and the first byte of another one.
pub(crate) const JPEG_START: [u8; 3] = [0xFF, 0xD8, 0xFF];
/// The marker at the end of a JPEG.
const JPEG_END: [u8; 2] = [0xFF, 0xD9];
/// The mark of the end of run-length data, and the first length of a byte that is repeated.
const RUN_LENGTH_END: u8 = 128;
const RUN_LENGTH_REPEAT: usize = 129;
/// A segment of JBIG2 whose length is not known before it ends.
pub(crate) const UNKNOWN_LENGTH: u32 = u32::MAX;

/// The JPEG in the data of a stream: without what writers put before it, such as the end of a line, and with
/// the mark of its end, which the length of the stream makes dispensable. `None`: it is not a JPEG.
pub(crate) fn find_jpeg(data: &[u8]) -> Option<Cow<'_, [u8]>> {
    let data = data.get(data.windows(JPEG_START.len()).position(|three| three == JPEG_START)?..)?;
    Some(match data.ends_with(&JPEG_END) {
        true => Cow::Borrowed(data),
        false => Cow::Owned([data, &JPEG_END].concat()),
    })
}

/// Whether the data of a stream ends with the mark of the end of a JPEG, apart from what writers append.
pub(crate) fn has_end_of_image(data: &[u8]) -> bool {
    let end = data.iter().rposition(|byte| *byte != 0 && !byte.is_ascii_whitespace()).map_or(0, |last| last + 1);
    data.get(..end).is_some_and(|data| data.ends_with(&JPEG_END))
}

/// The number of bytes that the existing run-length data encodes.
pub(crate) fn count_run_length(data: &[u8]) -> u64 {
    read_run_length(data).0
}

/// Whether run-length data has the mark of its end.
pub(crate) fn has_end_of_run_length(data: &[u8]) -> bool {
    read_run_length(data).1
}

/// The number of bytes that run-length data encodes, and whether it has an end mark.
fn read_run_length(data: &[u8]) -> (u64, bool) {
    let (mut count, mut at) = (0, 0);
    while let Some(length) = data.get(at).copied() {
        if length == RUN_LENGTH_END {
            return (count, true);
        }
        let (stored, stands_for) = match usize::from(length) {
            copied @ 0..RUN_LENGTH_REPEAT => (copied + 1, copied + 1),
            repeated => (1, 257 - repeated),
        };
        if data.len() - at <= stored {
            break;
        }
        count += stands_for as u64;
        at += 1 + stored;
    }
    (count, false)
}

/// Whether no segment of a JBIG2 stream extends beyond its end. Source: ITU-T T.88, 7.2.
pub(crate) fn has_whole_segments(data: &[u8]) -> bool {
    let mut rest = data;
    let mut segments = 0;
    while let Some((length, after)) = split_segment_header(rest) {
        if length == UNKNOWN_LENGTH {
            return true;
        }
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let Some(next) = after.get(length..) else { return false };
        rest = next;
        segments += 1;
    }
    // Anything else is a header that is cut.
    segments > 0 && rest.iter().all(|byte| *byte == 0 || byte.is_ascii_whitespace())
}

/// The length of the data of a segment, and what follows its header.
pub(crate) fn split_segment_header(data: &[u8]) -> Option<(u32, &[u8])> {
    let number = u32::from_be_bytes(*data.first_chunk()?);
    let flags = *data.get(4)?;
    let (count, mut at) = match data.get(5)? >> 5 {
        7 => {
            let count = u32::from_be_bytes(*data.get(5..)?.first_chunk()?) & 0x1FFF_FFFF;
            (count, 9 + (usize::try_from(count).ok()? + 8) / 8)
        }
        count => (u32::from(count), 6),
    };
    let reference_bytes = match number {
        0..=256 => 1,
        257..=65_536 => 2,
        _ => 4,
    };
    at += usize::try_from(count).ok()?.checked_mul(reference_bytes)?;
    at += if flags & 0x40 == 0 { 1 } else { 4 };
    let (length, after) = data.get(at..)?.split_first_chunk()?;
    Some((u32::from_be_bytes(*length), after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_run_length_data_stands_for() {
        for (data, count, has_end) in [
            (&[2, 1, 2, 3, 254, 9, 128, 5, 5][..], 6, true),
            (&[2, 1, 2, 3, 254, 9], 6, false),
            (&[2, 1, 2], 0, false),
            (&[2, 1, 128], 0, false),
            (&[254], 0, false),
            (&[0, 7], 1, false),
            (&[129, 7], 128, false),
            (&[], 0, false),
        ] {
            assert_eq!(count_run_length(data), count, "{data:?}");
            assert_eq!(has_end_of_run_length(data), has_end, "{data:?}");
        }
    }

    #[test]
    fn the_end_of_a_jpeg_may_be_followed_by_the_end_of_a_line() {
        for (data, has_end) in
            [(&b"..\xFF\xD9"[..], true), (b"..\xFF\xD9\r\n\0", true), (b"..\xFF\xD9x", false), (b"", false)]
        {
            assert_eq!(has_end_of_image(data), has_end, "{data:?}");
        }
    }

    #[test]
    fn a_jpeg_begins_with_its_first_marker_and_has_an_end() {
        let jpeg = [0xFF, 0xD8, 0xFF, 0xE0, 1, 2, 0xFF, 0xD9];
        for (before, end, found) in
            [(&b""[..], 8, Some(&jpeg[..])), (b"\r\n", 8, Some(&jpeg[..])), (b"\n", 6, Some(&jpeg[..])), (b"", 2, None)]
        {
            let data = [before, &jpeg[..end]].concat();
            assert_eq!(find_jpeg(&data).as_deref(), found, "{before:?}, {end} bytes");
        }
    }
}
