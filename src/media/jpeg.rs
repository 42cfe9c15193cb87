//! JPEG: the header, the end of the file, and the picture.
//!
//! The end is checked because decoders fill the missing part of a file with grey and report
//! success; the request for such a page would be billed. Source: ITU-T T.81, annex B.

use super::fault::MediaFault;
use super::pixels::Pixels;
use image::metadata::Orientation;
use jpeg_decoder::{Decoder, PixelFormat};
use rayon::{ThreadPool, ThreadPoolBuilder};
use std::sync::OnceLock;

/// The header of a JPEG.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct JpegHeader {
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// 1 for grey, 3 for colour, 4 for CMYK.
    pub(crate) components: u8,
    pub(crate) orientation: Orientation,
}

/// Decodes a JPEG at an eighth, a quarter, half or all of its size, but not below `target`
/// (width, height), which is faster than decoding and downscaling all of it. `None`: this
/// decoder can't read it.
pub(crate) fn decode(bytes: &[u8], target: (u32, u32)) -> Option<Pixels> {
    #[cfg(feature = "turbojpeg")]
    if let Some(pixels) = super::turbo::decode(bytes, target) {
        return Some(pixels);
    }
    // The decoder splits its work between threads. That costs 10 % of CPU, and gains nothing
    // when every core decodes a page of its own: it gets a pool of one thread.
    static ALONE: OnceLock<Option<ThreadPool>> = OnceLock::new();
    let pool = ALONE.get_or_init(|| ThreadPoolBuilder::new().num_threads(1).build().ok());
    match pool {
        Some(pool) => pool.install(|| decode_in_pool(bytes, target)),
        None => decode_in_pool(bytes, target),
    }
}

fn decode_in_pool(bytes: &[u8], target: (u32, u32)) -> Option<Pixels> {
    let mut decoder = Decoder::new(bytes);
    decoder.read_info().ok()?;
    let side = |side: u32| u16::try_from(side).unwrap_or(u16::MAX);
    decoder.scale(side(target.0), side(target.1)).ok()?;
    let data = decoder.decode().ok()?;
    let info = decoder.info()?;
    let channels = match info.pixel_format {
        PixelFormat::L8 => 1,
        PixelFormat::RGB24 => 3,
        PixelFormat::L16 | PixelFormat::CMYK32 => return None,
    };
    Some(Pixels { width: info.width.into(), height: info.height.into(), channels, data })
}

/// Reads the header, and checks that the file has an end.
///
/// # Errors
/// A file that is cut short or damaged.
pub(crate) fn read_header(bytes: &[u8]) -> Result<JpegHeader, MediaFault> {
    let cut = MediaFault::cut_short;
    let mut orientation = Orientation::NoTransforms;
    let mut frame = None;
    let mut at = 2;
    loop {
        // Any number of fill bytes may precede a marker.
        while bytes.get(at) == Some(&0xFF) && bytes.get(at + 1) == Some(&0xFF) {
            at += 1;
        }
        let (Some(0xFF), Some(&marker)) = (bytes.get(at), bytes.get(at + 1)) else {
            return if at + 1 >= bytes.len() {
                Err(cut())
            } else {
                Err(MediaFault::damaged("a segment has no marker"))
            };
        };
        at += 2;
        if matches!(marker, 0x01 | 0xD0..=0xD8) {
            continue;
        }
        if marker == 0xD9 {
            return Err(MediaFault::damaged("the file has no picture"));
        }
        let length = bytes.get(at..at + 2).map(|b| usize::from(b[0]) << 8 | usize::from(b[1])).ok_or_else(cut)?;
        let segment = bytes.get(at + 2..at + length.max(2)).ok_or_else(cut)?;
        at += length.max(2);
        match marker {
            // Start of frame. The three markers between those of frames are for tables.
            0xC0..=0xCF if !matches!(marker, 0xC4 | 0xC8 | 0xCC) => {
                let &[_, h1, h0, w1, w0, components, ..] = segment else {
                    return Err(MediaFault::damaged("the frame header is too short"));
                };
                frame = Some((u32::from(w1) << 8 | u32::from(w0), u32::from(h1) << 8 | u32::from(h0), components));
            }
            0xE1 if segment.starts_with(b"Exif\0\0") => {
                orientation = Orientation::from_exif_chunk(&segment[6..]).unwrap_or(orientation);
            }
            0xDA => break,
            _ => {}
        }
    }
    let (width, height, components) = frame.ok_or_else(|| MediaFault::damaged("the file has no frame header"))?;
    if has_end(&bytes[at..]) { Ok(JpegHeader { width, height, components, orientation }) } else { Err(cut()) }
}

