//! Files of one picture that earlier versions of docmill decoded otherwise.

use super::earlier::EarlierPicture;
use super::fault::MediaFault;
use super::kind::ImageFormat;
use super::probe::{Probe, check_complete};
use image::metadata::Orientation;
use image::{ImageDecoder, ImageReader};
use std::io::Cursor;

/// Compares the picture that `probe` describes with what earlier versions made of it.
///
/// # Errors
/// A picture that earlier versions took for complete, and is not.
pub(crate) fn compare_picture(bytes: &[u8], probe: &Probe) -> Result<EarlierPicture, MediaFault> {
    check_complete(bytes, probe)?;
    if earlier_orientation(bytes, probe.format) == probe.orientation {
        Ok(EarlierPicture::Same)
    } else {
        Ok(EarlierPicture::Different("its orientation was not read".to_owned()))
    }
}

/// The orientation as the library reads it, which earlier versions used.
fn earlier_orientation(bytes: &[u8], format: ImageFormat) -> Orientation {
    let decoder = format.to_image_library().map(|known| ImageReader::with_format(Cursor::new(bytes), known));
    let found = decoder.and_then(|reader| reader.into_decoder().ok()?.orientation().ok());
    found.unwrap_or(Orientation::NoTransforms)
}
