//! A decoded page: 8 bits, grey or RGB, transparency over white.

use image::DynamicImage;

/// A decoded page, rows top to bottom.
#[derive(Clone, PartialEq, Eq)]
pub struct Pixels {
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// 1 grey, 3 RGB.
    pub channels: u8,
    /// `width * height * channels` bytes.
    pub data: Vec<u8>,
}

impl Pixels {
    /// From whatever the `image` library decoded.
    pub(crate) fn from_image(picture: DynamicImage) -> Self {
        let (width, height) = (picture.width(), picture.height());
        let (channels, data) = match picture {
            DynamicImage::ImageLuma8(grey) => (1, grey.into_raw()),
            DynamicImage::ImageRgb8(rgb) => (3, rgb.into_raw()),
            DynamicImage::ImageLuma16(_) => (1, picture.into_luma8().into_raw()),
            DynamicImage::ImageLumaA8(_) | DynamicImage::ImageLumaA16(_) => {
                (1, over_white(&picture.into_luma_alpha8().into_raw(), 2))
            }
            _ if picture.color().has_alpha() => (3, over_white(&picture.into_rgba8().into_raw(), 4)),
            _ => (3, picture.into_rgb8().into_raw()),
        };
        Self { width, height, channels, data }
    }

    /// One channel when all three say the same: a third of the work that follows.
    pub(crate) fn without_needless_colour(self) -> Self {
        if self.channels == 3 && self.data.chunks_exact(3).all(|p| p[0] == p[1] && p[1] == p[2]) {
            let data = self.data.chunks_exact(3).map(|p| p[0]).collect();
            return Self { channels: 1, data, ..self };
        }
        self
    }
}

/// Blends pixels whose last channel is alpha over white, and drops alpha.
pub(crate) fn over_white(data: &[u8], channels: usize) -> Vec<u8> {
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

/// CMYK, ink by ink from 0 (none) to 255 (full), as RGB.
pub(crate) fn rgb_of_cmyk(data: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(data.len() / 4 * 3);
    for inks in data.chunks_exact(4) {
        let paper = 255 - u16::from(inks[3]);
        out.extend(inks[..3].iter().map(|ink| u8::try_from((255 - u16::from(*ink)) * paper / 255).unwrap_or(255)));
    }
    out
}
