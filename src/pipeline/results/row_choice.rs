//! Which rows of a job are read.

use crate::export::Row;
use crate::select::Filter;
use crate::store::EntryRecord;
use std::collections::HashSet;

/// Which rows are read, and with which answers.
#[derive(Clone, Copy, Debug, Default)]
pub struct RowSelection<'a> {
    /// Whether rows show only the model's answers.
    pub model_only: bool,
    /// Only rows that match.
    pub filter: Option<&'a Filter>,
    /// Only rows with status `failed`, `invalid` or `refused`.
    pub only_unusable: bool,
    /// Only a sample of this many of these pages: the same ones every time, each once.
    pub sample: Option<u64>,
}

/// The position of a row: line and path of its file, and its page.
pub(crate) type RowPosition = (u64, Vec<u8>, u32);

/// Which rows are read: those that have all of these properties.
#[derive(Clone, Copy, Default)]
pub(crate) struct RowChoice<'a> {
    /// They match.
    pub(crate) filter: Option<&'a Filter>,
    /// Their status is `failed`, `invalid` or `refused`.
    pub(crate) only_unusable: bool,
    /// They are among these.
    pub(crate) drawn: Option<&'a HashSet<RowPosition>>,
}

impl RowChoice<'_> {
    /// Whether a row of an entry is read.
    pub(crate) fn has(&self, row: &Row, entry: &EntryRecord) -> bool {
        let is_drawn = |drawn: &HashSet<RowPosition>| drawn.contains(&(entry.line, entry.path.clone(), row.page));
        self.drawn.is_none_or(is_drawn)
            && (!self.only_unusable || row.status.is_unusable())
            && self.filter.is_none_or(|filter| filter.matches(row))
    }
}
