//! Draws pages with hayro, and detects what it leaves out.

use super::annotations::draw_annotations;
use super::corrections::MIN_SIDE;
use super::examine::Examiner;
use super::fonts::Fonts;
use super::groups::find_lost_groups;
use super::losses::{Losses, Lost};
use super::objects::find_missing_objects;
use crate::media::fault::{MediaFault, MediaFaultKind};
use crate::media::pixels::Pixels;
use hayro::hayro_interpret::util::TransformExt;
use hayro::hayro_interpret::{Context, InterpreterCache, InterpreterSettings, InterpreterWarning, interpret_page};
use hayro::hayro_syntax::Pdf;
use hayro::hayro_syntax::page::Page;
use hayro::kurbo::{Affine, Rect};
use hayro::vello_cpu::color::palette::css::WHITE;
use hayro::vello_cpu::{Pixmap, RasterizerSettings, RenderContext, Resources, TargetInit};
use hayro::{RenderCache, RenderSettings, render_into};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The renderer that is part of this program.
pub(crate) const BUILT_IN: &str = "hayro 0.9";
/// Resolution of drawn pages: that of most scanners.
const DOTS_PER_INCH: f64 = 300.0;
/// Points an inch (ISO 32000-1, 8.3.2.3).
const POINTS_PER_INCH: f64 = 72.0;
/// Longest side of a drawn page, in pixels, whatever the size of the paper.
const MAX_SIDE: f64 = 4096.0;
/// How often other fonts are tried for characters without a glyph.
const MAX_ROUNDS: u32 = 3;

/// The size of a drawn page in pixels.
pub(crate) fn nominal_size(page: &Page<'_>) -> (u32, u32) {
    let (width, height) = page.render_dimensions();
    let (width, height) = (f64::from(width), f64::from(height));
    let scale = (DOTS_PER_INCH / POINTS_PER_INCH).min(MAX_SIDE / width.max(height));
    let pixels = |points: f64| {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most MAX_SIDE")]
        let pixels = (points * scale).round().clamp(1.0, MAX_SIDE) as u32;
        pixels
    };
    (pixels(width), pixels(height))
}

/// A drawn page, and its losses.
pub(crate) struct Drawing {
    pub(crate) pixels: Pixels,
    pub(crate) losses: Losses,
    /// Where form fields and annotations are drawn that the file has no appearance of, in pixels of the picture.
    pub(crate) added: Vec<Rect>,
}

/// How a page is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// With form fields, annotations and installed fonts.
    Full,
    /// Only what the file contains, as versions of docmill before 0.2 did.
    Plain,
}

