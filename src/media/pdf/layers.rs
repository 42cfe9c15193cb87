//! Layers (optional content), which may be hidden. Source: ISO 32000-1, 8.11; where a group states how it is viewed,
//! what PDFium, MuPDF and pdf.js do.

use hayro::hayro_syntax::object::{Array, Dict, MaybeRef, Name, Object, ObjectIdentifier};
use hayro::hayro_syntax::page::Page;
use hayro::hayro_syntax::xref::XRef;

/// Maximum nesting of an expression, and maximum number of groups in it.
const MAX_DEPTH: u32 = 16;
const MAX_GROUPS: usize = 10_000;
/// Maximum number of references to inner expressions that are followed in an expression.
const MAX_INNER: usize = 100;

/// Groups, in order.
#[derive(Default)]
struct Groups(Vec<ObjectIdentifier>);

impl Groups {
    fn read<'a>(arrays: impl IntoIterator<Item = Array<'a>>) -> Self {
        let mut groups = Vec::new();
        for array in arrays {
            groups.extend(array.raw_iter().filter_map(|item| Some(ObjectIdentifier::from(item.as_obj_ref()?))));
        }
        Self::sorted(groups)
    }

    fn sorted(mut groups: Vec<ObjectIdentifier>) -> Self {
        groups.sort_unstable();
        groups.dedup();
        Self(groups)
    }

    fn contains(&self, group: ObjectIdentifier) -> bool {
        self.0.binary_search(&group).is_ok()
    }
}

/// What refers to a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Content between operators.
    Content,
    /// A form or an image.
    Object,
}

/// Which groups may be hidden.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hideable {
    /// Those that the document lists.
    Listed,
    /// Also others, as version 11 of the decoder hid them.
    Any,
}

/// How a part of a page is drawn that belongs to a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Visibility {
    pub(crate) is_hidden: bool,
    /// Whether the renderer draws the opposite.
    pub(crate) is_lost: bool,
}

impl Visibility {
    /// A part that the renderer assigns to a layer, but that belongs to none.
    fn without_layer(self) -> Self {
        Self { is_hidden: false, is_lost: self.is_hidden != self.is_lost }
    }
}

/// The layers of a document. The states of its groups, of which there may be many, are looked up one by one.
pub(crate) struct Layers<'a> {
    xref: &'a XRef,
    hideable: Hideable,
    /// The groups that are off, which the renderer hides.
    off: Groups,
    /// All groups that the document lists.
    all: Groups,
    /// Those that their usage for viewing also shows.
    automatic: Groups,
    /// The intents of the states.
    intents: Vec<Vec<u8>>,
}

impl<'a> Layers<'a> {
    pub(crate) fn of_page(page: &Page<'a>) -> Self {
        Self::read(page.xref(), Hideable::Listed)
    }

