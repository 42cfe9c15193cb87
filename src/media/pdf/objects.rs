//! Finds what a page refers to and the file does not hold: content streams that can't be decoded; forms,
//! images, patterns, shadings and glyphs that are missing.

use super::annotations::{shows_hidden_annotations, visible_appearances};
use super::color_space::has_colors;
use super::content::{Matrix, multiply};
use super::content_repair::find_unread;
use super::content_streams::{find_damage, find_lost_content};
use super::images::find_unknown_format;
use super::layers::{Layers, Part};
use super::losses::{Losses, Lost};
use super::paints::{PatternPaint, has_shading};
use super::soft_mask::is_lost_mask;
use super::symbol_font::{count_symbols, find_lost_symbols};
use super::type3_font::Type3Font;
use hayro::hayro_syntax::content::UntypedIter;
use hayro::hayro_syntax::object::{Array, Dict, Name, Object, ObjectIdentifier, Stream};
use hayro::hayro_syntax::page::{Page, Resources};
use hayro::hayro_syntax::xref::XRef;
use hayro::kurbo::{Affine, Point, Rect};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

/// Deepest nesting of forms that is followed.
pub(crate) const MAX_DEPTH: u32 = 12;
/// Maximum number of operations of a page that are examined.
pub(crate) const MAX_OPERATIONS: u32 = 5_000_000;

/// Finds the missing parts of a page. `to_picture` maps the page to the picture of this size.
pub(crate) fn find_missing_objects(page: &Page<'_>, to_picture: Affine, target: Rect, losses: &mut Losses) {
    if let Some(lost) = find_lost_content(page) {
        losses.add(Lost::Content(lost.to_owned()), None);
    }
    if shows_hidden_annotations(page) {
        losses.add(Lost::Layer, None);
    }
    let mut walk = Walk {
        losses,
        target,
        layers: Layers::of(page),
        xref: page.xref(),
        within: Within::Page,
        visited: HashSet::new(),
        operations: 0,
    };
    if let Some(content) = page.page_stream() {
        // The streams together: an array may begin in one and end in the next.
        if let Some(lost) = find_unread(content) {
            walk.losses.add(lost, None);
        }
        walk.follow(content, page.resources(), to_picture.as_coeffs(), 0);
    }
    walk.within = Within::Annotation;
    for (appearance, place) in visible_appearances(page) {
        if walk.layers.is_hidden_by_renderer(appearance.dict()) {
            walk.losses.add(Lost::Layer, None);
        }
        walk.paint_form(&appearance, page.resources(), multiply(place, to_picture.as_coeffs()), 0);
    }
}

/// The examined entries of the graphics state.
#[derive(Clone)]
struct State<'a> {
    matrix: Matrix,
    /// What areas, and lines, are painted with, if it can't be drawn.
    lost_fill: Option<LostPaint>,
    lost_stroke: Option<LostPaint>,
    font: Option<Rc<ExaminedFont<'a>>>,
    is_text_invisible: bool,
}

/// What colours come from.
#[derive(Clone, Copy, Debug)]
enum LostPaint {
    Pattern,
    ColorSpace,
}

impl LostPaint {
    fn to_lost(self) -> Lost {
        let kind = match self {
            Self::Pattern => "pattern",
            Self::ColorSpace => "colour space",
        };
        Lost::Paint(kind.to_owned())
    }

    /// Whether colours of the space `name` can't be drawn.
    fn find_in_space(name: Option<&Name<'_>>, resources: &Resources<'_>) -> Option<Self> {
        let name = name?;
        let find = |name: &Name<'_>| resources.get_color_space(name);
        let space = find(name).unwrap_or_else(|| Object::Name(name.clone()));
        (!has_colors(&space, &find)).then_some(Self::ColorSpace)
    }
}

/// A font whose text is examined.
enum ExaminedFont<'a> {
    Type3(Type3Font<'a>),
    /// One of symbols that are lost.
    Symbols(Lost),
}

impl<'a> ExaminedFont<'a> {
    fn read(font: &Dict<'a>) -> Option<Self> {
        Type3Font::read(font).map(Self::Type3).or_else(|| find_lost_symbols(font).map(Self::Symbols))
    }

    /// The loss of a character.
    fn lost(&self) -> Lost {
        match self {
            Self::Type3(_) => Lost::Glyphs("a Type 3 font".to_owned()),
            Self::Symbols(lost) => lost.clone(),
        }
    }

    /// How many characters of a text are lost.
    fn count_lost(&self, text: &[u8]) -> usize {
        match self {
            Self::Type3(font) => font.count_lost(text),
            Self::Symbols(_) => count_symbols(text),
        }
    }
}

