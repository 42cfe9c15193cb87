//! Size, orientation and picture of JPEG 2000.

use super::boxes::Boxes;
use super::codestream::Codestream;
use super::completeness::check_complete;
use crate::media::exif;
use crate::media::fault::MediaFault;
use crate::media::pixels::{Pixels, blend_over_white, cmyk_to_rgb};
use hayro_jpeg2000::error::MarkerError;
use hayro_jpeg2000::{DecodeError, DecodeSettings, DecoderContext, Image};
use image::metadata::Orientation;

/// The ids of boxes with Exif data: that of ExifTool, and that of Adobe.
const EXIF_BOX: &[u8] = b"JpgTiffExif->JP2";
const ADOBE_EXIF_BOX: &[u8] = b"\x05\x37\xCD\xAB\x9D\x0C\x44\x31\xA7\x2A\xFA\x56\x1F\x2A\x11\x3E";

/// What a file states of its picture.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Header {
    /// Width and height in pixels.
    pub(crate) size: (u32, u32),
    /// Samples a pixel, without opacity.
    pub(crate) channels: u32,
}

/// Reads the header of a file.
///
/// # Errors
/// A damaged header.
pub(crate) fn read_header(bytes: &[u8]) -> Result<Header, MediaFault> {
    let image = Image::new(bytes, &DecodeSettings::default()).map_err(|error| {
        let is_cut = Codestream::find(bytes).is_some_and(|data| Codestream::read(data).is_none());
        // Additions of later parts of the standard have unknown markers.
        if is_cut && error != DecodeError::Marker(MarkerError::Unsupported) {
            MediaFault::cut_short()
        } else {
            fault(&error)
        }
    })?;
    Ok(Header { size: (image.width(), image.height()), channels: image.color_space().num_channels().into() })
}

/// The orientation in the box with Exif data, if there is one. Source: ITU-T T.800, annex I.
pub(crate) fn read_orientation(bytes: &[u8]) -> Option<Orientation> {
    read_orientation_in(bytes, &[EXIF_BOX, ADOBE_EXIF_BOX])
}

/// The same without the box of Adobe, which versions of the decoder before 10 did not read.
pub(crate) fn read_earlier_orientation(bytes: &[u8]) -> Option<Orientation> {
    read_orientation_in(bytes, &[EXIF_BOX])
}

fn read_orientation_in(bytes: &[u8], ids: &[&[u8]]) -> Option<Orientation> {
    Boxes::parse(bytes).filter(|found| found.kind == *b"uuid" && found.is_whole).find_map(|found| {
        let data = ids.iter().find_map(|id| found.content.strip_prefix(*id))?;
        exif::read_orientation(data)
    })
}

/// Decodes the smallest of the resolutions in the file that is not below `target` (width,
/// height); each is half of the next.
///
/// # Errors
/// A file that is cut short or damaged.
pub(crate) fn decode(bytes: &[u8], target: (u32, u32)) -> Result<Pixels, MediaFault> {
    check_complete(bytes)?;
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
    match error {
        DecodeError::Marker(MarkerError::Unsupported) => {
            MediaFault::unsupported("JPEG 2000 with a marker of a later part, such as HTJ2K,")
        }
        error => MediaFault::from_decoder_message(&error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orientations() {
        let exif = &b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"[..];
        let file = |head: &[u8], content: &[u8]| [b"\0\0\0\x0cjP  \r\n\x87\n", head, EXIF_BOX, content].concat();
        let length = (8 + 16 + exif.len()) as u8;
        for (bytes, found) in [
            (file(&[0, 0, 0, length, b'u', b'u', b'i', b'd'], exif), Some(Orientation::Rotate90)),
            (file(b"\0\0\0\0uuid", exif), Some(Orientation::Rotate90)),
            (
                file(&[0, 0, 0, 1, b'u', b'u', b'i', b'd', 0, 0, 0, 0, 0, 0, 0, length + 8], exif),
                Some(Orientation::Rotate90),
            ),
            (file(&[0, 0, 0, length + 1, b'u', b'u', b'i', b'd'], exif), None),
            (file(&[0, 0, 0, length, b'x', b'm', b'l', b' '], exif), None),
            (file(&[0, 0, 0, 2, b'u', b'u', b'i', b'd'], exif), None),
            (file(b"\0\0\0\x01uuid\xff\xff\xff\xff\xff\xff\xff\xff", exif), None),
        ] {
            assert_eq!(read_orientation(&bytes), found, "{bytes:x?}");
            let of_adobe: Vec<u8> = match bytes.windows(EXIF_BOX.len()).position(|id| id == EXIF_BOX) {
                Some(at) => [&bytes[..at], ADOBE_EXIF_BOX, &bytes[at + EXIF_BOX.len()..]].concat(),
                None => bytes.clone(),
            };
            assert_eq!((read_orientation(&of_adobe), read_earlier_orientation(&of_adobe)), (found, None));
        }
    }
}
