//! What headers say of a page, before anything is decoded.

use super::decode::jpeg_2000_size;
use super::fault::{MediaFault, MediaFaultKind};
use super::jpeg;
use super::kind::Format;
use image::metadata::Orientation;
use image::{ColorType, ImageDecoder, ImageReader};
use std::io::Cursor;

/// Most pixels of a page: 200 megapixels is A0 at 300 dpi, and 600 MB as RGB.
const MOST_PIXELS: u64 = 200_000_000;

/// What is known of a page before it is decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Probe {
    /// The format.
    pub format: Format,
    /// Pixels across, as stored; of what has none, at 300 a inch.
    pub width: u32,
    /// Pixels down, as stored.
    pub height: u32,
    /// What turns the stored picture upright.
    pub orientation: Orientation,
    /// Whether a viewer shows the stored bytes as we would: 8 bits or fewer, grey or
    /// RGB, opaque.
    pub is_plain: bool,
}

impl Probe {
    /// Width and height of the upright picture.
    #[must_use]
    pub fn upright_size(&self) -> (u32, u32) {
        Self::turned((self.width, self.height), self.orientation)
    }

    /// The same, when it is a size that is read.
    pub(crate) fn within_bounds(self) -> Result<Self, MediaFault> {
        let pixels = u64::from(self.width) * u64::from(self.height);
        if pixels == 0 {
            return Err(MediaFault::new(MediaFaultKind::Damaged, "the picture has no pixels"));
        }
        if pixels > MOST_PIXELS {
            let message =
                format!("{} x {} pixels are more than {} million", self.width, self.height, MOST_PIXELS / 1_000_000);
            return Err(MediaFault::new(MediaFaultKind::TooLarge, message));
        }
        Ok(self)
    }

    /// `size` after turning by `orientation`; the same the other way round.
    #[must_use]
    pub fn turned((width, height): (u32, u32), orientation: Orientation) -> (u32, u32) {
        use Orientation::{Rotate90, Rotate90FlipH, Rotate270, Rotate270FlipH};
        match orientation {
            Rotate90 | Rotate270 | Rotate90FlipH | Rotate270FlipH => (height, width),
            _ => (width, height),
        }
    }
}

/// Reads the headers of a file that holds one picture, and whether the file is whole as
/// far as its structure tells.
///
/// # Errors
/// A file that is no image, is not read, is cut short, damaged, or larger than the bounds.
pub fn probe(bytes: &[u8]) -> Result<Probe, MediaFault> {
    let format = Format::of(bytes)?;
    let found = match format {
        Format::Jpeg => {
            let header = jpeg::header(bytes)?;
            Probe {
                format,
                width: header.width,
                height: header.height,
                orientation: header.orientation,
                is_plain: matches!(header.components, 1 | 3),
            }
        }
        Format::Jpeg2000 => {
            let (width, height) = jpeg_2000_size(bytes)?;
            Probe { format, width, height, orientation: Orientation::NoTransforms, is_plain: false }
        }
        _ => by_decoder(bytes, format)?,
    };
    if !is_whole(bytes, format) {
        return Err(MediaFault::new(MediaFaultKind::CutShort, "the file is cut short or damaged"));
    }
    found.within_bounds()
}

fn by_decoder(bytes: &[u8], format: Format) -> Result<Probe, MediaFault> {
    let Some(known) = format.of_image_crate() else {
        return Err(MediaFault::new(MediaFaultKind::UnsupportedFormat, "a document of pages, not a picture"));
    };
    let reader = ImageReader::with_format(Cursor::new(bytes), known);
    let mut decoder = reader.into_decoder().map_err(|error| MediaFault::from_image(&error))?;
    let (width, height) = decoder.dimensions();
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let is_plain = matches!(decoder.color_type(), ColorType::L8 | ColorType::Rgb8);
    Ok(Probe { format, width, height, orientation, is_plain })
}

/// What the structure tells of the file's end. Formats that are always decoded are
/// told by their decoder.
fn is_whole(bytes: &[u8], format: Format) -> bool {
    match format {
        Format::Png => png_is_whole(bytes),
        Format::WebP => {
            let size = bytes.get(4..8).and_then(|b| b.try_into().ok()).map(u32::from_le_bytes);
            size.is_some_and(|size| u64::from(size) + 8 <= bytes.len() as u64)
        }
        _ => true,
    }
}

/// Whether every chunk up to the last has the checksum that it says: a flipped bit in a
/// file that is sent as it is would be paid for.
fn png_is_whole(bytes: &[u8]) -> bool {
    let mut at = 8_usize;
    while let Some(head) = bytes.get(at..at.saturating_add(8)) {
        let length = u32::from_be_bytes([head[0], head[1], head[2], head[3]]) as usize;
        let (from, to) = (at + 4, at.saturating_add(8).saturating_add(length));
        let Some(sum) = bytes.get(to..to.saturating_add(4)) else { return false };
        let is_right = bytes.get(from..to).is_some_and(|chunk| crc32fast::hash(chunk).to_be_bytes() == sum);
        if !is_right || &head[4..] == b"IEND" {
            return is_right;
        }
        at = to + 4;
    }
    false
}
