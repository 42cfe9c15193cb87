//! Whether the three components of a JPEG are RGB or YCbCr, as libjpeg decides it: the standard does not define this.
//! Source: libjpeg-turbo, `default_decompress_parms` in jdapimin.c; for PDF, ISO 32000-1, table 13; for TIFF, Technical
//! Note 2.

use super::header::read_segment;

/// The component ids that stand for RGB.
const RGB_IDS: [u8; 3] = *b"RGB";

/// What the segments before the picture state about its colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct ColorMarkers {
    has_jfif: bool,
    /// The transformation in Adobe's segment.
    adobe: Option<u8>,
    /// The ids of three components; `None`: of another number.
    ids: Option<[u8; 3]>,
    /// Whether the first of three components has more samples than others.
    is_subsampled: bool,
}

impl ColorMarkers {
    fn read(bytes: &[u8]) -> Self {
        let mut found = Self::default();
        let mut at = 2;
        while let Some((marker, next)) = super::bit_reader::find_marker(bytes, at) {
            at = next;
            if matches!(marker, 0x01 | 0xD0..=0xD8) {
                continue;
            }
            let Ok(segment) = read_segment(bytes, at) else { break };
            at += 2 + segment.len();
            match (marker, segment) {
                (0xDA | 0xD9, _) => break,
                (0xE0, _) => found.has_jfif |= segment.starts_with(b"JFIF\0") && segment.len() >= 14,
                (0xEE, [b'A', b'd', b'o', b'b', b'e', _, _, _, _, _, _, transform, ..]) => {
                    found.adobe = Some(*transform);
                }
                (0xC0..=0xC2, [_, _, _, _, _, 3, first, samples, _, second, fewer, _, third, least, ..]) => {
                    found.ids = Some([*first, *second, *third]);
                    found.is_subsampled = [fewer, least].iter().any(|other| *other != samples);
                }
                _ => {}
            }
        }
        found
    }

    /// Whether they stand for RGB. `stated`: what a PDF states about a JPEG without Adobe's segment.
    fn are_rgb(self, stated: Option<bool>) -> bool {
        let Some(ids) = self.ids else { return false };
        match (self.adobe, stated) {
            (None, Some(is_rgb)) => is_rgb,
            _ if self.has_jfif => false,
            (Some(transform), _) => transform == 0,
            (None, None) => ids == RGB_IDS,
        }
    }

    /// Whether docmill took them for RGB before it had libjpeg's rule.
    fn were_rgb(self) -> bool {
        match self.ids {
            Some(RGB_IDS) => true,
            None | Some([1, 2, 3]) => false,
            Some(_) => !self.has_jfif && self.adobe == Some(0),
        }
    }
}

/// Whether the picture is stored as RGB: three components that are not YCbCr. `stated`: what a PDF states about it,
/// which counts without a segment of Adobe's.
pub(crate) fn is_rgb(bytes: &[u8], stated: Option<bool>) -> bool {
    ColorMarkers::read(bytes).are_rgb(stated)
}

/// The same of the picture in a strip or tile of a TIFF whose tags mean RGB (`tagged`), or not. No known program stores
/// RGB with fewer samples of one component, and Adobe's segment is written by programs that put a whole JPEG into a TIFF: libtiff writes none.
pub(crate) fn is_rgb_in_tiff(bytes: &[u8], tagged: bool) -> bool {
    let markers = ColorMarkers::read(bytes);
    match markers.adobe {
        Some(transform) => transform == 0,
        None => tagged && !markers.is_subsampled,
    }
}

