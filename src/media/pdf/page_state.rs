//! The entries of the graphics state that decide whether content is lost: paints, the font, the clip; and the operators that
//! paint with them.

use super::color_space::has_colors;
use super::content::Matrix;
use super::embedded_font::{is_font_program, is_own_code};
use super::font_programs::find_program_of_other_type;
use super::losses::Lost;
use super::paints::PatternPaint;
use super::symbol_font::{count_symbols, find_lost_symbols};
use super::type3_font::Type3Font;
use hayro::hayro_syntax::object::{Array, Dict, Name, Object, Stream};
use hayro::hayro_syntax::page::Resources;
use hayro::kurbo::{Affine, Point, Rect};
use std::rc::Rc;

/// The operators that paint.
pub(crate) const PAINTING: [&[u8]; 16] =
    [b"f", b"F", b"f*", b"S", b"s", b"B", b"B*", b"b", b"b*", b"sh", b"Do", b"BI", b"Tj", b"TJ", b"'", b"\""];
/// Those of them that show text.
pub(crate) const TEXTS: [&[u8]; 4] = [b"Tj", b"TJ", b"'", b"\""];

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
    pub(crate) text_mode: TextMode,
}

impl State<'_> {
    /// The state in which a page begins.
    pub(crate) fn new(matrix: Matrix, clip: Rect) -> Self {
        let (fill, stroke) = (ExaminedPaint::Drawn, ExaminedPaint::Drawn);
        Self { matrix, clip, fill, stroke, font: None, text_mode: TextMode::FILL }
    }

    /// Whether nothing that content inherits from it can be lost.
    pub(crate) fn is_plain(&self) -> bool {
        let is_drawn = |paint: &ExaminedPaint<'_>| matches!(paint, ExaminedPaint::Drawn);
        is_drawn(&self.fill) && is_drawn(&self.stroke) && self.font.is_none() && self.text_mode == TextMode::FILL
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

/// How text is painted. Source: ISO 32000-1, table 106.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TextMode {
    pub(crate) fills: bool,
    pub(crate) strokes: bool,
}

impl TextMode {
    const FILL: Self = Self { fills: true, strokes: false };

    /// The mode with this number.
    pub(crate) fn new(number: f64) -> Self {
        let is_any = |numbers: [f64; 4]| numbers.contains(&number);
        Self { fills: is_any([0.0, 2.0, 4.0, 6.0]), strokes: is_any([1.0, 2.0, 5.0, 6.0]) }
    }

    /// Whether text is not seen: it is invisible, or only a clip.
    pub(crate) fn is_invisible(self) -> bool {
        !self.fills && !self.strokes
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
    /// One with which no text can be drawn.
    Unusable(Lost),
    /// One whose embedded program can't be read: another one takes its place, which has only the usual characters.
    Replaced,
}

impl<'a> ExaminedFont<'a> {
    pub(crate) fn read(font: &Dict<'a>) -> Option<Self> {
        let lacks_part = || is_partial(font).then(|| Lost::Glyphs("a font of which the file lacks a part".to_owned()));
        // What could be corrected is, before a page is examined. Other wrong entries do not concern every text.
        let is_unusable = || {
            let lost = Lost::EmbeddedGlyphs("an embedded font that its entries contradict".to_owned());
            (!find_program_of_other_type(font).are_none()).then_some(lost)
        };
        find_lost_map(font)
            .or_else(lacks_part)
            .or_else(is_unusable)
            .map(Self::Unusable)
            .or_else(|| Type3Font::read(font).map(Self::Type3))
            .or_else(|| find_lost_symbols(font).map(Self::Symbols))
            .or_else(|| is_program_lost(font).then_some(Self::Replaced))
    }

    /// Whether its glyphs are content.
    pub(crate) fn is_type3(&self) -> bool {
        matches!(self, Self::Type3(_))
    }

