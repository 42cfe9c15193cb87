//! The chunks of a WebP file: whether it has its length, the orientation, and the data of a picture with loss. Source: the
//! WebP container specification.

use crate::media::exif::read_orientation;
use image::metadata::Orientation;

/// The flags of an extended file: it has transparency, or is animated.
const HAS_ALPHA: u8 = 0x10;
const IS_ANIMATED: u8 = 0x02;

/// Whether the file has the length that its header states.
pub(crate) fn is_complete_webp(bytes: &[u8]) -> bool {
    let size = bytes.get(4..8).and_then(|b| b.try_into().ok()).map(u32::from_le_bytes);
    size.is_some_and(|size| u64::from(size) + 8 <= bytes.len() as u64)
}

/// The orientation in the chunk `EXIF`, if there is one.
pub(crate) fn read_webp_orientation(bytes: &[u8]) -> Option<Orientation> {
    // One that is cut has none.
    chunks(bytes)
        .find(|(kind, _, _)| kind == b"EXIF")
        .and_then(|(_, content, size)| if content.len() == size { read_orientation(content) } else { None })
}

/// The data of an opaque picture with loss, if that is what the file holds.
pub(super) fn find_lossy_picture(bytes: &[u8]) -> Option<&[u8]> {
    match chunks(bytes).next()? {
        (kind, content, _) if &kind == b"VP8 " => Some(content),
        (kind, &[flags, ..], _) if &kind == b"VP8X" && flags & (HAS_ALPHA | IS_ANIMATED) == 0 => {
            let (kind, content, _) = chunks(bytes).find(|(kind, _, _)| matches!(kind, b"VP8 " | b"VP8L"))?;
            (&kind == b"VP8 ").then_some(content)
        }
        _ => None,
    }
}

/// The chunks of a file: kind, content as far as it is there, and size.
fn chunks(bytes: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8], usize)> {
    let mut rest = bytes.get(12..).unwrap_or_default();
    std::iter::from_fn(move || {
        let (&[k0, k1, k2, k3, s0, s1, s2, s3], behind) = rest.split_first_chunk()?;
        let size = u32::from_le_bytes([s0, s1, s2, s3]) as usize;
        // Chunks begin at even offsets.
        rest = behind.get(size.next_multiple_of(2)..).unwrap_or_default();
        Some(([k0, k1, k2, k3], &behind[..size.min(behind.len())], size))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{DynamicImage, RgbImage};
    use std::io::Cursor;

    fn webp() -> Vec<u8> {
        let mut out = Cursor::new(Vec::new());
        DynamicImage::ImageRgb8(RgbImage::new(30, 20)).write_to(&mut out, image::ImageFormat::WebP).unwrap();
        out.into_inner()
    }

    #[test]
    fn a_webp_is_as_long_as_its_header_states() {
        let webp = webp();
        assert!(is_complete_webp(&webp));
        assert!(!is_complete_webp(&webp[..webp.len() - 1]));
        assert!(!is_complete_webp(&webp[..7]));
    }

    #[test]
    fn orientations() {
        let exif = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
        assert_eq!(read_webp_orientation(&webp()), None);
        for content in [exif.to_vec(), [&b"Exif\0\0"[..], exif].concat()] {
            let mut bytes = webp();
            bytes.resize(bytes.len().next_multiple_of(2), 0);
            bytes.extend(b"EXIF");
            bytes.extend((content.len() as u32).to_le_bytes());
            bytes.extend(&content);
            assert_eq!(read_webp_orientation(&bytes), Some(Orientation::Rotate90));
            assert_eq!(read_webp_orientation(&bytes[..bytes.len() - content.len()]), None);
        }
    }
}
