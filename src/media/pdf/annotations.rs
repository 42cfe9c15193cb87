//! Annotations without an appearance: drawn as viewers draw them. Source: ISO 32000-1, 12.5.

use super::appearance::{
    Appearance, FILL, MAX_POINTS, STROKE, appearance_stream, border_width, color, ellipse, points, start, write_lines,
};
use super::content::Matrix;
use super::form_field::{Field, Form};
use super::form_text::{TextStyle, base_font, read_text};
use super::layers::{Hideable, Layers};
use super::overlay::Overlay;
use super::page_items::page_items;
use super::rich_text::read_rich_text;
use crate::base::decoder_version::{BUTTON_STATES_VERSION, KNOWN_LAYERS_VERSION};
use hayro::hayro_syntax::object::{Array, Dict, MaybeRef, Name, ObjRef, Object, Stream};
use hayro::hayro_syntax::page::Page;
use hayro::kurbo::{Affine, Rect};
use std::collections::HashSet;
use std::fmt::Write;

/// Maximum number of annotations of a page that are drawn.
const MAX_ANNOTATIONS: usize = 5000;
/// Maximum number of form fields of a document whose appearance is compared with their value.
const MAX_FIELDS: usize = 20_000;
const HIDDEN: u32 = 1 << 1;
const NO_VIEW: u32 = 1 << 5;

/// The annotations of a page. One that was deleted may still be listed.
fn annotations_of<'a>(page: &Page<'a>) -> impl Iterator<Item = Dict<'a>> {
    page_items(page, "Annots").into_iter().flatten().filter_map(|item| item?.into_dict())
}

/// Additions that are drawn over the content of a page.
pub(crate) fn draw_annotations(page: &Page<'_>) -> Overlay {
    let mut overlay = Overlay::default();
    let mut count = 0;
    let form = Form::of_page(page);
    let layers = Layers::of_page(page);
    for annotation in annotations_of(page) {
        let kind = annotation.get::<Name<'_>>("Subtype");
        if !is_visible(&annotation) || matches!(kind.as_deref(), None | Some(b"Link" | b"Popup")) {
            continue;
        }
        let Some(rect) = read_rect(&annotation) else { continue };
        if layers.hide(&annotation) {
            overlay.change_in(KNOWN_LAYERS_VERSION);
            continue;
        }
        count += 1;
        if count > MAX_ANNOTATIONS {
            overlay.lose_beyond(MAX_ANNOTATIONS, "annotations and form fields");
        }
        if count > MAX_ANNOTATIONS || overlay.is_full() {
            break;
        }
        let appearance = Appearance::find(&annotation, page.xref());
        if appearance == Appearance::StateMissing {
            overlay.change_in(BUTTON_STATES_VERSION);
        }
        match kind.as_deref() {
            Some(b"Widget") => Field::new(&annotation, &form, rect).draw(appearance, &mut overlay),
            _ if !appearance.is_missing() => {}
            Some(kind) => draw_markup(kind, &annotation, rect, &form, &mut overlay),
            None => {}
        }
    }
    overlay
}

/// The appearances of the annotations of a page that are seen, and how each is placed on the page. Source: ISO
/// 32000-1, 12.5.5.
pub(crate) fn visible_appearances<'a>(page: &Page<'a>) -> Vec<(Stream<'a>, Matrix)> {
    let annotations = annotations_of(page).take(MAX_ANNOTATIONS);
    let layers = Layers::of_page(page);
    let placed = |annotation: Dict<'a>| {
        let is_visible = is_visible(&annotation) && !layers.hide(&annotation);
        let place = read_rect(&annotation).filter(|_| is_visible)?;
        let appearance = appearance_stream(&annotation)?;
        let [a, b, c, d] = appearance.dict().get::<[f64; 4]>("BBox")?;
        let matrix = appearance.dict().get::<Matrix>("Matrix").map_or(Affine::IDENTITY, Affine::new);
        let shown = matrix.transform_rect_bbox(Rect::new(a.min(c), b.min(d), a.max(c), b.max(d)));
        let (across, down) = (place.width() / shown.width(), place.height() / shown.height());
        let placement = [across, 0.0, 0.0, down, place.x0 - across * shown.x0, place.y0 - down * shown.y0];
        placement.iter().all(|number| number.is_finite()).then_some((appearance, placement))
    };
    annotations.filter_map(placed).collect()
}

/// Whether a page has an annotation in a hidden layer that the renderer draws.
pub(crate) fn shows_hidden_annotations(page: &Page<'_>) -> bool {
    let layers = Layers::of_page(page);
    !layers.are_none() && annotations_of(page).any(|annotation| is_drawn_although_hidden(&annotation, &layers))
}

