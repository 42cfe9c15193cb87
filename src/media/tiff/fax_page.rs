//! Fax pages of a TIFF (compressions 2, 3 and 4).

use super::directory::Directory;
use crate::media::fault::MediaFault;
use crate::media::fax::{Fax, reverse_bits};
use crate::media::pixels::Pixels;
use hayro_ccitt::EncodingMode;
use tiff::tags::{CompressionMethod, PhotometricInterpretation};

/// Whether [`decode_fax`] decodes the pages of this directory.
pub(crate) fn is_fax(directory: &Directory) -> bool {
    let fax = [CompressionMethod::Huffman, CompressionMethod::Fax3, CompressionMethod::Fax4];
    !directory.is_tiled && fax.iter().any(|method| directory.compression == u64::from(method.to_u16()))
}

/// Decodes a fax page at `target` (width, height), or at its own size where that is smaller.
///
/// # Errors
/// A page that is cut short or damaged.
pub(crate) fn decode_fax(bytes: &[u8], directory: &Directory, target: (u32, u32)) -> Result<Pixels, MediaFault> {
    let is_method = |method: CompressionMethod| directory.compression == u64::from(method.to_u16());
    let (width, height) = (directory.width, directory.height);
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
    let per_strip = directory.rows_per_strip.clamp(1, height.max(1));
    let mut reversed = Vec::new();
    if directory.fill_order == 2 {
        reversed = directory
            .chunks(bytes)
            .map(|strip| strip.map(reverse_bits))
            .collect::<Option<Vec<_>>>()
            .ok_or_else(MediaFault::cut_short)?;
    }
    let mut strips = Vec::new();
    for (at, strip) in directory.chunks(bytes).enumerate() {
        let data = match reversed.get(at) {
            Some(reversed) => reversed.as_slice(),
            None => strip.ok_or_else(MediaFault::cut_short)?,
        };
        let before = per_strip.saturating_mul(u32::try_from(at).unwrap_or(u32::MAX));
        strips.push((data, per_strip.min(height.saturating_sub(before))));
    }
    let is_inverted = directory.photometric == u64::from(PhotometricInterpretation::BlackIsZero.to_u16());
    Fax { settings, strips, is_inverted, height }.decode(target)
}
