//! Scales pictures.

use fast_image_resize::images::{TypedImage, TypedImageRef};
use fast_image_resize::pixels::{U8, U8x3};
use fast_image_resize::{FilterType, PixelTrait, ResizeAlg, ResizeOptions, Resizer};
use std::error::Error;

/// Scales a picture from one width and height to another with a Lanczos filter. `pixels`: 8-bit samples, row by row; `channels`:
/// 1 (grey) or 3 (RGB).
///
/// # Errors
/// When there are fewer samples than the size needs, or a side is 0.
pub fn scale(
    pixels: &[u8],
    channels: u8,
    from: (u32, u32),
    to: (u32, u32),
) -> Result<Vec<u8>, Box<dyn Error + Send + Sync>> {
    // The interface without types would compile the filters for 13 kinds of pixels.
    if channels == 1 { scale_pixels::<U8>(pixels, from, to) } else { scale_pixels::<U8x3>(pixels, from, to) }
}

fn scale_pixels<P: PixelTrait>(
    pixels: &[u8],
    from: (u32, u32),
    (width, height): (u32, u32),
) -> Result<Vec<u8>, Box<dyn Error + Send + Sync>> {
    let source = TypedImageRef::<P>::from_buffer(from.0, from.1, pixels)?;
    let mut scaled = vec![0; width as usize * height as usize * P::size()];
    let mut target = TypedImage::<P>::from_buffer(width, height, &mut scaled)?;
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Lanczos3));
    Resizer::new().resize_typed(&source, &mut target, &options)?;
    Ok(scaled)
}
