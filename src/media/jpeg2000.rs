//! JPEG 2000.

use super::fault::MediaFault;
use super::pixels::{Pixels, blend_over_white, cmyk_to_rgb};
use hayro_jpeg2000::{DecodeError, DecodeSettings, DecoderContext, Image};

/// Width and height in pixels.
///
/// # Errors
/// A damaged header.
pub(crate) fn read_size(bytes: &[u8]) -> Result<(u32, u32), MediaFault> {
    let image = Image::new(bytes, &DecodeSettings::default()).map_err(|error| fault(&error))?;
    Ok((image.width(), image.height()))
}

/// Decodes the smallest of the resolutions in the file that is not below `target` (width,
/// height); each is half of the next.
///
/// # Errors
/// A damaged file.
pub(crate) fn decode(bytes: &[u8], target: (u32, u32)) -> Result<Pixels, MediaFault> {
    let settings = DecodeSettings { target_resolution: Some(target), ..DecodeSettings::default() };
    let image = Image::new(bytes, &settings).map_err(|error| fault(&error))?;
    let (width, height, has_alpha) = (image.width(), image.height(), image.has_alpha());
    let mut context = DecoderContext::default();
    let data = image.decode(&mut context).map_err(|error| fault(&error))?.data_u8();
    let samples_per_pixel = data.len() / (width as usize * height as usize).max(1);
    let (channels, data) = match (samples_per_pixel, has_alpha) {
        (1, _) => (1, data),
        (2, true) => (1, blend_over_white(&data, 2)),
        (3, _) => (3, data),
        (4, true) => (3, blend_over_white(&data, 4)),
        (4, false) => (3, cmyk_to_rgb(&data)),
        _ => return Err(MediaFault::damaged("the picture has an unusual number of channels")),
    };
    if data.len() == width as usize * height as usize * usize::from(channels) {
        Ok(Pixels { width, height, channels, data })
    } else {
        Err(MediaFault::damaged("the picture has too few pixels"))
    }
}

fn fault(error: &DecodeError) -> MediaFault {
    MediaFault::from_decoder_message(&error.to_string())
}
