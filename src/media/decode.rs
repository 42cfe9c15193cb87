//! The picture of a file that holds one: at reduced scale where the format allows.

use super::fault::{MediaFault, MediaFaultKind};
use super::jpeg;
use super::kind::Format;
use super::pixels::{Pixels, over_white};
use super::probe::Probe;
use image::{DynamicImage, ImageReader, Limits, RgbImage};
use std::io::Cursor;

/// Most memory that a decoder may take for one page, in bytes.
const MOST_MEMORY: u64 = 1 << 30;

/// Decodes the picture that `probe` described, at `target` or larger.
///
/// # Errors
/// A file that is cut short, damaged or takes more memory than the bounds.
pub(crate) fn decode(bytes: &[u8], probe: &Probe, target: (u32, u32)) -> Result<Pixels, MediaFault> {
    match probe.format {
        Format::Jpeg => match jpeg::decode(bytes, target) {
            Some(pixels) => Ok(pixels),
            // CMYK, unusual subsampling, arithmetic coding: the slower decoder knows more.
            None => whole(bytes, probe),
        },
        Format::Png => png(bytes, probe),
        Format::Jpeg2000 => jpeg_2000(bytes, target),
        _ => whole(bytes, probe),
    }
}

fn whole(bytes: &[u8], probe: &Probe) -> Result<Pixels, MediaFault> {
    let unsupported = || MediaFault::new(MediaFaultKind::UnsupportedFormat, "a format that is not read");
    let format = probe.format.of_image_crate().ok_or_else(unsupported)?;
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(MOST_MEMORY);
    reader.limits(limits);
    let picture = reader.decode().map_err(|error| MediaFault::from_image(&error))?;
    if (picture.width(), picture.height()) != (probe.width, probe.height) {
        return Err(damaged("the picture is not as large as its header says"));
    }
    Ok(Pixels::from_image(picture))
}

/// Checksums were compared when the file was probed; comparing them again costs as much
/// as inflating.
fn png(bytes: &[u8], probe: &Probe) -> Result<Pixels, MediaFault> {
    let failed = |error: png::DecodingError| MediaFault::from_words(&error.to_string());
    let mut decoder = png::Decoder::new_with_limits(
        Cursor::new(bytes),
        png::Limits { bytes: usize::try_from(MOST_MEMORY).unwrap_or(usize::MAX) },
    );
    decoder.ignore_checksums(true);
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    let mut reader = decoder.read_info().map_err(failed)?;
    let size = reader.output_buffer_size().ok_or_else(|| damaged("the picture is too large"))?;
    let mut data = vec![0; size];
    let info = reader.next_frame(&mut data).map_err(failed)?;
    data.truncate(info.buffer_size());
    if (info.width, info.height) != (probe.width, probe.height) {
        return Err(damaged("the picture is not as large as its header says"));
    }
    let (channels, data) = match info.color_type {
        png::ColorType::Grayscale => (1, data),
        png::ColorType::GrayscaleAlpha => (1, over_white(&data, 2)),
        png::ColorType::Rgba => (3, over_white(&data, 4)),
        png::ColorType::Rgb => (3, data),
        png::ColorType::Indexed => return Err(damaged("a palette that is none")),
    };
    Ok(Pixels { width: info.width, height: info.height, channels, data })
}

/// A JPEG 2000 holds its picture at halved resolutions: the smallest that is enough.
fn jpeg_2000(bytes: &[u8], target: (u32, u32)) -> Result<Pixels, MediaFault> {
    let failed = |error: hayro_jpeg2000::DecodeError| MediaFault::from_words(&error.to_string());
    let settings =
        hayro_jpeg2000::DecodeSettings { target_resolution: Some(target), ..hayro_jpeg2000::DecodeSettings::default() };
    let image = hayro_jpeg2000::Image::new(bytes, &settings).map_err(failed)?;
    let (width, height, has_alpha) = (image.width(), image.height(), image.has_alpha());
    let mut context = hayro_jpeg2000::DecoderContext::default();
    let decoded = image.decode(&mut context).map_err(failed)?;
    let data = decoded.data_u8();
    let per_pixel = data.len() / (width as usize * height as usize).max(1);
    let (channels, data) = match (per_pixel, has_alpha) {
        (1, _) => (1, data),
        (2, true) => (1, over_white(&data, 2)),
        (3, _) => (3, data),
        (4, true) => (3, over_white(&data, 4)),
        (4, false) => (3, super::pixels::rgb_of_cmyk(&data)),
        _ => return Err(damaged("a picture of unusual channels")),
    };
    let is_whole = data.len() == width as usize * height as usize * usize::from(channels);
    if is_whole { Ok(Pixels { width, height, channels, data }) } else { Err(damaged("the picture has too few pixels")) }
}

/// Size of a JPEG 2000 picture.
pub(crate) fn jpeg_2000_size(bytes: &[u8]) -> Result<(u32, u32), MediaFault> {
    let image = hayro_jpeg2000::Image::new(bytes, &hayro_jpeg2000::DecodeSettings::default())
        .map_err(|error| MediaFault::from_words(&error.to_string()))?;
    Ok((image.width(), image.height()))
}

/// A picture in three channels, for libraries that want one.
#[must_use]
pub fn to_image(pixels: Pixels) -> Option<DynamicImage> {
    let Pixels { width, height, channels, data } = pixels;
    if channels == 1 {
        image::GrayImage::from_raw(width, height, data).map(DynamicImage::ImageLuma8)
    } else {
        RgbImage::from_raw(width, height, data).map(DynamicImage::ImageRgb8)
    }
}

fn damaged(message: &str) -> MediaFault {
    MediaFault::new(MediaFaultKind::Damaged, message)
}