/// Draws a page upright at this size, over white.
///
/// # Errors
/// A page that is too large.
pub(crate) fn draw(page: &Page<'_>, (width, height): (u32, u32), manner: Manner) -> Result<Drawing, MediaFault> {
    let too_large = |_| MediaFault::new(MediaFaultKind::TooLarge, "the page is too large to be drawn");
    let (across, down) = (u16::try_from(width).map_err(too_large)?, u16::try_from(height).map_err(too_large)?);
    let points = page.render_dimensions();
    let scale =
        Affine::scale_non_uniform(f64::from(width) / f64::from(points.0), f64::from(height) / f64::from(points.1));
    let to_picture = scale * page.initial_transform(true).to_kurbo();
    let target = Rect::new(0.0, 0.0, f64::from(width), f64::from(height));

    let overlay = draw_annotations(page);
    let box_ = page.intersected_crop_box();
    let over = match manner {
        Manner::Full if !overlay.is_empty() => {
            Pdf::new(Arc::new(overlay.to_pdf(Rect::new(box_.x0, box_.y0, box_.x1, box_.y1)))).ok()
        }
        _ => None,
    };
    let pages: Vec<&Page<'_>> =
        [Some(page), over.as_ref().and_then(|pdf| pdf.pages().first())].into_iter().flatten().collect();

    let fonts = Arc::new(Fonts::new(manner == Manner::Full));
    let warnings = Arc::new(Warnings::default());
    let settings = settings(&fonts, &warnings);
    let (mut losses, sees_image) = examine(&pages, to_picture, target, &fonts, &settings);
    find_missing_objects(page, to_picture, target, &mut losses);
    find_lost_groups(page, &mut losses);
    // The renderer clips everything to the box.
    if box_.width() < MIN_SIDE || box_.height() < MIN_SIDE {
        losses.add(Lost::Content("its box has no area".to_owned()), None);
    }
    for font in fonts.missing_symbols() {
        losses.add(Lost::Glyphs(format!("the font {font}")), None);
    }
    if warnings.font.load(Ordering::Relaxed) {
        losses.add(Lost::Font, None);
    }
    match manner {
        Manner::Full => overlay.lost.iter().for_each(|lost| losses.add(lost.clone(), None)),
        Manner::Plain => overlay.kinds.iter().for_each(|kind| losses.add(Lost::Appearance((*kind).to_owned()), None)),
    }

    let mut context = RenderContext::new(across, down);
    // A picture without an image that the file does not hold is never used, and images may take their time.
    let is_used = !losses.has_image() || losses.may_be_drawn_elsewhere();
    for page in pages.into_iter().filter(|_| is_used) {
        render_into(page, &RenderCache::new(), &settings, &RenderSettings::default(), &mut context, to_picture);
    }
    context.flush();
    // It decodes also those that can't be seen.
    if warnings.image.load(Ordering::Relaxed) && sees_image && !losses.has_image() {
        losses.add(Lost::Image("damaged data".to_owned()), None);
    }
    let mut pixmap = Pixmap::new(across, down);
    let settings = RasterizerSettings { target_init: TargetInit::Clear(WHITE), ..RasterizerSettings::default() };
    context.render_with(&mut pixmap, &mut Resources::default(), settings);
    let with_alpha = pixmap.data_as_u8_slice();
    let mut data = vec![0; with_alpha.len() / 4 * 3];
    for (color, [red, green, blue, _]) in data.as_chunks_mut::<3>().0.iter_mut().zip(with_alpha.as_chunks::<4>().0) {
        *color = [*red, *green, *blue];
    }
    let pixels = Pixels { width, height, channels: 3, data }.simplify();
    let added = overlay.places.iter().map(|place| to_picture.transform_rect_bbox(*place).intersect(target)).collect();
    Ok(Drawing { pixels, losses, added })
}

/// What the renderer warns of.
#[derive(Debug, Default)]
struct Warnings {
    image: AtomicBool,
    font: AtomicBool,
}

fn settings(fonts: &Arc<Fonts>, warnings: &Arc<Warnings>) -> InterpreterSettings {
    let (fonts, warnings) = (fonts.clone(), warnings.clone());
    InterpreterSettings {
        font_resolver: Arc::new(move |query| fonts.resolve(query)),
        warning_sink: Arc::new(move |warning| match warning {
            InterpreterWarning::ImageDecodeFailure => warnings.image.store(true, Ordering::Relaxed),
            InterpreterWarning::UnsupportedFont => warnings.font.store(true, Ordering::Relaxed),
            // A button that is off has none; others are examined with the annotations.
            _ => {}
        }),
        ..InterpreterSettings::default()
    }
}

/// What the renderer will leave out of these pages, which are drawn one over another, with the
/// fonts that lose least; and whether any image can be seen.
fn examine(
    pages: &[&Page<'_>],
    to_picture: Affine,
    target: Rect,
    fonts: &Fonts,
    settings: &InterpreterSettings,
) -> (Losses, bool) {
    let mut round = 0;
    loop {
        round += 1;
        fonts.begin();
        let mut examiner = Examiner::new(target, fonts);
        for page in pages {
            let cache = InterpreterCache::new();
            let mut context = Context::new(to_picture, target, &cache, page.xref(), settings.clone());
            interpret_page(page, &mut context, &mut examiner);
        }
        if round == MAX_ROUNDS || !fonts.improve(&examiner.missing) {
            return (examiner.losses, examiner.sees_image);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::BUILT_IN;

    #[test]
    fn the_version_of_the_built_in_renderer_is_that_of_the_library() {
        let lock = include_str!("../../../Cargo.lock");
        let version = lock.split_once("name = \"hayro\"\nversion = \"").unwrap().1.split_once('"').unwrap().0;
        let minor = version.rsplit_once('.').unwrap().0;
        assert_eq!(BUILT_IN, format!("hayro {minor}"));
    }
}
