//! Parts of the appearance of annotations and fields. Source: ISO 32000-1, 12.5.

use super::form_text::{TextStyle, decode};
use super::overlay::Overlay;
use hayro::hayro_syntax::content::UntypedIter;
use hayro::hayro_syntax::object::{Array, Dict, MaybeRef, Name, Object, Stream};
use hayro::hayro_syntax::xref::XRef;
use hayro::kurbo::Rect;
use std::fmt::Write;

/// Maximum number of coordinates of an annotation's points.
pub(crate) const MAX_POINTS: usize = 20_000;
/// Operators that set the colour of areas: grey, RGB, CMYK.
pub(crate) const FILL: [&str; 3] = ["g", "rg", "k"];
/// Operators that set the colour of lines.
pub(crate) const STROKE: [&str; 3] = ["G", "RG", "K"];

/// What the file holds of an annotation's appearance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Appearance {
    /// There is none.
    Missing,
    /// There is none for the state of a button, which is on.
    StateMissing,
    /// There is one, which paints nothing.
    Empty,
    /// It is drawn by the renderer.
    Drawn,
}

impl Appearance {
    /// Whether there is none to draw.
    pub(crate) fn is_missing(self) -> bool {
        matches!(self, Self::Missing | Self::StateMissing)
    }

    /// Examines an annotation.
    pub(crate) fn find(annotation: &Dict<'_>, xref: &XRef) -> Self {
        let stream = match normal_appearance(annotation) {
            Some(Object::Stream(stream)) => Some(stream),
            Some(Object::Dict(states)) => {
                let state = annotation.get::<Name<'_>>("AS");
                match state.as_ref().and_then(|state| states.get::<Stream<'_>>(&**state)) {
                    Some(stream) => Some(stream),
                    None if state.is_some_and(|state| is_state_of(annotation, &states, &state, xref)) => {
                        return Self::StateMissing;
                    }
                    // A button that is off may have no stream for that.
                    None => return Self::Drawn,
                }
            }
            _ => None,
        };
        let Some(stream) = stream else { return Self::Missing };
        let content = stream.decoded_data().unwrap_or_default();
        if paints(&content) { Self::Drawn } else { Self::Empty }
    }
}

/// Whether a state for which a button has no appearance shows that it is on. In a group of buttons, the state may be that of
/// another one.
fn is_state_of(button: &Dict<'_>, states: &Dict<'_>, state: &Name<'_>, xref: &XRef) -> bool {
    let is_named_by =
        |kid: &Dict<'_>| matches!(normal_appearance(kid), Some(Object::Dict(states)) if states.contains_key(&**state));
    let is_of_another = || {
        // The library finds no object within itself, and a group lists also this button.
        let parent = button.get_ref("Parent").and_then(|parent| xref.get::<Dict<'_>>(parent.into()));
        let kids = parent.and_then(|parent| parent.get::<Array<'_>>("Kids"));
        kids.iter().flat_map(|kids| kids.raw_iter()).any(|kid| match kid {
            MaybeRef::Ref(kid) => xref.get::<Dict<'_>>(kid.into()).is_some_and(|kid| is_named_by(&kid)),
            MaybeRef::NotRef(Object::Dict(kid)) => is_named_by(&kid),
            MaybeRef::NotRef(_) => false,
        })
    };
    &**state != b"Off" && (states.contains_key(&**state) || !is_of_another())
}

/// The stream that draws an annotation in its state.
pub(crate) fn appearance_stream<'a>(annotation: &Dict<'a>) -> Option<Stream<'a>> {
    match normal_appearance(annotation)? {
        Object::Stream(stream) => Some(stream),
        Object::Dict(states) => annotation.get::<Name<'_>>("AS").and_then(|state| states.get::<Stream<'a>>(&*state)),
        _ => None,
    }
}

fn normal_appearance<'a>(annotation: &Dict<'a>) -> Option<Object<'a>> {
    annotation.get::<Dict<'a>>("AP").and_then(|all| all.get::<Object<'a>>("N"))
}

