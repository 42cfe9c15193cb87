//! Finds what a page refers to and the file does not hold: content streams that can't be decoded,
//! forms and images that are missing.

use super::content::{Matrix, multiply};
use super::losses::{Losses, Lost};
use hayro::hayro_syntax::content::UntypedIter;
use hayro::hayro_syntax::object::{Array, Dict, MaybeRef, Name, Null, Object, ObjectIdentifier, Stream};
use hayro::hayro_syntax::page::{Page, Resources};
use hayro::kurbo::{Affine, Rect};
use std::collections::{BTreeSet, HashSet};
use std::io::Read;

/// Deepest nesting of forms that is followed.
const MAX_DEPTH: u32 = 12;
/// Most operations of a page that are examined.
const MAX_OPERATIONS: u32 = 5_000_000;

/// Finds the missing parts of a page. `to_picture` maps the page to the picture of this size.
pub(crate) fn find_missing_objects(page: &Page<'_>, to_picture: Affine, target: Rect, losses: &mut Losses) {
    if let Some(lost) = find_lost_content(page.raw()) {
        losses.add(Lost::Content(lost.to_owned()), None);
    }
    let Some(content) = page.page_stream() else { return };
    let hidden = hidden_layers(page);
    let mut walk = Walk { losses, target, hidden, visited: HashSet::new(), operations: 0 };
    walk.follow(content, page.resources(), to_picture.as_coeffs(), 0);
}

