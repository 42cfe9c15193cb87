//! The header of a Windows bitmap. Source: Microsoft's "Bitmap Storage".

use super::fault::MediaFault;

/// Size of the header of the file.
const FILE_HEADER: u64 = 14;
/// Size of the first version of the picture's header, after which colour masks follow.
const INFO_HEADER: u32 = 40;

/// Checks that the pixels don't begin in the headers: the `image` library would show these as pixels.
///
/// # Errors
/// A bitmap that is cut short, or that states a wrong offset of its pixels.
pub(crate) fn check_pixel_offset(bytes: &[u8]) -> Result<(), MediaFault> {
    let word = |at: usize| bytes.get(at..).and_then(|rest| rest.first_chunk()).map(|four| u32::from_le_bytes(*four));
    let (Some(offset), Some(header)) = (word(10), word(14)) else { return Err(MediaFault::cut_short()) };
    let masks = match word(30) {
        Some(3) if header == INFO_HEADER => 12,
        Some(6) if header == INFO_HEADER => 16,
        _ => 0,
    };
    match u64::from(offset) < FILE_HEADER + u64::from(header) + masks {
        true => Err(MediaFault::damaged("the offset of the pixels is wrong")),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_begin_behind_the_headers() {
        for (offset, header, compression, is_right) in [
            (54, 40, 0, true),
            (1078, 40, 0, true),
            (53, 40, 0, false),
            (0, 40, 0, false),
            (26, 12, 0, true),
            (25, 12, 0, false),
            (66, 40, 3, true),
            (54, 40, 3, false),
            (70, 40, 6, true),
            (138, 124, 3, true),
            (54, u32::MAX, 0, false),
        ] {
            let mut bytes = [0; 60];
            for (at, number) in [(10, offset), (14, header), (30, compression)] {
                bytes[at..at + 4].copy_from_slice(&u32::to_le_bytes(number));
            }
            assert_eq!(check_pixel_offset(&bytes).is_ok(), is_right, "{offset} {header} {compression}");
        }
        assert!(check_pixel_offset(b"BM").is_err());
    }
}
