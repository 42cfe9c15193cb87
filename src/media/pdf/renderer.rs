//! Which renderer draws a page: hayro, which is part of this program, or an installed `pdftoppm`.

use super::drawing::{BUILT_IN, Drawing, Manner, draw};
use super::losses::{PlaceKind, incomplete};
use super::poppler::{Pdftoppm, PopplerPage};
use crate::media::fault::MediaFault;
use crate::media::pixels::Pixels;
use bytes::Bytes;
use hayro::hayro_syntax::page::{Page, Rotation};
use hayro::kurbo::Rect;
use serde::{Deserialize, Serialize};

/// The difference of tones below which an area is of one colour, of 255.
const ONE_TONE: u8 = 12;
/// The part of the ink by which pictures of the same glyph differ at most: renderers smooth its edges
/// differently.
const SAME_GLYPH: f64 = 0.4;

/// The renderers that may draw the pages of a PDF.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PdfRenderers {
    /// The installed `pdftoppm`, if it may be used.
    pub pdftoppm: Option<Pdftoppm>,
    /// Whether it draws every page that the file holds completely, not only those with losses in the built-in renderer.
    pub is_preferred: bool,
}

impl PdfRenderers {
    /// Draws a page (from 1) of the PDF `bytes` upright at this size.
    ///
    /// # Errors
    /// A page that is too large, or has losses in every renderer.
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
                draw_with(program, bytes, number, page, size, own)
            }
            _ if own.losses.is_empty() => Ok((own.pixels, BUILT_IN.to_owned())),
            _ => Err(own.losses.to_fault()),
        }
    }

    /// Draws a page whose scanned image this program can't decode with the other renderer. `None`: there is
    /// none, or it is not proven to draw all of the image.
    pub(crate) fn draw_scan(
        &self,
        bytes: &Bytes,
        number: u32,
        page: &Page<'_>,
        size: (u32, u32),
    ) -> Option<(Pixels, String)> {
        let program = self.pdftoppm.as_ref()?;
        let own = draw(page, size, Manner::Full).ok().filter(|own| !own.losses.is_empty())?;
        draw_with(program, bytes, number, page, size, own).ok()
    }
}

