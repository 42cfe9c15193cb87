//! The entries of an input: a folder or a list.

use super::entry::Entry;
use super::error::{SourceError, WalkFault};
use super::list::PathList;
use super::table::Table;
use super::walk::Walk;
use crate::manifest::{Column, Input, Place};
use std::path::PathBuf;

/// Iterates over the entries of an input, in its order.
pub struct Entries {
    base: PathBuf,
    inner: Inner,
    line: u64,
}

enum Inner {
    Walk(Box<Walk>),
    Paths(PathList),
    Table(Box<Table>),
}

impl Entries {
    /// Starts listing `input`.
    ///
    /// # Errors
    /// When the folder or the list can't be read, or a glob doesn't compile.
    pub fn start(input: &Input) -> Result<Self, SourceError> {
        let base = input.base().to_owned();
        let inner = match &input.place {
            Place::Folder(folder) => Inner::Walk(Box::new(Walk::start(folder, input)?)),
            Place::Given(bytes) => Inner::Paths(PathList::new(bytes.clone())),
            Place::List(path) if PathList::is_path_list(path) => Inner::Paths(PathList::read(path)?),
            Place::List(path) => Inner::Table(Box::new(Table::open(path, input)?)),
        };
        Ok(Self { base, inner, line: 0 })
    }

    /// The entry of the next row, with the metadata of its file. A missing file is an entry
    /// too: reading it fails, and its row shows that.
    fn list_row(&mut self, path: Vec<u8>, carried: Option<String>) -> Entry {
        self.line += 1;
        let entry = Entry { line: self.line, path, carried, ..Entry::default() };
        if entry.url().is_some() {
            // The content of a URL counts as unchanged; `--refresh` fetches it again.
            return Entry { modified_ns: 1, ..entry };
        }
        match std::fs::metadata(entry.file(&self.base)) {
            Ok(metadata) => entry.with_metadata(&metadata),
            Err(_) => entry,
        }
    }
}

impl Iterator for Entries {
    type Item = Result<Entry, WalkFault>;

    fn next(&mut self) -> Option<Self::Item> {
        let (path, carried) = match &mut self.inner {
            Inner::Walk(walk) => return walk.next(),
            Inner::Paths(paths) => (paths.next()?, None),
            Inner::Table(table) => match table.next()? {
                Ok((path, carried)) => (path, Some(carried)),
                Err(fault) => return Some(Err(fault)),
            },
        };
        Some(Ok(self.list_row(path, carried)))
    }
}

/// The columns that an input carries into the rows. Only lists with columns have some.
///
/// # Errors
/// When the list can't be read, or its columns don't fit the job.
pub fn carried_columns(input: &Input) -> Result<Vec<Column>, SourceError> {
    match &input.place {
        Place::List(path) if !PathList::is_path_list(path) => Ok(Table::open(path, input)?.into_columns()),
        _ => Ok(Vec::new()),
    }
}
