//! The page tree of a PDF, which numbers its pages.
//!
//! The library lists the pages that it can read, each once. Here a page that can't be read
//! keeps its number, and a page that is listed twice is two pages, as in viewers. Source: ISO
//! 32000-1, 7.7.3 (page tree); for trees that break it, what PDFium, MuPDF and Poppler do.

use super::corrections::{Correction, Corrections, correct, correct_appearances, correct_boxes, correct_crop_boxes};
use crate::base::decoder_version::PAGE_TREE_VERSION;
use crate::media::page_layout::PageLayout;
use hayro::hayro_syntax::Pdf;
use hayro::hayro_syntax::object::{Array, Dict, MaybeRef, Name, ObjRef, Object, ObjectIdentifier};
use hayro::hayro_syntax::page::Page;
use hayro::hayro_syntax::xref::XRef;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

/// Largest number of pages: that of PDFium.
const MAX_PAGES: usize = 0xF_FFFF;
/// Number of pages above which a document must have as many objects. A few nodes that refer to
/// one another may claim any number of pages.
const MAX_REPEATED_PAGES: usize = 10_000;

/// Largest number of pages that a document may count but not list, if it has fewer objects. PDFium lists any number,
/// MuPDF and Poppler up to that of the objects.
const MAX_UNLISTED_PAGES: usize = 100;

/// Largest number of entries that are read, and of steps that are made to find the pages.
const MAX_ENTRIES: usize = 2 * MAX_PAGES;

/// The pages of a document, in the order of its page tree.
pub(crate) struct PageTree {
    pages: Vec<TreePage>,
    /// The number of pages in the library's list of the unchanged file.
    listed: usize,
    /// Whether entries other than types were corrected.
    is_corrected: bool,
}

#[derive(Clone, Copy)]
struct TreePage {
    /// The place in the library's list; `None`: the page can't be read.
    place: Option<usize>,
    /// The same in the list of the unchanged file, before types were corrected.
    listed: Option<usize>,
}

impl PageTree {
    /// Reads the page tree of an open file. Returns the file, too: opened again with corrected
    /// entries, where the types of nodes, sizes of pages or appearances of form fields are wrong.
    pub(crate) fn read(pdf: Pdf, wanted: Corrections) -> (Pdf, Self) {
        let listed = pdf.pages().len();
        let Some(Found { pages, mut corrections }) = walk(&pdf) else {
            // Only the library's list is available.
            let pages = (0..listed).map(|place| TreePage { place: Some(place), listed: Some(place) }).collect();
            return (pdf, Self { pages, listed, is_corrected: false });
        };
        let types = corrections.len();
        if wanted == Corrections::All {
            corrections.extend(read_root(&pdf).and_then(|root| correct_boxes(&pdf, &root)));
            corrections.extend(correct_crop_boxes(&pdf));
            corrections.extend(correct_appearances(&pdf));
        }
        let corrected = (!corrections.is_empty()).then(|| find_corrected(&pdf, &corrections)).flatten();
        let corrected = corrected.filter(|(_, corrected)| corrected.len() == pages.len());
        let is_corrected = corrected.is_some() && corrections.len() > types;
        let (pdf, places) = corrected.unwrap_or_else(|| (pdf, pages.clone()));
        let pages = places.into_iter().zip(pages).map(|(place, listed)| TreePage { place, listed }).collect();
        let mut tree = Self { pages, listed, is_corrected };
        tree.apply_count(&pdf);
        (pdf, tree)
    }

    /// Compares the pages with the number of pages that the root of the tree states.
    fn apply_count(&mut self, pdf: &Pdf) {
        let readable = self.pages.iter().filter(|page| page.place.is_some()).count();
        let count = read_root(pdf).and_then(|root| usize::try_from(root.get::<i64>("Count")?).ok());
        match count {
            // References to missing objects are deleted pages.
            Some(count) if count == readable => self.pages.retain(|page| page.place.is_some()),
            // Pages that are counted, but not listed, are missing.
            Some(count) if count > self.pages.len() && readable > 0 => {
                let max = pdf.len().max(self.pages.len() + MAX_UNLISTED_PAGES).min(MAX_PAGES);
                if count <= max {
                    self.pages.resize(count, TreePage { place: None, listed: None });
                }
            }
            _ => {}
        }
    }

    /// Whether sizes of pages or appearances of form fields were corrected.
    pub(crate) fn is_corrected(&self) -> bool {
        self.is_corrected
    }

    /// The place of a page (from 1) in the library's list; `Some(None)`: it can't be read;
    /// `None`: there is no such page.
    pub(crate) fn place(&self, page: u32) -> Option<Option<usize>> {
        let at = usize::try_from(page).ok()?.checked_sub(1)?;
        self.pages.get(at).map(|page| page.place)
    }