    pub(crate) fn read(xref: &'a XRef, hideable: Hideable) -> Self {
        let none = Groups::default;
        let read = || {
            let properties = xref.get::<Dict<'a>>(xref.root_id())?.get::<Dict<'a>>("OCProperties")?;
            let config = properties.get::<Dict<'a>>("D")?;
            Some((properties, config))
        };
        let Some((properties, config)) = read() else {
            return Self { xref, hideable, off: none(), all: none(), automatic: none(), intents: Vec::new() };
        };
        let groups = |dict: &Dict<'a>, key: &str| Groups::read(dict.get::<Array<'_>>(key));
        let all = groups(&properties, "OCGs");
        let is_off = config.get::<Name<'_>>("BaseState").is_some_and(|state| &*state == b"OFF");
        let mut off = if is_off { all.0.clone() } else { Vec::new() };
        let on = groups(&config, "ON");
        off.retain(|group| !on.contains(*group));
        off.extend(groups(&config, "OFF").0);
        let rules = config.get::<Array<'_>>("AS");
        let of_view = rules
            .iter()
            .flat_map(|rules| rules.iter::<Dict<'_>>())
            .filter(|rule| rule.get::<Name<'_>>("Event").is_none_or(|event| &*event == b"View"));
        let automatic = Groups::read(of_view.filter_map(|rule| rule.get::<Array<'_>>("OCGs")));
        Self { xref, hideable, off: Groups::sorted(off), all, automatic, intents: intents(&config) }
    }

    /// Whether a group is hidden.
    fn hides(&self, group: ObjectIdentifier) -> bool {
        let is_listed = self.all.contains(group);
        let (is_off, is_automatic) = (self.off.contains(group), self.automatic.contains(group));
        if !is_listed && (self.hideable == Hideable::Listed || !is_off && !is_automatic) {
            return false;
        }
        let dict = self.xref.get::<Dict<'_>>(group).unwrap_or_default();
        let usage = dict.get::<Dict<'_>>("Usage").filter(|_| is_listed || is_automatic);
        let view = usage.and_then(|usage| usage.get::<Dict<'_>>("View"));
        let is_hidden = match view.and_then(|view| view.get::<Name<'_>>("ViewState")).as_deref() {
            Some(b"OFF") => true,
            Some(b"ON") if is_automatic => false,
            _ => is_off,
        };
        // The states of a configuration are about groups of its intent only.
        is_hidden && {
            let own = intents(&dict);
            self.intents.iter().any(|intent| intent == b"All" || own.contains(intent))
        }
    }

    /// How content is drawn that begins with `BDC` and these operands. `properties`: the property lists of its resources.
    pub(crate) fn look_up_content<'o>(
        &self,
        mut operands: impl Iterator<Item = &'o Object<'o>>,
        properties: &Dict<'_>,
    ) -> Visibility {
        let is_layer = matches!(operands.next(), Some(Object::Name(tag)) if &**tag == b"OC");
        match operands.next() {
            Some(Object::Name(name)) if is_layer => self.look_up(properties, name, Part::Content),
            Some(Object::Name(name)) => self.look_up(properties, name, Part::Content).without_layer(),
            Some(Object::Dict(list)) => self.look_up(list, b"OC", Part::Content).without_layer(),
            _ => Visibility { is_hidden: false, is_lost: false },
        }
    }

    /// How the part of a page is drawn whose layer is the entry `key` of `dict`.
    pub(crate) fn look_up(&self, dict: &Dict<'_>, key: &[u8], part: Part) -> Visibility {
        let group = dict.get_ref(key).map(ObjectIdentifier::from);
        let layer = dict.get::<Dict<'_>>(key).unwrap_or_default();
        let has_type = layer.get::<Name<'_>>("Type").is_some_and(|kind| &*kind == b"OCMD");
        let is_membership = has_type || layer.contains_key("VE") || layer.contains_key("OCGs");
        let (hides, is_off) = (|group| self.hides(group), |group| self.off.contains(group));
        let is_hidden = match layer.get::<Array<'_>>("VE") {
            Some(expression) if is_membership => !self.shows(&expression, 0).unwrap_or(true),
            _ if is_membership => hides_members(&layer, hides),
            _ => group.is_some_and(hides),
        };
        let is_hidden_by_renderer = match (group, part) {
            (None, Part::Content) => false,
            (Some(group), _) if !has_type => is_off(group),
            _ => hides_members(&layer, is_off),
        };
        Visibility { is_hidden, is_lost: is_hidden != is_hidden_by_renderer }
    }

    /// Whether an expression shows its content. `None`: it is not an expression.
    fn shows(&self, expression: &Array<'_>, depth: u32) -> Option<bool> {
        let mut items = expression.raw_iter().enumerate();
        let operator = match items.next()? {
            (_, MaybeRef::NotRef(Object::Name(operator))) => operator,
            _ => return None,
        };
        let inner = |inner: &Array<'_>| if depth < MAX_DEPTH { self.shows(inner, depth + 1) } else { None };
        let mut operands = items.take(MAX_GROUPS).filter_map(|(at, item)| match item {
            MaybeRef::Ref(group) if at < MAX_INNER && !self.all.contains(group.into()) => {
                match expression.iter::<Object<'_>>().nth(at) {
                    Some(Object::Array(found)) => inner(&found),
                    _ => Some(!self.hides(group.into())),
                }
            }
            MaybeRef::Ref(group) => Some(!self.hides(group.into())),
            MaybeRef::NotRef(Object::Array(found)) => inner(&found),
            MaybeRef::NotRef(_) => None,
        });
        match &*operator {
            b"And" => Some(operands.all(|shown| shown)),
            b"Or" => Some(operands.any(|shown| shown)),
            b"Not" => operands.next().map(|shown| !shown),
            _ => None,
        }
    }

    /// Whether the document has no groups.
    pub(crate) fn are_none(&self) -> bool {
        [&self.off, &self.all, &self.automatic].iter().all(|groups| groups.0.is_empty())
    }

    /// Whether the renderer hides an object.
    pub(crate) fn is_hidden_by_renderer(&self, object: &Dict<'_>) -> bool {
        let Visibility { is_hidden, is_lost } = self.look_up(object, b"OC", Part::Object);
        is_hidden != is_lost
    }

    /// Whether an object is hidden.
    pub(crate) fn hide(&self, object: &Dict<'_>) -> bool {
        self.look_up(object, b"OC", Part::Object).is_hidden
    }
}

/// Whether what belongs to several groups is hidden by its policy.
fn hides_members(membership: &Dict<'_>, hides: impl Fn(ObjectIdentifier) -> bool) -> bool {
    let members: Vec<bool> = match membership.get::<Array<'_>>("OCGs") {
        Some(groups) => {
            let groups = groups.raw_iter().filter_map(|group| group.as_obj_ref());
            groups.map(|group| hides(group.into())).collect()
        }
        None => membership.get_ref("OCGs").iter().map(|group| hides((*group).into())).collect(),
    };
    let mut members = members.into_iter();
    members.len() > 0
        && match membership.get::<Name<'_>>("P").as_deref() {
            Some(b"AllOn") => members.any(|is_hidden| is_hidden),
            Some(b"AnyOff") => !members.any(|is_hidden| is_hidden),
            Some(b"AllOff") => !members.all(|is_hidden| is_hidden),
            _ => members.all(|is_hidden| is_hidden),
        }
}