/// Whether an end-of-image marker follows: usually in the last two bytes, but cameras append
/// data and scanners pad.
fn has_end(scan: &[u8]) -> bool {
    scan.ends_with(&[0xFF, 0xD9]) || scan.windows(2).rev().any(|pair| pair == [0xFF, 0xD9])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::fault::MediaFaultKind;

    /// A JPEG of these segments (marker, content), a scan and an end.
    fn jpeg(segments: &[(u8, &[u8])]) -> Vec<u8> {
        let mut out = vec![0xFF, 0xD8];
        for (marker, content) in segments {
            out.extend([0xFF, *marker]);
            out.extend(u16::try_from(content.len() + 2).unwrap().to_be_bytes());
            out.extend(*content);
        }
        out.extend([0xFF, 0xDA, 0, 2, 1, 2, 3, 0xFF, 0xD9]);
        out
    }

    /// A frame header: 8 bits, height 2, width 3, one component.
    const FRAME: &[u8] = &[8, 0, 2, 0, 3, 1, 0, 0, 0];
    const TURNED: &[u8] = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";

    #[test]
    fn headers() {
        let header = |orientation| JpegHeader { width: 3, height: 2, components: 1, orientation };
        let padded = [&[0xFF, 0xD8, 0xFF, 0xFF, 0xFF], &jpeg(&[(0xC0, FRAME)])[3..]].concat();
        let trailer = [jpeg(&[(0xC0, FRAME)]), vec![0; 10]].concat();
        for (bytes, orientation) in [
            (jpeg(&[(0xC0, FRAME)]), Orientation::NoTransforms),
            (jpeg(&[(0xE0, b"JFIF"), (0xC2, FRAME)]), Orientation::NoTransforms),
            // Tables between the markers of frames are not frames.
            (jpeg(&[(0xC4, &[1; 9]), (0xC8, &[1; 9]), (0xCC, &[1; 9]), (0xC1, FRAME)]), Orientation::NoTransforms),
            (jpeg(&[(0xE1, TURNED), (0xC0, FRAME)]), Orientation::Rotate90),
            (jpeg(&[(0xE1, b"Exif\0\0nonsense"), (0xC0, FRAME)]), Orientation::NoTransforms),
            (padded, Orientation::NoTransforms),
            (trailer, Orientation::NoTransforms),
        ] {
            assert_eq!(read_header(&bytes), Ok(header(orientation)), "{bytes:x?}");
        }
    }

    #[test]
    fn incomplete_and_damaged_files() {
        let whole = jpeg(&[(0xE1, TURNED), (0xC0, FRAME)]);
        for length in 2..whole.len() {
            let fault = read_header(&whole[..length]).unwrap_err();
            assert_eq!(fault.kind, MediaFaultKind::CutShort, "{length} bytes: {fault}");
        }
        for (bytes, message) in [
            (jpeg(&[]), "no frame header"),
            (jpeg(&[(0xC0, &FRAME[..5])]), "too short"),
            (vec![0xFF, 0xD8, 0xFF, 0xD9, 0, 0], "no picture"),
            (vec![0xFF, 0xD8, 0x12, 0x34, 0, 0], "no marker"),
        ] {
            let fault = read_header(&bytes).unwrap_err();
            assert_eq!(fault.kind, MediaFaultKind::Damaged, "{fault}");
            assert!(fault.message.contains(message), "{fault}");
        }
    }
}
