//! The entries of a job: what the latest walk of its input found.

use super::pages::{FaultRecord, FeaturesRecord, PageFaultRecord};
use crate::base::digest::Digest;
use crate::base::ids::{PageId, RecipeSetId, RunKey};
use crate::base::json_text::JsonText;
use crate::base::page_repeats::{distinct_pages, first_of};
use std::collections::HashMap;

/// A file, or a line of a list, as the latest walk of the job found it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EntryRecord {
    /// The line of the list, from 1; 0 if the input is a folder.
    pub line: u64,
    /// The path below the input folder, or as written in the list.
    pub path: Vec<u8>,
    /// The size in bytes.
    pub size: u64,
    /// The modification time in nanoseconds; 0 if it cannot be relied on.
    pub modified_ns: i64,
    /// The time of the last status change in nanoseconds.
    pub changed_ns: i64,
    /// The inode number.
    pub inode: u64,
    /// The digest of the bytes; `None` if the file could not be read, or was only listed so far.
    pub content: Option<Digest>,
    /// The number of pages; 0 if the file could not be opened as pages, 1 if it was not opened yet.
    pub page_count: u32,
    /// Pages of the file that are the same as an earlier one: the page, and the first that is the same.
    pub repeats: Vec<(u32, u32)>,
    /// The version of the decoder that has read the file.
    pub decoder: u32,
    /// The pages that the job selects, ascending; `None` for all pages.
    pub selected: Option<Vec<u32>>,
    /// Why the file could not be read.
    pub fault: Option<FaultRecord>,
    /// The values of the other columns of the list, as a JSON object.
    pub carried: Option<JsonText>,
    /// The recipe set of its pages, if it differs from that of the job.
    pub set: Option<RecipeSetId>,
    /// The recipe set under which all its pages are done.
    pub settled_set: Option<RecipeSetId>,
}

impl EntryRecord {
    /// Its position in the order of the entries of a job.
    #[must_use]
    pub fn position(&self) -> (u64, &[u8]) {
        (self.line, &self.path)
    }

    /// The pages that the job selects; `[0]` if the file could not be opened as pages.
    pub fn pages(&self) -> impl Iterator<Item = u32> + '_ {
        selected_pages(self.page_count, self.selected.as_deref())
    }

    /// The pages that the job selects, each with the first of them that is the same page.
    pub fn rows(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        let mut first_rows = HashMap::new();
        self.pages().map(move |page| match self.repeats.is_empty() {
            true => (page, page),
            false => (page, *first_rows.entry(self.first_of(page)).or_insert(page)),
        })
    }

    /// The pages that are asked for the selected ones, each once.
    #[must_use]
    pub fn distinct_pages(&self) -> Vec<u32> {
        distinct_pages(self.pages(), &self.repeats)
    }

    /// The first page of the file that is the same as this one.
    #[must_use]
    pub fn first_of(&self, page: u32) -> u32 {
        first_of(&self.repeats, page)
    }
}

/// The pages that a job selects of a file; `[0]` if the file could not be opened as pages.
pub(crate) fn selected_pages(page_count: u32, selected: Option<&[u32]>) -> impl Iterator<Item = u32> + '_ {
    let range = match (selected, page_count) {
        (_, 0) => 0..1,
        (Some(_), _) => 0..0,
        (None, count) => 1..count.saturating_add(1),
    };
    range.chain(selected.filter(|_| page_count > 0).into_iter().flatten().copied())
}

/// A difference between the walk and the store.
#[derive(Clone, Debug)]
pub enum EntryChange {
    /// A new or changed file.
    Put(EntryRecord),
    /// A file that was listed but not read: the stored entry stays unless the file changed.
    Listed(EntryRecord),
    /// A file that a run's walk found and that is gone: stored unless a later run of the job has begun, whose walk
    /// decides whether the file is a part of the input.
    Missing(RunKey, EntryRecord),
    /// A file that is gone, by its line and path.
    Gone(u64, Vec<u8>),
    /// A page that cannot be decoded.
    PageFault(PageId, PageFaultRecord),
    /// What has drawn the page that is asked, with its version.
    Renderer(PageId, String),
    /// The features of a page: the page, the version of the features, the features.
    Features(PageId, u32, FeaturesRecord),
}

#[cfg(test)]
mod tests {
    use super::{EntryRecord, selected_pages};

    #[test]
    fn selected_pages_are_those_of_the_file() {
        let pages = |count, selected: Option<&[u32]>| selected_pages(count, selected).collect::<Vec<_>>();
        assert_eq!(pages(0, None), [0]);
        assert_eq!(pages(0, Some(&[1, 2])), [0], "the file could not be opened");
        assert_eq!(pages(3, None), [1, 2, 3]);
        assert_eq!(pages(3, Some(&[2])), [2]);
        assert_eq!(pages(3, Some(&[])), Vec::<u32>::new());
        assert_eq!(pages(u32::MAX, Some(&[7])), [7]);
    }

    #[test]
    fn the_first_selected_one_of_repeated_pages_has_the_first_row() {
        let repeats = vec![(3, 1), (4, 2), (5, 1), (6, 1)];
        let rows = |selected: Option<&[u32]>| {
            let selected = selected.map(<[u32]>::to_vec);
            let entry = EntryRecord { page_count: 6, repeats: repeats.clone(), selected, ..EntryRecord::default() };
            entry.rows().collect::<Vec<_>>()
        };
        assert_eq!(rows(None), [(1, 1), (2, 2), (3, 1), (4, 2), (5, 1), (6, 1)]);
        assert_eq!(rows(Some(&[3, 4, 5, 6])), [(3, 3), (4, 4), (5, 3), (6, 3)]);
        assert_eq!(EntryRecord::default().rows().collect::<Vec<_>>(), [(0, 0)]);
    }
}
