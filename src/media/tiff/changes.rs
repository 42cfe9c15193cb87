//! Pages that earlier versions of docmill decoded otherwise, by their tags.

use super::directory::Directory;
use super::predictor::has_predictor;
use tiff::tags::{CompressionMethod, PhotometricInterpretation};

/// Why earlier versions showed another picture of a page than this one, as a lower-case fragment.
/// `None`: they showed the same, or none.
pub(crate) fn find_change(directory: &Directory) -> Option<&'static str> {
    let is = |kind: PhotometricInterpretation| directory.photometric == Some(kind.to_u16().into());
    let is_grey = is(PhotometricInterpretation::WhiteIsZero) || is(PhotometricInterpretation::BlackIsZero);
    let has_alpha = directory.samples_per_pixel > 1 && matches!(directory.extra_samples.first(), Some(1 | 2));
    let fax = [CompressionMethod::Huffman, CompressionMethod::Fax3, CompressionMethod::Fax4];
    let uses_other_bits = directory.fill_order == 2 && !directory.is_compressed_with(&fax);
    if matches!(directory.predictor, 2 | 3) && !has_predictor(directory) {
        Some("a predictor that means nothing was applied to it")
    } else if is_grey && has_alpha {
        Some("transparent parts of it were not white")
    } else if is(PhotometricInterpretation::RGBPalette)
        && (directory.bits_per_sample > 8 || directory.samples_per_pixel > 1 || directory.is_compressed_with(&fax))
    {
        Some("its palette was not used")
    } else if uses_other_bits && directory.is_compressed_with(&[CompressionMethod::None]) {
        Some("the order of its bits was ignored")
    } else {
        None
    }
}
