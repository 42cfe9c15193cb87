//! Content streams that show one image and nothing else. Source: ISO 32000-1, 8.4 (graphics
//! state), 9.3.6 (text rendering mode 3: invisible).

use super::content_repair::reads_to_its_end;
use super::fill::Fill;
use super::inline_image::to_object;
use super::stream_end::StreamEnd;
use hayro::hayro_syntax::content::UntypedIter;
use hayro::hayro_syntax::object::{Dict, Name, Object, Stream};
use hayro::hayro_syntax::page::{Page, Resources};
use hayro::kurbo::Rect;

/// How far the image may miss the edges or the proportions of the page, as a share.
const SLACK: f64 = 0.03;

/// Deepest nesting of forms in which the image is looked for.
const MAX_FORMS: u32 = 4;

/// A transformation, as the operands of `cm`.
pub(crate) type Matrix = [f64; 6];

/// The transformation that changes nothing.
const IDENTITY: Matrix = [1.0, 0.0, 0.0, 1.0, 0.0, 0.0];

/// The transformation that applies `a`, then `b`.
pub(crate) fn multiply(a: Matrix, b: Matrix) -> Matrix {
    [
        a[0] * b[0] + a[1] * b[2],
        a[0] * b[1] + a[1] * b[3],
        a[2] * b[0] + a[3] * b[2],
        a[2] * b[1] + a[3] * b[3],
        a[4] * b[0] + a[5] * b[2] + b[4],
        a[4] * b[1] + a[5] * b[3] + b[5],
    ]
}

/// The image that is all that a page shows.
pub(crate) struct OnlyImage<'a> {
    pub(crate) source: ImageSource,
    /// The resources of the page, or of the form that paints it.
    pub(crate) resources: Resources<'a>,
    pub(crate) matrix: Matrix,
    /// The colour that a stencil is painted with.
    pub(crate) fill: Fill,
}

/// Where the data of an image is.
#[derive(Debug, PartialEq)]
pub(crate) enum ImageSource {
    /// In the object with this name in the resources.
    Named(Vec<u8>),
    /// In the content stream: the object that it would be.
    Inline(Vec<u8>),
}

/// Finds the image that is all that a content stream paints, even within forms. `None`: it paints anything else, or
/// clips the page.
pub(crate) fn find_only_image<'a>(content: &[u8], page: &Page<'a>) -> Option<OnlyImage<'a>> {
    let mut search = Search { page, image: None };
    search.follow(content, page.resources(), State::new(IDENTITY, Fill::BLACK), 0)?;
    search.image
}

/// The entries of the graphics state that decide whether a page is an image.
#[derive(Clone)]
struct State {
    matrix: Matrix,
    text_mode: f64,
    /// What areas are filled with.
    fill: Fill,
}

impl State {
    fn new(matrix: Matrix, fill: Fill) -> Self {
        Self { matrix, text_mode: 0.0, fill }
    }
}

/// The search for the only image of a page. Its functions return `None` if there is more than one, anything else is
/// painted, or the page is clipped.
struct Search<'p, 'a> {
    page: &'p Page<'a>,
    image: Option<OnlyImage<'a>>,
}

