//! Transparency groups whose content blends with what is below them. Source: ISO 32000-1, 11.4 (groups), 11.6.6
//! (forms that are groups).
//!
//! The renderer draws each group separately, as if it were isolated: a highlight with the blend mode `Multiply` would
//! hide the text below it. Where a group is painted opaque, without a mask and with the blend mode `Normal`, its
//! content looks the same without the group, and is drawn without it. Any other such group is a loss, unless the page
//! looks the same without it: a shadow on white paper is as dark when it is not multiplied.

use super::annotations::visible_appearances;
use super::layers::Layers;
use super::losses::{Losses, Lost};
use super::objects::MAX_OPERATIONS;
use super::within::MAX_DEPTH;
use hayro::hayro_syntax::content::UntypedIter;
use hayro::hayro_syntax::object::{Dict, Name, Object, ObjectIdentifier, Stream};
use hayro::hayro_syntax::page::{Page, Resources};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// The blend modes (ISO 32000-1, 11.3.5), except for `Normal`.
const BLEND_MODES: [&[u8]; 15] = [
    b"Multiply",
    b"Screen",
    b"Overlay",
    b"Darken",
    b"Lighten",
    b"ColorDodge",
    b"ColorBurn",
    b"HardLight",
    b"SoftLight",
    b"Difference",
    b"Exclusion",
    b"Hue",
    b"Saturation",
    b"Color",
    b"Luminosity",
];

/// The dictionaries of the forms of a page that are groups whose content blends with what is below them.
#[derive(Default)]
pub(crate) struct BlendingGroups<'a> {
    /// Those that show the same without the group.
    pub(crate) plain: Vec<Dict<'a>>,
    /// Those that may show something else.
    pub(crate) others: Vec<Dict<'a>>,
}

impl<'a> BlendingGroups<'a> {
    /// Finds those of a page.
    pub(crate) fn find(page: &Page<'a>) -> Self {
        let (plain, others): (Vec<_>, _) = find_groups(page).into_values().partition(|group| group.is_plain);
        let forms = |groups: Vec<Group<'a>>| groups.into_iter().map(|group| group.form).collect();
        Self { plain: forms(plain), others: forms(others) }
    }
}

/// Records the groups of a page whose content should blend with what is below them.
pub(crate) fn find_lost_groups(page: &Page<'_>, losses: &mut Losses) {
    find_groups(page).values().for_each(|_| losses.add(Lost::Blending, None));
}

/// A group whose content blends with what is below it.
struct Group<'a> {
    form: Dict<'a>,
    /// Whether it is painted opaque, without a mask and with the blend mode `Normal`, wherever it is painted.
    is_plain: bool,
}

fn find_groups<'a>(page: &Page<'a>) -> BTreeMap<ObjectIdentifier, Group<'a>> {
    let resources = page.resources();
    let appearances = visible_appearances(page);
    let mut seen = HashSet::new();
    let may_blend = may_blend(resources, &mut seen, 0)
        || appearances.iter().any(|(appearance, _)| may_blend_in(appearance, &mut seen, 0));
    if !may_blend {
        return BTreeMap::new();
    }
    let mut walk = Walk {
        layers: Layers::of_page(page),
        groups: BTreeMap::new(),
        masks: BTreeSet::new(),
        known: HashMap::new(),
        operations: 0,
    };
    if let Some(content) = page.page_stream() {
        walk.follow(content, resources, State::default(), 0);
    }
    for (appearance, _) in &appearances {
        walk.paint_form(appearance, resources, State::default(), 0);
    }
    let Walk { mut groups, masks, .. } = walk;
    // The renderer reads the colour space of a mask from its group.
    groups.iter_mut().filter(|(form, _)| masks.contains(form)).for_each(|(_, group)| group.is_plain = false);
    groups
}

/// Whether anything that is painted with these resources may have a blend mode.
fn may_blend(resources: &Resources<'_>, seen: &mut HashSet<ObjectIdentifier>, depth: u32) -> bool {
    let has_mode = |name: Name<'_>| {
        let state = resources.get_ext_g_state(&name);
        state.is_some_and(|state| {
            let mask = state.get::<Dict<'_>>("SMask").and_then(|mask| mask.get::<Stream<'_>>("G"));
            blends(&state) == Some(true) || mask.is_some_and(|mask| may_blend_in(&mask, seen, depth))
        })
    };
    resources.ext_g_states.keys().any(has_mode)
        || resources
            .x_objects
            .keys()
            .any(|name| resources.get_x_object(&name).is_some_and(|form| may_blend_in(&form, seen, depth)))
}

fn may_blend_in(form: &Stream<'_>, seen: &mut HashSet<ObjectIdentifier>, depth: u32) -> bool {
    let own = form.dict().get::<Dict<'_>>("Resources");
    own.is_some_and(|own| {
        depth < MAX_DEPTH && seen.insert(form.obj_id()) && may_blend(&Resources::new(own), seen, depth + 1)
    })
}

/// Whether a graphics state sets a blend mode other than `Normal`. `None`: it sets none.
fn blends(state: &Dict<'_>) -> Option<bool> {
    match state.get::<Object<'_>>("BM")? {
        Object::Name(mode) => Some(BLEND_MODES.contains(&&*mode)),
        // The first mode that is known.
        Object::Array(modes) => {
            let mode = modes.iter::<Name<'_>>().find(|mode| &**mode == b"Normal" || BLEND_MODES.contains(&&**mode));
            Some(mode.is_some_and(|mode| &*mode != b"Normal"))
        }
        _ => Some(false),
    }
}

