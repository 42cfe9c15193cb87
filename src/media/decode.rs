//! Decodes a file that holds one picture, at a reduced size where the format allows that, or only checks that this
//! is possible.

use super::bmp_header::check_pixel_offset;
use super::fault::MediaFault;
use super::kind::ImageFormat;
use super::pixels::{MAX_DECODER_BYTES, Pixels, blend_over_white};
use super::probe::Probe;
use super::{bmp_rle, jpeg, jpeg2000};
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
            match jpeg::decode(bytes, target, None) {
                Some(pixels) => Ok(pixels),
                // CMYK, unusual subsampling: the slower library reads them.
                None => decode_with_library(bytes, probe),
            }
        }
        ImageFormat::Png => decode_png(bytes, probe),
        ImageFormat::Jpeg2000 => jpeg2000::decode(bytes, target),
        ImageFormat::Bmp => {
            check_pixel_offset(bytes)?;
            bmp_rle::decode(bytes, probe).unwrap_or_else(|| decode_with_library(bytes, probe))
        }
        _ => decode_with_library(bytes, probe),
    }
}

/// Checks that the picture is complete, beyond what `probe` has checked: everything that a
/// viewer shows is in the file. To be called before a file is sent unchanged.
///
/// # Errors
/// A picture that is cut short or damaged.
pub fn check_complete(bytes: &[u8], probe: &Probe) -> Result<(), MediaFault> {
    match probe.format {
        ImageFormat::Jpeg => jpeg::check_complete(bytes),
        ImageFormat::Jpeg2000 => jpeg2000::check_complete(bytes),
        ImageFormat::Png => check_rows(bytes),
        // Only decoding shows it.
        _ => decode(bytes, probe, (probe.width, probe.height)).map(|_| ()),
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

/// Checks that a PNG has all rows of its picture, without keeping them. Also checks the checksum of the
/// deflated data, because not every viewer ignores it.
///
/// # Errors
/// A PNG that is cut short or damaged.
fn check_rows(bytes: &[u8]) -> Result<(), MediaFault> {
    let failed = |error: png::DecodingError| MediaFault::from_decoder_message(&error.to_string());
    let mut options = png::DecodeOptions::default();
    options.set_ignore_crc(true);
    options.set_ignore_adler32(false);
    let mut decoder = png::Decoder::new_with_options(Cursor::new(bytes), options);
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    let mut reader = decoder.read_info().map_err(failed)?;
    while reader.next_row().map_err(failed)?.is_some() {}
    reader.finish().map_err(failed)
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