impl<'a> Search<'_, 'a> {
    fn follow(&mut self, content: &[u8], resources: &Resources<'a>, mut state: State, depth: u32) -> Option<()> {
        let (mut saved, mut area) = (Vec::new(), None);
        let mut operations = UntypedIter::new(content);
        while let Some(operation) = operations.next() {
            let numbers: Vec<f64> = operation
                .operands()
                .filter_map(|operand| match operand {
                    Object::Number(number) => Some(number.as_f64()),
                    _ => None,
                })
                .collect();
            let name = || match operation.operands().next() {
                Some(Object::Name(name)) => Some(name.clone()),
                _ => None,
            };
            let operator: &[u8] = operation.operator;
            match operator {
                b"q" => saved.push(state.clone()),
                b"Q" => state = saved.pop()?,
                b"cm" => state.matrix = multiply(numbers.try_into().ok()?, state.matrix),
                b"Tr" => state.text_mode = *numbers.first()?,
                b"Tj" | b"TJ" | b"'" | b"\"" if state.text_mode != 3.0 => return None,
                b"re" => {
                    let [x, y, width, height] = numbers.try_into().ok()?;
                    area = Some(multiply([width, 0.0, 0.0, height, x, y], state.matrix));
                }
                // A clip around the whole page has no effect.
                b"W" | b"W*" => covers(self.page, area?).then_some(())?,
                b"g" | b"rg" | b"k" => state.fill = Fill::new(&numbers),
                b"cs" => state.fill = Fill::in_space(&name()?, resources),
                // A name is that of a pattern.
                b"sc" | b"scn" if numbers.len() == operation.operands().count() => {
                    state.fill = state.fill.with_color(&numbers);
                }
                b"sc" | b"scn" => state.fill = Fill::Other,
                // Paper is white anyway.
                b"f" | b"F" | b"f*" if state.fill.is_white() && area.is_some() && self.image.is_none() => {}
                b"gs" => {
                    let changes = resources.get_ext_g_state(&name()?)?;
                    changes_nothing(&changes).then_some(())?;
                }
                // Optional content may be hidden.
                b"BDC" if name().is_some_and(|name| &*name == b"OC") => return None,
                b"Do" => {
                    let name = name()?;
                    match resources.get_x_object(&name).filter(is_form) {
                        Some(form) => self.follow_form(&form, resources, state.clone(), depth)?,
                        None => self.add(ImageSource::Named(name.to_vec()), resources, state.clone())?,
                    }
                }
                b"BI" => {
                    let Some(Object::Stream(image)) = operation.operands().last() else { return None };
                    self.add(ImageSource::Inline(to_object(image, resources)?), resources, state.clone())?;
                }
                b"n" | b"Tj" | b"TJ" | b"'" | b"\"" | b"BT" | b"ET" | b"Tf" | b"Td" | b"TD" | b"Tm" | b"T*" | b"Tc"
                | b"Tw" | b"Tz" | b"TL" | b"Ts" | b"BMC" | b"BDC" | b"EMC" | b"MP" | b"DP" | b"w" | b"J" | b"j"
                | b"M" | b"d" | b"i" | b"ri" | b"G" | b"RG" | b"K" | b"CS" | b"SC" | b"SCN" => {}
                _ => return None,
            }
        }
        Some(())
    }

    fn add(&mut self, source: ImageSource, resources: &Resources<'a>, state: State) -> Option<()> {
        let State { matrix, fill, .. } = state;
        let earlier = self.image.replace(OnlyImage { source, resources: resources.clone(), matrix, fill });
        earlier.is_none().then_some(())
    }

    fn follow_form(&mut self, form: &Stream<'a>, resources: &Resources<'a>, state: State, depth: u32) -> Option<()> {
        let dict = form.dict();
        let matrix = dict.get::<Matrix>("Matrix").map_or(state.matrix, |inner| multiply(inner, state.matrix));
        let [x0, y0, x1, y1] = dict.get::<[f64; 4]>("BBox")?;
        let box_ = multiply([x1 - x0, 0.0, 0.0, y1 - y0, x0, y0], matrix);
        let is_whole = StreamEnd::of_data(form) == StreamEnd::Whole;
        if depth >= MAX_FORMS || dict.contains_key("OC") || !covers(self.page, box_) || !is_whole {
            return None;
        }
        let content = form.decoded_data().ok().filter(|content| reads_to_its_end(content))?;
        let own = dict.get::<Dict<'_>>("Resources").map(Resources::new);
        let fill = if own.is_some() { state.fill.without_resources() } else { state.fill };
        self.follow(&content, own.as_ref().unwrap_or(resources), State::new(matrix, fill), depth + 1)
    }
}

fn is_form(object: &Stream<'_>) -> bool {
    object.dict().get::<Name<'_>>("Subtype").is_some_and(|kind| &*kind == b"Form")
}