/// The text that the appearance of an annotation writes, if its codes are characters. `None`: there is no
/// appearance, or its text can't be read.
pub(crate) fn shown_text(annotation: &Dict<'_>) -> Option<String> {
    let Some(Object::Stream(stream)) = normal_appearance(annotation) else { return None };
    let content = stream.decoded_data().ok()?;
    let mut operations = UntypedIter::new(&content);
    let mut codes = Vec::new();
    while let Some(operation) = operations.next() {
        let operator: &[u8] = operation.operator;
        match operator {
            b"Tj" | b"'" | b"\"" => {
                if let Some(Object::String(text)) = operation.operands().last() {
                    codes.extend(text.as_bytes());
                }
            }
            b"TJ" => {
                if let Some(Object::Array(parts)) = operation.operands().next() {
                    parts.iter::<Object<'_>>().for_each(|part| {
                        if let Object::String(text) = part {
                            codes.extend(text.as_bytes());
                        }
                    });
                }
            }
            // What another stream writes is not read.
            b"Do" => return None,
            _ => {}
        }
    }
    Some(decode(&codes))
}

/// Whether the content of an appearance paints more than a background and a frame: text, a picture, a
/// shading, a path that is not only rectangles. Where it marks the value of a field, only that counts.
/// Source: ISO 32000-1, 12.7.3.3 and annex A.
fn paints(content: &[u8]) -> bool {
    let mut operations = UntypedIter::new(content);
    // Levels of marked content, and the one of the value.
    let (mut depth, mut value_depth) = (0_u32, None);
    let (mut has_lines, mut paints, mut paints_value, mut has_value) = (false, false, false, false);
    while let Some(operation) = operations.next() {
        let operator: &[u8] = operation.operator;
        let is_painted = match operator {
            b"BMC" | b"BDC" => {
                depth += 1;
                let tag = operation.operands().next().and_then(|tag| tag.clone().into_name());
                if value_depth.is_none() && tag.is_some_and(|tag| &*tag == b"Tx") {
                    (value_depth, has_value) = (Some(depth), true);
                }
                false
            }
            b"EMC" => {
                if value_depth == Some(depth) {
                    value_depth = None;
                }
                depth = depth.saturating_sub(1);
                false
            }
            b"l" | b"c" | b"v" | b"y" => {
                has_lines = true;
                false
            }
            b"n" => {
                has_lines = false;
                false
            }
            b"S" | b"s" | b"f" | b"F" | b"f*" | b"B" | b"B*" | b"b" | b"b*" => std::mem::take(&mut has_lines),
            _ => matches!(operator, b"sh" | b"Do" | b"BI" | b"Tj" | b"TJ" | b"'" | b"\""),
        };
        paints |= is_painted;
        paints_value |= is_painted && value_depth.is_some();
    }
    if has_value { paints_value } else { paints }
}

