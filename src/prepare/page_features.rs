//! Features of a page that are measured on a small copy: whether it is blank, and a
//! fingerprint that is similar for similar pages.

use crate::media::Pixels;
use image::GrayImage;
use serde::{Deserialize, Serialize};

/// Longer side of the copy on which ink is searched, in pixels: noise averages out, a line of
/// print doesn't.
const SIDE: u32 = 320;
/// Share of each side that is ignored at both ends: scanners leave shadows there.
const MARGIN: f64 = 0.03;
/// Difference between the tones of ink and paper, of 255.
const CONTRAST: u8 = 20;
/// Largest share of ink on a blank page: a speck of dust, not a page number.
const MAX_INK: f64 = 0.0001;
/// Fields of the fingerprint, across and down.
const FIELDS: u32 = 16;
/// Difference between the tones of neighbouring fields that sets a bit, of 255. It is larger
/// than the noise of plain paper.
const STEP: u8 = 3;

/// The features of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageFeatures {
    /// Whether nothing is printed or written on the page.
    pub is_blank: bool,
    /// 256 bits: for each of 16 x 16 fields, whether it is darker than the one to its right.
    pub fingerprint: [u8; 32],
}

impl PageFeatures {
    /// The version of the measurement, which the store keeps: raising it measures all pages
    /// again.
    pub const VERSION: u32 = 1;

    /// Measures an upright page.
    #[must_use]
    pub fn measure(pixels: &Pixels) -> Self {
        let Some(picture) = pixels.clone().into_image() else {
            return Self { is_blank: false, fingerprint: [0; 32] };
        };
        let small = picture.thumbnail(SIDE, SIDE);
        Self { is_blank: is_blank(&small.to_rgb8()), fingerprint: fingerprint(&small.to_luma8()) }
    }

    /// The distance of two fingerprints, if it makes their pages near duplicates: at most
    /// `max_distance`, and at most a third of the bits that are set in either. Pages with
    /// little on them have few bits to differ in.
    #[must_use]
    pub fn near_duplicate_distance(a: &[u8; 32], b: &[u8; 32], max_distance: u32) -> Option<u32> {
        let distance = Self::distance(a, b);
        let set: u32 = a.iter().zip(b).map(|(a, b)| (a | b).count_ones()).sum();
        (distance <= max_distance && distance * 3 <= set).then_some(distance)
    }

    /// The number of bits in which two fingerprints differ: 0 to 256.
    fn distance(a: &[u8; 32], b: &[u8; 32]) -> u32 {
        a.iter().zip(b).map(|(a, b)| (a ^ b).count_ones()).sum()
    }
}

/// The difference hash. Source: Krawetz, "Kind of Like That" (2013), here with a minimum
/// difference.
fn fingerprint(small: &GrayImage) -> [u8; 32] {
    let fields = image::imageops::thumbnail(small, FIELDS + 1, FIELDS);
    let mut bits = [0; 32];
    for y in 0..FIELDS {
        for x in 0..FIELDS {
            let (here, right) = (fields.get_pixel(x, y).0[0], fields.get_pixel(x + 1, y).0[0]);
            let at = (y * FIELDS + x) as usize;
            bits[at / 8] |= u8::from(right > here.saturating_add(STEP)) << (at % 8);
        }
    }
    bits
}