    /// The numbers of the pages.
    pub(crate) fn layout(&self) -> PageLayout {
        let mut first = HashMap::new();
        let mut repeats = Vec::new();
        let mut earlier = vec![0; self.listed];
        for (number, page) in (1..).zip(&self.pages) {
            if let Some(known @ 0) = page.listed.and_then(|place| earlier.get_mut(place)) {
                *known = number;
            }
            let same = page.place.map_or(number, |place| *first.entry(place).or_insert(number));
            if same != number {
                repeats.push((number, same));
            }
        }
        let has_changed = (1..).zip(&earlier).any(|(number, now)| number != *now);
        PageLayout {
            count: u32::try_from(self.pages.len()).unwrap_or(u32::MAX),
            repeats,
            earlier_numbers: has_changed.then_some(earlier),
            numbered_since: PAGE_TREE_VERSION,
        }
    }
}

/// What the page tree lists.
struct Found {
    /// The place of each page in the library's list; `None`: it can't be read.
    pages: Vec<Option<usize>>,
    /// The entry `Type` of objects for which it is missing or wrong, so that the library takes them for
    /// what they are not, and the entry `Kids` of nodes with references that it does not follow.
    corrections: Vec<Correction>,
}

/// Finds all pages of the page tree. `None`: it is damaged, lists other pages than the library,
/// or far more of them than there are objects.
fn walk(pdf: &Pdf) -> Option<Found> {
    let mut walk = Walk::new(pdf);
    let pages = walk.pages(&read_root(pdf)?, pdf.len().clamp(MAX_REPEATED_PAGES, MAX_PAGES))?;
    let found: HashSet<usize> = pages.iter().flatten().chain(&walk.rejected).copied().collect();
    let mistyped: HashSet<ObjectIdentifier> = walk.corrections.iter().map(|node| node.id.into()).collect();
    let is_known = |(place, page): (usize, &Page<'_>)| {
        found.contains(&place) || page.raw().obj_id().is_some_and(|id| mistyped.contains(&id))
    };
    let is_whole = pdf.pages().iter().enumerate().all(is_known);
    is_whole.then_some(Found { pages, corrections: walk.corrections })
}

/// The root of the page tree.
fn read_root(pdf: &Pdf) -> Option<Dict<'_>> {
    pdf.xref().get::<Dict<'_>>(pdf.xref().root_id())?.get::<Dict<'_>>("Pages")
}

/// Opens the file again with the right entries, and finds its pages.
fn find_corrected(pdf: &Pdf, corrections: &[Correction]) -> Option<(Pdf, Vec<Option<usize>>)> {
    let pdf = correct(pdf, corrections)?;
    let found = walk(&pdf)?;
    Some((pdf, found.pages))
}

/// What an entry of `Kids` leads to.
#[derive(Clone)]
enum Kid<'a> {
    /// A page, at this place of the library's list.
    Page(usize),
    /// A node with its own entries.
    Node(Rc<[KidEntry<'a>]>),
    /// A page that can't be read.
    Unreadable,
    /// A node without pages.
    Nothing,
}

/// An entry of `Kids`.
enum KidEntry<'a> {
    Reference(ObjRef),
    Direct(Dict<'a>),
    /// Anything else.
    Other,
}

/// A node whose entries are being read.
struct OpenNode<'a> {
    id: Option<ObjRef>,
    kids: Rc<[KidEntry<'a>]>,
    next: usize,
}

struct Walk<'a> {
    xref: &'a XRef,
    /// Places in the library's list by the position of the page's bytes in memory.
    places: HashMap<*const u8, usize>,
    /// The same by the page's object.
    places_by_id: HashMap<ObjectIdentifier, usize>,
    /// What references lead to: each is read once.
    known: HashMap<ObjRef, Kid<'a>>,
    /// The number of entries that have been read.
    entries: usize,
    corrections: Vec<Correction>,
    /// Places in the library's list of objects that are not pages.
    rejected: Vec<usize>,
}

impl<'a> Walk<'a> {
    fn new(pdf: &'a Pdf) -> Self {
        let (mut places, mut places_by_id) = (HashMap::new(), HashMap::new());
        for (place, page) in pdf.pages().iter().enumerate() {
            places.insert(page.raw().data().as_ptr(), place);
            if let Some(id) = page.raw().obj_id() {
                places_by_id.insert(id, place);
            }
        }
        Self {
            xref: pdf.xref(),
            places,
            places_by_id,
            known: HashMap::new(),
            entries: 0,
            corrections: Vec::new(),
            rejected: Vec::new(),
        }
    }

