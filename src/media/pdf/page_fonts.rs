//! The fonts that a page and what it is painted with refer to, and corrections of their entries.

use super::annotations::visible_appearances;
use super::corrections::Correction;
use super::within::MAX_DEPTH;
use hayro::hayro_syntax::object::{Array, Dict, MaybeRef, Name, ObjRef, Object, ObjectIdentifier, Stream};
use hayro::hayro_syntax::page::{Page, Resources};
use std::collections::HashSet;

/// Maximum number of nodes of the page tree above a page that are looked at.
const MAX_PARENTS: u32 = 64;

/// Which fonts of a page are corrected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FontPlaces {
    /// Those of the page and of its forms, and descriptors that are objects: all that versions of the decoder before 15
    /// corrected.
    Forms,
    /// Also those of tiles, glyphs, masks, annotations and graphics states.
    All,
}

/// Entries that make the renderer use a font as viewers do.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct FontEntries {
    /// Those of the font.
    pub(crate) font: String,
    /// Those of its descriptor.
    pub(crate) descriptor: String,
}

impl FontEntries {
    /// Whether the renderer uses the font as it is.
    pub(crate) fn are_none(&self) -> bool {
        self.font.is_empty() && self.descriptor.is_empty()
    }
}

/// The fonts of a page with the entries that `find` returns for them.
pub(crate) fn correct_fonts(
    page: &Page<'_>,
    places: FontPlaces,
    find: impl Fn(&Dict<'_>) -> FontEntries,
) -> Vec<Correction> {
    let mut found: Vec<Correction> = Vec::new();
    for font in find_fonts(page, places) {
        for new in font.correct(find(&font.dict), places) {
            if found.iter().all(|known| known.id != new.id || known.entry != new.entry) {
                found.push(new);
            }
        }
    }
    found
}

/// A font of a page.
struct PageFont<'a> {
    dict: Dict<'a>,
    place: FontPlace<'a>,
}

/// Where a font is.
enum FontPlace<'a> {
    /// It is this object of the file.
    Object(ObjRef),
    /// It is in the list of fonts of these resources, under this name. `holder`: the page, or the node above it, that has
    /// them.
    Listed { name: Name<'a>, resources: Dict<'a>, holder: Option<Dict<'a>> },
    /// It is in another object.
    Elsewhere,
}

impl PageFont<'_> {
    fn correct(&self, entries: FontEntries, places: FontPlaces) -> Vec<Correction> {
        let FontEntries { font, descriptor } = entries;
        let known = self.dict.get::<Dict<'_>>("FontDescriptor").filter(|_| !descriptor.is_empty());
        if let Some(known) = known.as_ref().filter(|_| places == FontPlaces::All) {
            // Another font may need the descriptor as it is.
            let own = with_entry(known, descriptor.as_bytes()).map(|own| [&b"/FontDescriptor"[..], &own].concat());
            let entry = [font.as_bytes(), &own.unwrap_or_default()].concat();
            if let Some(correction) = self.correct_entry(&entry) {
                return vec![correction];
            }
        }
        let of_descriptor =
            known.zip(self.dict.get_ref("FontDescriptor")).map(|(known, id)| Correction::new(id, &known, descriptor));
        let of_font = if font.is_empty() { None } else { self.correct_entry(font.as_bytes()) };
        of_descriptor.into_iter().chain(of_font).collect()
    }

    /// The font with another entry, or the list of fonts, the resources or the page that it is in, whichever is an object
    /// of the file.
    fn correct_entry(&self, entry: &[u8]) -> Option<Correction> {
        let (name, resources, holder) = match &self.place {
            FontPlace::Object(id) => return Some(Correction::new(*id, &self.dict, entry)),
            FontPlace::Listed { name, resources, holder } => (name, resources, holder.as_ref()),
            FontPlace::Elsewhere => return None,
        };
        let name: String = name.iter().map(|byte| format!("#{byte:02X}")).collect();
        let fonts = resources.get::<Dict<'_>>("Font")?;
        let mut entry = [&b"/"[..], name.as_bytes(), &with_entry(&self.dict, entry)?].concat();
        for (dict, parent, key) in [(&fonts, Some(resources), "Font"), (resources, holder, "Resources")] {
            if let Some(id) = parent.and_then(|parent| parent.get_ref(key)) {
                return Some(Correction::new(id, dict, entry));
            }
            entry = [&b"/"[..], key.as_bytes(), &with_entry(dict, &entry)?].concat();
        }
        Some(Correction::new(holder?.obj_id()?, holder?, entry))
    }
}

