//! The pages that can be reviewed, as keys: what a row shows is read when it is looked at.

use super::page_name::PageKey;
use crate::base::decoder_version::has_current_page_numbers;
use crate::base::digest::Digest;
use crate::base::ids::{JobId, PageId};
use crate::base::json_text::JsonText;
use crate::pipeline::draw_key;
use crate::store::{EntryCursor, EntryRecord, Reader, StoreError};
use std::collections::HashMap;

/// By task: the digest of a question whose text differs from line to line of a list; empty: none does.
pub(crate) type QuestionDigests = Box<[Option<Digest>]>;

/// A page that can be reviewed. Pages that are equal and asked the same are one: decisions follow the content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct IndexedPage {
    /// The page.
    pub(crate) id: PageId,
    /// Position of its first entry in [`PageIndex::places`].
    pub(crate) place: u32,
    /// The page of that entry whose row it is.
    pub(crate) page: u32,
}

impl IndexedPage {
    /// Its name's parts.
    pub(crate) fn key(&self) -> PageKey {
        PageKey { id: self.id, place: self.place }
    }
}

/// The digests of the questions for a line of a list with these carried values.
pub(crate) type Digests<'a> = dyn Fn(Option<&JsonText>) -> QuestionDigests + 'a;

/// The pages of a job, in the order of its rows.
#[derive(Debug, Default)]
pub(crate) struct PageIndex {
    /// The pages.
    pub(crate) pages: Vec<IndexedPage>,
    /// Line and path of the entries.
    pub(crate) places: Vec<(u64, Vec<u8>)>,
    /// Files that an earlier version of docmill has read, which are left out.
    pub(crate) unread: u64,
    /// Files that could not be opened as pages.
    pub(crate) unreadable: u64,
    /// By entry, if questions name columns of a list; empty otherwise.
    questions: Vec<QuestionDigests>,
    /// The first position of a page.
    by_id: HashMap<PageId, u32>,
    /// Further positions of pages that are asked something else there.
    more: HashMap<PageId, Vec<u32>>,
}

impl PageIndex {
    /// Reads the keys of all pages of a job. `digests`: those of the questions for a line with these carried
    /// values; `None`: all pages are asked the same.
    ///
    /// # Errors
    /// When the store can't be read.
    pub(crate) fn read(reader: &Reader, job: JobId, digests: Option<&Digests<'_>>) -> Result<Self, StoreError> {
        let mut index = Self::default();
        let mut entries = EntryCursor::new(reader, job);
        while let Some(entry) = entries.next()? {
            // Its pages may have other numbers once a run has read it again.
            if !has_current_page_numbers(entry.decoder, &entry.path) {
                index.unread += 1;
                continue;
            }
            index.add(&entry, digests);
        }
        Ok(index)
    }

    /// Adds the pages of an entry.
    pub(crate) fn add(&mut self, entry: &EntryRecord, digests: Option<&Digests<'_>>) {
        let Some(content) = entry.content.filter(|_| entry.page_count > 0) else {
            self.unreadable += 1;
            return;
        };
        let place = position(self.places.len());
        let asked = digests.map_or_else(QuestionDigests::default, |digests| digests(entry.carried.as_ref()));
        for page in entry.distinct_pages() {
            let id = PageId { content, page };
            let at = position(self.pages.len());
            let known = self.by_id.contains_key(&id);
            if known && digests.is_some() && self.find_asked(&id, &asked).is_none() {
                self.more.entry(id).or_default().push(at);
            } else if !known {
                self.by_id.insert(id, at);
            }
            if !known || self.more.get(&id).is_some_and(|more| more.contains(&at)) {
                // The row is that of the first selected page that is the same.
                let row = entry.rows().find(|(row, _)| entry.first_of(*row) == page).map_or(page, |(row, _)| row);
                self.pages.push(IndexedPage { id, place, page: row });
            }
        }
        self.places.push((entry.line, entry.path.clone()));
        if digests.is_some() {
            self.questions.push(asked);
        }
    }

    /// The position of a page at an entry.
    pub(crate) fn find(&self, key: &PageKey) -> Option<u32> {
        self.positions(&key.id).find(|at| self.get(*at).is_some_and(|page| page.place == key.place))
    }

    /// The position of a page that is asked these questions.
    pub(crate) fn find_asked(&self, id: &PageId, asked: &[Option<Digest>]) -> Option<u32> {
        if self.questions.is_empty() {
            return self.by_id.get(id).copied();
        }
        let questions = |at: &u32| self.get(*at).and_then(|page| self.questions.get(page.place as usize));
        self.positions(id).find(|at| questions(at).is_some_and(|known| **known == *asked))
    }

    /// The first position of a page.
    pub(crate) fn first(&self, id: &PageId) -> Option<u32> {
        self.by_id.get(id).copied()
    }

