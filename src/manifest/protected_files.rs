//! The files that a job must not overwrite: one rule for every path that docmill writes to, in the
//! manifest and on the command line.

use super::check::Check;
use super::job::Job;
use super::sections::input::{Detect, Input, Place};
use super::selection::{Choice, Selection};
use crate::base::file_identity::{FileIdentity, real_path};
use crate::base::sibling::{database_files, partial_folder};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// Extensions that no page of an input folder has. A file with one of them may be written below that
/// folder.
const OUTPUT_EXTENSIONS: &[&str] = &["csv", "parquet", "jsonl", "json", "prom", "html", "db"];

/// What a written file would overwrite or be mistaken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Collision {
    /// A file in use, with its description.
    File(&'static str),
    /// A folder.
    Folder,
    /// A page of the input.
    Page,
}

impl Collision {
    /// What would be overwritten, for "would overwrite".
    pub(crate) fn what(self) -> &'static str {
        match self {
            Self::File(what) => what,
            Self::Folder => "a folder",
            Self::Page => "a page of the input",
        }
    }
}

/// The files that a job must not overwrite.
#[derive(Default)]
pub(crate) struct ProtectedFiles {
    files: Vec<(FileIdentity, &'static str)>,
    /// The store, beside which its locks and batches are.
    store: Option<PathBuf>,
    /// The folder of partial outputs, which a complete run removes.
    partial: Option<PathBuf>,
    input: Option<InputFolder>,
}

/// A folder whose files may be pages.
struct InputFolder {
    path: PathBuf,
    /// Which of its files are pages, if globs select them. `None`: a glob does not compile, which is a fault of
    /// its own, or extensions select them.
    selection: Option<Selection>,
}

impl ProtectedFiles {
    /// What the job reads, and its store; without its outputs.
    pub(crate) fn of_job(job: &Job) -> Self {
        let partial = real_path(&partial_folder(&job.store));
        Self { partial: Some(partial), ..Self::without_store(job).with_store(&job.store) }
    }

    /// A store and the files beside it.
    pub(crate) fn of_store(store: &Path) -> Self {
        Self::default().with_store(store)
    }

    fn with_store(mut self, store: &Path) -> Self {
        self.store = Some(real_path(store));
        database_files(store).iter().for_each(|file| self.add(file, "the store"));
        self
    }

    /// What the job reads, except for its store.
    pub(crate) fn without_store(job: &Job) -> Self {
        let input = match &job.input.place {
            Place::Folder(folder) => Some(InputFolder::new(folder, &job.input)),
            Place::List(_) | Place::Given(_) => None,
        };
        let mut files = Self { input, ..Self::default() };
        job.used_files().iter().for_each(|(file, what)| files.add(file, what));
        files
    }

    /// Protects another file.
    pub(crate) fn add(&mut self, path: &Path, what: &'static str) {
        self.files.push((FileIdentity::of_path(path), what));
    }

    /// What the file at `path` would overwrite; `None`: it may be written.
    pub(crate) fn collision(&self, path: &Path) -> Option<Collision> {
        let file = FileIdentity::of_path(path);
        if let Some((_, what)) = self.files.iter().find(|(known, _)| known.is_same(&file)) {
            return Some(Collision::File(what));
        }
        if file.path().is_dir() {
            return Some(Collision::Folder);
        }
        if self.store.as_ref().is_some_and(|store| belongs_to_store(file.path(), store)) {
            return Some(Collision::File("a file of the store"));
        }
        if self.partial.as_ref().is_some_and(|folder| file.path().starts_with(folder)) {
            return Some(Collision::File("a partial output"));
        }
        self.input.as_ref().filter(|input| input.has_page(file.path())).map(|_| Collision::Page)
    }

