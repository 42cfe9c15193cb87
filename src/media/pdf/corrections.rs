//! Entries of a file's objects that are corrected before its pages are drawn.

use super::annotations::{find_appearances_hidden_before, find_unshown_appearances};
use super::content_repair::read_token;
use super::encryption::is_encrypted;
use super::layers::{Hideable, find_unread_layers};
use super::references::Objects;
use super::stream_corrections::StreamCorrection;
use super::update::open_with;
use hayro::hayro_syntax::Pdf;
use hayro::hayro_syntax::object::{Dict, ObjRef, Rect};
use hayro::hayro_syntax::page::{A4, Page};
use hayro::hayro_syntax::xref::XRef;
use std::collections::HashSet;
use std::collections::btree_map::Entry;
use std::sync::Arc;

/// The size of pages without one, as PDFium, MuPDF, Poppler and pdf.js have it: Letter.
const DEFAULT_BOX: &str = "/MediaBox[0 0 612 792]";
/// The number of an object that no file has: that of the largest is 8,388,607 (ISO 32000-1, annex C).
const CONTENT_NUMBER: u32 = 8_388_606;
/// Takes the appearance of a form field away: its value is drawn.
const NO_APPEARANCE: &str = "/AP null";

/// The entry that makes a form a transparency group.
const GROUP: &[u8] = b"/Group";
/// The same entry under a name that means nothing, of the same length.
const NO_GROUP: &[u8] = b"/-----";

/// Sides of a box below which it is invisible, in points.
pub(crate) const MIN_SIDE: f64 = 0.01;

/// Which entries are corrected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Corrections {
    /// Only the types of nodes of the page tree.
    Types,
    /// Also sizes of pages, and appearances of form fields.
    All,
}

/// An entry of an object that is missing or wrong.
#[derive(Clone)]
pub(crate) struct Correction {
    pub(crate) id: ObjRef,
    /// The unchanged dictionary, with its brackets.
    pub(crate) content: Vec<u8>,
    /// The right entry.
    pub(crate) entry: Vec<u8>,
}

impl Correction {
    /// The entry of a dictionary that is the object `id`.
    pub(crate) fn new(id: impl Into<ObjRef>, dict: &Dict<'_>, entry: impl Into<Vec<u8>>) -> Self {
        Self { id: id.into(), content: dict.data().to_vec(), entry: entry.into() }
    }
}

/// Opens a file again with the right entries.
pub(crate) fn correct(pdf: &Pdf, corrections: &[Correction]) -> Option<Pdf> {
    let mut objects = Objects::new();
    for Correction { id, content, entry } in corrections {
        // The last of two equal keys holds, and the last of two equal objects.
        let object = match objects.entry((id.obj_number, id.gen_number)) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => new.insert(content.strip_suffix(b">>")?.to_vec()),
        };
        object.extend(entry);
    }
    objects.values_mut().for_each(|object| object.extend(b">>"));
    open_with(pdf, &objects)
}

/// Opens a file again with other content of a page. `None`: it can't be changed, because the file is encrypted.
pub(crate) fn replace_content(pdf: &Pdf, page: &Dict<'_>, content: &[u8]) -> Option<Pdf> {
    let id = page.obj_id().map(ObjRef::from).filter(|_| !is_encrypted(pdf.data().as_ref()))?;
    let dict = page.data().strip_suffix(b">>")?;
    let dict = [dict, format!("/Contents {CONTENT_NUMBER} 0 R>>").as_bytes()].concat();
    let head = format!("<</Length {}>>\nstream\n", content.len());
    let stream = [head.as_bytes(), content, b"\nendstream"].concat();
    open_with(pdf, &Objects::from([((id.obj_number, id.gen_number), dict), ((CONTENT_NUMBER, 0), stream)]))
}

