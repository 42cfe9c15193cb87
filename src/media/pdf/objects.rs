//! Finds what a page refers to and the file does not hold: content streams that can't be decoded; forms,
//! images, patterns, shadings and glyphs that are missing.

use super::annotations::{has_unreached_annotations, shows_hidden_annotations, visible_appearances};
use super::content::{Matrix, multiply};
use super::content_repair::find_unread;
use super::content_streams::{find_damage, find_lost_content};
use super::images::{find_damage_of_named, find_unknown_format};
use super::layers::{Layers, Part};
use super::losses::{Losses, Lost};
use super::page_state::{ExaminedFont, ExaminedPaint, PAINTING, Path, State, TEXTS, TextMode, texts};
use super::paints::has_shading;
use super::soft_mask::is_lost_mask;
use super::type3_font::is_shape;
use super::within::{MAX_DEPTH, Within};
use hayro::hayro_syntax::content::UntypedIter;
use hayro::hayro_syntax::object::{Array, Dict, Name, Object, ObjectIdentifier, Stream};
use hayro::hayro_syntax::page::{Page, Resources};
use hayro::hayro_syntax::xref::XRef;
use hayro::kurbo::{Affine, Rect};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

/// Maximum number of operations of a page that are examined.
pub(crate) const MAX_OPERATIONS: u32 = 5_000_000;
/// The clip of content whose place on the page is not known.
const EVERYWHERE: Rect = Rect::new(-1e9, -1e9, 1e9, 1e9);

/// Finds the missing parts of a page. `to_picture` maps the page to the picture of this size.
pub(crate) fn find_missing_objects(page: &Page<'_>, to_picture: Affine, target: Rect, losses: &mut Losses) {
    if let Some(lost) = find_lost_content(page) {
        losses.add(Lost::Content(lost.to_owned()), None);
    }
    if shows_hidden_annotations(page) {
        losses.add(Lost::Layer, None);
    }
    if has_unreached_annotations(page) {
        losses.add(Lost::Limit("annotations behind a missing one can't be drawn".to_owned()), None);
    }
    let mut walk = Walk {
        losses,
        layers: Layers::of_page(page),
        xref: page.xref(),
        within: Within::Page,
        is_placed: true,
        is_shape: false,
        has_unseen: false,
        visible_layers: Vec::new(),
        open: HashSet::new(),
        known: HashSet::new(),
        operations: 0,
    };
    let place = to_picture.as_coeffs();
    if let Some(content) = page.page_stream() {
        // The streams together: an array may begin in one and end in the next.
        if let Some(lost) = find_unread(content) {
            walk.losses.add(lost, None);
        }
        walk.follow(content, page.resources(), State::new(place, target), 0);
    }
    walk.within = Within::Annotation;
    for (appearance, inner) in visible_appearances(page) {
        if walk.layers.is_hidden_by_renderer(appearance.dict()) {
            walk.losses.add(Lost::Layer, None);
        }
        let state = State::new(multiply(inner, place), target);
        walk.paint_form(&appearance, page.resources(), &state, 0);
    }
}

struct Walk<'l> {
    losses: &'l mut Losses,
    layers: Layers<'l>,
    xref: &'l XRef,
    within: Within,
    /// Whether the place of the content is known: tiles are repeated, and glyphs are where their text is.
    is_placed: bool,
    /// Whether the content is a glyph that is painted in the colour of its text, whatever it sets.
    is_shape: bool,
    /// Whether anything was lost that can't be seen.
    has_unseen: bool,
    /// Whether content is visible in each of the layers that the renderer has open. It goes on with those that a form
    /// does not close.
    visible_layers: Vec<bool>,
    /// The content that is being followed.
    open: HashSet<ContentKey>,
    /// The content all of whose losses are known. Other content is followed wherever it is painted.
    known: HashSet<ContentKey>,
    operations: u32,
}

/// Content, and what its losses depend on: the resources that it has not itself, and whether it is a shape.
type ContentKey = (ObjectIdentifier, usize, bool);