/// Text rendering modes that show nothing: invisible, and a clip.
const INVISIBLE: [f64; 2] = [3.0, 7.0];

/// What content belongs to.
#[derive(Clone, Copy, Debug)]
enum Within {
    Page,
    Pattern,
    Annotation,
}

impl Within {
    /// That an object of this kind which the content paints can't be painted.
    fn lose_object(self, kind: &str, why: &str) -> Lost {
        let place = match self {
            Self::Page => "",
            Self::Pattern => " in a pattern",
            Self::Annotation => " in an annotation",
        };
        Lost::Object(format!("{kind}{place} {why}"))
    }

    fn lose_content(self) -> Lost {
        let part = match self {
            Self::Page => "a part",
            Self::Pattern => "a pattern",
            Self::Annotation => "an annotation",
        };
        Lost::Content(format!("{part} of the page can't be decoded"))
    }
}

struct Walk<'l> {
    losses: &'l mut Losses,
    target: Rect,
    layers: Layers<'l>,
    xref: &'l XRef,
    within: Within,
    visited: HashSet<ObjectIdentifier>,
    operations: u32,
}

impl Walk<'_> {
    fn follow<'a>(&mut self, content: &[u8], resources: &Resources<'a>, start: Matrix, depth: u32) {
        let first = State { matrix: start, lost_fill: None, lost_stroke: None, font: None, is_text_invisible: false };
        let (mut state, mut saved) = (first.clone(), Vec::new());
        let mut layers: Vec<bool> = Vec::new();
        let mut path = Path::default();
        let mut fonts: HashMap<Vec<u8>, Option<Rc<ExaminedFont<'a>>>> = HashMap::new();
        let mut operations = UntypedIter::new(content);
        while let Some(operation) = operations.next() {
            self.operations += 1;
            if self.operations > MAX_OPERATIONS {
                // The operations of the forms around this one count on.
                if self.operations == MAX_OPERATIONS + 1 {
                    let lost = format!("the page has more than {MAX_OPERATIONS} operations");
                    self.losses.add(Lost::Limit(lost), None);
                }
                return;
            }
            let operator: &[u8] = operation.operator;
            let numbers = || -> Vec<f64> {
                let number = |operand: &Object<'_>| operand.clone().into_number().map(|number| number.as_f64());
                operation.operands().filter_map(number).collect()
            };
            let name = || operation.operands().last().and_then(|operand| operand.clone().into_name());
            let is_hidden = layers.contains(&true);
            match operator {
                b"q" => saved.push(state.clone()),
                b"Q" => state = saved.pop().unwrap_or_else(|| first.clone()),
                b"cm" => {
                    if let Ok(numbers) = Matrix::try_from(numbers()) {
                        state.matrix = multiply(numbers, state.matrix);
                    }
                }
                b"BMC" => layers.push(false),
                b"BDC" => {
                    let layer = self.layers.look_up_content(operation.operands(), &resources.properties);
                    if layer.is_lost && !is_hidden {
                        self.losses.add(Lost::Layer, None);
                    }
                    layers.push(layer.is_hidden);
                }
                b"EMC" => _ = layers.pop(),
                b"m" | b"l" | b"c" | b"v" | b"y" | b"re" => path.extend(operator, &numbers(), state.matrix),
                b"n" => path = Path::default(),
                b"f" | b"F" | b"f*" | b"S" | b"s" | b"B" | b"B*" | b"b" | b"b*" => {
                    let lost = match operator {
                        b"S" | b"s" => state.lost_stroke,
                        b"f" | b"F" | b"f*" => state.lost_fill,
                        _ => state.lost_fill.or(state.lost_stroke),
                    };
                    let region = std::mem::take(&mut path).bounds().map(|bounds| bounds.intersect(self.target));
                    let seen = region.filter(|region| !is_hidden && region.area() > 0.0);
                    if let Some((lost, region)) = lost.zip(seen) {
                        self.losses.add(lost.to_lost(), Some(region));
                    }
                }
                b"g" | b"rg" | b"k" => state.lost_fill = None,
                b"G" | b"RG" | b"K" => state.lost_stroke = None,
                b"cs" => state.lost_fill = LostPaint::find_in_space(name().as_ref(), resources),
                b"CS" => state.lost_stroke = LostPaint::find_in_space(name().as_ref(), resources),
                b"scn" | b"SCN" => {
                    // Numbers are a colour in the space that was set.
                    if let Some(name) = name() {
                        let lacks_pattern = self.lacks_pattern(&name, resources, start, depth);
                        let lost = if operator == b"scn" { &mut state.lost_fill } else { &mut state.lost_stroke };
                        *lost = lacks_pattern.then_some(LostPaint::Pattern);
                    }
                }
                b"sh" if !is_hidden && name().is_some_and(|name| !has_shading(&name, resources)) => {
                    self.losses.add(Lost::Paint("shading".to_owned()), None);
                }
                b"gs" => {
                    let changes = name().and_then(|name| resources.get_ext_g_state(&name));
                    if changes.as_ref().is_some_and(lacks_font) {
                        self.losses.add(Lost::Font, None);
                    }
                    let mask = changes.and_then(|changes| changes.get::<Dict<'a>>("SMask"));
                    if mask.as_ref().is_some_and(is_lost_mask) {
                        self.losses.add(Lost::Mask, None);
                    }
                    if let Some(group) = mask.and_then(|mask| mask.get::<Stream<'a>>("G")) {
                        self.paint_form(&group, resources, state.matrix, depth);
                    }
                }
                b"Tr" => state.is_text_invisible = numbers().iter().any(|mode| INVISIBLE.contains(mode)),
                b"Tf" => {
                    let name = operation.operands().next().and_then(|name| name.clone().into_name());
                    state.font = name.and_then(|name| {
                        let read = || resources.get_font(&name).and_then(|font| ExaminedFont::read(&font)).map(Rc::new);
                        fonts.entry(name.to_vec()).or_insert_with(read).clone()
                    });
                }
                b"Tj" | b"TJ" | b"'" | b"\"" if !is_hidden && !state.is_text_invisible => {
                    if let Some(lost) = state.lost_fill {
                        self.losses.add(lost.to_lost(), None);
                    }
                    if let Some(font) = &state.font {
                        let count = operation.operands().map(|operand| count_lost(font, operand)).sum();
                        (0..count).for_each(|_| self.losses.add(font.lost(), None));
                    }
                }
                b"BI" if !is_hidden => match operation.operands().last() {
                    Some(Object::Stream(image)) => self.examine_format(image, resources, state.matrix),
                    // The renderer takes the samples for operators.
                    _ => {
                        let lost = Lost::Image("its data has no end".to_owned());
                        self.losses.add(lost, Some(unit_square(state.matrix)));
                    }
                },
                b"Do" if !is_hidden => {
                    if let Some(Object::Name(name)) = operation.operands().next() {
                        self.paint(name, resources, state.matrix, depth);
                    }
                }
                _ => {}
            }
        }
    }

    /// Whether content painted with the pattern `name` is lost. Follows the content of its tiles.
    fn lacks_pattern<'a>(&mut self, name: &Name<'_>, resources: &Resources<'a>, start: Matrix, depth: u32) -> bool {
        match PatternPaint::find(name, resources) {
            PatternPaint::Shading => false,
            PatternPaint::Nothing => true,
            PatternPaint::Tiles(tiles) => {
                if depth < MAX_DEPTH && self.visited.insert(tiles.obj_id()) {
                    let around = std::mem::replace(&mut self.within, Within::Pattern);
                    if find_damage(&tiles).is_some() {
                        self.losses.add(self.within.lose_content(), None);
                    }
                    let own = tiles.dict().get::<Dict<'_>>("Resources").map(Resources::new);
                    let inner = tiles.dict().get::<Matrix>("Matrix").map_or(start, |inner| multiply(inner, start));
                    if let (Ok(content), Some(own)) = (tiles.decoded_data(), own) {
                        if let Some(lost) = find_unread(&content) {
                            self.losses.add(lost, None);
                        }
                        self.follow(&content, &own, inner, depth + 1);
                    }
                    self.within = around;
                }
                false
            }
        }
    }

    fn paint<'a>(&mut self, name: &Name<'_>, resources: &Resources<'a>, matrix: Matrix, depth: u32) {
        let unit = unit_square(matrix);
        let Some(stream) = resources.get_x_object(name) else {
            let region = unit.intersect(self.target);
            if region.width() > 0.0 && region.height() > 0.0 {
                // The library finds no object within itself.
                let reference = resources.x_objects.get_ref(name);
                let is_around = reference.is_some_and(|id| self.xref.get::<Stream<'_>>(id.into()).is_some());
                let lost = match is_around {
                    true => self.within.lose_object("a form", "contains itself"),
                    false => self.within.lose_object("an image or a form", "is missing in the file"),
                };
                self.losses.add(lost, Some(region));
            }
            return;
        };
        let dict = stream.dict();
        let layer = self.layers.look_up(dict, b"OC", Part::Object);
        if layer.is_lost {
            self.losses.add(Lost::Layer, Some(unit.intersect(self.target)));
        }
        if layer.is_hidden {
            return;
        }
        match dict.get::<Name<'_>>("Subtype").as_deref() {
            Some(b"Form") => self.paint_form(&stream, resources, matrix, depth),
            Some(b"Image") => {
                self.examine_format(&stream, resources, matrix);
            }
            // PostScript, which no viewer draws (ISO 32000-1, 8.8.2).
            Some(b"PS") => {}
            _ => {
                let lost = self.within.lose_object("an object", "is of an unknown type");
                self.losses.add(lost, Some(unit));
            }
        }
    }

    fn paint_form<'a>(&mut self, form: &Stream<'a>, resources: &Resources<'a>, matrix: Matrix, depth: u32) {
        if !self.visited.insert(form.obj_id()) {
            return;
        }
        if depth >= MAX_DEPTH {
            let lost = format!("the page has forms in more than {MAX_DEPTH} forms");
            self.losses.add(Lost::Limit(lost), None);
            return;
        }
        let dict = form.dict();
        if find_damage(form).is_some() || !dict.contains_key("BBox") {
            self.losses.add(self.within.lose_content(), None);
        }
        let Ok(content) = form.decoded_data() else { return };
        if let Some(lost) = find_unread(&content) {
            self.losses.add(lost, None);
        }
        let own = dict.get::<Dict<'_>>("Resources").map(Resources::new);
        let inner = dict.get::<Matrix>("Matrix").map_or(matrix, |inner| multiply(inner, matrix));
        self.follow(&content, own.as_ref().unwrap_or(resources), inner, depth + 1);
    }

    fn examine_format<'a>(&mut self, image: &Stream<'a>, resources: &Resources<'a>, matrix: Matrix) {
        let region = unit_square(matrix).intersect(self.target);
        if region.area() <= 0.0 {
            return;
        }
        let side = |long: &str, short: &str| image.dict().get::<i64>(long).or_else(|| image.dict().get::<i64>(short));
        let has_no_size =
            [side("Width", "W"), side("Height", "H")].iter().any(|side| side.is_none_or(|side| side <= 0));
        let lost = match has_no_size {
            true => Some("it has no size".to_owned()),
            false => find_unknown_format(image, &|name| resources.get_color_space(name)),
        };
        if let Some(lost) = lost {
            self.losses.add(Lost::Image(lost), Some(region));
        }
    }
}