fn is_blank(small: &image::RgbImage) -> bool {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few pixels")]
    let margin = |side: u32| (f64::from(side) * MARGIN).ceil() as u32;
    let (left, top) = (margin(small.width()), margin(small.height()));
    let inside = || {
        small
            .enumerate_pixels()
            .filter(|(x, y, _)| (left..small.width() - left).contains(x) && (top..small.height() - top).contains(y))
            .map(|(_, _, pixel)| pixel.0)
    };
    // The tone of the paper is the most common one in each channel.
    let mut counts = [[0_u32; 256]; 3];
    let mut total = 0_u32;
    for pixel in inside() {
        total += 1;
        for (counts, value) in counts.iter_mut().zip(pixel) {
            counts[usize::from(value)] += 1;
        }
    }
    let paper = counts.map(|counts| {
        let common = counts.iter().enumerate().max_by_key(|(_, count)| **count).map_or(0, |(tone, _)| tone);
        u8::try_from(common).unwrap_or(255)
    });
    let ink = inside().filter(|pixel| pixel.iter().zip(paper).any(|(v, paper)| v.abs_diff(paper) > CONTRAST)).count();
    total > 0 && f64::from(u32::try_from(ink).unwrap_or(u32::MAX)) <= MAX_INK * f64::from(total)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A page of 600 x 800 pixels of this tone, with rectangles (x, y, width, height, tone).
    fn page(paper: u8, rectangles: &[(u32, u32, u32, u32, u8)]) -> Pixels {
        let mut data = vec![paper; 600 * 800];
        for (x, y, width, height, tone) in rectangles {
            for row in *y..y + height {
                let start = (row * 600 + x) as usize;
                data[start..start + *width as usize].fill(*tone);
            }
        }
        Pixels { width: 600, height: 800, channels: 1, data }
    }

    #[test]
    fn which_pages_are_blank() {
        for (paper, rectangles, is_blank) in [
            (255, &[][..], true),
            (90, &[], true),
            // A speck of dust, and a page number.
            (255, &[(300, 400, 2, 2, 0)], true),
            (255, &[(290, 720, 24, 12, 0)], false),
            // The shadow of an edge, and a line across the page.
            (255, &[(0, 0, 12, 800, 0)], true),
            (255, &[(60, 400, 480, 3, 0)], false),
            // Stains paler than ink, and chalk on slate.
            (255, &[(100, 100, 300, 300, 240)], true),
            (60, &[(100, 100, 300, 10, 200)], false),
        ] {
            assert_eq!(PageFeatures::measure(&page(paper, rectangles)).is_blank, is_blank, "{paper} {rectangles:?}");
        }
    }

    #[test]
    fn plain_paper_sets_no_bits_and_pixels_are_not_needed() {
        assert_eq!(PageFeatures::measure(&page(200, &[])).fingerprint, [0; 32]);
        let broken = Pixels { width: 9, height: 9, channels: 1, data: Vec::new() };
        assert_eq!(PageFeatures::measure(&broken), PageFeatures { is_blank: false, fingerprint: [0; 32] });
    }

    #[test]
    fn similar_pages_have_near_fingerprints() {
        let letter: Vec<_> = (0..12).map(|line| (80, 100 + line * 45, 440 - line % 3 * 90, 18, 30)).collect();
        let measure =
            |rectangles: &[(u32, u32, u32, u32, u8)]| PageFeatures::measure(&page(250, rectangles)).fingerprint;
        let original = measure(&letter);
        let paler: Vec<_> = letter.iter().map(|(x, y, w, h, _)| (*x, *y, *w, *h, 60)).collect();
        let other: Vec<_> = letter.iter().map(|(x, y, w, h, t)| (x + 60, 780 - y, w / 2, *h, *t)).collect();
        assert!(PageFeatures::near_duplicate_distance(&original, &measure(&paler), 4).is_some());
        assert_eq!(PageFeatures::near_duplicate_distance(&original, &measure(&other), 24), None);
    }

    #[test]
    fn which_distances_make_near_duplicates() {
        let bits = |set: &[usize]| {
            let mut fingerprint = [0; 32];
            set.iter().for_each(|bit| fingerprint[bit / 8] |= 1 << (bit % 8));
            fingerprint
        };
        for (a, b, max_distance, near) in [
            (&[][..], &[][..], 0, Some(0)),
            (&[1, 2, 3], &[1, 2, 3], 0, Some(0)),
            (&[1, 2, 3], &[1, 2], 1, Some(1)),
            // More than a third of the bits that are set.
            (&[1, 2], &[1], 1, None),
            (&[1], &[2], 24, None),
            (&[1, 2, 3, 4, 5, 6], &[1, 2, 3, 4], 2, Some(2)),
            (&[1, 2, 3, 4, 5, 6], &[1, 2, 3, 4], 1, None),
        ] {
            let found = PageFeatures::near_duplicate_distance(&bits(a), &bits(b), max_distance);
            assert_eq!(found, near, "{a:?} {b:?} {max_distance}");
        }
    }

    proptest! {
        #[test]
        fn distances_are_those_of_a_metric(a: [u8; 32], b: [u8; 32], c: [u8; 32]) {
            let distance = PageFeatures::distance;
            prop_assert_eq!(distance(&a, &a), 0);
            prop_assert_eq!(distance(&a, &b), distance(&b, &a));
            prop_assert!(distance(&a, &c) <= distance(&a, &b) + distance(&b, &c));
        }
    }
}
