//! Strips and tiles with JPEG compression. Source: TIFF Technical Note 2.

use super::chunks::{ChunkPlace, chunk_data};
use super::directory::Directory;
use crate::media::fault::MediaFault;
use crate::media::jpeg::{self, is_rgb_in_tiff};
use crate::media::pixels::MAX_DECODER_BYTES;
use docmill_pixels::jpeg::{ColorTransform, Decoder, PixelFormat};
use tiff::tags::PhotometricInterpretation;

/// The samples of a strip or tile, as wide and high as is stored there. YCbCr becomes RGB.
///
/// # Errors
/// Data that is cut short, damaged, or of a kind that is not supported.
pub(crate) fn decode_jpeg_chunk(
    bytes: &[u8],
    directory: &Directory,
    data: &[u8],
    place: &ChunkPlace,
    samples: usize,
) -> Result<Vec<u8>, MediaFault> {
    let joined = join_tables(bytes, directory, data)?;
    jpeg::check_complete(&joined)?;
    jpeg::decode::install(|| decode(directory, &joined, place, samples))
}

/// Whether the first strip or tile has other colours than the tags state. `false`: it can't be read.
pub(crate) fn contradicts_tags(bytes: &[u8], directory: &Directory) -> bool {
    let first = chunk_data(bytes, directory).first().copied().flatten();
    let joined = first.and_then(|data| join_tables(bytes, directory, data).ok());
    let is_tagged_rgb = is_tagged_rgb(directory);
    directory.samples_per_pixel == 3
        && !directory.is_planar
        && joined.is_some_and(|joined| is_rgb_in_tiff(&joined, is_tagged_rgb) != is_tagged_rgb)
}

/// Whether the tags state that three channels are not YCbCr.
fn is_tagged_rgb(directory: &Directory) -> bool {
    directory.photometric != Some(PhotometricInterpretation::YCbCr.to_u16().into())
}

/// The data as a separate file: the tables that chunks share, without their end, and the data without its start.
fn join_tables(bytes: &[u8], directory: &Directory, data: &[u8]) -> Result<Vec<u8>, MediaFault> {
    let data = data.strip_prefix(b"\xFF\xD8").ok_or_else(|| MediaFault::damaged("a strip or tile is not a JPEG"))?;
    let tables = match directory.jpeg_tables {
        Some(entry) => entry.raw(bytes).ok_or_else(MediaFault::cut_short)?,
        None => b"\xFF\xD8",
    };
    Ok([tables.strip_suffix(b"\xFF\xD9").unwrap_or(tables), data].concat())
}

fn decode(directory: &Directory, joined: &[u8], place: &ChunkPlace, samples: usize) -> Result<Vec<u8>, MediaFault> {
    let fault = |error: docmill_pixels::jpeg::Error| MediaFault::from_decoder_message(&error.to_string());
    let mut decoder = Decoder::new(joined);
    decoder.set_max_decoding_buffer_size(usize::try_from(MAX_DECODER_BYTES).unwrap_or(usize::MAX));
    decoder.read_info().map_err(fault)?;
    let info = decoder.info().ok_or_else(|| MediaFault::damaged("a strip or tile has no picture"))?;
    let (width, height) = (usize::from(info.width), usize::from(info.height));
    let (needed_width, stored_height) = (place.width as usize, place.height as usize);
    let (channels, is_inverted) = match info.pixel_format {
        PixelFormat::L8 => (1, false),
        PixelFormat::RGB24 => (3, false),
        PixelFormat::CMYK32 => (4, true),
        PixelFormat::L16 => return Err(MediaFault::unsupported("TIFF with JPEG of 16 bits per sample")),
    };
    // A tile at the border may hold only the visible part.
    if channels != samples || width < needed_width || height < place.shown.1 as usize {
        return Err(MediaFault::damaged("a strip or tile differs in size from what its page states"));
    }
    decoder.set_color_transform(match channels {
        1 => ColorTransform::Grayscale,
        3 if is_rgb_in_tiff(joined, is_tagged_rgb(directory)) => ColorTransform::RGB,
        3 => ColorTransform::YCbCr,
        _ => ColorTransform::CMYK,
    });
    let mut decoded = decoder.decode().map_err(fault)?;
    if decoded.len() != width * height * channels {
        return Err(MediaFault::damaged("a strip or tile has too few pixels"));
    }
    if is_inverted {
        // The decoder inverts inks, as programs that don't know TIFF store them.
        decoded.iter_mut().for_each(|value| *value = 255 - *value);
    }
    if (width, height) == (needed_width, stored_height) {
        return Ok(decoded);
    }
    let rows = decoded.chunks_exact(width * channels).take(stored_height);
    let mut cropped: Vec<u8> = rows.flat_map(|row| &row[..needed_width * channels]).copied().collect();
    cropped.resize(needed_width * stored_height * channels, 0);
    Ok(cropped)
}
