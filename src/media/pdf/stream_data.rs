//! The data of JPEG and JBIG2 images in a PDF, and whether it is complete. Sources: ITU-T T.81, annex B; T.88,
//! clause 7.

use std::borrow::Cow;

/// The markers that a JPEG begins with: start of image, and the first byte of another one.
const JPEG_START: [u8; 3] = [0xFF, 0xD8, 0xFF];
/// The marker at the end of a JPEG.
const JPEG_END: [u8; 2] = [0xFF, 0xD9];
/// A segment of JBIG2 whose length is not known before it ends.
const UNKNOWN_LENGTH: u32 = u32::MAX;

/// The JPEG in the data of a stream: without what writers put before it, such as the end of a line, and with
/// the mark of its end, which the length of the stream makes dispensable. `None`: it is not a JPEG.
pub(crate) fn find_jpeg(data: &[u8]) -> Option<Cow<'_, [u8]>> {
    let data = data.get(data.windows(JPEG_START.len()).position(|three| three == JPEG_START)?..)?;
    Some(match data.ends_with(&JPEG_END) {
        true => Cow::Borrowed(data),
        false => Cow::Owned([data, &JPEG_END].concat()),
    })
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
fn split_segment_header(data: &[u8]) -> Option<(u32, &[u8])> {
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