/// The entry of a page that lists its annotations without those in hidden layers that the renderer draws. `None`: it draws
/// none of those.
pub(crate) fn list_shown_annotations(page: &Page<'_>) -> Option<Vec<u8>> {
    let layers = Layers::of_page(page);
    let is_hidden = |annotation: &Dict<'_>| is_drawn_although_hidden(annotation, &layers);
    if layers.are_none() { None } else { list_annotations(page, &|annotation| annotation.is_some_and(is_hidden)) }
}

/// The same without items that are missing or no annotations: the renderer draws none behind them. `None`: there are none.
pub(crate) fn list_existing_annotations(page: &Page<'_>) -> Option<Vec<u8>> {
    list_annotations(page, &|annotation| annotation.is_none_or(is_of_page_tree))
}

/// Whether an item of a list of annotations is a page or a group of pages. The library finds no object within itself.
fn is_of_page_tree(item: &Dict<'_>) -> bool {
    item.get::<Name<'_>>("Type").is_some_and(|kind| matches!(&*kind, b"Page" | b"Pages"))
}

/// Whether an annotation is behind an item that is missing or none.
pub(crate) fn has_unreached_annotations(page: &Page<'_>) -> bool {
    let items = page_items(page, "Annots").unwrap_or_default();
    let is_annotation = |item: &Option<Object<'_>>| match item {
        Some(Object::Dict(item)) => !is_of_page_tree(item),
        Some(Object::Stream(_)) => true,
        _ => false,
    };
    items.iter().skip_while(|item| is_annotation(item)).any(is_annotation)
}