/// Whether versions of the decoder before 5 drew the picture with other colours.
pub(crate) fn had_other_colors(bytes: &[u8], stated: Option<bool>) -> bool {
    let markers = ColorMarkers::read(bytes);
    markers.are_rgb(stated) != markers.were_rgb()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rule_of_libjpeg() {
        let markers =
            |has_jfif, adobe, ids: &[u8; 3]| ColorMarkers { has_jfif, adobe, ids: Some(*ids), is_subsampled: false };
        let (numbers, letters) = ([1, 2, 3], *b"RGB");
        for (markers, stated, is_rgb, was_rgb) in [
            (markers(false, None, &numbers), None, false, false),
            (markers(false, None, &letters), None, true, true),
            (markers(false, None, &[0, 1, 2]), None, false, false),
            (markers(false, Some(0), &numbers), None, true, false),
            (markers(false, Some(0), &[0, 1, 2]), None, true, true),
            (markers(false, Some(1), &letters), None, false, true),
            (markers(false, Some(2), &letters), None, false, true),
            (markers(true, None, &letters), None, false, true),
            // JFIF is YCbCr, whatever the other segments state.
            (markers(true, Some(0), &numbers), None, false, false),
            (markers(true, Some(0), &letters), None, false, true),
            // What a PDF states counts unless Adobe's segment does.
            (markers(false, None, &numbers), Some(true), true, false),
            (markers(true, None, &numbers), Some(true), true, false),
            (markers(false, None, &letters), Some(false), false, true),
            (markers(false, Some(1), &numbers), Some(true), false, false),
            (ColorMarkers { adobe: Some(0), ..ColorMarkers::default() }, Some(true), false, false),
        ] {
            assert_eq!((markers.are_rgb(stated), markers.were_rgb()), (is_rgb, was_rgb), "{markers:?} {stated:?}");
        }
    }

    #[test]
    fn the_data_of_a_tiff_may_contradict_its_tags() {
        let jpeg = |adobe: Option<u8>, samples: u8| {
            let adobe = adobe.map(|transform| [&b"\xFF\xEE\0\x0EAdobe\0\x64\0\0\0\0"[..], &[transform]].concat());
            let frame =
                [&b"\xFF\xC0\0\x11\x08\0\x08\0\x08\x03\x01"[..], &[samples], b"\0\x02\x11\0\x03\x11\0"].concat();
            [b"\xFF\xD8".to_vec(), adobe.unwrap_or_default(), frame].concat()
        };
        for (adobe, samples, tagged, is_rgb) in [
            (None, 0x11, true, true),
            (None, 0x11, false, false),
            (None, 0x22, true, false),
            (None, 0x21, true, false),
            (None, 0x22, false, false),
            (Some(0), 0x11, false, true),
            (Some(1), 0x11, true, false),
        ] {
            assert_eq!(is_rgb_in_tiff(&jpeg(adobe, samples), tagged), is_rgb, "{adobe:?} {samples:x} {tagged}");
        }
    }

    #[test]
    fn segments_are_read() {
        let adobe = b"\xFF\xEE\0\x0EAdobe\0\x64\0\0\0\0\0";
        let jfif = b"\xFF\xE0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0";
        let frame = b"\xFF\xC0\0\x11\x08\0\x08\0\x08\x03\x01\x11\0\x02\x11\0\x03\x11\0";
        let subsampled = b"\xFF\xC0\0\x11\x08\0\x08\0\x08\x03\x01\x22\0\x02\x11\0\x03\x11\0";
        let read = |parts: &[&[u8]]| ColorMarkers::read(&[&[&b"\xFF\xD8"[..]], parts].concat().concat());
        let expected = ColorMarkers { ids: Some([1, 2, 3]), ..ColorMarkers::default() };
        assert_eq!(read(&[jfif, frame]), ColorMarkers { has_jfif: true, ..expected });
        assert_eq!(read(&[adobe, frame]), ColorMarkers { adobe: Some(0), ..expected });
        assert_eq!(read(&[subsampled]), ColorMarkers { is_subsampled: true, ..expected });
        // Segments after the start of the picture do not count.
        assert_eq!(read(&[frame, b"\xFF\xDA\0\x02", adobe]).adobe, None);
        assert_eq!(read(&[b"\xFF"]), ColorMarkers::default());
    }
}
