//! What versions of docmill before this one made of a page: whether their picture was incomplete,
//! or differs.

use super::decode::{check_complete, decode};
use super::fault::MediaFault;
use super::jpeg::had_other_colors;
use super::jpeg2000::read_earlier_orientation;
use super::kind::ImageFormat;
use super::pdf::drawing::Manner;
use super::pdf::pdf_file::PdfFile;
use super::pdf::renderer::PdfRenderers;
use super::pixels::Pixels;
use super::probe::Probe;
use crate::base::decoder_version::{
    BLENDED_GROUPS_VERSION, FULL_DRAWING_VERSION, JPEG_COLORS_VERSION, REPAIRED_PAGES_VERSION, UPDATED_OBJECTS_VERSION,
    USABLE_STREAMS_VERSION,
};
use image::metadata::Orientation;
use image::{ImageDecoder, ImageReader};
use serde::{Deserialize, Serialize};
use std::io::Cursor;

/// Fields across and down in which two pictures are compared.
const FIELDS: usize = 48;
/// Difference of the mean tones of a field that is noticed, of 255.
const NOTICED: u32 = 6;
/// Fields that differ without being noticed: edges that fall on other pixels.
const MAX_FIELDS: usize = 2;

/// What an earlier version of docmill made of a page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum EarlierPicture {
    /// The same picture, as far as a reader notices.
    Same,
    /// A picture that lacked something: what.
    Incomplete(String),
    /// Another picture: how it differs.
    Different(String),
}

impl EarlierPicture {
    /// Compares a file of one picture with what the decoder of the version `earlier` made of it: `probe`
    /// describes what this version makes of it.
    ///
    /// # Errors
    /// A picture that earlier versions took for complete, and is not.
    pub(crate) fn of_picture(bytes: &[u8], probe: &Probe, earlier: u32) -> Result<Self, MediaFault> {
        let has_fault = |_: &MediaFault| {
            // A wrong checksum alone does not change the picture.
            probe.format != ImageFormat::Png || decode(bytes, probe, (probe.width, probe.height)).is_err()
        };
        if let Some(fault) = check_complete(bytes, probe).err().filter(has_fault) {
            return Err(fault);
        }
        if earlier < JPEG_COLORS_VERSION && probe.format == ImageFormat::Jpeg && had_other_colors(bytes, None) {
            return Ok(Self::with_other_colors());
        }
        let before = match earlier {
            ..FULL_DRAWING_VERSION => earlier_orientation(bytes, probe.format),
            ..USABLE_STREAMS_VERSION if probe.format == ImageFormat::Jpeg2000 => {
                read_earlier_orientation(bytes).unwrap_or(Orientation::NoTransforms)
            }
            _ => return Ok(Self::Same),
        };
        Ok(match before == probe.orientation {
            true => Self::Same,
            false => Self::Different("its orientation was not read".to_owned()),
        })
    }

    fn with_other_colors() -> Self {
        Self::Different("it has the colours of its JPEG now".to_owned())
    }