/// What is wrong with the content streams of a page.
fn find_lost_content(page: &Dict<'_>) -> Option<&'static str> {
    const MISSING: &str = "the content of the page is missing";
    let streams: Vec<Option<Stream<'_>>> = match page.get::<Object<'_>>("Contents") {
        Some(Object::Stream(stream)) => vec![Some(stream)],
        Some(Object::Array(array)) => array
            .iter::<Object<'_>>()
            .filter(|item| !matches!(item, Object::Null(_)))
            .map(Object::into_stream)
            .collect(),
        Some(Object::Null(Null)) => return None,
        Some(_) => return Some(MISSING),
        None => return page.contains_key("Contents").then_some(MISSING),
    };
    streams.into_iter().find_map(|stream| match stream {
        None => Some(MISSING),
        Some(stream) => find_damage(&stream),
    })
}

/// What is wrong with a content stream.
fn find_damage(stream: &Stream<'_>) -> Option<&'static str> {
    if stream.decoded_data().is_err() {
        return Some("the content of the page can't be decoded");
    }
    let name = stream.dict().get::<Name<'_>>("Filter")?;
    let is_flate = matches!(&*name, b"FlateDecode" | b"Fl");
    (is_flate && !is_whole_flate(&stream.raw_data())).then_some("the content of the page ends early or is damaged")
}

/// Whether deflated data has its end. Checksums are not needed: many writers get them wrong.
fn is_whole_flate(data: &[u8]) -> bool {
    let reaches_end = |data: &[u8]| {
        let mut rest = flate2::read::DeflateDecoder::new(data);
        let mut part = [0; 1 << 14];
        loop {
            match rest.read(&mut part) {
                Ok(0) => return true,
                Ok(_) => {}
                Err(_) => return false,
            }
        }
    };
    data.is_empty() || data.get(2..).is_some_and(reaches_end) || reaches_end(data)
}

/// The optional content that the document turns off by default (ISO 32000-1, 8.11.4.3).
fn hidden_layers(page: &Page<'_>) -> BTreeSet<ObjectIdentifier> {
    let xref = page.xref();
    let groups = || {
        let catalog = xref.get::<Dict<'_>>(xref.root_id())?;
        let off = catalog.get::<Dict<'_>>("OCProperties")?.get::<Dict<'_>>("D")?.get::<Array<'_>>("OFF")?;
        let ids = off.raw_iter().filter_map(|item| match item {
            MaybeRef::Ref(reference) => Some(reference.into()),
            MaybeRef::NotRef(_) => None,
        });
        Some(ids.collect())
    };
    groups().unwrap_or_default()
}

struct Walk<'l> {
    losses: &'l mut Losses,
    target: Rect,
    hidden: BTreeSet<ObjectIdentifier>,
    visited: HashSet<ObjectIdentifier>,
    operations: u32,
}

impl Walk<'_> {
    fn follow(&mut self, content: &[u8], resources: &Resources<'_>, start: Matrix, depth: u32) {
        let (mut matrix, mut saved) = (start, Vec::new());
        let mut layers: Vec<bool> = Vec::new();
        let mut operations = UntypedIter::new(content);
        while let Some(operation) = operations.next() {
            self.operations += 1;
            if self.operations > MAX_OPERATIONS {
                // The operations of the forms around this one count on.
                if self.operations == MAX_OPERATIONS + 1 {
                    let lost = format!("the page has more than {MAX_OPERATIONS} operations");
                    self.losses.add(Lost::Content(lost), None);
                }
                return;
            }
            let operator: &[u8] = operation.operator;
            match operator {
                b"q" => saved.push(matrix),
                b"Q" => matrix = saved.pop().unwrap_or(start),
                b"cm" => {
                    let numbers: Vec<f64> = operation
                        .operands()
                        .filter_map(|operand| operand.clone().into_number().map(|number| number.as_f64()))
                        .collect();
                    if let Ok(numbers) = Matrix::try_from(numbers) {
                        matrix = multiply(numbers, matrix);
                    }
                }
                b"BMC" => layers.push(false),
                b"BDC" => {
                    let name = operation.operands().nth(1).and_then(|name| name.clone().into_name());
                    let layer = name.and_then(|name| resources.properties.get_ref(&*name));
                    layers.push(layer.is_some_and(|layer| self.hidden.contains(&layer.into())));
                }
                b"EMC" => _ = layers.pop(),
                b"Do" if !layers.contains(&true) => {
                    if let Some(Object::Name(name)) = operation.operands().next() {
                        self.paint(name, resources, matrix, depth);
                    }
                }
                _ => {}
            }
        }
    }

    fn paint(&mut self, name: &Name<'_>, resources: &Resources<'_>, matrix: Matrix, depth: u32) {
        let unit = Affine::new(matrix).transform_rect_bbox(Rect::new(0.0, 0.0, 1.0, 1.0));
        let Some(stream) = resources.get_x_object(name) else {
            let region = unit.intersect(self.target);
            if region.width() > 0.0 && region.height() > 0.0 {
                self.losses.add(Lost::Image("it is missing in the file".to_owned()), Some(region));
            }
            return;
        };
        let dict = stream.dict();
        if dict.get_ref("OC").is_some_and(|layer| self.hidden.contains(&layer.into())) {
            return;
        }
        match dict.get::<Name<'_>>("Subtype").as_deref() {
            Some(b"Form") => {
                if !self.visited.insert(stream.obj_id()) {
                    return;
                }
                if depth >= MAX_DEPTH {
                    let lost = format!("the page has forms in more than {MAX_DEPTH} forms");
                    self.losses.add(Lost::Content(lost), None);
                    return;
                }
                if find_damage(&stream).is_some() || !dict.contains_key("BBox") {
                    self.losses.add(Lost::Content("a part of the page can't be decoded".to_owned()), None);
                }
                let Ok(content) = stream.decoded_data() else { return };
                let own = dict.get::<Dict<'_>>("Resources").map(Resources::new);
                let inner = dict.get::<Matrix>("Matrix").map_or(matrix, |inner| multiply(inner, matrix));
                self.follow(&content, own.as_ref().unwrap_or(resources), inner, depth + 1);
            }
            Some(b"Image") => {
                let side = |key: &str| dict.get::<u32>(key);
                if side("Width").or_else(|| side("W")).is_none() || side("Height").or_else(|| side("H")).is_none() {
                    self.losses.add(Lost::Image("it has no size".to_owned()), Some(unit));
                }
            }
            // PostScript, which no viewer draws (ISO 32000-1, 8.8.2).
            Some(b"PS") => {}
            _ => self.losses.add(Lost::Image("it is of an unknown type".to_owned()), Some(unit)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_whole_flate;
    use std::io::Write;

    #[test]
    fn deflated_data_is_whole_without_its_checksum_and_not_without_its_end() {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(&b"some content of a page ".repeat(50)).unwrap();
        let whole = encoder.finish().unwrap();
        assert!(is_whole_flate(&whole));
        assert!(is_whole_flate(&whole[..whole.len() - 4]));
        assert!(is_whole_flate(&whole[2..]));
        assert!(is_whole_flate(&[&whole[..], b"\n"].concat()));
        assert!(!is_whole_flate(&whole[..whole.len() - 8]));
        assert!(!is_whole_flate(b"noise, not data"));
    }
}
