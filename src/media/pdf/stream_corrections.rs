//! Streams of a page whose entries or data the renderer can't use, and viewers read in one way. Source: ISO 32000-1,
//! 8.6.6.3 (palettes), 8.9.6.2 (stencils) and 11.6.5.2 (masks of groups); ITU-T T.88, 7.4.8 (the height of JBIG2).

use super::annotations::visible_appearances;
use super::color_space::{count_channels, count_palette, is_indexed, is_known};
use super::images::has_other_bits;
use super::jbig2::with_height;
use super::layers::Layers;
use super::raster_scan::is_lossless;
use super::soft_mask::{has_usable_group, is_luminosity, space_of_backdrop};
use super::stream_data::{JPEG_START, find_jpeg};
use super::within::MAX_DEPTH;
use hayro::hayro_syntax::Filter;
use hayro::hayro_syntax::object::{Dict, MaybeRef, Name, Object, ObjectIdentifier, Stream};
use hayro::hayro_syntax::page::{Page, Resources};
use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt::Write;

/// Maximum number of colours of a palette.
const MAX_COLORS: usize = 256;

/// An entry of a stream that is missing or wrong.
pub(crate) struct StreamCorrection<'a> {
    pub(crate) stream: Stream<'a>,
    /// The right entry.
    pub(crate) entry: String,
    /// The data that the renderer can read, if it is not that of the stream.
    pub(crate) data: Option<Vec<u8>>,
}

/// The streams of a page that are corrected.
pub(crate) fn correct_streams<'a>(page: &Page<'a>) -> Vec<StreamCorrection<'a>> {
    let mut search = Search { seen: HashSet::new(), found: Vec::new() };
    search.follow(page.resources(), 0);
    for (appearance, _) in visible_appearances(page) {
        search.examine(&appearance, page.resources(), 0);
    }
    search.found
}

/// Appearances of the annotations of a page that the renderer hides because they belong to a layer: viewers look at that of
/// the annotation only.
pub(crate) fn show_appearances<'a>(page: &Page<'a>) -> Vec<StreamCorrection<'a>> {
    let layers = Layers::of_page(page);
    if layers.are_none() {
        return Vec::new();
    }
    let appearances = visible_appearances(page).into_iter().map(|(appearance, _)| appearance);
    let hidden = appearances.filter(|appearance| layers.is_hidden_by_renderer(appearance.dict()));
    hidden.map(|stream| StreamCorrection { stream, entry: "/OC null".to_owned(), data: None }).collect()
}

struct Search<'a> {
    seen: HashSet<ObjectIdentifier>,
    found: Vec<StreamCorrection<'a>>,
}

