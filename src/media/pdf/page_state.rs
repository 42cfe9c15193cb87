//! The entries of the graphics state that decide whether content is lost: paints, the font, the clip.

use super::color_space::has_colors;
use super::content::Matrix;
use super::losses::Lost;
use super::paints::PatternPaint;
use super::symbol_font::{count_symbols, find_lost_symbols};
use super::type3_font::Type3Font;
use hayro::hayro_syntax::object::{Array, Dict, Name, Object, Stream};
use hayro::hayro_syntax::page::Resources;
use hayro::kurbo::{Affine, Point, Rect};
use std::rc::Rc;

/// The examined entries of the graphics state.
#[derive(Clone)]
pub(crate) struct State<'a> {
    pub(crate) matrix: Matrix,
    /// The bounds of what the clips leave, in pixels of the picture.
    pub(crate) clip: Rect,
    /// What areas and text are painted with.
    pub(crate) fill: ExaminedPaint<'a>,
    /// What lines are painted with.
    pub(crate) stroke: ExaminedPaint<'a>,
    pub(crate) font: Option<Rc<ExaminedFont<'a>>>,
    pub(crate) is_text_invisible: bool,
}

impl State<'_> {
    /// The state in which content begins.
    pub(crate) fn new(matrix: Matrix, clip: Rect) -> Self {
        let (fill, stroke) = (ExaminedPaint::Drawn, ExaminedPaint::Drawn);
        Self { matrix, clip, fill, stroke, font: None, is_text_invisible: false }
    }

    /// Leaves only what is in the bounds of a clip.
    pub(crate) fn clip_to(&mut self, bounds: Rect) {
        self.clip = self.clip.intersect(bounds);
    }

    /// Leaves only what is in the box of a form or a tile.
    pub(crate) fn clip_to_box(&mut self, stream: &Dict<'_>) {
        if let Some([a, b, c, d]) = stream.get::<[f64; 4]>("BBox") {
            self.clip_to(Affine::new(self.matrix).transform_rect_bbox(Rect::new(a, b, c, d).abs()));
        }
    }
}

/// What colours come from.
#[derive(Clone)]
pub(crate) enum ExaminedPaint<'a> {
    /// Something that can be drawn, except for the content of tiles.
    Drawn,
    /// Something of this kind, which can't be drawn.
    Lost(&'static str),
    /// Tiles, whose content this is.
    Tiles(Rc<Stream<'a>>),
}

impl<'a> ExaminedPaint<'a> {
    /// The colours of the space `name`.
    pub(crate) fn of_space(name: Option<&Name<'_>>, resources: &Resources<'_>) -> Self {
        let Some(name) = name else { return Self::Drawn };
        let find = |name: &Name<'_>| resources.get_color_space(name);
        let space = find(name).unwrap_or_else(|| Object::Name(name.clone()));
        match has_colors(&space, &find) {
            true => Self::Drawn,
            false => Self::Lost("colour space"),
        }
    }

    /// The pattern `name`.
    pub(crate) fn of_pattern(name: &Name<'_>, resources: &Resources<'a>) -> Self {
        match PatternPaint::find(name, resources) {
            PatternPaint::Shading => Self::Drawn,
            PatternPaint::Nothing => Self::Lost("pattern"),
            PatternPaint::Tiles(tiles) => Self::Tiles(Rc::new(tiles)),
        }
    }
}

/// A font whose text is examined.
pub(crate) enum ExaminedFont<'a> {
    Type3(Type3Font<'a>),
    /// One of symbols that are lost.
    Symbols(Lost),
    /// One of which the file lacks the part that has the glyphs, or the one that finds them.
    Partial,
}

impl<'a> ExaminedFont<'a> {
    pub(crate) fn read(font: &Dict<'a>) -> Option<Self> {
        if is_partial(font) {
            return Some(Self::Partial);
        }
        Type3Font::read(font).map(Self::Type3).or_else(|| find_lost_symbols(font).map(Self::Symbols))
    }

    /// The loss of a character.
    pub(crate) fn lost(&self) -> Lost {
        match self {
            Self::Type3(_) => Lost::Glyphs("a Type 3 font".to_owned()),
            Self::Symbols(lost) => lost.clone(),
            Self::Partial => Lost::Glyphs("a font of which the file lacks a part".to_owned()),
        }
    }

    /// How many characters of a text are lost.
    pub(crate) fn count_lost(&self, text: &[u8]) -> usize {
        match self {
            Self::Type3(font) => font.count_lost(text),
            Self::Symbols(_) => count_symbols(text),
            // How long the codes are is not known.
            Self::Partial => text.len().min(1),
        }
    }
}

/// Whether the file lacks a part of a composite font without which no text can be drawn. Source: ISO 32000-1, 9.7.
fn is_partial(font: &Dict<'_>) -> bool {
    let is_composite = font.get::<Name<'_>>("Subtype").is_some_and(|kind| &*kind == b"Type0");
    let descendant = font.get::<Array<'_>>("DescendantFonts").and_then(|fonts| fonts.iter::<Dict<'_>>().next());
    let encoding = font.get::<Object<'_>>("Encoding").filter(|encoding| !matches!(encoding, Object::Null(_)));
    is_composite && (descendant.is_none() || encoding.is_none())
}

/// The texts that the operands of an operator show.
pub(crate) fn texts<'o, 'a: 'o>(operands: impl Iterator<Item = &'o Object<'a>>) -> Vec<Vec<u8>> {
    let mut texts = Vec::new();
    for operand in operands {
        match operand {
            Object::String(text) => texts.push(text.as_bytes().to_vec()),
            Object::Array(parts) => texts.extend(parts.iter::<Object<'_>>().filter_map(|part| match part {
                Object::String(text) => Some(text.as_bytes().to_vec()),
                _ => None,
            })),
            _ => {}
        }
    }
    texts
}

/// The bounds of a path, in pixels of the picture.
#[derive(Default)]
pub(crate) struct Path {
    bounds: Option<Rect>,
    /// Whether it becomes a clip when it is painted.
    pub(crate) is_clip: bool,
}

impl Path {
    /// Adds the operands of an operator that constructs paths.
    pub(crate) fn extend(&mut self, operator: &[u8], numbers: &[f64], matrix: Matrix) {
        let corners = match (operator, numbers) {
            (b"re", [x, y, width, height]) => vec![*x, *y, x + width, *y, *x, y + height, x + width, y + height],
            _ => numbers.to_vec(),
        };
        for point in corners.chunks_exact(2) {
            let point = Affine::new(matrix) * Point::new(point[0], point[1]);
            let start = self.bounds.unwrap_or(Rect::from_points(point, point));
            self.bounds = Some(start.union_pt(point));
        }
    }

    /// The bounds, with the width of a thin line.
    pub(crate) fn bounds(&self) -> Option<Rect> {
        self.bounds.map(|bounds| bounds.inflate(0.5, 0.5))
    }

    /// The bounds of the clip that it is.
    pub(crate) fn clip(&self) -> Option<Rect> {
        self.bounds.filter(|_| self.is_clip)
    }
}
