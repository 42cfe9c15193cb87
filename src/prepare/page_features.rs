//! What a look at the small picture tells: whether it is blank, and a fingerprint that
//! pictures of the same page share.

use crate::media::{Pixels, to_image};
use image::GrayImage;
use serde::{Deserialize, Serialize};

/// Side of the copy that is looked at for ink, in pixels: noise averages out, a line of
/// print does not.
const SIDE: u32 = 320;
/// Share of the page at each edge that is not looked at: scanners leave shadows there.
const MARGIN: f64 = 0.03;
/// How much darker or lighter than the paper ink is, of 255.
const CONTRAST: u8 = 20;
/// Share of the page that may be ink on a blank one: a speck of dust, not a page number.
const MOST_INK: f64 = 0.0001;
/// Fields of the fingerprint across and down.
const FIELDS: u32 = 16;
/// How much lighter than its neighbour a field is that counts, of 255: on plain paper noise
/// would decide.
const STEP: u8 = 3;

/// What a look at a page told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageFeatures {
    /// Whether there is nothing on the page.
    pub is_blank: bool,
    /// 256 bits: whether each of 16 x 16 fields is darker than the one to its right.
    pub fingerprint: [u8; 32],
}

impl PageFeatures {
    /// Part of what the store keeps of marks: raising it makes them be taken again.
    pub const VERSION: u32 = 1;

    /// Looks at an upright picture.
    #[must_use]
    pub fn of(pixels: &Pixels) -> Self {
        let Some(picture) = to_image(pixels.clone()) else {
            return Self { is_blank: false, fingerprint: [0; 32] };
        };
        let small = picture.thumbnail(SIDE, SIDE);
        Self { is_blank: is_blank(&small.to_rgb8()), fingerprint: fingerprint(&small.to_luma8()) }
    }

    /// In how many bits two fingerprints differ, when that makes them alike: at most `most`,
    /// and no more than a third of what either shows. Pages with little on them have few
    /// bits to differ in.
    #[must_use]
    pub fn likeness(a: &[u8; 32], b: &[u8; 32], most: u32) -> Option<u32> {
        let distance = Self::distance(a, b);
        let shown: u32 = a.iter().zip(b).map(|(a, b)| (a | b).count_ones()).sum();
        (distance <= most && distance * 3 <= shown).then_some(distance)
    }

    /// Bits in which two fingerprints differ: 0 to 256.
    #[must_use]
    pub fn distance(a: &[u8; 32], b: &[u8; 32]) -> u32 {
        a.iter().zip(b).map(|(a, b)| (a ^ b).count_ones()).sum()
    }
}

/// The difference hash. Source: Krawetz, "Kind of Like That" (2013), with a step that
/// plain paper does not reach.
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
    // The paper's tone is the most common one, channel by channel.
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
    total > 0 && f64::from(u32::try_from(ink).unwrap_or(u32::MAX)) <= MOST_INK * f64::from(total)
}