impl Walk<'_> {
    /// Adds a loss at a place, if that is seen.
    fn lose_at(&mut self, lost: Lost, place: Rect) {
        match place.area() > 0.0 {
            true => self.losses.add(lost, self.is_placed.then_some(place)),
            false => self.has_unseen = true,
        }
    }

    /// Adds a loss anywhere in what a clip leaves.
    fn lose_in(&mut self, lost: Lost, clip: Rect) {
        match clip.area() > 0.0 {
            true => self.losses.add(lost, None),
            false => self.has_unseen = true,
        }
    }

    fn follow<'a>(&mut self, content: &[u8], resources: &Resources<'a>, first: State<'a>, depth: u32) {
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
            let is_unseen = is_hidden || TEXTS.contains(&operator) && state.text_mode.is_invisible();
            if !is_unseen && PAINTING.contains(&operator) && self.visible_layers.last() == Some(&false) {
                self.lose_in(Lost::Layer, state.clip);
            }
            match operator {
                b"q" => saved.push(state.clone()),
                b"Q" => state = saved.pop().unwrap_or_else(|| first.clone()),
                b"cm" => {
                    if let Ok(numbers) = Matrix::try_from(numbers()) {
                        state.matrix = multiply(numbers, state.matrix);
                    }
                }
                b"BMC" => {
                    layers.push(false);
                    self.open_layer(true);
                }
                b"BDC" => {
                    let layer = self.layers.look_up_content(operation.operands(), &resources.properties);
                    if layer.is_lost && !is_hidden {
                        self.lose_in(Lost::Layer, state.clip);
                    }
                    layers.push(layer.is_hidden);
                    self.open_layer(!layer.is_hidden);
                }
                b"EMC" => {
                    layers.pop();
                    self.visible_layers.pop();
                }
                b"m" | b"l" | b"c" | b"v" | b"y" | b"re" => path.extend(operator, &numbers(), state.matrix),
                b"W" | b"W*" => path.is_clip = true,
                b"n" | b"f" | b"F" | b"f*" | b"S" | b"s" | b"B" | b"B*" | b"b" | b"b*" => {
                    let path = std::mem::take(&mut path);
                    if let Some(bounds) = path.bounds().filter(|_| !is_hidden) {
                        let place = bounds.intersect(state.clip);
                        let (fills, strokes) = match operator {
                            b"n" => (false, false),
                            b"S" | b"s" => (false, true),
                            b"f" | b"F" | b"f*" => (true, false),
                            _ => (true, true),
                        };
                        if fills {
                            self.paint_with(&state.fill, resources, first.matrix, place, depth);
                        }
                        if strokes {
                            self.paint_with(&state.stroke, resources, first.matrix, place, depth);
                        }
                    }
                    if let Some(clip) = path.clip() {
                        state.clip_to(clip);
                    }
                }
                // Such a glyph has the colour of its text.
                b"g" | b"rg" | b"k" | b"G" | b"RG" | b"K" | b"cs" | b"CS" | b"scn" | b"SCN" | b"sh"
                    if self.is_shape => {}
                b"g" | b"rg" | b"k" => state.fill = ExaminedPaint::Drawn,
                b"G" | b"RG" | b"K" => state.stroke = ExaminedPaint::Drawn,
                b"cs" => state.fill = ExaminedPaint::of_space(name().as_ref(), resources),
                b"CS" => state.stroke = ExaminedPaint::of_space(name().as_ref(), resources),
                // Numbers are a colour in the space that was set.
                b"scn" => {
                    state.fill = name().map_or(state.fill, |name| ExaminedPaint::of_pattern(&name, resources));
                }
                b"SCN" => {
                    state.stroke = name().map_or(state.stroke, |name| ExaminedPaint::of_pattern(&name, resources));
                }
                b"sh" if !is_hidden && name().is_some_and(|name| !has_shading(&name, resources)) => {
                    self.lose_in(Lost::Paint("shading".to_owned()), state.clip);
                }
                b"gs" => {
                    let changes = name().and_then(|name| resources.get_ext_g_state(&name));
                    let mask = changes.as_ref().and_then(|changes| changes.get::<Dict<'a>>("SMask"));
                    if mask.as_ref().is_some_and(is_lost_mask) {
                        self.lose_in(Lost::Mask, state.clip);
                    }
                    if let Some(group) = mask.and_then(|mask| mask.get::<Stream<'a>>("G")) {
                        let first = State::new(state.matrix, state.clip);
                        let is_placed = self.is_placed;
                        self.follow_apart(self.within, false, |walk| {
                            walk.is_placed = is_placed;
                            walk.paint_form(&group, resources, &first, depth);
                        });
                    }
                    if let Some(font) = changes.and_then(|changes| changes.get::<Array<'a>>("Font")) {
                        // If it is missing, the renderer keeps the last one, or draws nothing.
                        let missing = || self.within.lose_object("a font", "is missing in the file");
                        let font = font.iter::<Object<'a>>().next().and_then(Object::into_dict);
                        let font = font
                            .map_or_else(|| Some(ExaminedFont::Unusable(missing())), |font| ExaminedFont::read(&font));
                        state.font = font.map(Rc::new);
                    }
                }
                b"Tr" => state.text_mode = numbers().last().map_or(state.text_mode, |mode| TextMode::new(*mode)),
                b"Tf" => {
                    let name = operation.operands().next().and_then(|name| name.clone().into_name());
                    state.font = name.and_then(|name| {
                        let read = || resources.get_font(&name).and_then(|font| ExaminedFont::read(&font)).map(Rc::new);
                        fonts.entry(name.to_vec()).or_insert_with(read).clone()
                    });
                }
                b"Tj" | b"TJ" | b"'" | b"\"" if !is_hidden && !state.text_mode.is_invisible() => {
                    let mut texts = texts(operation.operands());
                    texts.retain(|text| !text.is_empty());
                    // Glyphs that are content have the colours of the text, or their own.
                    let are_content = state.font.as_deref().is_some_and(ExaminedFont::is_type3);
                    if !texts.is_empty() && !are_content {
                        if state.text_mode.fills {
                            self.paint_with(&state.fill, resources, first.matrix, state.clip, depth);
                        }
                        if state.text_mode.strokes {
                            self.paint_with(&state.stroke, resources, first.matrix, state.clip, depth);
                        }
                    }
                    if let Some(font) = &state.font {
                        texts.iter().for_each(|text| self.show(font, text, resources, &state, depth));
                    }
                }
                b"BI" if !is_hidden => match operation.operands().last() {
                    Some(Object::Stream(image)) => self.examine_image(image, resources, &state, depth),
                    // The renderer takes the samples for operators.
                    _ => {
                        let lost = Lost::Image("its data has no end".to_owned());
                        self.lose_at(lost, unit_square(state.matrix).intersect(state.clip));
                    }
                },
                b"Do" if !is_hidden => {
                    if let Some(Object::Name(name)) = operation.operands().next() {
                        self.paint(name, resources, &state, depth);
                    }
                }
                _ => {}
            }
        }
    }

    /// Opens a layer as the renderer does: within a hidden one all are.
    fn open_layer(&mut self, is_shown: bool) {
        let is_visible = self.visible_layers.last() != Some(&false);
        self.visible_layers.push(is_visible && is_shown);
    }

    /// Finds what is lost of a place that is painted. `start`: the transformation of the content, in which tiles are.
    fn paint_with<'a>(
        &mut self,
        paint: &ExaminedPaint<'a>,
        resources: &Resources<'a>,
        start: Matrix,
        place: Rect,
        depth: u32,
    ) {
        match paint {
            ExaminedPaint::Drawn => {}
            ExaminedPaint::Lost(kind) => self.lose_at(Lost::Paint((*kind).to_owned()), place),
            ExaminedPaint::Tiles(tiles) => {
                let matrix = tiles.dict().get::<Matrix>("Matrix").map_or(start, |inner| multiply(inner, start));
                let mut first = State::new(matrix, anywhere(place));
                first.clip_to_box(tiles.dict());
                self.follow_apart(Within::Pattern, false, |walk| walk.follow_stream(tiles, resources, first, depth));
            }
        }
    }

    /// Finds what is lost of a text: glyphs that are missing, and parts of glyphs that are content.
    fn show<'a>(
        &mut self,
        font: &ExaminedFont<'a>,
        text: &[u8],
        resources: &Resources<'a>,
        state: &State<'a>,
        depth: u32,
    ) {
        (0..font.count_lost(text)).for_each(|_| self.lose_in(font.lost(), state.clip));
        let ExaminedFont::Type3(font) = font else { return };
        let own = font.resources();
        for glyph in font.glyphs_of(text) {
            let is_shape = glyph.decoded_data().is_ok_and(|content| is_shape(&content));
            let TextMode { fills, strokes } = state.text_mode;
            // The renderer paints a shape with what the text is filled with, and once more with what it is stroked with.
            let paints = match is_shape {
                false => vec![(&state.fill, &state.stroke)],
                true => [(fills, &state.fill), (strokes, &state.stroke)]
                    .into_iter()
                    .filter_map(|(is_painted, paint)| is_painted.then_some((paint, paint)))
                    .collect(),
            };
            let resources = own.as_ref().unwrap_or(resources);
            for (fill, stroke) in paints {
                let mut first = State::new(multiply(font.matrix(), state.matrix), anywhere(state.clip));
                (first.fill, first.stroke) = (fill.clone(), stroke.clone());
                self.follow_apart(Within::Glyph, is_shape, |walk| walk.follow_stream(&glyph, resources, first, depth));
            }
        }
    }

    /// Follows content that the renderer draws apart from the content around it, at a place that is not known.
    fn follow_apart(&mut self, within: Within, is_shape: bool, follow: impl FnOnce(&mut Self)) {
        let around = (self.within, self.is_placed, self.is_shape, std::mem::take(&mut self.visible_layers));
        (self.within, self.is_placed, self.is_shape) = (within, false, is_shape);
        follow(self);
        (self.within, self.is_placed, self.is_shape, self.visible_layers) = around;
    }

    fn paint<'a>(&mut self, name: &Name<'_>, resources: &Resources<'a>, state: &State<'a>, depth: u32) {
        let place = unit_square(state.matrix).intersect(state.clip);
        let Some(stream) = resources.get_x_object(name) else {
            // The library finds no object within itself.
            let reference = resources.x_objects.get_ref(name);
            let is_around = reference.is_some_and(|id| self.xref.get::<Stream<'_>>(id.into()).is_some());
            let lost = match is_around {
                true => self.within.lose_object("a form", "contains itself"),
                false => self.within.lose_object("an image or a form", "is missing in the file"),
            };
            self.lose_at(lost, place);
            return;
        };
        let dict = stream.dict();
        let layer = self.layers.look_up(dict, b"OC", Part::Object);
        if layer.is_lost {
            self.lose_in(Lost::Layer, state.clip);
        }
        if layer.is_hidden {
            return;
        }
        match dict.get::<Name<'_>>("Subtype").as_deref() {
            Some(b"Form") => self.paint_form(&stream, resources, state, depth),
            Some(b"Image") => self.examine_image(&stream, resources, state, depth),
            // PostScript, which no viewer draws (ISO 32000-1, 8.8.2).
            Some(b"PS") => {}
            _ => self.lose_in(self.within.lose_object("an object", "is of an unknown type"), state.clip),
        }
    }

    /// Finds what is lost of a form, whose content begins with the state around it. Source: ISO 32000-1, 8.10.1.
    fn paint_form<'a>(&mut self, form: &Stream<'a>, resources: &Resources<'a>, state: &State<'a>, depth: u32) {
        let dict = form.dict();
        let mut first = state.clone();
        if let Some(inner) = dict.get::<Matrix>("Matrix") {
            first.matrix = multiply(inner, state.matrix);
        }
        first.clip_to_box(dict);
        if dict.get::<[f64; 4]>("BBox").is_none() {
            self.lose_in(self.within.lose_content(), state.clip);
        }
        // The renderer closes the last layer at the end of a form that has one, whichever that is.
        let has_layer = dict.get::<Dict<'_>>("OC").is_some();
        if has_layer {
            self.open_layer(true);
        }
        self.follow_stream(form, resources, first, depth);
        if has_layer {
            self.visible_layers.pop();
        }
    }

    /// Finds what is lost of the content of a form, a tile or a glyph. `resources`: those of the content around it.
    fn follow_stream<'a>(&mut self, stream: &Stream<'a>, resources: &Resources<'a>, first: State<'a>, depth: u32) {
        let own = stream.dict().get::<Dict<'_>>("Resources").map(Resources::new);
        let inherited = if own.is_some() { 0 } else { resources.x_objects.data().as_ptr() as usize };
        let key = (stream.obj_id(), inherited, self.is_shape);
        if (self.known.contains(&key) && first.is_plain()) || !self.open.insert(key) {
            return;
        }
        let around = std::mem::take(&mut self.has_unseen);
        let layers = self.visible_layers.clone();
        // What it loses may depend on what it inherits.
        let is_plain = first.is_plain();
        if depth >= MAX_DEPTH {
            let lost = format!("the page has forms in more than {MAX_DEPTH} forms");
            self.lose_in(Lost::Limit(lost), first.clip);
        } else {
            if find_damage(stream).is_some() {
                self.lose_in(self.within.lose_content(), first.clip);
            }
            if let Ok(content) = stream.decoded_data() {
                if let Some(lost) = find_unread(&content) {
                    self.lose_in(lost, first.clip);
                }
                self.follow(&content, own.as_ref().unwrap_or(resources), first, depth + 1);
            }
        }
        self.open.remove(&key);
        if !self.has_unseen && is_plain && self.visible_layers == layers {
            self.known.insert(key);
        }
        self.has_unseen |= around;
    }

    /// Finds what is lost of an image: its format, or what a stencil is painted with.
    fn examine_image<'a>(&mut self, image: &Stream<'a>, resources: &Resources<'a>, state: &State<'a>, depth: u32) {
        let place = unit_square(state.matrix).intersect(state.clip);
        let is = |key: &str| image.dict().get::<bool>(key) == Some(true);
        if is("ImageMask") || is("IM") {
            self.paint_with(&state.fill, resources, state.matrix, place, depth);
        } else if self.is_shape {
            // The renderer leaves it out.
            self.lose_at(self.within.lose_object("an image with colours", "is not drawn"), place);
        }
        let side = |long: &str, short: &str| image.dict().get::<i64>(long).or_else(|| image.dict().get::<i64>(short));
        let has_no_size =
            [side("Width", "W"), side("Height", "H")].iter().any(|side| side.is_none_or(|side| side <= 0));
        let find = |name: &Name<'_>| resources.get_color_space(name);
        let lost = match has_no_size {
            true => Some(Lost::Image("it has no size".to_owned())),
            false => find_unknown_format(image, &find).map(Lost::Image).or_else(|| find_damage_of_named(image, &find)),
        };
        if let Some(lost) = lost {
            self.lose_at(lost, place);
        }
    }
}

/// The clip of content that is painted somewhere in a place.
fn anywhere(place: Rect) -> Rect {
    if place.area() > 0.0 { EVERYWHERE } else { Rect::ZERO }
}

/// Where an image is that is painted with this transformation.
fn unit_square(matrix: Matrix) -> Rect {
    Affine::new(matrix).transform_rect_bbox(Rect::new(0.0, 0.0, 1.0, 1.0))
}