/// Opens a file again with the right entries of streams. `None`: they can't be changed, because the file is encrypted.
pub(crate) fn correct_entries(pdf: &Pdf, corrections: &[StreamCorrection<'_>]) -> Option<Pdf> {
    if is_encrypted(pdf.data().as_ref()) {
        return None;
    }
    let objects = corrections.iter().map(|StreamCorrection { stream, entry, data }| {
        let (id, dict) = (ObjRef::from(stream.obj_id()), stream.dict().data().strip_suffix(b">>")?);
        let raw = stream.raw_data();
        let data = data.as_deref().unwrap_or(&raw);
        let object = [dict, entry.as_bytes(), b">>\nstream\n", data, b"\nendstream"].concat();
        Some(((id.obj_number, id.gen_number), object))
    });
    open_with(pdf, &objects.collect::<Option<_>>()?)
}

/// Opens a copy of a file in which these forms are not transparency groups. `None`: their entry is not found.
pub(crate) fn dissolve_groups(pdf: &Pdf, forms: &[Dict<'_>]) -> Option<Pdf> {
    let original: &[u8] = pdf.data().as_ref();
    let mut bytes = original.to_vec();
    for form in forms {
        // A stream's dictionary is never in another stream, so its bytes are those of the file, and the places of
        // everything else are unchanged.
        let start = (form.data().as_ptr() as usize).checked_sub(original.as_ptr() as usize)?;
        let keys = find_keys(form.data(), GROUP);
        if keys.is_empty() {
            return None;
        }
        for at in keys {
            let entry = bytes.get_mut(start + at..)?.get_mut(..GROUP.len())?;
            entry.copy_from_slice(NO_GROUP);
        }
    }
    Pdf::new(Arc::new(bytes)).ok()
}

/// The places of a key in a dictionary that is given with its brackets.
fn find_keys(dict: &[u8], key: &[u8]) -> Vec<usize> {
    let (mut at, mut depth, mut is_key) = (0, 0_usize, true);
    let mut places = Vec::new();
    while let Some(rest) = dict.get(at..).filter(|rest| !rest.is_empty()) {
        let token = read_token(rest);
        match token {
            b"<<" | b"[" => depth += 1,
            b">>" | b"]" => depth = depth.saturating_sub(1),
            _ => {}
        }
        match token {
            [b'/', ..] if depth == 1 && is_key => {
                if token == key {
                    places.push(at);
                }
                is_key = false;
            }
            [byte, ..] if byte.is_ascii_whitespace() || matches!(byte, b'%' | 0) => {}
            // The end of a value, of which some have several tokens; a key is a name.
            _ if depth == 1 => is_key = true,
            _ => {}
        }
        at += token.len();
    }
    places
}

/// The size of pages that state none. `root`: that of the page tree, which they inherit from.
pub(crate) fn correct_boxes(pdf: &Pdf, root: &Dict<'_>) -> Option<Correction> {
    let is_default = |page: Rect| (page.x1 - A4.x1).abs() < f64::EPSILON && (page.y1 - A4.y1).abs() < f64::EPSILON;
    let lacks_box = pdf.pages().iter().any(|page| is_default(page.media_box()));
    let id = root.obj_id().filter(|_| lacks_box && root.get::<Rect>("MediaBox").is_none())?;
    Some(Correction::new(id, root, DEFAULT_BOX))
}

/// Pages with a crop box that leaves nothing of the page: viewers show all of it.
pub(crate) fn correct_crop_boxes(pdf: &Pdf) -> Vec<Correction> {
    let correct = |page: &Page<'_>| {
        let (media, shown) = (page.media_box(), page.intersected_crop_box());
        let has_area = |area: Rect| area.width() >= MIN_SIDE && area.height() >= MIN_SIDE;
        let id = page.raw().obj_id().filter(|_| has_area(media) && !has_area(shown))?;
        let entry = format!("/CropBox[{} {} {} {}]", media.x0, media.y0, media.x1, media.y1);
        Some(Correction::new(id, page.raw(), entry))
    };
    pdf.pages().iter().filter_map(correct).collect()
}

/// Popups, which viewers do not show, and form fields whose appearance is out of date, which they draw from their values.
pub(crate) fn correct_appearances(pdf: &Pdf) -> Vec<Correction> {
    let mut known = HashSet::new();
    let unshown = pdf.pages().iter().flat_map(|page| find_unshown_appearances(page, &mut known));
    unshown.map(|(id, content)| Correction { id, content, entry: NO_APPEARANCE.into() }).collect()
}

/// The layers of a document that the renderer shows or hides unlike viewers. `None`: none.
pub(crate) fn correct_layers(xref: &XRef, hideable: Hideable) -> Option<Correction> {
    let (catalog, entry) = find_unread_layers(xref, hideable)?;
    Some(Correction::new(catalog.obj_id()?, &catalog, entry))
}

/// The annotations of a page with this list of them. `None`: the list can't be changed.
pub(crate) fn correct_annotations(pdf: &Pdf, page: &Page<'_>, entry: Vec<u8>) -> Option<Correction> {
    // Texts are encrypted for the object that they are in.
    let is_elsewhere = page.raw().get_ref("Annots").is_some();
    let id = page.raw().obj_id().filter(|_| !is_elsewhere || !is_encrypted(pdf.data().as_ref()))?;
    Some(Correction::new(id, page.raw(), entry))
}

/// The same two as version 11 of the decoder corrected them.
pub(crate) fn correct_layers_as_before(page: &Page<'_>) -> Vec<Correction> {
    let annotations = find_appearances_hidden_before(page).into_iter();
    let annotations = annotations.map(|(id, content)| Correction { id, content, entry: NO_APPEARANCE.into() });
    correct_layers(page.xref(), Hideable::Any).into_iter().chain(annotations).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_those_of_the_dictionary_itself() {
        for (dict, places) in [
            ("<</Group<</S/Transparency>>>>", vec![2]),
            ("<</Length 5 0 R/Group 9 0 R /Group null>>", vec![15, 28]),
            ("<</Type/Group/PieceInfo<</Group 1>>/A[/Group]/B(/Group)>>", vec![]),
            ("<</Type /XObject % /Group\n /Matrix [1 0 0 1 0 0] /Group<<>>>>", vec![49]),
            ("<</A<41>/Groups 1/B true/Group 2>>", vec![24]),
            ("", vec![]),
        ] {
            assert_eq!(find_keys(dict.as_bytes(), GROUP), places, "{dict}");
        }
    }
}
