//! Fax pages of a TIFF (compressions 2, 3 and 4).

use super::chunks::{ChunkGrid, chunk_data};
use super::directory::Directory;
use crate::media::fault::MediaFault;
use crate::media::fax::{Fax, PackedRows, has_line_ends, reverse_bits};
use crate::media::pixels::Pixels;
use hayro_ccitt::{DecodeSettings, EncodingMode};
use std::borrow::Cow;
use tiff::tags::{CompressionMethod, PhotometricInterpretation};

/// Whether [`decode_fax`] decodes the pages of this directory: in black and white, not in the colours of a palette.
pub(crate) fn is_fax(directory: &Directory) -> bool {
    let fax = [CompressionMethod::Huffman, CompressionMethod::Fax3, CompressionMethod::Fax4];
    let is_bilevel = (directory.bits_per_sample, directory.samples_per_pixel) == (1, 1);
    let has_palette = directory.photometric == Some(PhotometricInterpretation::RGBPalette.to_u16().into());
    !directory.is_tiled && is_bilevel && !has_palette && directory.is_compressed_with(&fax)
}

/// Decodes a fax page at `target` (width, height), or at its own size where that is smaller.
///
/// # Errors
/// A page that is cut short or damaged.
pub(crate) fn decode_fax(bytes: &[u8], directory: &Directory, target: (u32, u32)) -> Result<Pixels, MediaFault> {
    let data = chunk_data(bytes, directory);
    let mut strips = Vec::new();
    for place in ChunkGrid::new(directory)?.places() {
        let strip = data.get(place.index).copied().flatten().ok_or_else(MediaFault::cut_short)?;
        strips.push((order_bits(directory, strip), place.height));
    }
    let first = strips.first().map(|(data, _)| &**data).unwrap_or_default();
    let settings = settings(directory, directory.width, first);
    let is_inverted = directory.photometric == Some(PhotometricInterpretation::BlackIsZero.to_u16().into());
    let strips = strips.iter().map(|(data, rows)| (&**data, *rows)).collect();
    // libtiff warns of a single row that is missing.
    Fax { settings, strips, is_inverted, height: directory.height, max_missing_rows: 0 }.decode(target)
}

/// The bits of a tile, in rows of whole bytes.
///
/// # Errors
/// A tile that is cut short.
pub(crate) fn unpack_fax(directory: &Directory, data: &[u8], width: u32, height: u32) -> Result<Vec<u8>, MediaFault> {
    let data = order_bits(directory, data);
    PackedRows::decode(&data, DecodeSettings { rows: height, ..settings(directory, width, &data) })
}

fn order_bits<'a>(directory: &Directory, data: &'a [u8]) -> Cow<'a, [u8]> {
    if directory.fill_order == 2 { Cow::Owned(reverse_bits(data)) } else { Cow::Borrowed(data) }
}

fn settings(directory: &Directory, width: u32, data: &[u8]) -> DecodeSettings {
    let is_method = |method: CompressionMethod| directory.is_compressed_with(&[method]);
    let encoding = if is_method(CompressionMethod::Fax4) {
        EncodingMode::Group4
    } else if is_method(CompressionMethod::Fax3) && directory.fax_options & 1 == 1 {
        EncodingMode::Group3_2D
    } else {
        EncodingMode::Group3_1D
    };
    let mut settings = Fax::default_settings(encoding, width);
    // Compression 2 is Group 3 without line ends, and with every row on its own byte.
    settings.rows_are_byte_aligned = is_method(CompressionMethod::Huffman);
    // With line ends, a bad line costs only itself, even before the first of them.
    settings.end_of_line = is_method(CompressionMethod::Fax3) && has_line_ends(data);
    settings
}