fn draw_with(
    program: &Pdftoppm,
    bytes: &Bytes,
    number: u32,
    page: &Page<'_>,
    size: (u32, u32),
    own: Drawing,
) -> Result<(Pixels, String), MediaFault> {
    // Poppler draws white, grey or boxes where the file ends early, without a message.
    if !own.losses.may_be_drawn_elsewhere() {
        return Err(own.losses.to_fault());
    }
    let is_turned = matches!(page.rotation(), Rotation::Horizontal | Rotation::FlippedHorizontal);
    let lost = match program.draw(bytes, number, size, is_turned) {
        Ok(PopplerPage { pixels, complaint: None }) => match find_still_lost(&pixels, &own) {
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

/// What the other renderer's picture does not show: what was added to the page, such as the value of a form field, or
/// what was lost. Its places are of one colour, or show the placeholder. It does not report everything that it
/// can't draw.
fn find_still_lost(pixels: &Pixels, own: &Drawing) -> Option<String> {
    let is_left_out = |place: &Rect| !is_one_tone(&own.pixels, *place) && is_one_tone(pixels, *place);
    if own.added.iter().any(is_left_out) {
        return Some("a form field or an annotation is not drawn".to_owned());
    }
    let losses = &own.losses;
    if losses.is_empty() {
        return None;
    }
    if losses.has_more_images() {
        return Some("too many images to be looked at".to_owned());
    }
    let places = losses.places();
    let is_one_tone = |region: &Rect| is_one_tone(pixels, *region);
    let of_kind = |kind: PlaceKind| places.iter().filter(move |place| place.kind == kind).map(|place| &place.region);
    if of_kind(PlaceKind::Placeholder).any(|region| is_same(pixels, &own.pixels, *region)) {
        return Some("the same placeholder is drawn there".to_owned());
    }
    let whole = Rect::new(0.0, 0.0, f64::from(pixels.width), f64::from(pixels.height));
    let is_empty = [PlaceKind::Image, PlaceKind::Placeholder].into_iter().any(|kind| of_kind(kind).any(is_one_tone))
        || match losses.has_unknown_place() {
            true => is_one_tone(&whole),
            false => of_kind(PlaceKind::Other).count() > 0 && of_kind(PlaceKind::Other).all(is_one_tone),
        };
    is_empty.then(|| "nothing is drawn there".to_owned())
}

/// Whether both pictures show the same at a place.
fn is_same(one: &Pixels, other: &Pixels, region: Rect) -> bool {
    let (one, other) = (brightness(one, region), brightness(other, region));
    let paper = one.iter().chain(&other).copied().max().unwrap_or(u8::MAX);
    let ink: f64 = one.iter().chain(&other).map(|tone| f64::from(paper - tone)).sum();
    let difference: f64 = one.iter().zip(&other).map(|(one, other)| f64::from(one.abs_diff(*other))).sum();
    difference <= SAME_GLYPH * ink
}

/// The pixels of a place in grey.
fn brightness(pixels: &Pixels, region: Rect) -> Vec<u8> {
    let mean = |pixel: &[u8]| {
        let sum: usize = pixel.iter().map(|value| usize::from(*value)).sum();
        u8::try_from(sum / pixel.len().max(1)).unwrap_or(u8::MAX)
    };
    lines(pixels, region).flat_map(|line| line.chunks_exact(usize::from(pixels.channels)).map(mean)).collect()
}

/// The parts of the lines of a picture that are in a region.
fn lines(pixels: &Pixels, region: Rect) -> impl Iterator<Item = &[u8]> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the picture")]
    let clamp = |place: f64, max: u32| place.clamp(0.0, f64::from(max)) as usize;
    let (left, right) = (clamp(region.x0.floor(), pixels.width), clamp(region.x1.ceil(), pixels.width));
    let (top, bottom) = (clamp(region.y0.floor(), pixels.height), clamp(region.y1.ceil(), pixels.height));
    let channels = usize::from(pixels.channels);
    let row = pixels.width as usize * channels;
    (top..bottom).filter_map(move |y| pixels.data.get(y * row + left * channels..y * row + right * channels))
}

/// Whether an area of a picture is of one colour.
fn is_one_tone(pixels: &Pixels, region: Rect) -> bool {
    let channels = usize::from(pixels.channels);
    let mut range = vec![(255_u8, 0_u8); channels];
    for line in lines(pixels, region) {
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

    use crate::media::pdf::losses::{Losses, Lost};

    #[test]
    fn a_place_without_ink_or_with_the_placeholder_is_still_lost() {
        let picture = |ink: &[usize]| {
            let mut data = vec![255; 100];
            ink.iter().for_each(|at| data[*at] = 0);
            Pixels { width: 10, height: 10, channels: 1, data }
        };
        let losses = |lost: Lost, regions: &[Rect]| {
            let mut losses = Losses::default();
            regions.iter().for_each(|region| losses.add(lost.clone(), Some(*region)));
            losses
        };
        let (ink, paper) = (Rect::new(4.0, 4.0, 7.0, 7.0), Rect::new(0.0, 0.0, 3.0, 3.0));
        let image = Lost::Codec(String::new());
        let (glyph, placeholder) = (Lost::EmbeddedGlyphs(String::new()), Lost::Placeholders(String::new()));
        // The own picture has ink at 55 where it draws a placeholder.
        for (losses, drawn, is_lost) in [
            (losses(image.clone(), &[ink]), &[55][..], false),
            (losses(image.clone(), &[ink, paper]), &[55], true),
            (losses(glyph.clone(), &[ink, paper]), &[55], false),
            (losses(glyph, &[paper]), &[55], true),
            (losses(placeholder.clone(), &[ink]), &[55], true),
            (losses(placeholder.clone(), &[ink]), &[44, 46], false),
            (losses(placeholder, &[ink, paper]), &[44, 46], true),
            (Losses::default(), &[55], false),
        ] {
            let own = Drawing { pixels: picture(&[55]), losses: losses.clone(), added: Vec::new() };
            assert_eq!(find_still_lost(&picture(drawn), &own).is_some(), is_lost, "{losses:?} {drawn:?}");
        }
        // Additions to the page must be present, whatever else is lost.
        for (losses, added, drawn, is_lost) in [
            (Losses::default(), ink, &[55][..], false),
            (Losses::default(), ink, &[44], false),
            (Losses::default(), ink, &[], true),
            (Losses::default(), paper, &[], false),
            (losses(image.clone(), &[paper]), ink, &[11], true),
            (losses(image.clone(), &[paper]), ink, &[11, 44], false),
        ] {
            let own = Drawing { pixels: picture(&[55]), losses, added: vec![added] };
            assert_eq!(find_still_lost(&picture(drawn), &own).is_some(), is_lost, "{added:?} {drawn:?}");
        }
        let mut unknown = losses(image, &[ink]);
        unknown.add(Lost::Font, None);
        let own = Drawing { pixels: picture(&[]), losses: unknown, added: Vec::new() };
        assert_eq!(find_still_lost(&picture(&[55]), &own), None, "somewhere there is ink");
        assert!(find_still_lost(&picture(&[]), &own).is_some());
    }
}
