//! Downscale (Lanczos3, SIMD), then turn upright: turning the small picture is cheaper.

use crate::media::{MediaFault, MediaFaultKind, Orientation, Pixels, Probe, to_image};
use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};

/// `pixels`, as stored, upright at `target` (width, height, as they should look).
///
/// # Errors
/// When there are fewer pixels than the size says.
pub fn to_size(pixels: Pixels, orientation: Orientation, target: (u32, u32)) -> Result<Pixels, MediaFault> {
    let stored = Probe::turned(target, orientation);
    let scaled = if (pixels.width, pixels.height) == stored { pixels } else { downscaled(&pixels, stored)? };
    if orientation == Orientation::NoTransforms { Ok(scaled) } else { upright(scaled, orientation) }
}

fn downscaled(pixels: &Pixels, (width, height): (u32, u32)) -> Result<Pixels, MediaFault> {
    let failed =
        |error: &dyn std::fmt::Display| MediaFault::new(MediaFaultKind::Damaged, format!("can't be resized: {error}"));
    let kind = if pixels.channels == 1 { PixelType::U8 } else { PixelType::U8x3 };
    let from = ImageRef::new(pixels.width, pixels.height, &pixels.data, kind).map_err(|error| failed(&error))?;
    let mut to = Image::new(width, height, kind);
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Lanczos3));
    Resizer::new().resize(&from, &mut to, &options).map_err(|error| failed(&error))?;
    Ok(Pixels { width, height, channels: pixels.channels, data: to.into_vec() })
}

fn upright(pixels: Pixels, orientation: Orientation) -> Result<Pixels, MediaFault> {
    let channels = pixels.channels;
    let mut picture =
        to_image(pixels).ok_or_else(|| MediaFault::new(MediaFaultKind::Damaged, "the picture has too few pixels"))?;
    picture.apply_orientation(orientation);
    let (width, height) = (picture.width(), picture.height());
    Ok(Pixels { width, height, channels, data: picture.into_bytes() })
}
