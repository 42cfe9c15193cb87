//! The picture: 8 bits, grey or RGB, transparency over white. As stored, not yet upright.

use super::fault::{MediaFault, MediaFaultKind};
use super::probe::Probe;
use image::{DynamicImage, ImageReader, Limits};
use std::io::Cursor;

/// Most memory that a decoder may take for one page, in bytes.
const MOST_MEMORY: u64 = 1 << 30;

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

/// Decodes the page that `probe` described.
///
/// # Errors
/// A file that is cut short, damaged or takes more memory than the bounds.
pub fn decode(bytes: &[u8], probe: &Probe) -> Result<Pixels, MediaFault> {
    let mut reader = ImageReader::with_format(Cursor::new(bytes), probe.format.of_image_crate());
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(MOST_MEMORY);
    reader.limits(limits);
    let picture = reader.decode().map_err(|error| MediaFault::from_image(&error))?;
    if (picture.width(), picture.height()) != (probe.width, probe.height) {
        return Err(MediaFault::new(MediaFaultKind::Damaged, "the picture is not as large as its header says"));
    }
    Ok(flattened(picture))
}

fn flattened(picture: DynamicImage) -> Pixels {
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
    Pixels { width, height, channels, data }
}

/// Blends pixels whose last channel is alpha over white, and drops alpha.
fn over_white(data: &[u8], channels: usize) -> Vec<u8> {
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
