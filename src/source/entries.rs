//! All entries of an input, whatever it is.

use super::entry::Entry;
use super::error::{SourceError, WalkFault};
use super::list::Lines;
use super::table::Table;
use super::walk::Walk;
use crate::manifest::{Column, Input, Place};
use std::path::PathBuf;

/// The entries of an input, in its order; iterate over it.
pub struct Entries {
    base: PathBuf,
    inner: Inner,
    line: u64,
}

enum Inner {
    Walk(Box<Walk>),
    Lines(Lines),
    Table(Box<Table>),
}

impl Entries {
    /// Starts reading an input.
    ///
    /// # Errors
    /// When the folder or the list can't be read at all.
    pub fn start(input: &Input) -> Result<Self, SourceError> {
        let base = input.base().to_owned();
        let inner = match &input.place {
            Place::Folder(folder) => Inner::Walk(Box::new(Walk::start(folder, input)?)),
            Place::Given(bytes) => Inner::Lines(Lines::new(bytes.clone())),
            Place::List(path) if Lines::are_in(path) => Inner::Lines(Lines::read(path)?),
            Place::List(path) => Inner::Table(Box::new(Table::open(path, input)?)),
        };
        Ok(Self { base, inner, line: 0 })
    }

    /// An entry of a list, with what the system tells of its file. One that is not there
    /// becomes an entry too: its row says so.
    fn listed(&mut self, path: Vec<u8>, carried: Option<String>) -> Entry {
        self.line += 1;
        let entry = Entry { line: self.line, path, carried, ..Entry::default() };
        if entry.url().is_some() {
            // What a URL names is supposed to stay: `--refresh` fetches it again.
            return Entry { modified_ns: 1, ..entry };
        }
        match std::fs::metadata(entry.file(&self.base)) {
            Ok(metadata) => entry.with_times(&metadata),
            Err(_) => entry,
        }
    }
}

impl Iterator for Entries {
    type Item = Result<Entry, WalkFault>;

    fn next(&mut self) -> Option<Self::Item> {
        let (path, carried) = match &mut self.inner {
            Inner::Walk(walk) => return walk.next(),
            Inner::Lines(lines) => (lines.next()?, None),
            Inner::Table(table) => match table.next()? {
                Ok((path, carried)) => (path, Some(carried)),
                Err(fault) => return Some(Err(fault)),
            },
        };
        Some(Ok(self.listed(path, carried)))
    }
}

/// The columns that an input carries: none, unless it is a list with columns.
///
/// # Errors
/// When the list can't be read, or its columns can't be those of rows.
pub fn columns(input: &Input) -> Result<Vec<Column>, SourceError> {
    match &input.place {
        Place::List(path) if !Lines::are_in(path) => Table::columns(path, input),
        _ => Ok(Vec::new()),
    }
}
