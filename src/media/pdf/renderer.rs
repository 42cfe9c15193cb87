//! Which renderer draws a page: hayro, which is part of this program, or an installed `pdftoppm`.

use super::drawing::{BUILT_IN, Drawing, Manner, draw};
use super::losses::{Losses, incomplete};
use super::poppler::{Pdftoppm, PopplerPage};
use crate::media::fault::MediaFault;
use crate::media::pixels::Pixels;
use bytes::Bytes;
use hayro::hayro_syntax::page::{Page, Rotation};
use hayro::kurbo::Rect;
use serde::{Deserialize, Serialize};

/// The difference of tones below which an area is of one colour, of 255.
const ONE_TONE: u8 = 12;

/// The renderers that may draw the pages of a PDF.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PdfRenderers {
    /// The installed `pdftoppm`, if it may be used.
    pub pdftoppm: Option<Pdftoppm>,
    /// Whether it draws every page, not only those of which the built-in renderer loses something.
    pub is_preferred: bool,
}

impl PdfRenderers {
    /// Draws a page (from 1) of the PDF `bytes` upright at this size.
    ///
    /// # Errors
    /// A page that is too large, or of which every renderer loses something.
    pub(crate) fn draw(
        &self,
        bytes: &Bytes,
        number: u32,
        page: &Page<'_>,
        size: (u32, u32),
    ) -> Result<(Pixels, String), MediaFault> {
        let own = draw(page, size, Manner::Full)?;
        match &self.pdftoppm {
            Some(program) if self.is_preferred || !own.losses.is_empty() => {
                self.draw_with(program, bytes, number, page, size, own)
            }
            _ if own.losses.is_empty() => Ok((own.pixels, BUILT_IN.to_owned())),
            _ => Err(own.losses.to_fault()),
        }
    }

    fn draw_with(
        &self,
        program: &Pdftoppm,
        bytes: &Bytes,
        number: u32,
        page: &Page<'_>,
        size: (u32, u32),
        own: Drawing,
    ) -> Result<(Pixels, String), MediaFault> {
        let is_turned = matches!(page.rotation(), Rotation::Horizontal | Rotation::FlippedHorizontal);
        let lost = match program.draw(bytes, number, size, is_turned) {
            Ok(PopplerPage { pixels, complaint: None }) => match find_still_lost(&pixels, &own.losses) {
                None => return Ok((pixels, program.name())),
                Some(lost) => lost,
            },
            Ok(PopplerPage { complaint: Some(complaint), .. }) => complaint,
            Err(reason) => reason,
        };
        // What the other renderer has drawn completely is not lost.
        if own.losses.is_empty() {
            return Ok((own.pixels, BUILT_IN.to_owned()));
        }
        Err(incomplete(&format!("{}; pdftoppm: {lost}", own.losses.describe())))
    }
}

/// What the other renderer's picture does not show, either: the places of what was lost are of one
/// colour. It does not report everything that it can't draw.
fn find_still_lost(pixels: &Pixels, losses: &Losses) -> Option<String> {
    if losses.is_empty() {
        return None;
    }
    if losses.has_more_images() {
        return Some("too many images to be looked at".to_owned());
    }
    let whole = [Rect::new(0.0, 0.0, f64::from(pixels.width), f64::from(pixels.height))];
    let regions = losses.regions().unwrap_or(&whole);
    let is_empty = |region: &Rect| is_one_tone(pixels, *region);
    let is_lost = if losses.has_image() { regions.iter().any(is_empty) } else { regions.iter().all(is_empty) };
    is_lost.then(|| "nothing is drawn there".to_owned())
}

/// Whether an area of a picture is of one colour.
fn is_one_tone(pixels: &Pixels, region: Rect) -> bool {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the picture")]
    let clamp = |place: f64, max: u32| place.clamp(0.0, f64::from(max)) as usize;
    let (left, right) = (clamp(region.x0.floor(), pixels.width), clamp(region.x1.ceil(), pixels.width));
    let (top, bottom) = (clamp(region.y0.floor(), pixels.height), clamp(region.y1.ceil(), pixels.height));
    let channels = usize::from(pixels.channels);
    let row = pixels.width as usize * channels;
    let mut range = vec![(255_u8, 0_u8); channels];
    for y in top..bottom {
        let Some(line) = pixels.data.get(y * row + left * channels..y * row + right * channels) else { continue };
        for pixel in line.chunks_exact(channels) {
            for (range, value) in range.iter_mut().zip(pixel) {
                *range = (range.0.min(*value), range.1.max(*value));
            }
        }
    }
    range.iter().all(|(low, high)| high.saturating_sub(*low) < ONE_TONE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::pdf::losses::Lost;

    #[test]
    fn a_place_without_ink_is_still_lost() {
        let mut data = vec![255; 100];
        data[55] = 0;
        let pixels = Pixels { width: 10, height: 10, channels: 1, data };
        let losses = |lost: Lost, regions: &[Rect]| {
            let mut losses = Losses::default();
            regions.iter().for_each(|region| losses.add(lost.clone(), Some(*region)));
            losses
        };
        let (ink, paper) = (Rect::new(4.0, 4.0, 7.0, 7.0), Rect::new(0.0, 0.0, 3.0, 3.0));
        let (image, glyph) = (Lost::Image(String::new()), Lost::Glyphs(String::new()));
        for (losses, is_lost) in [
            (losses(image.clone(), &[ink]), false),
            (losses(image.clone(), &[ink, paper]), true),
            (losses(glyph.clone(), &[ink, paper]), false),
            (losses(glyph, &[paper]), true),
            (Losses::default(), false),
        ] {
            assert_eq!(find_still_lost(&pixels, &losses).is_some(), is_lost, "{losses:?}");
        }
        let mut unknown = losses(image, &[paper]);
        unknown.add(Lost::Font, None);
        assert_eq!(find_still_lost(&pixels, &unknown), None, "somewhere there is ink");
    }
}
