//! JPEG with libjpeg-turbo, which the feature `turbojpeg` builds from source (needs cmake and
//! nasm).

use super::pixels::Pixels;
use turbojpeg::{Colorspace, Decompressor, Image, PixelFormat, ScalingFactor};

/// Scans of a progressive JPEG that are decoded. Encoders write about ten.
const MAX_SCANS: u32 = 100;

/// Decodes a JPEG at an eighth, a quarter, half or all of its size, but not below `target`
/// (width, height). `None`: this decoder can't read it.
pub(crate) fn decode(bytes: &[u8], target: (u32, u32)) -> Option<Pixels> {
    let mut decoder = Decompressor::new().ok()?;
    decoder.set_scan_limit(MAX_SCANS).ok()?;
    let header = decoder.read_header(bytes).ok()?;
    let (channels, format) = match header.colorspace {
        Colorspace::Gray => (1, PixelFormat::GRAY),
        Colorspace::RGB | Colorspace::YCbCr => (3, PixelFormat::RGB),
        _ => return None,
    };
    let target = (usize::try_from(target.0).ok()?, usize::try_from(target.1).ok()?);
    let is_enough =
        |factor: &ScalingFactor| factor.scale(header.width) >= target.0 && factor.scale(header.height) >= target.1;
    // The other multiples of an eighth are not faster, and 3/8 looks bad.
    let factors = [ScalingFactor::ONE_EIGHTH, ScalingFactor::ONE_QUARTER, ScalingFactor::ONE_HALF];
    let factor = factors.into_iter().find(is_enough).unwrap_or(ScalingFactor::ONE);
    decoder.set_scaling_factor(factor).ok()?;
    let (width, height) = (factor.scale(header.width), factor.scale(header.height));
    let pitch = width * usize::from(channels);
    let mut data = vec![0; pitch * height];
    decoder.decompress(bytes, Image { pixels: data.as_mut_slice(), width, pitch, height, format }).ok()?;
    Some(Pixels { width: width.try_into().ok()?, height: height.try_into().ok()?, channels, data })
}