/// The intents of a group or a configuration.
fn intents(dict: &Dict<'_>) -> Vec<Vec<u8>> {
    let names: Vec<Vec<u8>> = match (dict.get::<Name<'_>>("Intent"), dict.get::<Array<'_>>("Intent")) {
        (Some(name), _) => vec![name.to_vec()],
        (None, Some(names)) => names.iter::<Name<'_>>().map(|name| name.to_vec()).collect(),
        (None, None) => Vec::new(),
    };
    if names.is_empty() { vec![b"View".to_vec()] } else { names }
}

/// The catalog of a document, and the entry with which the renderer shows and hides its layers. `None`: it does that with
/// the document as it is.
pub(crate) fn find_unread_layers(xref: &XRef, hideable: Hideable) -> Option<(Dict<'_>, String)> {
    let layers = Layers::read(xref, hideable);
    let known = [&layers.off, &layers.all, &layers.automatic].into_iter().flat_map(|groups| &groups.0).copied();
    let hidden = Groups::sorted(known.filter(|group| layers.hides(*group)).collect());
    let catalog = Some(xref.get::<Dict<'_>>(xref.root_id())?).filter(|_| hidden.0 != layers.off.0)?;
    let groups: String = hidden.0.iter().map(|group| format!("{} {} R ", group.obj_number, group.gen_number)).collect();
    Some((catalog, format!("/OCProperties<</OCGs[{groups}]/D<</OFF[{groups}]>>>>")))
}