    /// All positions of a page.
    pub(crate) fn positions(&self, id: &PageId) -> impl Iterator<Item = u32> {
        let more = self.more.get(id).map(Vec::as_slice).unwrap_or_default();
        self.by_id.get(id).into_iter().chain(more).copied()
    }

    /// What decisions on a task of a page have as their question.
    pub(crate) fn question(&self, page: &IndexedPage, task: usize) -> Option<Digest> {
        self.questions.get(page.place as usize)?.get(task).copied().flatten()
    }

    /// Line and path of the entry of a page.
    pub(crate) fn place(&self, page: &IndexedPage) -> Option<(u64, &[u8])> {
        self.places.get(page.place as usize).map(|(line, path)| (*line, path.as_slice()))
    }

    /// The page at a position.
    pub(crate) fn get(&self, at: u32) -> Option<&IndexedPage> {
        self.pages.get(at as usize)
    }

    /// How many pages there are.
    pub(crate) fn len(&self) -> usize {
        self.pages.len()
    }

    /// The positions of the pages that `is_selected`, in an order that looks random and is always the same: that
    /// of `--sample`, whose samples are its beginnings.
    pub(crate) fn drawn(&self, is_selected: impl Fn(usize) -> bool) -> Vec<u32> {
        let selected = self.pages.iter().enumerate().filter(|(at, _)| is_selected(*at));
        let mut keyed: Vec<_> = selected.map(|(at, page)| (draw_key(&page.id), position(at))).collect();
        keyed.sort_unstable();
        keyed.into_iter().map(|(_, at)| at).collect()
    }
}

/// A stored position: 4 billion pages are enough.
fn position(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::digest::Digest;

    fn entry(path: &str, content: &str, page_count: u32) -> EntryRecord {
        let content = Some(Digest::compute(content.as_bytes()));
        EntryRecord { path: path.into(), content, page_count, ..EntryRecord::default() }
    }

    #[test]
    fn equal_pages_are_one_and_files_without_pages_are_counted() {
        let mut index = PageIndex::default();
        index.add(&entry("a", "one", 2), None);
        index.add(&EntryRecord { content: None, ..entry("broken", "x", 0) }, None);
        index.add(&entry("b", "one", 2), None);
        index.add(&EntryRecord { repeats: vec![(2, 1)], ..entry("c", "two", 3) }, None);
        let pages: Vec<(u32, u32)> = index.pages.iter().map(|page| (page.place, page.page)).collect();
        assert_eq!(pages, [(0, 1), (0, 2), (2, 1), (2, 3)]);
        assert_eq!((index.unreadable, index.places.len()), (1, 3));
        let third = index.pages[2].clone();
        assert_eq!((index.find(&third.key()), index.find_asked(&third.id, &[])), (Some(2), Some(2)));
        assert_eq!(index.find(&PageKey { place: 1, ..third.key() }), None);
        let only = EntryRecord { selected: Some(vec![2]), repeats: vec![(2, 1)], ..entry("d", "three", 3) };
        index.add(&only, None);
        assert_eq!((index.pages[4].id.page, index.pages[4].page), (1, 2), "the row of the selected page");
    }

    #[test]
    fn equal_pages_that_are_asked_something_else_are_not_one() {
        let mut index = PageIndex::default();
        let digests =
            |carried: Option<&JsonText>| Box::from([carried.map(|text| Digest::compute(text.as_str().as_bytes()))]);
        for carried in ["{\"c\":1}", "{\"c\":2}", "{\"c\":1}"] {
            index.add(&EntryRecord { carried: JsonText::parse(carried).ok(), ..entry("a", "one", 1) }, Some(&digests));
        }
        assert_eq!((index.len(), index.places.len()), (2, 3));
        let asked = [index.question(&index.pages[1], 0)];
        assert_eq!(index.find_asked(&index.pages[1].id, &asked), Some(1));
        assert_eq!(index.find(&index.pages[1].key()), Some(1));
        assert_ne!(index.question(&index.pages[0], 0), index.question(&index.pages[1], 0));
        assert_eq!(index.question(&index.pages[0], 1), None);
    }

    #[test]
    fn the_drawn_order_does_not_depend_on_the_order_of_the_input() {
        let build = |names: &[&str]| {
            let mut index = PageIndex::default();
            names.iter().for_each(|name| index.add(&entry(name, name, 1), None));
            let drawn = index.drawn(|_| true);
            drawn.iter().map(|at| index.places[index.pages[*at as usize].place as usize].1.clone()).collect::<Vec<_>>()
        };
        let names = ["a", "b", "c", "d", "e", "f", "g", "h"];
        let reversed: Vec<&str> = names.iter().rev().copied().collect();
        assert_eq!(build(&names), build(&reversed));
        assert_ne!(build(&names), names.map(|name| name.as_bytes().to_vec()), "and is not that order");
    }
}