/// Where an image is that is painted with this transformation.
fn unit_square(matrix: Matrix) -> Rect {
    Affine::new(matrix).transform_rect_bbox(Rect::new(0.0, 0.0, 1.0, 1.0))
}

/// The characters of the operand of an operator that shows text whose glyphs are missing.
fn count_lost(font: &ExaminedFont<'_>, operand: &Object<'_>) -> usize {
    match operand {
        Object::String(text) => font.count_lost(text.as_bytes()),
        Object::Array(parts) => parts
            .iter::<Object<'_>>()
            .map(|part| match part {
                Object::String(text) => font.count_lost(text.as_bytes()),
                _ => 0,
            })
            .sum(),
        _ => 0,
    }
}

/// Whether a graphics state sets a font that is missing in the file: the renderer keeps the last one, or draws nothing.
fn lacks_font(state: &Dict<'_>) -> bool {
    let font = state.get::<Array<'_>>("Font");
    font.is_some_and(|font| font.iter::<Object<'_>>().next().and_then(|font| font.into_dict()).is_none())
}

/// The bounds of a path, in pixels of the picture.
#[derive(Default)]
struct Path(Option<Rect>);

impl Path {
    /// Adds the operands of an operator that constructs paths.
    fn extend(&mut self, operator: &[u8], numbers: &[f64], matrix: Matrix) {
        let corners = match (operator, numbers) {
            (b"re", [x, y, width, height]) => vec![*x, *y, x + width, *y, *x, y + height, x + width, y + height],
            _ => numbers.to_vec(),
        };
        for point in corners.chunks_exact(2) {
            let point = Affine::new(matrix) * Point::new(point[0], point[1]);
            let start = self.0.unwrap_or(Rect::from_points(point, point));
            self.0 = Some(start.union_pt(point));
        }
    }

    /// The bounds, with the width of a thin line.
    fn bounds(&self) -> Option<Rect> {
        self.0.map(|bounds| bounds.inflate(0.5, 0.5))
    }
}
