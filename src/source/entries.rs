//! The entries of an input: a folder or a list.

use super::entry::{Entry, path_bytes};
use super::error::{SourceError, WalkFault};
use super::left_out::{LeftOut, LeftOutReason};
use super::list::PathList;
use super::table::Table;
use super::walk::{Walk, WalkItem};
use crate::manifest::{Column, Input, Place};
use std::path::{Path, PathBuf};

/// Iterates over the entries of an input, in its order.
pub struct Entries {
    base: PathBuf,
    inner: Inner,
    line: u64,
}

/// What listing an input comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FoundFile {
    /// A file or URL that is read.
    Taken(Entry),
    /// A file or folder that is left out: its path below the folder.
    LeftOut(Vec<u8>, LeftOutReason),
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

    /// As [`Entries::start`], for [`Entries::next_file`]: hidden files are reported too.
    ///
    /// # Errors
    /// As [`Entries::start`].
    pub fn start_with_hidden(input: &Input) -> Result<Self, SourceError> {
        match &input.place {
            Place::Folder(folder) => {
                let walk = Box::new(Walk::start_with_hidden(folder, input)?);
                Ok(Self { base: input.base().to_owned(), inner: Inner::Walk(walk), line: 0 })
            }
            Place::Given(_) | Place::List(_) => Self::start(input),
        }
    }

    /// The next file, whether it is taken or not. Everything in a list is taken.
    pub fn next_file(&mut self) -> Option<Result<FoundFile, WalkFault>> {
        let Inner::Walk(walk) = &mut self.inner else {
            return self.next().map(|entry| entry.map(FoundFile::Taken));
        };
        Some(walk.next_item()?.map(|item| match item {
            WalkItem::Entry(entry) => FoundFile::Taken(entry),
            WalkItem::LeftOut(path, reason) => FoundFile::LeftOut(path_bytes(Path::new(&path)), reason),
        }))
    }

    /// The path of the next row of a list, without looking for its file. `None` at the end, and of a
    /// folder.
    pub fn next_listed(&mut self) -> Option<Result<Vec<u8>, WalkFault>> {
        match &mut self.inner {
            Inner::Walk(_) => None,
            Inner::Paths(paths) => paths.next().map(Ok),
            Inner::Table(table) => table.next().map(|row| row.map(|(path, _)| path)),
        }
    }

    /// What was left out so far; nothing of a list.
    #[must_use]
    pub fn left_out(&self) -> LeftOut {
        match &self.inner {
            Inner::Walk(walk) => walk.left_out().clone(),
            Inner::Paths(_) | Inner::Table(_) => LeftOut::default(),
        }
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
