//! A decoded page: 8 bits a sample, grey or RGB, without transparency.

use image::{DynamicImage, GrayImage, RgbImage};

/// Memory that a decoder may use for one page, in bytes.
pub(crate) const MAX_DECODER_BYTES: u64 = 1 << 30;

/// Largest page, in pixels: A0 at 300 dpi has 140 megapixels. As RGB 200 megapixels take
/// 600 MB.
pub(crate) const MAX_PIXELS: u64 = 200_000_000;

/// The difference of tones that come from other ways to compute them, of 255.
const ROUNDING: u8 = 6;

/// A decoded page, in rows from top to bottom.
#[derive(Clone, PartialEq, Eq)]
pub struct Pixels {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Samples a pixel: 1 for grey, 3 for RGB.
    pub channels: u8,
    /// `width * height * channels` bytes.
    pub data: Vec<u8>,
}

impl Pixels {
    /// Converts a picture of the `image` library.
    pub(crate) fn from_image(picture: DynamicImage) -> Self {
        let (width, height) = (picture.width(), picture.height());
        let (channels, data) = match picture {
            DynamicImage::ImageLuma8(grey) => (1, grey.into_raw()),
            DynamicImage::ImageRgb8(rgb) => (3, rgb.into_raw()),
            DynamicImage::ImageLuma16(_) => (1, picture.into_luma8().into_raw()),
            DynamicImage::ImageLumaA8(_) | DynamicImage::ImageLumaA16(_) => {
                (1, blend_over_white(&picture.into_luma_alpha8().into_raw(), 2))
            }
            _ if picture.color().has_alpha() => (3, blend_over_white(&picture.into_rgba8().into_raw(), 4)),
            _ => (3, picture.into_rgb8().into_raw()),
        };
        Self { width, height, channels, data }
    }

    /// Converts to a picture of the `image` library; `None` if there are too few bytes.
    #[must_use]
    pub fn into_image(self) -> Option<DynamicImage> {
        let Self { width, height, channels, data } = self;
        if channels == 1 {
            GrayImage::from_raw(width, height, data).map(DynamicImage::ImageLuma8)
        } else {
            RgbImage::from_raw(width, height, data).map(DynamicImage::ImageRgb8)
        }
    }

    /// Whether another picture of this size has the same tones, except for how they are rounded.
    pub(crate) fn is_similar(&self, other: &Self) -> bool {
        (self.width, self.height, self.channels) == (other.width, other.height, other.channels)
            && self.data.iter().zip(&other.data).all(|(one, other)| one.abs_diff(*other) <= ROUNDING)
    }

    /// Converts RGB to grey if no pixel has a colour, which saves two thirds of the work of
    /// later steps.
    pub(crate) fn simplify(self) -> Self {
        if self.channels == 3 && self.data.chunks_exact(3).all(|p| p[0] == p[1] && p[1] == p[2]) {
            let data = self.data.chunks_exact(3).map(|p| p[0]).collect();
            return Self { channels: 1, data, ..self };
        }
        self
    }
}

/// Blends pixels whose last channel is alpha over white, and drops that channel.
pub(crate) fn blend_over_white(data: &[u8], channels: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(data.len() / channels * (channels - 1));
    for pixel in data.chunks_exact(channels) {
        let alpha = u16::from(pixel[channels - 1]);
        for value in &pixel[..channels - 1] {
            let blended = (u16::from(*value) * alpha + 255 * (255 - alpha) + 127) / 255;
            out.push(u8::try_from(blended).unwrap_or(255));
        }
    }
    out
}

/// Converts CMYK, with 255 for full ink, to RGB.
pub(crate) fn cmyk_to_rgb(data: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(data.len() / 4 * 3);
    for inks in data.chunks_exact(4) {
        let paper = 255 - u16::from(inks[3]);
        out.extend(inks[..3].iter().map(|ink| u8::try_from((255 - u16::from(*ink)) * paper / 255).unwrap_or(255)));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn transparency_and_ink() {
        for (pixel, blended) in [
            (&[10, 20, 30, 255][..], &[10, 20, 30][..]),
            (&[10, 20, 30, 0], &[255, 255, 255]),
            (&[0, 100, 255, 128], &[127, 177, 255]),
        ] {
            assert_eq!(blend_over_white(pixel, 4), blended, "{pixel:?}");
        }
        assert_eq!(blend_over_white(&[0, 255, 0, 0], 2), [0, 255]);
        for (inks, rgb) in [([0, 0, 0, 0], [255; 3]), ([0, 0, 0, 255], [0; 3]), ([255, 0, 0, 0], [0, 255, 255])] {
            assert_eq!(cmyk_to_rgb(&inks), rgb, "{inks:?}");
        }
    }

    proptest! {
        #[test]
        fn pictures_survive_the_way_through_the_image_library(
            (width, height, channels) in (1_u32..9, 1_u32..9, prop::sample::select(vec![1_u8, 3])),
            seed in any::<u8>(),
        ) {
            let size = (width * height * u32::from(channels)) as usize;
            let data = (0..size).map(|at| (at as u8).wrapping_mul(31) ^ seed).collect();
            let pixels = Pixels { width, height, channels, data };
            let back = Pixels::from_image(pixels.clone().into_image().unwrap());
            prop_assert!(back == pixels);
        }

        #[test]
        fn only_pictures_without_colour_become_grey(tones in prop::collection::vec(any::<u8>(), 1..20), colour in any::<bool>()) {
            let mut data: Vec<u8> = tones.iter().flat_map(|tone| [*tone; 3]).collect();
            if colour {
                data[1] ^= 1;
            }
            let simple = Pixels { width: tones.len() as u32, height: 1, channels: 3, data }.simplify();
            prop_assert_eq!(simple.channels, if colour { 3 } else { 1 });
            prop_assert!(colour || simple.data == tones);
        }
    }
}
