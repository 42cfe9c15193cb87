//! Layers (optional content), which may be hidden. Source: ISO 32000-1, 8.11; where a group states how it is viewed,
//! what PDFium, MuPDF and pdf.js do.

use hayro::hayro_syntax::object::{Array, Dict, MaybeRef, Name, Object, ObjectIdentifier};
use hayro::hayro_syntax::page::Page;
use hayro::hayro_syntax::xref::XRef;
use std::collections::BTreeSet;

/// Deepest nesting of an expression, and most of the groups in it.
const MAX_DEPTH: u32 = 16;
const MAX_GROUPS: usize = 10_000;
/// Most places of an expression in which references to inner expressions are followed.
const MAX_INNER: usize = 100;

type Groups = BTreeSet<ObjectIdentifier>;

/// What refers to a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Content between operators.
    Content,
    /// A form or an image.
    Object,
}

/// How a part of a page is drawn that belongs to a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Visibility {
    pub(crate) is_hidden: bool,
    /// Whether the renderer draws the opposite.
    pub(crate) is_lost: bool,
}

/// The layers of a document.
#[derive(Default)]
pub(crate) struct Layers {
    /// The groups that are hidden.
    hidden: Groups,
    /// Those that the renderer hides.
    hidden_by_renderer: Groups,
    /// All groups.
    all: Groups,
}

impl Layers {
    pub(crate) fn of(page: &Page<'_>) -> Self {
        Self::read(page.xref()).unwrap_or_default()
    }

    /// `None`: there are none.
    fn read(xref: &XRef) -> Option<Self> {
        let properties = xref.get::<Dict<'_>>(xref.root_id())?.get::<Dict<'_>>("OCProperties")?;
        let config = properties.get::<Dict<'_>>("D")?;
        let groups = |dict: &Dict<'_>, key: &str| -> Vec<ObjectIdentifier> {
            let Some(items) = dict.get::<Array<'_>>(key) else { return Vec::new() };
            items.raw_iter().filter_map(|item| Some(item.as_obj_ref()?.into())).collect()
        };
        let all = groups(&properties, "OCGs");
        let is_off = config.get::<Name<'_>>("BaseState").is_some_and(|state| &*state == b"OFF");
        let mut hidden: Groups = if is_off { all.iter().copied().collect() } else { Groups::new() };
        groups(&config, "ON").iter().for_each(|group| _ = hidden.remove(group));
        hidden.extend(groups(&config, "OFF"));
        let hidden_by_renderer = hidden.clone();

        let rules = config.get::<Array<'_>>("AS");
        let of_view = rules
            .iter()
            .flat_map(|rules| rules.iter::<Dict<'_>>())
            .filter(|rule| rule.get::<Name<'_>>("Event").is_none_or(|event| &*event == b"View"));
        let automatic: Groups = of_view.flat_map(|rule| groups(&rule, "OCGs")).collect();
        for group in all.iter().chain(&automatic) {
            let usage = xref.get::<Dict<'_>>(*group).and_then(|group| group.get::<Dict<'_>>("Usage"));
            let view = usage.and_then(|usage| usage.get::<Dict<'_>>("View"));
            match view.and_then(|view| view.get::<Name<'_>>("ViewState")).as_deref() {
                Some(b"OFF") => _ = hidden.insert(*group),
                Some(b"ON") if automatic.contains(group) => _ = hidden.remove(group),
                _ => {}
            }
        }
        // The states of a configuration are about groups of its intent only.
        let is_meant = |group: &ObjectIdentifier| {
            let group = xref.get::<Dict<'_>>(*group).unwrap_or_default();
            let (wanted, own) = (intents(&config), intents(&group));
            wanted.iter().any(|intent| intent == b"All" || own.contains(intent))
        };
        hidden.retain(is_meant);
        Some(Self { hidden, hidden_by_renderer, all: all.into_iter().collect() })
    }

    /// How the part of a page is drawn whose layer is the entry `key` of `dict`.
    pub(crate) fn look_up(&self, dict: &Dict<'_>, key: &[u8], part: Part) -> Visibility {
        let group = dict.get_ref(key).map(ObjectIdentifier::from);
        let layer = dict.get::<Dict<'_>>(key).unwrap_or_default();
        let has_type = layer.get::<Name<'_>>("Type").is_some_and(|kind| &*kind == b"OCMD");
        let is_in = |groups: &Groups| group.is_some_and(|group| groups.contains(&group));
        let is_membership = has_type || layer.contains_key("VE") || layer.contains_key("OCGs");
        let is_hidden = match layer.get::<Array<'_>>("VE") {
            Some(expression) if is_membership => !self.shows(&expression, 0).unwrap_or(true),
            _ if is_membership => hides_members(&layer, &self.hidden),
            _ => is_in(&self.hidden),
        };
        let is_hidden_by_renderer = match (group, part) {
            (None, Part::Content) => false,
            (Some(_), _) if !has_type => is_in(&self.hidden_by_renderer),
            _ => hides_members(&layer, &self.hidden_by_renderer),
        };
        Visibility { is_hidden, is_lost: is_hidden != is_hidden_by_renderer }
    }

    /// Whether an expression shows what it is about. `None`: it is not an expression.
    fn shows(&self, expression: &Array<'_>, depth: u32) -> Option<bool> {
        let mut items = expression.raw_iter().enumerate();
        let operator = match items.next()? {
            (_, MaybeRef::NotRef(Object::Name(operator))) => operator,
            _ => return None,
        };
        let inner = |inner: &Array<'_>| if depth < MAX_DEPTH { self.shows(inner, depth + 1) } else { None };
        let mut operands = items.take(MAX_GROUPS).filter_map(|(at, item)| match item {
            MaybeRef::Ref(group) if at < MAX_INNER && !self.all.contains(&group.into()) => {
                match expression.iter::<Object<'_>>().nth(at) {
                    Some(Object::Array(found)) => inner(&found),
                    _ => Some(!self.hidden.contains(&group.into())),
                }
            }
            MaybeRef::Ref(group) => Some(!self.hidden.contains(&group.into())),
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

    /// Whether an object is hidden.
    pub(crate) fn hide(&self, object: &Dict<'_>) -> bool {
        self.look_up(object, b"OC", Part::Object).is_hidden
    }
}

/// Whether what belongs to several groups is hidden by its policy.
fn hides_members(membership: &Dict<'_>, hidden: &Groups) -> bool {
    let members: Vec<bool> = match membership.get::<Array<'_>>("OCGs") {
        Some(groups) => {
            let groups = groups.raw_iter().filter_map(|group| group.as_obj_ref());
            groups.map(|group| hidden.contains(&group.into())).collect()
        }
        None => membership.get_ref("OCGs").iter().map(|group| hidden.contains(&(*group).into())).collect(),
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

/// The catalog of a page's document, and the entry with which the renderer shows and hides its layers. `None`: it does that
/// with the document as it is.
pub(crate) fn find_unread_layers<'a>(page: &Page<'a>) -> Option<(Dict<'a>, String)> {
    let Layers { hidden, hidden_by_renderer, .. } = Layers::of(page);
    let xref = page.xref();
    let catalog = Some(xref.get::<Dict<'a>>(xref.root_id())?).filter(|_| hidden != hidden_by_renderer)?;
    let off: String = hidden.iter().map(|group| format!("{} {} R ", group.obj_number, group.gen_number)).collect();
    Some((catalog, format!("/OCProperties<</D<</OFF[{off}]>>>>")))
}
