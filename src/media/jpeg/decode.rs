//! Decodes a JPEG at a reduced size.

use super::color::is_rgb;
use super::standard_tables::with_tables;
use crate::media::pixels::Pixels;
use docmill_pixels::jpeg::{ColorTransform, Decoder, PixelFormat};
use rayon::{ThreadPool, ThreadPoolBuilder};
use std::sync::OnceLock;

/// Decodes a JPEG at an eighth, a quarter, half or all of its size, but not below `target`
/// (width, height), which is faster than decoding and downscaling all of it. `stated_rgb`: what a PDF states about
/// three components. `None`: this decoder can't read it.
///
/// Decoders fill missing parts with grey and report success: [`super::completeness::check_complete`] finds out.
pub(crate) fn decode(bytes: &[u8], target: (u32, u32), stated_rgb: Option<bool>) -> Option<Pixels> {
    // libjpeg-turbo has no option for the colours.
    #[cfg(feature = "turbojpeg")]
    if stated_rgb.is_none()
        && let Some(pixels) = crate::media::turbo::decode(bytes, target)
    {
        return Some(pixels);
    }
    let bytes = with_tables(bytes);
    install(|| decode_in_pool(&bytes, target, is_rgb(&bytes, stated_rgb)))
}

/// Runs `work` on the one thread that decodes JPEG. The decoder splits its work between threads.
/// That costs 10 % of CPU, and gains nothing when every core decodes its own page.
pub(crate) fn install<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    static ALONE: OnceLock<Option<ThreadPool>> = OnceLock::new();
    let pool = ALONE.get_or_init(|| ThreadPoolBuilder::new().num_threads(1).build().ok());
    match pool {
        Some(pool) => pool.install(work),
        None => work(),
    }
}

fn decode_in_pool(bytes: &[u8], target: (u32, u32), is_rgb: bool) -> Option<Pixels> {
    let mut decoder = Decoder::new(bytes);
    decoder.read_info().ok()?;
    if decoder.info()?.pixel_format == PixelFormat::RGB24 {
        decoder.set_color_transform(if is_rgb { ColorTransform::RGB } else { ColorTransform::YCbCr });
    }
    let side = |side: u32| u16::try_from(side).unwrap_or(u16::MAX);
    decoder.scale(side(target.0), side(target.1)).ok()?;
    let data = decoder.decode().ok()?;
    let info = decoder.info()?;
    let channels = match info.pixel_format {
        PixelFormat::L8 => 1,
        PixelFormat::RGB24 => 3,
        PixelFormat::L16 | PixelFormat::CMYK32 => return None,
    };
    Some(Pixels { width: info.width.into(), height: info.height.into(), channels, data })
}