/// The operator for a colour array; `None`: transparent. `names`: the operators for grey, RGB, CMYK.
pub(crate) fn color(dict: &Dict<'_>, key: &str, names: [&str; 3]) -> Option<String> {
    let numbers = numbers(&dict.get::<Array<'_>>(key)?);
    let name = match numbers.len() {
        1 => names[0],
        3 => names[1],
        4 => names[2],
        _ => return None,
    };
    Some(format!("{} {name}", join(&numbers)))
}

/// The width of the border, in points (ISO 32000-1, 12.5.4).
pub(crate) fn border_width(annotation: &Dict<'_>) -> f64 {
    let style = annotation.get::<Dict<'_>>("BS").and_then(|style| style.get::<f64>("W"));
    let border = || annotation.get::<Array<'_>>("Border").and_then(|border| numbers(&border).get(2).copied());
    style.or_else(border).unwrap_or(1.0).clamp(0.0, 100.0)
}

/// An ellipse of four Bézier curves.
pub(crate) fn ellipse(rect: Rect) -> String {
    // The distance of the control points for a quarter of a circle.
    const CURVE: f64 = 0.552_284_75;
    let (center, across, down) = (rect.center(), rect.width() / 2.0, rect.height() / 2.0);
    let point = |x: f64, y: f64| format!("{:.3} {:.3}", center.x + x * across, center.y + y * down);
    let mut path = format!("{} m ", point(1.0, 0.0));
    for (from, to) in
        [((1.0, 0.0), (0.0, 1.0)), ((0.0, 1.0), (-1.0, 0.0)), ((-1.0, 0.0), (0.0, -1.0)), ((0.0, -1.0), (1.0, 0.0))]
    {
        let (from, to): ((f64, f64), (f64, f64)) = (from, to);
        let first = point(from.0 + to.0 * CURVE, from.1 + to.1 * CURVE);
        let second = point(to.0 + from.0 * CURVE, to.1 + from.1 * CURVE);
        let _ = write!(path, "{first} {second} {} c ", point(to.0, to.1));
    }
    path.push('h');
    path
}

/// Writes text from the top of a rectangle, in lines. Text of size 0 is 12 points high, or less to
/// fit.
pub(crate) fn write_lines(overlay: &mut Overlay, style: &TextStyle, rect: Rect, text: &str, quadding: u32) {
    const LEADING: f64 = 1.15;
    let mut size = if style.size > 0.0 { style.size } else { 12.0 };
    let mut lines = style.wrap(text, size, rect.width());
    #[expect(clippy::cast_precision_loss, reason = "a few lines")]
    while style.size <= 0.0 && size > 4.0 && lines.len() as f64 * size * LEADING > rect.height() {
        size -= 0.5;
        lines = style.wrap(text, size, rect.width());
    }
    overlay.push(&clip(rect));
    let mut y = rect.y1 - size * 0.9;
    for line in &lines {
        if y < rect.y0 - size {
            break;
        }
        overlay.write(style, size, (start(style, size, rect, line, quadding), y), line);
        y -= size * LEADING;
    }
}

/// Where a line begins: on the left, in the middle, on the right.
pub(crate) fn start(style: &TextStyle, size: f64, rect: Rect, line: &str, quadding: u32) -> f64 {
    let free = rect.width() - style.width(line) * size;
    match quadding {
        1 => rect.x0 + free / 2.0,
        2 => rect.x0 + free,
        _ => rect.x0,
    }
}

/// The operators that clip to a rectangle.
pub(crate) fn clip(rect: Rect) -> String {
    format!("{:.3} {:.3} {:.3} {:.3} re W n", rect.x0, rect.y0, rect.width(), rect.height())
}

/// The points in an array of an annotation. Those beyond the limit are recorded as lost.
pub(crate) fn points(array: Option<Array<'_>>, overlay: &mut Overlay) -> Vec<f64> {
    let mut points = array.map(|array| numbers(&array)).unwrap_or_default();
    if points.len() > MAX_POINTS {
        points.truncate(MAX_POINTS);
        overlay.lose_beyond(MAX_POINTS, "coordinates in an annotation");
    }
    points
}

/// The numbers of an array, of which there may be one more than [`MAX_POINTS`].
pub(crate) fn numbers(array: &Array<'_>) -> Vec<f64> {
    array.iter::<Object<'_>>().take(MAX_POINTS + 1).filter_map(|item| Some(item.into_number()?.as_f64())).collect()
}

fn join(numbers: &[f64]) -> String {
    numbers.iter().map(|number| format!("{number:.3}")).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::paints;

    #[test]
    fn an_appearance_that_paints_paths_is_not_empty() {
        for (content, is_drawn) in [
            ("", false),
            ("q Q", false),
            ("/Tx BMC EMC", false),
            ("1 g 0 0 99 20 re f 0 G 0 0 99 20 re S /Tx BMC q Q EMC", false),
            ("0 G 0 0 m 9 9 l S /Tx BMC EMC", false),
            ("1 g 0 0 99 20 re f", false),
            ("0 0 m 9 9 l n", false),
            ("q 1 0 0 1 5 5 cm 0 0 m 9 9 l S Q", true),
            ("0 0 m 1 1 2 2 3 3 c h f*", true),
            ("0 0 m 9 9 l 5 0 l b", true),
            ("/Tx BMC 0 0 m 9 9 l s EMC", true),
            ("/Tx BMC BT (a S f) Tj ET EMC", true),
            ("BT [(a)] TJ ET", true),
            ("/X Do", true),
            ("/P sh", true),
            ("BI /W 1 /H 1 /BPC 8 /CS /G ID a EI", true),
            ("(Tj 0 0 m 9 9 l S) pop", false),
        ] {
            assert_eq!(paints(content.as_bytes()), is_drawn, "{content}");
        }
    }
}
