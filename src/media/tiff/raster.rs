//! Pages of a TIFF that the `tiff` library decodes: all but fax pages.

use super::directory::Directory;
use super::patches::patch_file;
use crate::media::fault::{MediaFault, MediaFaultKind};
use crate::media::pixels::{MAX_DECODER_BYTES, Pixels, blend_over_white, cmyk_to_rgb};
use tiff::decoder::{Decoder, DecodingResult, Limits};
use tiff::tags::PhotometricInterpretation;
use tiff::{ColorType, TiffError};

/// Decodes a page at its own size.
///
/// # Errors
/// A page that is cut short, damaged, not supported or needs too much memory.
pub(crate) fn decode_raster(bytes: &[u8], directory: &Directory) -> Result<Pixels, MediaFault> {
    let max_bytes = usize::try_from(MAX_DECODER_BYTES).unwrap_or(usize::MAX);
    let mut limits = Limits::default();
    limits.decoding_buffer_size = max_bytes;
    limits.intermediate_buffer_size = max_bytes / 4;
    let file = patch_file(bytes, directory).ok_or_else(MediaFault::cut_short)?;
    let mut decoder = Decoder::new(file).map_err(fault)?.with_limits(limits);
    let (width, height) = decoder.dimensions().map_err(fault)?;
    let color = decoder.colortype().map_err(fault)?;
    let mut result = DecodingResult::U8(Vec::new());
    let planes = decoder.read_image_to_buffer(&mut result).map_err(fault)?.planes.max(1);
    let samples = match result {
        DecodingResult::U8(data) => data,
        DecodingResult::U16(data) => data.iter().map(|value| value.to_be_bytes()[0]).collect(),
        _ => return Err(MediaFault::unsupported("TIFF with this type of samples")),
    };
    let pixels = width as usize * height as usize;
    let samples = if planes > 1 { interleave(&samples, planes) } else { samples };
    let (channels, data) = match color {
        ColorType::Gray(bits @ (1 | 2 | 4 | 8)) if directory.has_palette() => {
            let indices = if bits == 8 { samples } else { unpack_bits(&samples, bits, width, 1) };
            (3, directory.look_up_colors(bytes, &indices).ok_or_else(MediaFault::cut_short)?)
        }
        ColorType::Gray(8 | 16) => (1, samples),
        ColorType::Gray(bits @ (1 | 2 | 4)) => (1, unpack_bits(&samples, bits, width, 255 / ((1 << bits) - 1))),
        ColorType::GrayA(8 | 16) => (1, blend_over_white(&samples, 2)),
        ColorType::RGB(8 | 16) => (3, samples),
        ColorType::RGBA(8 | 16) => (
            3,
            match directory.extra_samples {
                1 => blend_premultiplied(&samples),
                2 => blend_over_white(&samples, 4),
                // Not alpha.
                _ => samples.chunks_exact(4).flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect(),
            },
        ),
        ColorType::CMYK(8 | 16) => (3, cmyk_to_rgb(&samples)),
        ColorType::YCbCr(8) => (3, ycbcr_to_rgb(&samples)),
        ColorType::Multiband { bit_depth: 8 | 16, num_samples } if num_samples > 0 => {
            (1, samples.chunks_exact(num_samples.into()).map(|pixel| pixel[0]).collect())
        }
        other => return Err(MediaFault::unsupported(format!("TIFF with the colour type {other:?}"))),
    };
    // The library inverts `WhiteIsZero`, except for `Multiband`.
    let is_inverted = directory.photometric == u64::from(PhotometricInterpretation::WhiteIsZero.to_u16());
    let data = match color {
        ColorType::Multiband { .. } if is_inverted => data.iter().map(|value| 255 - value).collect(),
        _ => data,
    };
    if data.len() != pixels * usize::from(channels) {
        return Err(MediaFault::damaged("the picture has too few pixels"));
    }
    Ok(Pixels { width, height, channels, data })
}

fn fault(error: TiffError) -> MediaFault {
    match &error {
        TiffError::UnsupportedError(_) => {
            let message = format!("this TIFF is not supported: {error}; convert the file to JPEG or PNG");
            MediaFault::new(MediaFaultKind::UnsupportedFormat, message.to_lowercase())
        }
        TiffError::LimitsExceeded => MediaFault::new(MediaFaultKind::TooLarge, "the picture needs too much memory"),
        _ => MediaFault::from_decoder_message(&error.to_string()),
    }
}

/// Blends RGB that is multiplied by its alpha over white.
fn blend_premultiplied(data: &[u8]) -> Vec<u8> {
    data.chunks_exact(4).flat_map(|p| [p[0], p[1], p[2]].map(|value| value.saturating_add(255 - p[3]))).collect()
}

/// Unpacks samples of less than a byte, in rows of whole bytes, to one byte each, multiplied
/// by `factor`.
fn unpack_bits(data: &[u8], bits: u8, width: u32, factor: u8) -> Vec<u8> {
    let (width, mask) = (width as usize, (1_u8 << bits) - 1);
    let per_byte = 8 / usize::from(bits);
    let mut out = Vec::with_capacity(data.len() * per_byte);
    for row in data.chunks_exact(width.div_ceil(per_byte).max(1)) {
        out.extend((0..width).map(|x| {
            let shift = 8 - usize::from(bits) * (x % per_byte + 1);
            (row[x / per_byte] >> shift & mask) * factor
        }));
    }
    out
}

/// Converts planes to pixels.
fn interleave(data: &[u8], planes: usize) -> Vec<u8> {
    let size = data.len() / planes;
    (0..size).flat_map(|at| (0..planes).map(move |plane| data[plane * size + at])).collect()
}

/// Converts full-range YCbCr (ITU-R BT.601) to RGB.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to a byte")]
fn ycbcr_to_rgb(data: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(data.len());
    for pixel in data.chunks_exact(3) {
        let (y, cb, cr) = (f32::from(pixel[0]), f32::from(pixel[1]) - 128.0, f32::from(pixel[2]) - 128.0);
        let rgb = [y + 1.402 * cr, y - 0.344_136 * cb - 0.714_136 * cr, y + 1.772 * cb];
        out.extend(rgb.map(|value| value.round().clamp(0.0, 255.0) as u8));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_of_less_than_a_byte() {
        for (data, bits, width, factor, samples) in [
            (&[0b1010_0000, 0b0100_0000][..], 1, 3, 255, &[255, 0, 255, 0, 255, 0][..]),
            (&[0b1101_1000], 2, 3, 85, &[255, 85, 170]),
            (&[0x1F, 0x20, 0x3A, 0x40], 4, 3, 1, &[1, 15, 2, 3, 10, 4]),
            (&[0xFF; 2], 1, 9, 1, &[1; 9]),
        ] {
            assert_eq!(unpack_bits(data, bits, width, factor), samples, "{data:x?} with {bits} bits");
        }
    }

    #[test]
    fn colors() {
        assert_eq!(interleave(&[1, 2, 3, 4, 5, 6], 3), [1, 3, 5, 2, 4, 6]);
        assert_eq!(
            blend_premultiplied(&[0, 0, 0, 0, 10, 20, 30, 255, 50, 60, 70, 128]),
            [255, 255, 255, 10, 20, 30, 177, 187, 197]
        );
        for (ycbcr, rgb) in [([0, 128, 128], [0; 3]), ([255, 128, 128], [255; 3]), ([76, 85, 255], [254, 0, 0])] {
            assert_eq!(ycbcr_to_rgb(&ycbcr), rgb, "{ycbcr:?}");
        }
    }
}