/// A dictionary with another entry, with its brackets.
fn with_entry(dict: &Dict<'_>, entry: &[u8]) -> Option<Vec<u8>> {
    Some([dict.data().strip_suffix(b">>")?, entry, b">>"].concat())
}

fn find_fonts<'a>(page: &Page<'a>, places: FontPlaces) -> Vec<PageFont<'a>> {
    let mut search = Search { places, entered: HashSet::new(), known: HashSet::new(), found: Vec::new() };
    match find_resources(page) {
        Some((own, holder)) => search.follow(&own, Some(&holder), 0),
        None => search.follow_resources(page.resources(), None, 0),
    }
    if places == FontPlaces::All {
        for (appearance, _) in visible_appearances(page) {
            search.enter(&appearance, 0);
        }
    }
    search.found
}

/// The resources of a page, and what they are an entry of: the page, or the node of the page tree that it inherits them from.
fn find_resources<'a>(page: &Page<'a>) -> Option<(Dict<'a>, Dict<'a>)> {
    let mut node = page.raw().clone();
    for _ in 0..MAX_PARENTS {
        if let Some(own) = node.get::<Dict<'a>>("Resources") {
            return Some((own, node));
        }
        node = page.xref().get::<Dict<'a>>(node.get_ref("Parent")?.into())?;
    }
    None
}

struct Search<'a> {
    places: FontPlaces,
    entered: HashSet<ObjectIdentifier>,
    /// Where the data of the fonts begins that were found.
    known: HashSet<usize>,
    found: Vec<PageFont<'a>>,
}

impl<'a> Search<'a> {
    fn follow(&mut self, own: &Dict<'a>, holder: Option<&Dict<'a>>, depth: u32) {
        self.follow_resources(&Resources::new(own.clone()), Some((own, holder)), depth);
    }

    /// Finds the fonts that content with these resources uses. `own`: the same and the page that they are of, if they are
    /// not inherited.
    fn follow_resources(&mut self, resources: &Resources<'a>, own: Option<(&Dict<'a>, Option<&Dict<'a>>)>, depth: u32) {
        for name in resources.fonts.keys() {
            let Some(dict) = resources.get_font(&name) else { continue };
            let place = match (resources.fonts.get_ref(&*name), own) {
                (Some(id), _) => FontPlace::Object(id),
                (None, Some((own, holder))) => {
                    FontPlace::Listed { name, resources: own.clone(), holder: holder.cloned() }
                }
                (None, None) => FontPlace::Elsewhere,
            };
            self.add(PageFont { dict, place }, depth);
        }
        for object in resources.x_objects.keys().filter_map(|name| resources.get_x_object(&name)) {
            self.enter(&object, depth);
        }
        if self.places == FontPlaces::Forms {
            return;
        }
        for pattern in resources.patterns.keys().filter_map(|name| resources.get_pattern(&name)) {
            if let Object::Stream(tiles) = pattern {
                self.enter(&tiles, depth);
            }
        }
        for state in resources.ext_g_states.keys().filter_map(|name| resources.get_ext_g_state(&name)) {
            let font = state.get::<Array<'a>>("Font").and_then(|font| {
                let place = match font.raw_iter().next()? {
                    MaybeRef::Ref(id) => FontPlace::Object(id),
                    MaybeRef::NotRef(_) => FontPlace::Elsewhere,
                };
                Some(PageFont { dict: font.iter::<Object<'a>>().next()?.into_dict()?, place })
            });
            if let Some(font) = font {
                self.add(font, depth);
            }
            if let Some(group) = state.get::<Dict<'a>>("SMask").and_then(|mask| mask.get::<Stream<'a>>("G")) {
                self.enter(&group, depth);
            }
        }
    }

    fn enter(&mut self, stream: &Stream<'a>, depth: u32) {
        let own = stream.dict().get::<Dict<'a>>("Resources");
        if let Some(own) = own.filter(|_| depth < MAX_DEPTH && self.entered.insert(stream.obj_id())) {
            self.follow(&own, None, depth + 1);
        }
    }

    /// Adds a font. The glyphs of one may show text, too.
    fn add(&mut self, font: PageFont<'a>, depth: u32) {
        if !self.known.insert(font.dict.data().as_ptr() as usize) {
            return;
        }
        if self.places == FontPlaces::All && depth < MAX_DEPTH {
            if let Some(own) = font.dict.get::<Dict<'a>>("Resources") {
                self.follow(&own, None, depth + 1);
            }
            let glyphs = font.dict.get::<Dict<'a>>("CharProcs").unwrap_or_default();
            for glyph in glyphs.keys().filter_map(|name| glyphs.get::<Stream<'a>>(&*name)) {
                self.enter(&glyph, depth);
            }
        }
        self.found.push(font);
    }
}