/// The entries of the graphics state that decide how a group is painted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct State {
    /// Whether areas, and lines, are painted with less than full opacity.
    is_translucent: [bool; 2],
    has_mask: bool,
    /// Whether the blend mode is not `Normal`.
    is_blended: bool,
}

impl State {
    fn change(&mut self, changes: &Dict<'_>) {
        for (key, is_translucent) in ["ca", "CA"].into_iter().zip(&mut self.is_translucent) {
            if let Some(opacity) = changes.get::<f64>(key) {
                *is_translucent = opacity < 1.0;
            }
        }
        if let Some(blends) = blends(changes) {
            self.is_blended = blends;
        }
        match changes.get::<Object<'_>>("SMask") {
            Some(Object::Name(name)) if &*name == b"None" => self.has_mask = false,
            Some(Object::Dict(_)) => self.has_mask = true,
            _ => {}
        }
    }
}

struct Walk<'a> {
    layers: Layers<'a>,
    groups: BTreeMap<ObjectIdentifier, Group<'a>>,
    /// The forms that are masks.
    masks: BTreeSet<ObjectIdentifier>,
    /// For each form and how it was painted, whether its content blends.
    known: HashMap<(ObjectIdentifier, State), bool>,
    operations: u32,
}

impl<'a> Walk<'a> {
    /// Follows content. Returns whether it paints anything that blends with what is below the content.
    fn follow(&mut self, content: &[u8], resources: &Resources<'a>, start: State, depth: u32) -> bool {
        let (mut state, mut saved) = (start, Vec::new());
        let mut layers: Vec<bool> = Vec::new();
        let mut has_blended = false;
        let mut operations = UntypedIter::new(content);
        while let Some(operation) = operations.next() {
            self.operations += 1;
            // The examination of the page's objects reports that.
            if self.operations > MAX_OPERATIONS {
                break;
            }
            let name = |at: usize| operation.operands().nth(at).and_then(|operand| operand.clone().into_name());
            let is_hidden = layers.contains(&true);
            let operator: &[u8] = operation.operator;
            match operator {
                b"q" => saved.push(state),
                b"Q" => state = saved.pop().unwrap_or(start),
                b"BMC" => layers.push(false),
                b"BDC" => {
                    let layer = self.layers.look_up_content(operation.operands(), &resources.properties);
                    layers.push(layer.is_hidden);
                }
                b"EMC" => _ = layers.pop(),
                b"gs" => {
                    if let Some(changes) = name(0).and_then(|name| resources.get_ext_g_state(&name)) {
                        state.change(&changes);
                        self.follow_mask(&changes, resources, depth);
                    }
                }
                b"f" | b"F" | b"f*" | b"S" | b"s" | b"B" | b"B*" | b"b" | b"b*" | b"sh" | b"BI" | b"Tj" | b"TJ"
                | b"'" | b"\""
                    if !is_hidden =>
                {
                    has_blended |= state.is_blended;
                }
                b"Do" if !is_hidden => {
                    let object = name(0).and_then(|name| resources.get_x_object(&name));
                    has_blended |= object.is_some_and(|object| self.paint(&object, resources, state, depth));
                }
                _ => {}
            }
        }
        has_blended
    }

    /// Follows the mask that a graphics state sets: nothing of it blends with the page.
    fn follow_mask(&mut self, changes: &Dict<'a>, resources: &Resources<'a>, depth: u32) {
        let mask = changes.get::<Dict<'a>>("SMask").and_then(|mask| mask.get::<Stream<'a>>("G"));
        if let Some(mask) = mask {
            self.masks.insert(mask.obj_id());
            self.follow_form(&mask, resources, State::default(), depth);
        }
    }

    fn paint(&mut self, object: &Stream<'a>, resources: &Resources<'a>, state: State, depth: u32) -> bool {
        let dict = object.dict();
        let is_hidden = self.layers.hide(dict);
        match dict.get::<Name<'_>>("Subtype").as_deref() {
            _ if is_hidden => false,
            Some(b"Form") => self.paint_form(object, resources, state, depth),
            _ => state.is_blended,
        }
    }

    /// Whether a form, or what it paints, blends with what is below it.
    fn paint_form(&mut self, form: &Stream<'a>, resources: &Resources<'a>, state: State, depth: u32) -> bool {
        let Some(group) = form.dict().get::<Dict<'_>>("Group") else {
            return self.follow_form(form, resources, state, depth);
        };
        let is_isolated = group.get::<bool>("I").unwrap_or(false);
        let has_blended = self.follow_form(form, resources, State::default(), depth) && !is_isolated;
        if has_blended {
            let new = Group { form: form.dict().clone(), is_plain: true };
            self.groups.entry(form.obj_id()).or_insert(new).is_plain &= state == State::default();
        }
        has_blended || state.is_blended
    }

    fn follow_form(&mut self, form: &Stream<'a>, resources: &Resources<'a>, state: State, depth: u32) -> bool {
        let key = (form.obj_id(), state);
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        if depth >= MAX_DEPTH {
            return false;
        }
        let Ok(content) = form.decoded_data() else { return false };
        // A form that paints itself is not painted again.
        self.known.insert(key, false);
        let own = form.dict().get::<Dict<'_>>("Resources").map(Resources::new);
        let has_blended = self.follow(&content, own.as_ref().unwrap_or(resources), state, depth + 1);
        self.known.insert(key, has_blended);
        has_blended
    }
}