    /// All pages below `root`; `None`: it is not a node, or has more than `max` pages.
    fn pages(&mut self, root: &Dict<'a>, max: usize) -> Option<Vec<Option<usize>>> {
        let root_id = root.obj_id().map(ObjRef::from);
        self.correct_references(root, root_id);
        let mut open = vec![OpenNode { id: root_id, kids: read_kids(root)?, next: 0 }];
        // The nodes that are open: a reference to one of them is a cycle, and no page.
        let mut path: HashSet<ObjRef> = root_id.into_iter().collect();
        let mut pages = Vec::new();
        let mut visited = 0;
        while let Some(node) = open.last_mut() {
            let kids = node.kids.clone();
            let Some(entry) = kids.get(node.next) else {
                if let Some(id) = open.pop().and_then(|node| node.id) {
                    path.remove(&id);
                }
                continue;
            };
            node.next += 1;
            visited += 1;
            let (id, kid) = match entry {
                KidEntry::Reference(id) => {
                    let id = self.with_known_generation(*id);
                    if path.contains(&id) {
                        continue;
                    }
                    (Some(id), self.resolve(id))
                }
                KidEntry::Direct(dict) => (None, self.classify(dict, None)),
                KidEntry::Other => (None, Kid::Unreadable),
            };
            match kid {
                Kid::Page(place) => pages.push(Some(place)),
                Kid::Unreadable => pages.push(None),
                Kid::Nothing => {}
                Kid::Node(kids) => {
                    path.extend(id);
                    open.push(OpenNode { id, kids, next: 0 });
                }
            }
            if pages.len() > max || visited.max(self.entries) > MAX_ENTRIES {
                return None;
            }
        }
        Some(pages)
    }

    fn resolve(&mut self, id: ObjRef) -> Kid<'a> {
        if let Some(kid) = self.known.get(&id) {
            return kid.clone();
        }
        let kid = match self.xref.get::<Dict<'a>>(id.into()) {
            Some(dict) => self.classify(&dict, Some(id)),
            None => Kid::Unreadable,
        };
        self.known.insert(id, kid.clone());
        kid
    }

    fn classify(&mut self, dict: &Dict<'a>, id: Option<ObjRef>) -> Kid<'a> {
        let kind = dict.get::<Name<'_>>("Type");
        let is_of_type = |name: &[u8]| kind.as_ref().is_some_and(|kind| &**kind == name);
        let is_node = is_of_type(b"Pages");
        if !is_of_type(b"Page")
            && let Some(kids) = read_kids(dict)
        {
            self.entries += kids.len();
            self.correct_references(dict, id);
            if !is_node {
                self.mark_mistyped(dict, id, "Pages");
            }
            return Kid::Node(kids);
        }
        if is_node {
            if !dict.contains_key("Kids") && dict.contains_key("Contents") {
                self.mark_mistyped(dict, id, "Page");
            } else if !dict.contains_key("Kids") && dict.get::<i64>("Count") == Some(0) {
                return Kid::Nothing;
            }
        }
        let place = self.places.get(&dict.data().as_ptr());
        let by_id = || self.places_by_id.get(&ObjectIdentifier::from(id?));
        match place.or_else(by_id) {
            Some(place) if is_of_type(b"Page") || is_node || may_be_page(dict) => Kid::Page(*place),
            Some(place) => {
                self.rejected.push(*place);
                Kid::Unreadable
            }
            None => Kid::Unreadable,
        }
    }

    /// A reference with the generation of the object with its number: viewers ignore those of references.
    fn with_known_generation(&self, id: ObjRef) -> ObjRef {
        let known = ObjectIdentifier::new(id.obj_number, 0);
        let is_known = |id: ObjectIdentifier| self.xref.get::<Dict<'_>>(id).is_some();
        if id.gen_number != 0 && !is_known(id.into()) && is_known(known) { known.into() } else { id }
    }

    /// Marks a node with references of another generation than the objects have.
    fn correct_references(&mut self, dict: &Dict<'a>, id: Option<ObjRef>) {
        let Some((id, kids)) = id.zip(read_kids(dict)) else { return };
        let reference = |kid: &KidEntry<'_>| match kid {
            KidEntry::Reference(id) => Some(*id),
            _ => None,
        };
        let Some(references) = kids.iter().map(reference).collect::<Option<Vec<_>>>() else { return };
        let known: Vec<_> = references.iter().map(|id| self.with_known_generation(*id)).collect();
        if known != references {
            let kids: String = known.iter().map(|id| format!("{} {} R ", id.obj_number, id.gen_number)).collect();
            self.corrections.push(Correction::new(id, dict, format!("/Kids[{kids}]")));
        }
    }

    fn mark_mistyped(&mut self, dict: &Dict<'a>, id: Option<ObjRef>, kind: &'static str) {
        if let Some(id) = id {
            self.corrections.push(Correction::new(id, dict, format!("/Type/{kind}")));
        }
    }
}

/// Whether a dictionary without the type of a page has what only pages have. The library takes any other
/// object for an empty page.
fn may_be_page(dict: &Dict<'_>) -> bool {
    let content = dict.get::<Object<'_>>("Contents");
    dict.contains_key("MediaBox") || matches!(content, Some(Object::Stream(_) | Object::Array(_)))
}

/// The entries of a node; `None`: it has none.
fn read_kids<'a>(node: &Dict<'a>) -> Option<Rc<[KidEntry<'a>]>> {
    let entry = |kid| match kid {
        MaybeRef::Ref(id) => KidEntry::Reference(id),
        MaybeRef::NotRef(Object::Dict(dict)) => KidEntry::Direct(dict),
        MaybeRef::NotRef(_) => KidEntry::Other,
    };
    Some(node.get::<Array<'a>>("Kids")?.raw_iter().take(MAX_ENTRIES + 1).map(entry).collect())
}
