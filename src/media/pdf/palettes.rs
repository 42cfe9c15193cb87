//! Palettes that are a text in an object of their own. Viewers read them; the library finds only palettes that are a stream,
//! or a text in the colour space. Source: ISO 32000-1, 8.6.6.3.

use super::annotations::visible_appearances;
use super::color_space::find_text_palette;
use super::encryption::is_encrypted;
use super::references::Objects;
use super::within::MAX_DEPTH;
use hayro::hayro_syntax::Pdf;
use hayro::hayro_syntax::object::{Dict, Object, ObjectIdentifier, Stream};
use hayro::hayro_syntax::page::{Page, Resources};
use std::collections::HashSet;

/// The palettes of a page as streams, by their numbers and generations. Those of an encrypted file can't be written.
pub(crate) fn find_text_palettes(pdf: &Pdf, page: &Page<'_>) -> Objects {
    if is_encrypted(pdf.data().as_ref()) {
        return Objects::new();
    }
    let mut search = Search { entered: HashSet::new(), found: Objects::new() };
    search.follow(page.resources(), 0);
    for (appearance, _) in visible_appearances(page) {
        search.enter(&appearance, 0);
    }
    search.found
}

struct Search {
    entered: HashSet<ObjectIdentifier>,
    found: Objects,
}

impl Search {
    fn follow(&mut self, resources: &Resources<'_>, depth: u32) {
        for space in resources.color_spaces.keys().filter_map(|name| resources.get_color_space(&name)) {
            self.add(&space);
        }
        for object in resources.x_objects.keys().filter_map(|name| resources.get_x_object(&name)) {
            self.enter(&object, depth);
        }
        for name in resources.patterns.keys() {
            if let Some(tile) = resources.patterns.get::<Stream<'_>>(name) {
                self.enter(&tile, depth);
            }
        }
        for state in resources.ext_g_states.keys().filter_map(|name| resources.get_ext_g_state(&name)) {
            if let Some(group) = state.get::<Dict<'_>>("SMask").and_then(|mask| mask.get::<Stream<'_>>("G")) {
                self.enter(&group, depth);
            }
        }
    }

    /// Looks at an image, or at what a form or a tile refers to.
    fn enter(&mut self, object: &Stream<'_>, depth: u32) {
        if depth >= MAX_DEPTH || !self.entered.insert(object.obj_id()) {
            return;
        }
        if let Some(space) = object.dict().get::<Object<'_>>("ColorSpace") {
            self.add(&space);
        }
        if let Some(own) = object.dict().get::<Dict<'_>>("Resources") {
            self.follow(&Resources::new(own), depth + 1);
        }
    }

    fn add(&mut self, space: &Object<'_>) {
        if let Some((id, palette)) = find_text_palette(space) {
            let head = format!("<</Length {}>>\nstream\n", palette.len());
            let stream = [head.as_bytes(), &palette, b"\nendstream"].concat();
            self.found.insert((id.obj_number, id.gen_number), stream);
        }
    }
}
