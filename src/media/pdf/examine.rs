//! Examines what a page draws: finds images and characters that the renderer leaves out.

use super::fonts::Fonts;
use super::images::find_damage;
use super::losses::{Losses, Lost};
use hayro::hayro_interpret::font::{Glyph, GlyphRun, OutlineGlyph};
use hayro::hayro_interpret::hayro_cmap::BfString;
use hayro::hayro_interpret::pattern::Pattern;
use hayro::hayro_interpret::{
    BlendMode, CacheKey, ClipPath, Device, DrawMode, DrawProps, Image, ImageDrawProps, Paint, SoftMask,
};
use hayro::kurbo::{Affine, BezPath, Rect, Shape};
use std::collections::{BTreeSet, HashMap, HashSet};

/// Units per em of glyphs.
const UNITS_PER_EM: f64 = 1000.0;
/// Opacity below which content is invisible.
const MIN_OPACITY: f32 = 0.004;

/// A device that draws nothing, and finds what a renderer leaves out.
pub(crate) struct Examiner<'f> {
    fonts: &'f Fonts,
    /// The losses.
    pub(crate) losses: Losses,
    /// Whether any image can be seen.
    pub(crate) sees_image: bool,
    /// The characters without a glyph.
    pub(crate) missing: BTreeSet<char>,
    /// The parts of the picture that the clips leave.
    clips: Vec<Rect>,
    /// For each transparency group, whether it can be seen.
    groups: Vec<bool>,
    images: HashMap<u128, Option<Lost>>,
    /// Masks, tiles and glyphs that are content.
    parts: Parts,
}

/// Content that is drawn several times, by its keys.
#[derive(Default)]
struct Parts {
    /// What was seen completely.
    known: HashSet<u128>,
    /// What was examined at a place.
    tried: HashSet<(u128, Place)>,
    /// Whether a part can't be seen where it was drawn.
    has_unseen: bool,
}

/// What decides which part of content is seen: its transformation, the clip, and whether its groups are visible.
type Place = ([u64; 6], [u64; 4], bool);

/// The clip of tiles, which are repeated.
const EVERYWHERE: Rect = Rect::new(-1e9, -1e9, 1e9, 1e9);

impl<'f> Examiner<'f> {
    /// `target`: the picture, in pixels.
    pub(crate) fn new(target: Rect, fonts: &'f Fonts) -> Self {
        Self {
            fonts,
            losses: Losses::default(),
            sees_image: false,
            missing: BTreeSet::new(),
            clips: vec![target],
            groups: Vec::new(),
            images: HashMap::new(),
            parts: Parts::default(),
        }
    }

    /// The part of a rectangle that can be seen, if any.
    fn visible(&mut self, rect: Rect) -> Option<Rect> {
        let clip = self.clips.last().copied().unwrap_or(Rect::ZERO);
        let part = rect.intersect(clip);
        let is_seen = part.width() > 0.01 && part.height() > 0.01 && self.groups.iter().all(|seen| *seen);
        self.parts.has_unseen |= !is_seen;
        is_seen.then_some(part)
    }

    /// Examines content that is drawn several times, until all of it was seen.
    fn examine_part(&mut self, key: u128, to_page: Affine, examine: impl FnOnce(&mut Self)) {
        let clip = self.clips.last().copied().unwrap_or(Rect::ZERO);
        let place = (
            to_page.as_coeffs().map(f64::to_bits),
            [clip.x0, clip.y0, clip.x1, clip.y1].map(f64::to_bits),
            self.groups.iter().all(|seen| *seen),
        );
        if self.parts.known.contains(&key) || !self.parts.tried.insert((key, place)) {
            return;
        }
        let around = std::mem::take(&mut self.parts.has_unseen);
        examine(self);
        if !self.parts.has_unseen {
            self.parts.known.insert(key);
        }
        self.parts.has_unseen |= around;
    }

    fn examine_glyph(&mut self, glyph: &OutlineGlyph, to_page: Affine) {
        let origin = to_page.translation().to_point();
        if is_squeezed(glyph, to_page) && self.visible(Rect::from_center_size(origin, (1.0, 1.0))).is_some() {
            let lost = Lost::EmbeddedGlyphs("its font, which states no width for it".to_owned());
            self.losses.add(lost, None);
            return;
        }
        let width = f64::from(glyph.advance_width().unwrap_or(500.0)).abs().max(100.0);
        let cell = to_page.transform_rect_bbox(Rect::new(0.0, -0.2 * UNITS_PER_EM, width, 0.8 * UNITS_PER_EM));
        let Some(region) = self.visible(cell) else { return };
        let text = glyph.as_unicode();
        if let Some(lost) = self.fonts.find_lost_glyph(glyph, text.as_ref()) {
            self.losses.add(lost, Some(region));
            match text {
                Some(BfString::Char(character)) => _ = self.missing.insert(character),
                Some(BfString::String(text)) => self.missing.extend(text.chars()),
                None => {}
            }
        }
    }