/// Whether a graphics state changes nothing of how an opaque image is painted.
fn changes_nothing(state: &Dict<'_>) -> bool {
    const HARMLESS: [&[u8]; 15] =
        [b"Type", b"AIS", b"D", b"FL", b"Font", b"LC", b"LJ", b"LW", b"ML", b"OP", b"OPM", b"RI", b"SA", b"SM", b"op"];
    state.keys().all(|key| match &*key {
        b"CA" | b"ca" => state.get::<f64>(&*key).is_some_and(|opacity| opacity >= 1.0),
        b"BM" => state.get::<Name<'_>>("BM").is_some_and(|mode| matches!(&*mode, b"Normal" | b"Compatible")),
        b"SMask" => state.get::<Name<'_>>("SMask").is_some_and(|mask| &*mask == b"None"),
        other => HARMLESS.contains(&other),
    })
}

/// The place of an image with this transformation. `None`: it is neither upright nor turned by quarters.
fn bounds([a, b, c, d, e, f]: Matrix) -> Option<Rect> {
    let is_upright = b.abs() < 1e-3 * a.abs() && c.abs() < 1e-3 * d.abs();
    let is_turned = a.abs() < 1e-3 * b.abs() && d.abs() < 1e-3 * c.abs();
    (is_upright || is_turned).then(|| Rect::new(e, f, e + a + c, f + b + d).abs())
}

/// How often an image with this transformation is turned clockwise by a quarter. `None`: it is mirrored, or turned by
/// another angle.
pub(crate) fn count_turns(matrix: Matrix) -> Option<u32> {
    bounds(matrix)?;
    let [a, b, c, d, _, _] = matrix;
    match (a.abs() > b.abs(), a > 0.0, d > 0.0, b > 0.0, c > 0.0) {
        (true, true, true, _, _) => Some(0),
        (false, _, _, false, true) => Some(1),
        (true, false, false, _, _) => Some(2),
        (false, _, _, true, false) => Some(3),
        _ => None,
    }
}

/// Whether an image with this transformation covers the page.
pub(crate) fn covers(page: &Page<'_>, matrix: Matrix) -> bool {
    let page = page.intersected_crop_box();
    let (across, down) = (page.width() * SLACK, page.height() * SLACK);
    bounds(matrix).is_some_and(|image| {
        (image.x0 <= page.x0 + across && image.y0 <= page.y0 + down)
            && (image.x1 >= page.x1 - across && image.y1 >= page.y1 - down)
            // An image that extends far beyond the page is cropped.
            && (image.width() <= page.width() * (1.0 + 2.0 * SLACK))
            && (image.height() <= page.height() * (1.0 + 2.0 * SLACK))
    })
}

/// Whether the pixels of an image with this transformation and size are square.
pub(crate) fn has_square_pixels([a, b, c, d, _, _]: Matrix, width: u32, height: u32) -> bool {
    let ratio = (a.hypot(b) / f64::from(width)) / (c.hypot(d) / f64::from(height));
    (1.0 - SLACK..=1.0 + SLACK).contains(&ratio)
}

#[cfg(test)]
mod tests {
    use super::*;
    use hayro::hayro_syntax::Pdf;
    use std::sync::Arc;

