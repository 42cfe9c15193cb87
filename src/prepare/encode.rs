//! Encodes a page as JPEG.

use crate::media::{MediaFault, MediaFaultKind, Pixels};

/// Quality of the JPEG, of 100. Print stays legible, with half the bytes of quality 95.
const QUALITY: u8 = 85;

/// Encodes a page.
///
/// # Errors
/// When a side is longer than 65,535 pixels.
pub fn encode_jpeg(pixels: &Pixels) -> Result<Vec<u8>, MediaFault> {
    let failed = |reason: String| MediaFault::new(MediaFaultKind::TooLarge, format!("can't be encoded: {reason}"));
    let side = |side: u32| u16::try_from(side).map_err(|_| failed(format!("a side has {side} pixels")));
    let (width, height) = (side(pixels.width)?, side(pixels.height)?);
    #[cfg(feature = "turbojpeg")]
    return encode_with_turbo(pixels, (width.into(), height.into())).map_err(|error| failed(error.to_string()));
    #[cfg(not(feature = "turbojpeg"))]
    {
        use jpeg_encoder::{ColorType, Encoder};
        let color = if pixels.channels == 1 { ColorType::Luma } else { ColorType::Rgb };
        let mut bytes = Vec::with_capacity(pixels.data.len() / 8);
        Encoder::new(&mut bytes, QUALITY)
            .encode(&pixels.data, width, height, color)
            .map_err(|error| failed(error.to_string()))?;
        Ok(bytes)
    }
}

#[cfg(feature = "turbojpeg")]
fn encode_with_turbo(pixels: &Pixels, (width, height): (usize, usize)) -> turbojpeg::Result<Vec<u8>> {
    use turbojpeg::{Image, PixelFormat, Subsamp, compress};
    let (format, chroma) =
        if pixels.channels == 1 { (PixelFormat::GRAY, Subsamp::Gray) } else { (PixelFormat::RGB, Subsamp::Sub2x2) };
    let pitch = width * usize::from(pixels.channels);
    let image = Image { pixels: pixels.data.as_slice(), width, pitch, height, format };
    Ok(compress(image, QUALITY.into(), chroma)?.to_vec())
}
