//! Size, orientation and completeness of a picture, from its headers.

use super::fault::{MediaFault, MediaFaultKind};
use super::kind::ImageFormat;
use super::pixels::MAX_PIXELS;
use super::png_chunks::PngChunks;
use super::webp_chunks::{is_complete_webp, read_webp_orientation};
use super::{jpeg, jpeg2000};
use image::metadata::Orientation;
use image::{ColorType, ImageDecoder, ImageReader};
use std::io::Cursor;

/// The properties of a page that are known before it is decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Probe {
    /// The format of the file.
    pub format: ImageFormat,
    /// Width as stored, in pixels. A page without pixels has its size at 300 dpi.
    pub width: u32,
    /// Height as stored, in pixels.
    pub height: u32,
    /// The transformation that turns the stored picture upright.
    pub orientation: Orientation,
    /// Whether every viewer shows the file as docmill does: 8 bits a sample or fewer, grey or
    /// RGB, opaque.
    pub is_plain: bool,
}

impl Probe {
    /// Width and height of the upright picture.
    #[must_use]
    pub fn upright_size(&self) -> (u32, u32) {
        Self::turn_size((self.width, self.height), self.orientation)
    }

    /// Checks the size of the picture.
    ///
    /// # Errors
    /// A picture without pixels, or with too many.
    pub(crate) fn check_size(self) -> Result<Self, MediaFault> {
        let pixels = u64::from(self.width) * u64::from(self.height);
        if pixels == 0 {
            return Err(MediaFault::damaged("the picture has no pixels"));
        }
        if pixels > MAX_PIXELS {
            let (width, height, max) = (self.width, self.height, MAX_PIXELS / 1_000_000);
            let message = format!("the picture has {width} x {height} pixels; the limit is {max} megapixels");
            return Err(MediaFault::new(MediaFaultKind::TooLarge, message));
        }
        Ok(self)
    }

    /// The size of a picture of this size after `orientation` is applied to it. Its own
    /// inverse.
    #[must_use]
    pub fn turn_size((width, height): (u32, u32), orientation: Orientation) -> (u32, u32) {
        use Orientation::{Rotate90, Rotate90FlipH, Rotate270, Rotate270FlipH};
        match orientation {
            Rotate90 | Rotate270 | Rotate90FlipH | Rotate270FlipH => (height, width),
            _ => (width, height),
        }
    }
}

/// Reads the headers of a file that holds one picture, and checks that the file is complete
/// as far as its structure shows.
///
/// # Errors
/// A file that is not an image, is not supported, incomplete, damaged or too large.
pub fn probe(bytes: &[u8]) -> Result<Probe, MediaFault> {
    let format = ImageFormat::detect(bytes)?;
    let found = match format {
        ImageFormat::Jpeg => {
            let header = jpeg::read_header(bytes)?;
            Probe {
                format,
                width: header.width,
                height: header.height,
                orientation: header.orientation,
                is_plain: matches!(header.components, 1 | 3),
            }
        }
        ImageFormat::Jpeg2000 => {
            let (width, height) = jpeg2000::read_header(bytes)?.size;
            let orientation = jpeg2000::read_orientation(bytes).unwrap_or(Orientation::NoTransforms);
            Probe { format, width, height, orientation, is_plain: false }
        }
        _ => probe_with_library(bytes, format)?,
    };
    let (is_complete, is_plain, orientation) = match format {
        ImageFormat::Png => {
            let chunks = PngChunks::read(bytes);
            (chunks.is_complete, !chunks.has_damaged_extra, chunks.orientation)
        }
        ImageFormat::WebP => (is_complete_webp(bytes), true, read_webp_orientation(bytes)),
        // Other formats are always decoded, which shows whether they are complete.
        _ => (true, true, None),
    };
    if !is_complete {
        return Err(MediaFault::new(MediaFaultKind::CutShort, "the file is cut short or damaged"));
    }
    let found =
        Probe { orientation: orientation.unwrap_or(found.orientation), is_plain: found.is_plain && is_plain, ..found };
    found.check_size()
}

fn probe_with_library(bytes: &[u8], format: ImageFormat) -> Result<Probe, MediaFault> {
    let Some(known) = format.to_image_library() else {
        return Err(MediaFault::new(MediaFaultKind::UnsupportedFormat, "a document of pages, not a picture"));
    };
    let reader = ImageReader::with_format(Cursor::new(bytes), known);
    let decoder = reader.into_decoder().map_err(|error| MediaFault::from_image_error(&error))?;
    let (width, height) = decoder.dimensions();
    let is_plain = matches!(decoder.color_type(), ColorType::L8 | ColorType::Rgb8);
    Ok(Probe { format, width, height, orientation: Orientation::NoTransforms, is_plain })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_limited() {
        for (width, height, kind) in [
            (0, 10, Some(MediaFaultKind::Damaged)),
            (10, 0, Some(MediaFaultKind::Damaged)),
            (1, 1, None),
            (20_000, 10_000, None),
            (20_001, 10_000, Some(MediaFaultKind::TooLarge)),
            (u32::MAX, u32::MAX, Some(MediaFaultKind::TooLarge)),
        ] {
            let orientation = Orientation::NoTransforms;
            let probe = Probe { format: ImageFormat::Png, width, height, orientation, is_plain: true };
            assert_eq!(probe.check_size().err().map(|fault| fault.kind), kind, "{width} x {height}");
        }
    }

    #[test]
    fn turning_a_size_twice_gives_it_back() {
        for exif in 1..=8 {
            let orientation = Orientation::from_exif(exif).unwrap();
            let turned = Probe::turn_size((3, 2), orientation);
            assert_eq!(turned, if exif >= 5 { (2, 3) } else { (3, 2) }, "orientation {exif}");
            assert_eq!(Probe::turn_size(turned, orientation), (3, 2));
        }
    }
}
