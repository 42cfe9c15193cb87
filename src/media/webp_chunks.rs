//! The chunks of a WebP file: whether it has its length, and the orientation. Source: the WebP
//! container specification.

use super::exif::read_orientation;
use image::metadata::Orientation;

/// Whether the file has the length that its header states.
pub(crate) fn is_complete_webp(bytes: &[u8]) -> bool {
    let size = bytes.get(4..8).and_then(|b| b.try_into().ok()).map(u32::from_le_bytes);
    size.is_some_and(|size| u64::from(size) + 8 <= bytes.len() as u64)
}

/// The orientation in the chunk `EXIF`, if there is one.
pub(crate) fn read_webp_orientation(bytes: &[u8]) -> Option<Orientation> {
    let mut at = 12_usize;
    while let Some(&[k0, k1, k2, k3, s0, s1, s2, s3]) = bytes.get(at..).and_then(|rest| rest.first_chunk()) {
        let size = u32::from_le_bytes([s0, s1, s2, s3]) as usize;
        if &[k0, k1, k2, k3] == b"EXIF" {
            return read_orientation(bytes.get(at + 8..(at + 8).saturating_add(size)).unwrap_or_default());
        }
        // Chunks begin at even offsets.
        at = at.saturating_add(8).saturating_add(size.next_multiple_of(2));
    }
    None
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