    /// What a part of the output at `path` would overwrite if its rows are partitioned by `columns`:
    /// `out/customer=A/rows.csv`.
    pub(crate) fn part_collision(&self, path: &Path, columns: &[String]) -> Option<Collision> {
        let path = real_path(path);
        let (folder, name) = (path.parent()?, path.file_name()?);
        let is_part = |file: &FileIdentity| {
            let below = file.path().strip_prefix(folder).ok().filter(|below| below.file_name() == Some(name));
            let Some(folders) = below.and_then(Path::parent) else { return false };
            let is_of = |(folder, column): (&OsStr, &String)| {
                folder.to_string_lossy().strip_prefix(column.as_str()).is_some_and(|value| value.starts_with('='))
            };
            folders.iter().count() == columns.len() && folders.iter().zip(columns).all(is_of)
        };
        let file = self.files.iter().find(|(file, _)| is_part(file));
        file.filter(|_| !columns.is_empty()).map(|(_, what)| Collision::File(what))
    }

    /// Reports outputs and a store that would overwrite a file in use or each other, or be found as
    /// pages of the input.
    pub(crate) fn check_manifest(job: &Job, check: &mut Check) {
        let store = Self::without_store(job).collision(&job.store);
        if let Some(collision) = store.filter(|collision| *collision != Collision::Page) {
            report(check, "/store", "the store", collision);
        }
        let mut files = Self::of_job(job);
        for (key, path) in job.output.files() {
            if let Some(collision) = files.collision(path) {
                report(check, &format!("/output/{key}"), "the output", collision);
            }
            files.add(path, "another output");
        }
        for (key, path) in job.output.row_files() {
            if let Some(Collision::File(what)) = files.part_collision(path, &job.output.partition_by) {
                let message = format!("a partition of the output would overwrite {what}");
                check.report(&format!("/output/{key}"), &message, "a path that nothing else uses");
            }
        }
    }
}

fn report(check: &mut Check, pointer: &str, subject: &str, collision: Collision) {
    match collision {
        Collision::File(what) => {
            check.report(pointer, &format!("{subject} would overwrite {what}"), "a path that nothing else uses");
        }
        Collision::Folder => check.report(pointer, "the path is a folder", "a file"),
        Collision::Page => {
            let message = format!("{subject} would be among the pages of the input");
            check.report(pointer, &message, "a path outside of input.folder");
        }
    }
}

/// Whether a path is that of a lock, a batch or a journal beside the store.
fn belongs_to_store(path: &Path, store: &Path) -> bool {
    let names = path.file_name().zip(store.file_name()).filter(|_| path.parent() == store.parent());
    names.is_some_and(|(name, store)| {
        let (name, store) = (name.to_string_lossy(), store.to_string_lossy());
        let rest = name.strip_prefix(&*store);
        rest.is_some_and(|rest| {
            rest == "-journal" || rest.starts_with(".batch-") || (rest.starts_with('.') && rest.ends_with(".lock"))
        })
    })
}

impl InputFolder {
    fn new(folder: &Path, input: &Input) -> Self {
        let is_by_glob = input.detect == Detect::Extension && !input.include.is_empty();
        let selection = if is_by_glob { Selection::new(input).ok() } else { None };
        Self { path: real_path(folder), selection }
    }

    /// Whether a file at this path would be a page. Files of other formats are not, unless a glob of the
    /// manifest selects them.
    fn has_page(&self, path: &Path) -> bool {
        let Ok(below) = path.strip_prefix(&self.path) else { return false };
        let extension = path.extension().map(|text| text.to_string_lossy().to_lowercase()).unwrap_or_default();
        let is_selected = self.selection.as_ref().is_some_and(|globs| globs.choose(below) == Choice::Take);
        is_selected || !OUTPUT_EXTENSIONS.contains(&extension.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_beside_the_store_belong_to_it_and_others_do_not() {
        for (name, belongs) in [
            ("s.db-journal", true),
            ("s.db.batch-20261123T131805-3f9a1c0b7d42-1.jsonl", true),
            ("s.db.20261123T131805-3f9a1c0b7d42.lock", true),
            ("s.db.backup", false),
            ("s.db2", false),
            ("other.lock", false),
            ("sub/s.db-journal", false),
        ] {
            assert_eq!(belongs_to_store(&Path::new("/a").join(name), Path::new("/a/s.db")), belongs, "{name}");
        }
    }
}
