//! Pages that earlier versions of docmill decoded differently.

use super::directory::Directory;
use super::jpeg_chunk::contradicts_tags;
use super::predictor::has_predictor;
use super::raster::depends_on_guessed_alpha;
use crate::base::decoder_version::{FAX_PALETTE_VERSION, FULL_DRAWING_VERSION, GUESSED_COLORS_VERSION};
use crate::media::fault::MediaFault;
use tiff::tags::{CompressionMethod, PhotometricInterpretation};

/// Why the decoder of the version `earlier` showed another picture of a page than this one, as a lower-case
/// fragment. `None`: it showed the same, or none.
///
/// # Errors
/// A page that can't be decoded.
pub(crate) fn find_change(
    bytes: &[u8],
    directory: &Directory,
    earlier: u32,
) -> Result<Option<&'static str>, MediaFault> {
    let is_fax =
        directory.is_compressed_with(&[CompressionMethod::Huffman, CompressionMethod::Fax3, CompressionMethod::Fax4]);
    let is_jpeg = directory.is_compressed_with(&[CompressionMethod::ModernJPEG]);
    let is = |kind: PhotometricInterpretation| directory.photometric == Some(kind.to_u16().into());
    let by_tags = if earlier < FULL_DRAWING_VERSION { find_change_by_tags(directory, is_fax) } else { None };
    Ok(if by_tags.is_some() {
        by_tags
    } else if earlier < FAX_PALETTE_VERSION && is_fax && is(PhotometricInterpretation::RGBPalette) {
        Some("its palette was not used")
    } else if earlier < GUESSED_COLORS_VERSION && is_jpeg && contradicts_tags(bytes, directory) {
        Some("it has the colours of its JPEG now")
    } else if earlier < GUESSED_COLORS_VERSION && depends_on_guessed_alpha(bytes, directory)? {
        Some("transparent parts of it were not white")
    } else {
        None
    })
}

/// The changes of the version [`FULL_DRAWING_VERSION`].
fn find_change_by_tags(directory: &Directory, is_fax: bool) -> Option<&'static str> {
    let is = |kind: PhotometricInterpretation| directory.photometric == Some(kind.to_u16().into());
    let is_grey = is(PhotometricInterpretation::WhiteIsZero) || is(PhotometricInterpretation::BlackIsZero);
    let has_alpha = directory.samples_per_pixel > 1 && matches!(directory.extra_samples.first(), Some(1 | 2));
    let has_other_palette = directory.bits_per_sample > 8 || directory.samples_per_pixel > 1;
    let uses_other_bits = directory.fill_order == 2 && !is_fax;
    if matches!(directory.predictor, 2 | 3) && !has_predictor(directory) {
        Some("a predictor that means nothing was applied to it")
    } else if is_grey && has_alpha {
        Some("transparent parts of it were not white")
    } else if is(PhotometricInterpretation::RGBPalette) && has_other_palette {
        Some("its palette was not used")
    } else if uses_other_bits && directory.is_compressed_with(&[CompressionMethod::None]) {
        Some("the order of its bits was ignored")
    } else {
        None
    }
}
