//! The entries of an input: a folder or a list.

use super::columns::ListColumns;
use super::entry::{Entry, path_bytes};
use super::error::{SourceError, WalkFault};
use super::left_out::{LeftOut, LeftOutReason};
use super::list::{ListedPath, PathList, STANDARD_INPUT};
use super::table::{Table, TableRow};
use super::url_secrets::{Redacted, TokenClashes, not_a_url_without_secrets, redact};
use super::walk::{Walk, WalkItem};
use crate::base::json_text::JsonText;
use crate::base::path_text::path_of_text;
use crate::base::unicode::trim_blanks;
use crate::manifest::{Column, Input, Place};
use std::path::Path;

/// Iterates over the entries of an input, in its order.
pub struct Entries {
    input: Input,
    inner: Inner,
    line: u64,
    /// Found when the first URL with a token is listed.
    clashes: Option<TokenClashes>,
}

/// One item of an input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InputItem {
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
        let inner = match &input.place {
            Place::Folder(folder) => Inner::Walk(Box::new(Walk::start(folder, input)?)),
            Place::Given(bytes) => Inner::Paths(PathList::new(bytes, STANDARD_INPUT)?),
            Place::List(path) if PathList::is_path_list(path) => Inner::Paths(PathList::read(path)?),
            Place::List(path) => Inner::Table(Box::new(Table::open(path, input)?)),
        };
        Ok(Self { input: input.clone(), inner, line: 0, clashes: None })
    }

    /// As [`Entries::start`], for [`Entries::next_file`]: hidden files are reported too.
    ///
    /// # Errors
    /// As [`Entries::start`].
    pub fn start_with_hidden(input: &Input) -> Result<Self, SourceError> {
        match &input.place {
            Place::Folder(folder) => {
                let walk = Box::new(Walk::start_with_hidden(folder, input)?);
                Ok(Self { input: input.clone(), inner: Inner::Walk(walk), line: 0, clashes: None })
            }
            Place::Given(_) | Place::List(_) => Self::start(input),
        }
    }

    /// The next file, whether it is taken or not. Everything in a list is taken.
    pub fn next_file(&mut self) -> Option<Result<InputItem, WalkFault>> {
        let Inner::Walk(walk) = &mut self.inner else {
            return self.next().map(|entry| entry.map(InputItem::Taken));
        };
        Some(walk.next_item()?.map(|item| match item {
            WalkItem::Entry(entry) => InputItem::Taken(entry),
            WalkItem::LeftOut(path, reason) => InputItem::LeftOut(path_bytes(Path::new(&path)), reason),
        }))
    }

    /// The path of the next row of a list, without looking for its file. `None` at the end, and of a
    /// folder.
    pub fn next_listed(&mut self) -> Option<Result<Vec<u8>, WalkFault>> {
        match &mut self.inner {
            Inner::Walk(_) => None,
            Inner::Paths(paths) => paths.next().map(|listed| match listed.is_exact {
                true => Ok(listed.path),
                false => Ok(trim_blanks(&listed.path).to_vec()),
            }),
            Inner::Table(table) => table.next().map(|row| row.map(|row| trim_blanks(&row.path).to_vec())),
        }
    }

    /// Files that were left out so far, by reason; empty for a list.
    #[must_use]
    pub fn left_out(&self) -> LeftOut {
        match &self.inner {
            Inner::Walk(walk) => walk.left_out().clone(),
            Inner::Paths(_) | Inner::Table(_) => LeftOut::default(),
        }
    }

    /// The entry of a row, without the metadata of its file.
    fn list_row(&mut self, row: ListedRow) -> Entry {
        self.line += 1;
        let ListedRow { path, is_exact, carried, version } = row;
        let entry = Entry { line: self.line, path, carried, ..Entry::default() };
        let base = self.input.base();
        // Blanks around a path are a part of it only if there is such a file.
        let trimmed = trim_blanks(&entry.path);
        let entry = if is_exact || trimmed.len() == entry.path.len() || entry.file(base).symlink_metadata().is_ok() {
            entry
        } else {
            Entry { path: trimmed.to_vec(), ..entry }
        };
        let entry = if is_exact { entry } else { find_escaped(entry, base) };
        let entry = match redact(&entry.path) {
            Some(redacted) => {
                let path = self.path_of(&redacted);
                Entry { path, address: redacted.address, ..entry }
            }
            None => hide_secrets(entry, base),
        };
        if entry.url().is_some() {
            // The content of a URL counts as unchanged while its version is; `--refresh` fetches it again.
            return Entry { modified_ns: 1, inode: version, ..entry };
        }
        entry
    }

    /// The entry of the next row of a list that the input's shard has, without the metadata of its file.
    /// `None` at the end, and of a folder.
    pub(crate) fn next_row(&mut self) -> Option<Result<Entry, WalkFault>> {
        loop {
            let row = match &mut self.inner {
                Inner::Walk(_) => return None,
                Inner::Paths(paths) => {
                    let ListedPath { path, is_exact } = paths.next()?;
                    ListedRow { path, is_exact, carried: None, version: 0 }
                }
                Inner::Table(table) => match table.next()? {
                    Ok(TableRow { path, carried, version }) => {
                        ListedRow { path, is_exact: false, carried: Some(carried), version }
                    }
                    Err(fault) => return Some(Err(fault)),
                },
            };
            let entry = self.list_row(row);
            if self.input.shard.is_none_or(|shard| shard.has(&entry.path)) {
                return Some(Ok(entry));
            }
        }
    }

    /// The path of the entry of a URL with secrets.
    fn path_of(&mut self, redacted: &Redacted) -> Vec<u8> {
        if !redacted.has_tokens() {
            return redacted.path.clone();
        }
        let clashes = self.clashes.get_or_insert_with(|| find_clashes(&self.input));
        clashes.path_of(redacted)
    }
}