impl<'a> Search<'a> {
    fn follow(&mut self, resources: &Resources<'a>, depth: u32) {
        for object in resources.x_objects.keys().filter_map(|name| resources.get_x_object(&name)) {
            self.examine(&object, resources, depth);
        }
        for state in resources.ext_g_states.keys().filter_map(|name| resources.get_ext_g_state(&name)) {
            let mask = state.get::<Dict<'a>>("SMask");
            let Some((mask, group)) = mask.and_then(|mask| Some((mask.clone(), mask.get::<Stream<'a>>("G")?))) else {
                continue;
            };
            if is_luminosity(&mask) && !has_usable_group(&group) && !self.seen.contains(&group.obj_id()) {
                let entry = format!("/Group<</S/Transparency/CS/{}>>", space_of_backdrop(&mask));
                self.found.push(StreamCorrection { stream: group.clone(), entry, data: None });
            }
            self.examine(&group, resources, depth);
        }
    }

    fn examine(&mut self, object: &Stream<'a>, resources: &Resources<'a>, depth: u32) {
        if depth >= MAX_DEPTH || !self.seen.insert(object.obj_id()) {
            return;
        }
        let dict = object.dict();
        if dict.get::<Name<'_>>("Subtype").is_some_and(|kind| &*kind == b"Image") {
            let entry = match dict.get::<bool>("ImageMask") {
                Some(true) => correct_stencil(object),
                _ => correct_palette(object, resources),
            };
            let data = correct_data(object);
            if entry.is_some() || data.is_some() {
                let length = data.as_ref().map(|data| format!("/Length {}", data.len())).unwrap_or_default();
                let entry = entry.unwrap_or_default() + &length;
                self.found.push(StreamCorrection { stream: object.clone(), entry, data });
            }
            let masks = ["SMask", "Mask"].into_iter().filter_map(|key| dict.get::<Stream<'a>>(key));
            masks.for_each(|mask| self.examine(&mask, resources, depth + 1));
        } else if let Some(own) = dict.get::<Dict<'a>>("Resources") {
            self.follow(&Resources::new(own), depth + 1);
        }
    }
}

fn correct_stencil(stencil: &Stream<'_>) -> Option<String> {
    let is_short = stencil.dict().contains_key("BPC");
    has_other_bits(stencil).then(|| if is_short { "/BPC 1" } else { "/BitsPerComponent 1" }.to_owned())
}

/// The data of an image without what writers put before a JPEG, or with the height of a JBIG2 page that ends without a
/// stripe. `None`: it is the same.
fn correct_data(image: &Stream<'_>) -> Option<Vec<u8>> {
    match image.filters().as_slice() {
        [Filter::DctDecode] => {
            let data = image.raw_data();
            let is_bare = data.starts_with(&JPEG_START);
            find_jpeg(&data).filter(|_| !is_bare).map(Cow::into_owned)
        }
        [Filter::Jbig2Decode] => with_height(&image.raw_data(), image.dict().get::<u32>("Height")?),
        _ => None,
    }
}

/// The colour space of an image whose palette has fewer colours than it states, if the image uses none of those that are
/// missing.
fn correct_palette<'a>(image: &Stream<'a>, resources: &Resources<'a>) -> Option<String> {
    let find = |name: &Name<'_>| resources.get_color_space(name);
    let dict = image.dict();
    let space = match dict.get::<Object<'a>>("ColorSpace")? {
        Object::Name(name) => find(&name)?,
        space => space,
    };
    if !is_indexed(&space) || is_known(&space, &find) {
        return None;
    }
    let colors = count_palette(&space, &find).filter(|colors| (1..MAX_COLORS).contains(colors))?;
    if usize::from(find_last_color(image)?) >= colors {
        return None;
    }
    let Object::Array(array) = &space else { return None };
    let mut items = array.raw_iter().skip(1);
    let base = match items.next()? {
        MaybeRef::Ref(base) => format!("{} {} R", base.obj_number, base.gen_number),
        MaybeRef::NotRef(Object::Array(base)) => format!("[{}]", str::from_utf8(base.data()).ok()?),
        MaybeRef::NotRef(Object::Name(base)) => {
            let is_device = count_channels(&Object::Name(base.clone()), &|_| None).is_some();
            format!("/{}", Some(base).filter(|_| is_device)?.as_str())
        }
        MaybeRef::NotRef(_) => return None,
    };
    let palette = match items.nth(1)? {
        MaybeRef::Ref(palette) => format!("{} {} R", palette.obj_number, palette.gen_number),
        MaybeRef::NotRef(Object::String(palette)) => {
            let digits = palette.as_bytes().iter().fold(String::new(), |mut digits, byte| {
                _ = write!(digits, "{byte:02x}");
                digits
            });
            format!("<{digits}>")
        }
        MaybeRef::NotRef(_) => return None,
    };
    Some(format!("/ColorSpace[/Indexed {base} {} {palette}]", colors - 1))
}

/// The largest sample of an image with one channel of at most 8 bits. `None`: unknown.
fn find_last_color(image: &Stream<'_>) -> Option<u8> {
    let dict = image.dict();
    let (width, height) = (dict.get::<usize>("Width")?, dict.get::<usize>("Height")?);
    let bits = dict.get::<usize>("BitsPerComponent")?;
    if dict.contains_key("Decode")
        || !matches!(bits, 1 | 2 | 4 | 8)
        || image.filters().iter().any(|filter| !is_lossless(filter))
    {
        return None;
    }
    let data = image.decoded_data().ok()?;
    let row = width.checked_mul(bits)?.div_ceil(8).max(1);
    let mask = u8::MAX >> (8 - bits);
    let samples = |row: &[u8]| {
        let sample = |at: usize| row.get(at * bits / 8).map_or(0, |byte| byte >> (8 - bits - at * bits % 8) & mask);
        (0..width).map(sample).max()
    };
    data.chunks(row).take(height).filter_map(samples).max()
}