    /// The loss of a character.
    pub(crate) fn lost(&self) -> Lost {
        match self {
            Self::Type3(_) => Lost::Glyphs("a Type 3 font".to_owned()),
            Self::Symbols(lost) | Self::Unusable(lost) => lost.clone(),
            Self::Replaced => Lost::Glyphs("an embedded font that can't be read".to_owned()),
        }
    }

    /// How many characters of a text are lost.
    pub(crate) fn count_lost(&self, text: &[u8]) -> usize {
        match self {
            Self::Type3(font) => font.count_lost(text),
            Self::Symbols(_) => count_symbols(text),
            // How long the codes are is not known.
            Self::Unusable(_) => text.len().min(1),
            Self::Replaced => text.iter().filter(|code| is_own_code(**code)).count(),
        }
    }
}

/// Whether the file lacks a part of a font without which no text can be drawn: of a composite font, or the matrix of
/// a Type 3 font. Source: ISO 32000-1, 9.6.5 and 9.7.
fn is_partial(font: &Dict<'_>) -> bool {
    match font.get::<Name<'_>>("Subtype").as_deref() {
        Some(b"Type0") => {
            let fonts = font.get::<Array<'_>>("DescendantFonts");
            let has_descendant = fonts.is_some_and(|fonts| fonts.iter::<Dict<'_>>().next().is_some());
            !has_descendant || font.get::<Object<'_>>("Encoding").is_none_or(|encoding| !maps_codes(&encoding))
        }
        Some(b"Type3") => font.get::<Matrix>("FontMatrix").is_none(),
        _ => false,
    }
}

/// The loss of text whose encoding refers to another one in the file, which the renderer ignores. One that is missing is
/// not needed by an encoding that maps codes itself.
fn find_lost_map(font: &Dict<'_>) -> Option<Lost> {
    let encoding = font.get::<Stream<'_>>("Encoding").filter(|encoding| encoding.dict().contains_key("UseCMap"))?;
    let lost = match encoding.dict().get::<Object<'_>>("UseCMap") {
        Some(Object::Name(_)) => return None,
        Some(Object::Stream(_)) => Lost::EmbeddedGlyphs,
        _ if has_any(&encoding, &MAPPINGS) => return None,
        _ => Lost::Glyphs,
    };
    Some(lost("a font whose encoding uses another one".to_owned()))
}

/// Whether a font with codes of one byte has an embedded program that can't be read. Those with tables are examined as
/// they are drawn.
fn is_program_lost(font: &Dict<'_>) -> bool {
    let Some(descriptor) = font.get::<Dict<'_>>("FontDescriptor") else { return false };
    let Some(key) = ["FontFile3", "FontFile", "FontFile2"].into_iter().find(|key| descriptor.contains_key(*key)) else {
        return false;
    };
    let data =
        descriptor.get::<Stream<'_>>(key).and_then(|program| program.decoded_data().ok().map(|data| data.to_vec()));
    data.is_none_or(|data| !is_font_program(&data))
}

/// The operators that map codes to glyphs in an encoding of a composite font. Source: ISO 32000-1, 9.7.5.
const MAPPINGS: [&[u8]; 2] = [b"begincidrange", b"begincidchar"];

/// Whether an encoding of a composite font maps codes to glyphs.
fn maps_codes(encoding: &Object<'_>) -> bool {
    const OTHERS: [&[u8]; 2] = [b"begincodespacerange", b"usecmap"];
    match encoding {
        Object::Name(_) => true,
        Object::Stream(stream) => has_any(stream, &MAPPINGS) || has_any(stream, &OTHERS),
        _ => false,
    }
}

/// Whether the data of a stream has any of these words.
fn has_any(stream: &Stream<'_>, words: &[&[u8]]) -> bool {
    let has = |data: &[u8], word: &[u8]| data.windows(word.len()).any(|window| window == word);
    stream.decoded_data().is_ok_and(|data| words.iter().any(|word| has(&data, word)))
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