/// The entry of the file whose path is written as in rows, if no file has exactly this path.
fn find_escaped(entry: Entry, base: &Path) -> Entry {
    let text = str::from_utf8(&entry.path).ok().filter(|text| text.contains('%') && entry.url().is_none());
    let path = text.map(path_of_text).filter(|path| *path != entry.path);
    match path.map(|path| Entry { path, ..entry.clone() }) {
        Some(other) if entry.metadata(base).is_err() && other.metadata(base).is_ok() => other,
        _ => entry,
    }
}

/// The entry without the secrets of a URL that is not written as one, such as one in quotes. It stays an entry that can't be
/// read: neither a URL nor the path of another file.
fn hide_secrets(entry: Entry, base: &Path) -> Entry {
    if entry.url().is_some() {
        return entry;
    }
    let Some(path) = not_a_url_without_secrets(&entry.path).filter(|_| entry.metadata(base).is_err()) else {
        return entry;
    };
    let mut hidden = Entry { path, ..entry };
    if hidden.url().is_some() || hidden.metadata(base).is_ok() {
        hidden.path.splice(..0, *b"***");
    }
    hidden
}

/// A row of a list in its original form.
struct ListedRow {
    path: Vec<u8>,
    /// Whether blanks around the path are a part of it in any case.
    is_exact: bool,
    carried: Option<JsonText>,
    version: u64,
}

/// Reads the list once more, for URLs that differ only in their tokens. What can't be read ends the
/// listing anyway.
fn find_clashes(input: &Input) -> TokenClashes {
    match Entries::start(input).map(|entries| entries.inner) {
        Ok(Inner::Paths(paths)) => TokenClashes::find(paths.map(|listed| listed.path)),
        Ok(Inner::Table(table)) => TokenClashes::find(table.filter_map(Result::ok).map(|row| row.path)),
        Ok(Inner::Walk(_)) | Err(_) => TokenClashes::default(),
    }
}

impl Iterator for Entries {
    type Item = Result<Entry, WalkFault>;

    /// The next entry, with the metadata of its file. A missing file of a list is an entry too: reading it
    /// fails, and its row shows that.
    fn next(&mut self) -> Option<Self::Item> {
        if let Inner::Walk(walk) = &mut self.inner {
            return walk.next();
        }
        let entry = match self.next_row()? {
            Ok(entry) if entry.url().is_none() => entry,
            other => return Some(other),
        };
        Some(Ok(match entry.metadata(self.input.base()) {
            Ok(metadata) => entry.with_metadata(&metadata),
            Err(_) => entry,
        }))
    }
}

/// The columns of an input's list.
///
/// # Errors
/// When the list can't be read, or its columns don't fit the job.
pub fn list_columns(input: &Input) -> Result<ListColumns, SourceError> {
    match &input.place {
        Place::List(path) if !PathList::is_path_list(path) => Ok(Table::open(path, input)?.into_columns()),
        _ => Ok(ListColumns::default()),
    }
}

/// The columns that an input carries into the rows.
///
/// # Errors
/// As [`list_columns`].
pub fn carried_columns(input: &Input) -> Result<Vec<Column>, SourceError> {
    Ok(list_columns(input)?.carried)
}
