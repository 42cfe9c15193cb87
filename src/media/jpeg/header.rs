//! Size and orientation of a JPEG, from its segments. Source: ITU-T T.81, annex B.

use super::bit_reader::find_marker;
use crate::media::exif::read_orientation;
use crate::media::fault::MediaFault;
use image::metadata::Orientation;

/// Maximum number of components of a picture: those of CMYK. The standard allows more, decoders don't.
const MAX_COMPONENTS: u8 = 4;

/// The header of a JPEG.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct JpegHeader {
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// 1 for grey, 3 for colour, 4 for CMYK.
    pub(crate) components: u8,
    pub(crate) orientation: Orientation,
}

/// Reads the header, and checks that the file has an end. [`super::check_complete`] checks what is
/// between.
///
/// # Errors
/// A file that is cut short or damaged, or coded in a way that is not supported.
pub(crate) fn read_header(bytes: &[u8]) -> Result<JpegHeader, MediaFault> {
    let cut = MediaFault::cut_short;
    let mut orientation = None;
    let mut frame = None;
    let mut at = 2;
    loop {
        // Decoders skip bytes between segments.
        let (marker, next) = find_marker(bytes, at).ok_or_else(cut)?;
        at = next;
        if matches!(marker, 0x01 | 0xD0..=0xD8) {
            continue;
        }
        if marker == 0xD9 {
            return Err(MediaFault::damaged("the file has no picture"));
        }
        let segment = read_segment(bytes, at)?;
        at += 2 + segment.len();
        if check_frame_type(marker, segment)?.is_some() {
            let &[_, h1, h0, w1, w0, components, ..] = segment else {
                return Err(MediaFault::damaged("the frame header is too short"));
            };
            frame = Some((u32::from(w1) << 8 | u32::from(w0), u32::from(h1) << 8 | u32::from(h0), components));
        }
        match marker {
            0xE1 if segment.starts_with(b"Exif\0") => orientation = orientation.or_else(|| read_orientation(segment)),
            0xDA => break,
            _ => {}
        }
    }
    let (width, height, components) = frame.ok_or_else(|| MediaFault::damaged("the file has no frame header"))?;
    let orientation = orientation.unwrap_or(Orientation::NoTransforms);
    if has_end(&bytes[at..]) { Ok(JpegHeader { width, height, components, orientation }) } else { Err(cut()) }
}

/// The content of the segment whose length is at byte `at`.
///
/// # Errors
/// A file that ends before the segment does, or a length that is impossible.
pub(crate) fn read_segment(bytes: &[u8], at: usize) -> Result<&[u8], MediaFault> {
    let length = bytes.get(at..).and_then(|rest| rest.first_chunk()).ok_or_else(MediaFault::cut_short)?;
    let length = usize::from(u16::from_be_bytes(*length));
    if length < 2 {
        return Err(MediaFault::damaged("a segment has no length"));
    }
    bytes.get(at + 2..at + length).ok_or_else(MediaFault::cut_short)
}

/// What kind of frame a marker begins: whether it is progressive. `None`: not a frame.
///
/// # Errors
/// A kind of frame that providers and decoders don't read, although the file is a JPEG.
pub(crate) fn check_frame_type(marker: u8, segment: &[u8]) -> Result<Option<bool>, MediaFault> {
    let feature = match marker {
        0xC0..=0xC2 => {
            let (precision, height) = (segment.first().copied(), segment.get(1..3));
            match (precision, height) {
                _ if segment.get(5).is_some_and(|count| *count > MAX_COMPONENTS) => {
                    format!("JPEG with more than {MAX_COMPONENTS} components")
                }
                (Some(bits), _) if bits != 8 => format!("JPEG with {bits} bits per sample"),
                (_, Some([0, 0])) => "JPEG with its height behind the picture (DNL)".to_owned(),
                _ => return Ok(Some(marker == 0xC2)),
            }
        }
        0xC3 => "lossless JPEG".to_owned(),
        // The markers between those of frames are for tables.
        0xC4 | 0xC8 | 0xCC => return Ok(None),
        0xC5..=0xC7 | 0xCD..=0xCF | 0xDE | 0xDF => "hierarchical JPEG".to_owned(),
        0xC9..=0xCB => "JPEG with arithmetic coding".to_owned(),
        0xF7 => "JPEG-LS".to_owned(),
        _ => return Ok(None),
    };
    Err(MediaFault::unsupported(feature))
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
        let noise = [&[0xFF, 0xD8, 0x12, 0x34, 0xFF, 0], &jpeg(&[(0xC0, FRAME)])[2..]].concat();
        for (bytes, orientation) in [
            (jpeg(&[(0xC0, FRAME)]), Orientation::NoTransforms),
            (jpeg(&[(0xE0, b"JFIF"), (0xC2, FRAME)]), Orientation::NoTransforms),
            // Tables between the markers of frames are not frames.
            (jpeg(&[(0xC4, &[1; 9]), (0xC8, &[1; 9]), (0xCC, &[1; 9]), (0xC1, FRAME)]), Orientation::NoTransforms),
            (jpeg(&[(0xE1, TURNED), (0xC0, FRAME)]), Orientation::Rotate90),
            (jpeg(&[(0xE1, b"Exif\0\0nonsense"), (0xC0, FRAME)]), Orientation::NoTransforms),
            (padded, Orientation::NoTransforms),
            (trailer, Orientation::NoTransforms),
            (noise, Orientation::NoTransforms),
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
        assert_eq!(read_header(&[0xFF, 0xD8, 0x12, 0x34, 0, 0]).unwrap_err().kind, MediaFaultKind::CutShort);
        for (bytes, message) in [
            (jpeg(&[]), "no frame header"),
            (jpeg(&[(0xC0, &FRAME[..5])]), "too short"),
            (vec![0xFF, 0xD8, 0xFF, 0xE0, 0, 1, 0, 0], "no length"),
            (vec![0xFF, 0xD8, 0xFF, 0xD9, 0, 0], "no picture"),
        ] {
            let fault = read_header(&bytes).unwrap_err();
            assert_eq!(fault.kind, MediaFaultKind::Damaged, "{fault}");
            assert!(fault.message.contains(message), "{fault}");
        }
    }

    #[test]
    fn unsupported_kinds_are_named() {
        let with = |precision: u8, height: u8| vec![precision, 0, height, 0, 3, 1, 0, 0x11, 0];
        for (marker, frame, message) in [
            (0xC0, with(12, 2), "JPEG with 12 bits per sample"),
            (0xC1, with(12, 2), "JPEG with 12 bits per sample"),
            (0xC2, with(8, 0), "(DNL)"),
            (0xC0, [&[8, 0, 2, 0, 3, 5][..], &[0, 0x11, 0].repeat(5)].concat(), "more than 4 components"),
            (0xC3, with(8, 2), "lossless JPEG"),
            (0xC5, with(8, 2), "hierarchical JPEG"),
            (0xC9, with(8, 2), "arithmetic coding"),
            (0xCA, with(8, 2), "arithmetic coding"),
            (0xCF, with(8, 2), "hierarchical JPEG"),
            (0xDE, with(8, 2), "hierarchical JPEG"),
            (0xF7, with(8, 2), "JPEG-LS"),
        ] {
            let fault = read_header(&jpeg(&[(marker, &frame)])).unwrap_err();
            assert_eq!(fault.kind, MediaFaultKind::UnsupportedFormat, "{marker:x}: {fault}");
            assert!(fault.message.contains(message), "{fault}");
        }
    }
}