    /// Examines what a mask is made of: a part that is not drawn hides what it should show.
    fn examine_mask(&mut self, mask: Option<&SoftMask<'_>>) {
        if let Some(mask) = mask {
            self.examine_part(mask.cache_key(), Affine::IDENTITY, |examiner| mask.interpret(examiner));
        }
    }

    /// Examines the tiles that a place is painted with. They are repeated, so that any part of one may be seen there.
    fn examine_paint(&mut self, paint: &Paint<'_>, place: Rect) {
        if let Paint::Pattern(pattern) = paint
            && let Pattern::Tiling(tile) = &**pattern
            && self.visible(place).is_some()
        {
            self.clips.push(EVERYWHERE);
            self.examine_part(pattern.cache_key(), Affine::IDENTITY, |examiner| {
                let _ = tile.interpret(examiner, tile.matrix, false);
            });
            self.clips.pop();
        }
    }
}

/// Whether a glyph is drawn without a width because its font, which is not embedded, states none. Viewers draw it with that
/// of the font in its place.
fn is_squeezed(glyph: &OutlineGlyph, to_page: Affine) -> bool {
    let [a, b, c, d, ..] = to_page.as_coeffs();
    let is_flat = a.hypot(b) < f64::EPSILON && c.hypot(d) > f64::EPSILON;
    is_flat && glyph.advance_width() == Some(0.0) && !glyph.outline().elements().is_empty()
}

impl<'a> Device<'a> for Examiner<'_> {
    fn draw_path(&mut self, path: &BezPath, props: DrawProps<'a>, mode: &DrawMode) {
        let place = match mode {
            DrawMode::Fill(_) => props.transform.transform_rect_bbox(path.bounding_box()).inflate(0.5, 0.5),
            // A line may be of any width.
            _ => EVERYWHERE,
        };
        self.examine_paint(&props.paint, place);
        self.examine_mask(props.soft_mask.as_ref());
    }

    fn push_clip_path(&mut self, clip: &ClipPath) {
        let last = self.clips.last().copied().unwrap_or(Rect::ZERO);
        self.clips.push(last.intersect(clip.path.bounding_box()));
    }

    fn push_transparency_group(&mut self, opacity: f32, mask: Option<SoftMask<'a>>, _mode: BlendMode) {
        self.groups.push(opacity > MIN_OPACITY);
        self.examine_mask(mask.as_ref());
    }

    fn draw_glyph_run(&mut self, run: &GlyphRun<'_, 'a>, props: DrawProps<'a>, mode: &DrawMode) {
        let is_transparent =
            matches!(&props.paint, Paint::Color(color) if color.to_rgba().components()[3] < MIN_OPACITY);
        if matches!(mode, DrawMode::Invisible) || is_transparent {
            return;
        }
        self.examine_paint(&props.paint, EVERYWHERE);
        self.examine_mask(props.soft_mask.as_ref());
        for glyph in run.glyphs() {
            match &**glyph {
                Glyph::Outline(outline) => self.examine_glyph(outline, props.transform * glyph.transform()),
                Glyph::Type3(drawn) => {
                    let (to_page, place) = (props.transform, glyph.transform());
                    self.examine_part(drawn.cache_key(), to_page * place, |examiner| {
                        drawn.interpret(examiner, to_page, place, &props.paint);
                    });
                }
            }
        }
    }

    fn draw_image(&mut self, image: Image<'a, '_>, props: ImageDrawProps<'a>) {
        let whole = Rect::new(0.0, 0.0, f64::from(image.width()), f64::from(image.height()));
        let Some(region) = self.visible(props.transform.transform_rect_bbox(whole)) else { return };
        self.sees_image = true;
        self.examine_mask(props.soft_mask.as_ref());
        let key = image.cache_key();
        let damage = match self.images.get(&key) {
            Some(damage) => damage.clone(),
            None => {
                let damage = match &image {
                    Image::Raster(raster) => find_damage(raster.stream(), false),
                    Image::Stencil(stencil) => find_damage(stencil.stream(), true),
                };
                self.images.insert(key, damage.clone());
                damage
            }
        };
        if let Some(damage) = damage {
            self.losses.add(damage, Some(region));
        }
    }

    fn pop_clip(&mut self) {
        if self.clips.len() > 1 {
            self.clips.pop();
        }
    }

    fn pop_transparency_group(&mut self) {
        self.groups.pop();
    }
}
