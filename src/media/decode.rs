//! Decodes a file that holds one picture, at a reduced size where the format allows that.

use super::fault::MediaFault;
use super::kind::ImageFormat;
use super::pixels::{MAX_DECODER_BYTES, Pixels, blend_over_white};
use super::probe::Probe;
use super::{jpeg, jpeg2000};
use image::{ImageReader, Limits};
use std::io::Cursor;

/// Decodes the picture that `probe` describes, at `target` (width, height) or larger.
///
/// # Errors
/// A file that is cut short or damaged, or needs more memory than the limit.
pub(crate) fn decode(bytes: &[u8], probe: &Probe, target: (u32, u32)) -> Result<Pixels, MediaFault> {
    match probe.format {
        ImageFormat::Jpeg => {
            jpeg::check_complete(bytes)?;
            match jpeg::decode(bytes, target) {
                Some(pixels) => Ok(pixels),
                // CMYK, unusual subsampling: the slower library reads them.
                None => decode_with_library(bytes, probe),
            }
        }
        ImageFormat::Png => decode_png(bytes, probe),
        ImageFormat::Jpeg2000 => jpeg2000::decode(bytes, target),
        _ => decode_with_library(bytes, probe),
    }
}

fn decode_with_library(bytes: &[u8], probe: &Probe) -> Result<Pixels, MediaFault> {
    let format = probe.format.to_image_library().ok_or_else(|| MediaFault::unsupported("this format"))?;
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(MAX_DECODER_BYTES);
    reader.limits(limits);
    let picture = reader.decode().map_err(|error| MediaFault::from_image_error(&error))?;
    check_header(probe, (picture.width(), picture.height()))?;
    Ok(Pixels::from_image(picture))
}

/// Decodes a PNG without its checksums: `probe` has checked them, and that costs as much as
/// inflating the data.
fn decode_png(bytes: &[u8], probe: &Probe) -> Result<Pixels, MediaFault> {
    let failed = |error: png::DecodingError| MediaFault::from_decoder_message(&error.to_string());
    let limits = png::Limits { bytes: usize::try_from(MAX_DECODER_BYTES).unwrap_or(usize::MAX) };
    let mut decoder = png::Decoder::new_with_limits(Cursor::new(bytes), limits);
    decoder.ignore_checksums(true);
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    let mut reader = decoder.read_info().map_err(failed)?;
    let size = reader.output_buffer_size().ok_or_else(|| MediaFault::damaged("the picture is too large"))?;
    let mut data = vec![0; size];
    let info = reader.next_frame(&mut data).map_err(failed)?;
    data.truncate(info.buffer_size());
    check_header(probe, (info.width, info.height))?;
    let (channels, data) = match info.color_type {
        png::ColorType::Grayscale => (1, data),
        png::ColorType::GrayscaleAlpha => (1, blend_over_white(&data, 2)),
        png::ColorType::Rgba => (3, blend_over_white(&data, 4)),
        png::ColorType::Rgb => (3, data),
        png::ColorType::Indexed => return Err(MediaFault::damaged("the palette is missing")),
    };
    Ok(Pixels { width: info.width, height: info.height, channels, data })
}

/// Checks that a picture has the size that was read from the header.
fn check_header(probe: &Probe, size: (u32, u32)) -> Result<(), MediaFault> {
    if size == (probe.width, probe.height) {
        Ok(())
    } else {
        Err(MediaFault::damaged("the size of the picture differs from its header"))
    }
}