    /// Calls `check` with a page of 150 x 220 points.
    fn with_page(check: impl Fn(&Page<'_>)) {
        let objects = [
            "<< /Type /Catalog /Pages 2 0 R >>",
            "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 150 220] >>",
        ];
        let mut bytes = "%PDF-1.7\n".to_owned();
        let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
        for (at, object) in objects.iter().enumerate() {
            table += &format!("{:010} 00000 n \n", bytes.len());
            bytes += &format!("{} 0 obj\n{object}\nendobj\n", at + 1);
        }
        let start = bytes.len();
        bytes += &format!("{table}trailer\n<< /Size 4 /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n");
        let pdf = Pdf::new(Arc::new(bytes.into_bytes())).unwrap();
        check(&pdf.pages()[0]);
    }

    #[test]
    fn which_content_is_one_image() {
        with_page(|page| {
            for (content, found) in [
                ("q 150 0 0 220 0 0 cm /Im0 Do Q", true),
                ("150 0 0 220 0 0 cm /Im0 Do", true),
                ("q 75 0 0 110 0 0 cm 2 0 0 2 0 0 cm /Im0 Do Q", true),
                // A clip around the page, and none around a part of it.
                ("0 0 150 220 re W n /Im0 Do", true),
                ("0 0 75 220 re W n /Im0 Do", false),
                ("W n /Im0 Do", false),
                // Invisible text, and visible text.
                ("/Im0 Do BT 3 Tr (words) Tj ET", true),
                ("/Im0 Do BT (words) Tj ET", false),
                ("q 3 Tr Q /Im0 Do BT (words) Tj ET", false),
                ("/Im0 Do /Im0 Do", false),
                ("/Im0 Do 0 0 m 9 9 l S", false),
                ("/OC /Layer BDC /Im0 Do EMC", false),
                ("/Span << >> BDC /Im0 Do EMC", true),
                // White paper below the image, and anything else.
                ("1 g 0 0 150 220 re f /Im0 Do", true),
                ("1 1 1 rg 0 0 150 220 re f /Im0 Do", true),
                ("0 0 0 0 k 5 5 9 9 re f* /Im0 Do", true),
                ("0 0 150 220 re f /Im0 Do", false),
                ("q 1 g Q 0 0 150 220 re f /Im0 Do", false),
                ("g 0 0 150 220 re f /Im0 Do", false),
                ("1 g /Im0 Do 0 0 9 9 re f", false),
                ("/Missing gs /Im0 Do", false),
                ("Q /Im0 Do", false),
                ("1 0 0 1 0 cm /Im0 Do", false),
                ("", false),
            ] {
                assert_eq!(find_only_image(content.as_bytes(), page).is_some(), found, "{content}");
            }
        });
    }

    #[test]
    fn the_transformation_of_the_image_is_that_of_all_operators() {
        with_page(|page| {
            let content = b"q 9 0 0 9 9 9 cm Q q 2 0 0 2 10 20 cm 75 0 0 110 1 2 cm /Im0 Do Q";
            let image = find_only_image(content, page).unwrap();
            assert_eq!(image.source, ImageSource::Named(b"Im0".to_vec()));
            assert_eq!(image.matrix, [150.0, 0.0, 0.0, 220.0, 12.0, 24.0]);
        });
    }

    #[test]
    fn which_images_cover_the_page() {
        with_page(|page| {
            for (matrix, is_covered) in [
                ([150.0, 0.0, 0.0, 220.0, 0.0, 0.0], true),
                ([147.0, 0.0, 0.0, 216.0, 2.0, 2.0], true),
                ([155.0, 0.0, 0.0, 226.0, -3.0, -3.0], true),
                ([140.0, 0.0, 0.0, 220.0, 0.0, 0.0], false),
                ([150.0, 0.0, 0.0, 220.0, 10.0, 0.0], false),
                // Cropped, turned, skewed.
                ([300.0, 0.0, 0.0, 440.0, 0.0, 0.0], false),
                ([0.0, 220.0, -150.0, 0.0, 150.0, 0.0], true),
                ([0.0, -220.0, 150.0, 0.0, 0.0, 0.0], false),
                ([150.0, 20.0, 0.0, 220.0, 0.0, 0.0], false),
            ] {
                assert_eq!(covers(page, matrix), is_covered, "{matrix:?}");
            }
            for (matrix, turns) in [
                ([150.0, 0.0, 0.0, 220.0, 0.0, 0.0], Some(0)),
                ([0.0, -220.0, 150.0, 0.0, 0.0, 220.0], Some(1)),
                ([-150.0, 0.0, 0.0, -220.0, 150.0, 220.0], Some(2)),
                ([0.0, 220.0, -150.0, 0.0, 150.0, 0.0], Some(3)),
                // Mirrored, and skewed.
                ([-150.0, 0.0, 0.0, 220.0, 150.0, 0.0], None),
                ([0.0, 220.0, 150.0, 0.0, 0.0, 0.0], None),
                ([150.0, 20.0, 0.0, 220.0, 0.0, 0.0], None),
            ] {
                assert_eq!(count_turns(matrix), turns, "{matrix:?}");
            }
        });
        for (width, height, is_square) in
            [(1500, 2200, true), (1540, 2200, true), (1560, 2200, false), (750, 2200, false)]
        {
            let matrix = [150.0, 0.0, 0.0, 220.0, 0.0, 0.0];
            assert_eq!(has_square_pixels(matrix, width, height), is_square, "{width} x {height}");
        }
    }
}