    /// Draws a page of a PDF as the decoder of the version `earlier` did, and as this one does.
    ///
    /// # Errors
    /// A page that does not exist or is too large, and a scan that earlier versions took for complete, and
    /// is not.
    pub(crate) fn of_pdf(pdf: &PdfFile, page: u32, size: (u32, u32), earlier: u32) -> Result<Self, MediaFault> {
        if earlier < UPDATED_OBJECTS_VERSION && pdf.had_replaced_objects(page, size)? {
            return Ok(Self::Different("objects are drawn as the last change of the file has them".to_owned()));
        }
        if earlier < UPDATED_OBJECTS_VERSION && pdf.had_other_scan(page, size)? {
            return Ok(Self::Different("objects are found that were not found before".to_owned()));
        }
        if !pdf.is_drawn(page)? {
            pdf.decode(page, size, &PdfRenderers::default())?;
            let has_changed = earlier < JPEG_COLORS_VERSION && pdf.had_other_colors(page)?;
            return Ok(if has_changed { Self::with_other_colors() } else { Self::Same });
        }
        let now = pdf.draw(page, size)?;
        if now.losses.is_empty() && pdf.has_other_annotations(page, earlier)? {
            return Ok(Self::Different("annotations are drawn otherwise now".to_owned()));
        }
        if earlier >= BLENDED_GROUPS_VERSION {
            if !now.losses.is_empty() {
                return Ok(Self::Incomplete(now.losses.describe()));
            }
            let before = pdf.draw_as(earlier, page, size)?;
            // A single letter counts.
            let different = before.filter(|(before, _)| before.pixels.data != now.pixels.data);
            return Ok(different.map_or(Self::Same, |(_, effect)| Self::Different(effect.to_owned())));
        }
        let (earlier, reason) = if earlier >= REPAIRED_PAGES_VERSION {
            (pdf.draw_groups_apart(page, size)?, "transparency groups blend with the page now")
        } else {
            let manner = if earlier >= FULL_DRAWING_VERSION { Manner::Full } else { Manner::Plain };
            let reason = match pdf.is_corrected() {
                true => "form fields show their values now, or the page has another size",
                false => "other fonts are used now, or transparency groups blend with the page",
            };
            (pdf.draw_uncorrected(page, size, manner)?, reason)
        };
        // The picture of today shows what groups drawn apart have hidden.
        let lost = if earlier.losses.are_only_groups() { &now.losses } else { &earlier.losses };
        if !lost.is_empty() {
            return Ok(Self::Incomplete(lost.describe()));
        }
        Ok(match differs(&earlier.pixels, &now.pixels) {
            true => Self::Different(reason.to_owned()),
            false => Self::Same,
        })
    }
}

/// The orientation as the library reads it, which earlier versions used.
fn earlier_orientation(bytes: &[u8], format: ImageFormat) -> Orientation {
    let decoder = format.to_image_library().map(|known| ImageReader::with_format(Cursor::new(bytes), known));
    let found = decoder.and_then(|reader| reader.into_decoder().ok()?.orientation().ok());
    found.unwrap_or(Orientation::NoTransforms)
}

/// Whether two pictures of one size differ so that a reader notices.
fn differs(a: &Pixels, b: &Pixels) -> bool {
    let (a, b) = (mean_tones(a), mean_tones(b));
    a.iter().zip(&b).filter(|(a, b)| a.abs_diff(**b) > NOTICED).count() > MAX_FIELDS
}

/// The mean tone of each field.
fn mean_tones(pixels: &Pixels) -> Vec<u32> {
    let (width, height) = (pixels.width as usize, pixels.height as usize);
    let channels = usize::from(pixels.channels);
    let mut sums = vec![(0_u64, 0_u64); FIELDS * FIELDS];
    for (at, pixel) in pixels.data.chunks_exact(channels).enumerate() {
        let (x, y) = (at % width, at / width);
        let field = &mut sums[(y * FIELDS / height).min(FIELDS - 1) * FIELDS + x * FIELDS / width];
        let tone = pixel.iter().map(|value| u64::from(*value)).sum::<u64>() / channels as u64;
        *field = (field.0 + tone, field.1 + 1);
    }
    sums.into_iter().map(|(sum, count)| u32::try_from(sum / count.max(1)).unwrap_or(255)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_print_is_noticed_and_an_edge_is_not() {
        let page = |ink: &[(usize, u8)]| {
            let mut data = vec![255; 480 * 480];
            ink.iter().for_each(|(at, tone)| data[*at] = *tone);
            Pixels { width: 480, height: 480, channels: 1, data }
        };
        let line: Vec<_> = (0..2000).map(|at| (240 * 480 + (at / 100) * 480 + at % 100, 0)).collect();
        assert!(!differs(&page(&[]), &page(&[])));
        assert!(!differs(&page(&[]), &page(&[(5, 0), (700, 0)])));
        assert!(differs(&page(&[]), &page(&line)));
    }
}