/// The entry of a page that lists its annotations, except for those that `is_left_out`. `None`: it is all of them.
fn list_annotations(page: &Page<'_>, is_left_out: &dyn Fn(Option<&Dict<'_>>) -> bool) -> Option<Vec<u8>> {
    let annotations = page.raw().get::<Array<'_>>("Annots")?;
    let (mut entry, mut has_left_out) = (b"/Annots[".to_vec(), false);
    for item in annotations.raw_iter() {
        let (written, annotation) = match item {
            MaybeRef::Ref(id) => {
                let written = format!("{} {} R ", id.obj_number, id.gen_number).into_bytes();
                (written, page.xref().get::<Dict<'_>>(id.into()))
            }
            MaybeRef::NotRef(Object::Dict(annotation)) => (annotation.data().to_vec(), Some(annotation)),
            MaybeRef::NotRef(_) => (Vec::new(), None),
        };
        match is_left_out(annotation.as_ref()) {
            true => has_left_out = true,
            false => entry.extend(written),
        }
    }
    entry.push(b']');
    has_left_out.then_some(entry)
}

/// The annotations of a page that version 11 of the decoder took for hidden: their objects, before and after.
pub(crate) fn find_appearances_hidden_before(page: &Page<'_>) -> Vec<(ObjRef, Vec<u8>)> {
    let layers = Layers::read(page.xref(), Hideable::Any);
    let Some(annotations) = page.raw().get::<Array<'_>>("Annots") else { return Vec::new() };
    let objects = annotations.raw_iter().take(MAX_ANNOTATIONS).filter_map(|entry| {
        let id = entry.as_obj_ref()?;
        let annotation = page.xref().get::<Dict<'_>>(id.into())?;
        let was_hidden = is_visible(&annotation) && layers.hide(&annotation);
        (was_hidden && appearance_stream(&annotation).is_some()).then(|| (id, annotation.data().to_vec()))
    });
    objects.collect()
}

fn is_drawn_although_hidden(annotation: &Dict<'_>, layers: &Layers<'_>) -> bool {
    is_visible(annotation) && layers.hide(annotation) && appearance_stream(annotation).is_some()
}

/// Whether the flags of an annotation do not hide it.
fn is_visible(annotation: &Dict<'_>) -> bool {
    annotation.get::<u32>("F").unwrap_or(0) & (HIDDEN | NO_VIEW) == 0
}

/// What a page has an appearance of that viewers do not show: popups; and form fields whose appearance shows another
/// value than they have, in a document that wants them to be drawn anew. Returns their objects, and these as they
/// are. `known`: what was examined, which other pages may have, too.
pub(crate) fn find_unshown_appearances(page: &Page<'_>, known: &mut HashSet<ObjRef>) -> Vec<(ObjRef, Vec<u8>)> {
    let form = Form::of_page(page);
    let Some(annotations) = page.raw().get::<Array<'_>>("Annots") else { return Vec::new() };
    let objects = annotations.raw_iter().take(MAX_ANNOTATIONS).filter_map(|entry| match entry {
        MaybeRef::Ref(id) if known.len() < MAX_FIELDS && known.insert(id) => {
            Some((id, page.xref().get::<Dict<'_>>(id.into())?))
        }
        MaybeRef::Ref(_) | MaybeRef::NotRef(_) => None,
    });
    let is_unshown = |annotation: &Dict<'_>| match annotation.get::<Name<'_>>("Subtype").as_deref() {
        Some(b"Popup") => appearance_stream(annotation).is_some(),
        Some(b"Widget") if form.needs_appearances => {
            read_rect(annotation).is_some_and(|rect| Field::new(annotation, &form, rect).has_stale_appearance())
        }
        _ => false,
    };
    objects.filter(|(_, found)| is_unshown(found)).map(|(id, found)| (id, found.data().to_vec())).collect()
}

/// The rectangle of an annotation; `None`: it has no area.
fn read_rect(annotation: &Dict<'_>) -> Option<Rect> {
    let [a, b, c, d] = annotation.get::<[f64; 4]>("Rect")?;
    let rect = Rect::new(a.min(c), b.min(d), a.max(c), b.max(d));
    let is_seen = rect.width() > 0.0 && rect.height() > 0.0 && [a, b, c, d].iter().all(|side| side.abs() < 1e6);
    is_seen.then_some(rect)
}

fn draw_markup(kind: &[u8], annotation: &Dict<'_>, rect: Rect, form: &Form<'_>, overlay: &mut Overlay) {
    let quads = |overlay: &mut Overlay| points(annotation.get::<Array<'_>>("QuadPoints"), overlay);
    let opacity = annotation.get::<f64>("CA").unwrap_or(1.0);
    let name = match kind {
        b"Highlight" => "highlights",
        b"Underline" | b"Squiggly" | b"StrikeOut" => "lines",
        b"Square" | b"Circle" | b"Line" | b"Ink" | b"Polygon" | b"PolyLine" => "drawings",
        b"FreeText" => "text annotations",
        b"Stamp" => "stamps",
        // Notes, links, popups and attachments are not content of the page.
        _ => return,
    };
    let painted = overlay.painted();
    overlay.push("q");
    match kind {
        b"Highlight" => {
            if let Some(color) = color(annotation, "C", FILL) {
                overlay.set_state(opacity, true);
                overlay.push(&color);
                for quad in quads(overlay).chunks_exact(8) {
                    // Upper left, upper right, lower left, lower right.
                    let order = [quad[0], quad[1], quad[2], quad[3], quad[6], quad[7], quad[4], quad[5]];
                    overlay.push(&format!("{} f", path(&order, true)));
                }
            }
        }
        b"Underline" | b"Squiggly" | b"StrikeOut" => {
            overlay.set_state(opacity, false);
            overlay.push(&color(annotation, "C", STROKE).unwrap_or_else(|| "0 G".to_owned()));
            for quad in quads(overlay).chunks_exact(8) {
                let share = if kind == b"StrikeOut" { 0.5 } else { 0.92 };
                let at = |top: f64, bottom: f64| top + (bottom - top) * share;
                let line = [at(quad[0], quad[4]), at(quad[1], quad[5]), at(quad[2], quad[6]), at(quad[3], quad[7])];
                let thickness = ((quad[1] - quad[5]).abs() / 16.0).clamp(0.5, 3.0);
                overlay.push(&format!("{thickness:.2} w {} S", path(&line, false)));
            }
        }
        b"FreeText" => draw_free_text(annotation, rect, form, opacity, overlay),
        b"Stamp" => draw_stamp(annotation, rect, opacity, overlay),
        _ => {
            overlay.set_state(opacity, false);
            draw_shape(kind, annotation, rect, overlay);
        }
    }
    overlay.push("Q");
    if overlay.painted() > painted {
        overlay.add_kind(name, rect);
    }
}

/// A path of straight lines through these points.
fn path(points: &[f64], is_closed: bool) -> String {
    let mut path = String::new();
    for (at, point) in points.chunks_exact(2).enumerate() {
        let _ = write!(path, "{:.3} {:.3} {} ", point[0], point[1], if at == 0 { 'm' } else { 'l' });
    }
    if is_closed {
        path.push('h');
    }
    path
}

fn draw_shape(kind: &[u8], annotation: &Dict<'_>, rect: Rect, overlay: &mut Overlay) {
    let width = border_width(annotation);
    let stroke = color(annotation, "C", STROKE).filter(|_| width > 0.0);
    let is_open = matches!(kind, b"Line" | b"Ink" | b"PolyLine");
    let fill = color(annotation, "IC", FILL).filter(|_| !is_open);
    let paint = match (&stroke, &fill) {
        (Some(_), Some(_)) => "B",
        (Some(_), None) => "S",
        (None, Some(_)) => "f",
        // Lines have a colour even if they state none.
        (None, None) if is_open => "S",
        (None, None) => return,
    };
    overlay.push(&format!("{width:.2} w {} {}", stroke.unwrap_or_default(), fill.unwrap_or_default()));
    let inner = rect.inset(-width / 2.0);
    match kind {
        b"Square" => {
            let (x, y, w, h) = (inner.x0, inner.y0, inner.width(), inner.height());
            overlay.push(&format!("{x:.3} {y:.3} {w:.3} {h:.3} re {paint}"));
        }
        b"Circle" => overlay.push(&format!("{} {paint}", ellipse(inner))),
        b"Line" => {
            let ends = points(annotation.get::<Array<'_>>("L"), overlay);
            overlay.push(&format!("{} {paint}", path(&ends, false)));
        }
        b"Polygon" | b"PolyLine" => {
            let corners = points(annotation.get::<Array<'_>>("Vertices"), overlay);
            overlay.push(&format!("{} {paint}", path(&corners, kind == b"Polygon")));
        }
        _ => {
            let strokes = annotation.get::<Array<'_>>("InkList");
            for (at, line) in strokes.iter().flat_map(|all| all.iter::<Array<'_>>()).enumerate() {
                if at == MAX_POINTS {
                    overlay.lose_beyond(MAX_POINTS, "lines in an annotation");
                    break;
                }
                let line = points(Some(line), overlay);
                overlay.push(&format!("{} {paint}", path(&line, false)));
            }
        }
    }
}

fn draw_free_text(annotation: &Dict<'_>, rect: Rect, form: &Form<'_>, opacity: f64, overlay: &mut Overlay) {
    overlay.set_state(opacity, false);
    let width = border_width(annotation);
    let fill = color(annotation, "C", FILL);
    let paint = match (&fill, width > 0.0) {
        (Some(_), true) => "B",
        (Some(_), false) => "f",
        (None, true) => "S",
        (None, false) => "n",
    };
    let box_ = rect.inset(-width / 2.0);
    overlay.push(&format!(
        "{} 0 G {width:.2} w {:.3} {:.3} {:.3} {:.3} re {paint}",
        fill.unwrap_or_default(),
        box_.x0,
        box_.y0,
        box_.width(),
        box_.height()
    ));
    let read = |key: &str| annotation.get::<Object<'_>>(key).and_then(|value| read_text(&value));
    let plain = read("Contents").filter(|text| !text.is_empty());
    let rich = || read("RC").map(|text| read_rich_text(&text)).filter(|text| !text.is_empty());
    let is_rich = plain.is_none();
    let Some(text) = plain.or_else(rich) else { return };
    if is_rich {
        overlay.change_in(KNOWN_LAYERS_VERSION);
    }
    let appearance = annotation.get::<Object<'_>>("DA").and_then(|value| read_text(&value));
    let style = TextStyle::read(&appearance.unwrap_or_default(), |name| base_font(form.fonts.as_ref(), name));
    let quadding = annotation.get::<u32>("Q").unwrap_or(0);
    write_lines(overlay, &style, rect.inset(-width - 1.0), &text, quadding);
}

/// The name of a stamp in a red frame.
fn draw_stamp(annotation: &Dict<'_>, rect: Rect, opacity: f64, overlay: &mut Overlay) {
    let name = annotation.get::<Name<'_>>("Name");
    let name = name.map_or("DRAFT".to_owned(), |name| {
        let words: String =
            name.as_str().chars().flat_map(|c| if c.is_uppercase() { vec![' ', c] } else { vec![c] }).collect();
        words.trim().to_uppercase()
    });
    overlay.set_state(opacity, false);
    let frame = rect.inset(-1.5);
    overlay.push(&format!(
        "0.8 0 0 RG 2 w {:.3} {:.3} {:.3} {:.3} re S",
        frame.x0,
        frame.y0,
        frame.width(),
        frame.height()
    ));
    let style = TextStyle { font: "Helvetica-Bold", size: 0.0, color: "0.8 0 0 rg".to_owned() };
    let size = (rect.height() * 0.6).min((rect.width() - 8.0).max(1.0) / style.width(&name).max(0.1)).max(1.0);
    let y = rect.center().y - size * 0.36;
    overlay.write(&style, size, (start(&style, size, rect, &name, 1), y), &name);
}
