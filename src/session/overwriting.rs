//! Whether a file that is to be written would take the place of one that the job needs: its manifest, its
//! store, what it reads, its pages, and its other outputs.

use crate::base::file_identity::{FileIdentity, real_path};
use crate::base::path_text::percent_decoded;
use crate::base::unicode::nfc;
use crate::export::SUCCESS_MARKER;
use crate::manifest::{Choice, Collision, Job, Place, ProtectedFiles, Selection};
use crate::media::ImageFormat;
use crate::source::{Entries, Entry, path_from_bytes};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// First bytes of a file that show its format.
const HEAD_BYTES: u64 = 1024;
/// Those of a SQLite database (<https://sqlite.org/fileformat.html>, section 1.3).
const DATABASE: &[u8] = b"SQLite format 3\0";

/// A file that is to be written.
#[derive(Clone, Debug)]
pub struct WrittenFile {
    /// What names it: `--csv`, `output.csv`.
    pub option: String,
    /// Its path.
    pub path: PathBuf,
    /// What it holds.
    pub content: WrittenContent,
}

/// What a written file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WrittenContent {
    /// Rows, which may be written in partitions.
    Rows,
    /// A report, or human answers.
    Output,
    /// A record of a run, a copy of the store: not mistaken for a page.
    Other,
}

impl WrittenFile {
    /// The file that `option` names.
    pub fn new(option: impl ToString, path: &Path, content: WrittenContent) -> Self {
        Self { option: option.to_string(), path: path.to_owned(), content }
    }
}

/// The first of the `written` files that would replace another one: its position, and what it would overwrite. `others`
/// are further files that must stay, with their descriptions.
pub(crate) fn find_overwritten(
    job: &Job,
    written: &[WrittenFile],
    others: &[(&Path, &'static str)],
) -> Option<(usize, &'static str)> {
    let mut protected = ProtectedFiles::of_job(job);
    others.iter().for_each(|(path, what)| protected.add(path, what));
    for (at, file) in written.iter().enumerate() {
        let collision = protected.collision(&file.path);
        let is_harmless = collision == Some(Collision::Page)
            && file.content == WrittenContent::Other
            && !is_selected(job, &file.path);
        if let Some(collision) = collision.filter(|_| !is_harmless) {
            return Some((at, collision.what()));
        }
        if let Some(what) = irreplaceable(&file.path).or_else(|| part_of_outputs(job, &file.path)) {
            return Some((at, what));
        }
        protected.add(&file.path, "another file that is written");
    }
    for (at, file) in written.iter().enumerate().filter(|(_, file)| file.content == WrittenContent::Rows) {
        if let Some(collision) = protected.part_collision(&file.path, &job.output.partition_by) {
            return Some((at, collision.what()));
        }
    }
    listed_page(job, written).map(|at| (at, "a page of the list"))
}

/// What an image at this path would overwrite or be mistaken for; `files`: those of the job. Images of an
/// earlier command are replaced.
pub(crate) fn image_collision(job: &Job, files: &ProtectedFiles, path: &Path) -> Option<&'static str> {
    let collision = files.collision(path)?;
    (collision != Collision::Page || is_selected(job, path)).then(|| collision.what())
}

/// Whether a file at this path is a page of the job's folder.
fn is_selected(job: &Job, path: &Path) -> bool {
    let (path, folder) = (real_path(path), real_path(job.input.base()));
    let below = path.strip_prefix(folder).ok();
    let choice = below.zip(Selection::new(&job.input).ok()).map(|(below, selection)| selection.choose(below));
    choice == Some(Choice::Take)
}

/// The kind of a file that no output may replace, by its first bytes: a page, or paid answers of any job. `None`:
/// another file, or none.
fn irreplaceable(path: &Path) -> Option<&'static str> {
    let mut head = Vec::new();
    let is_file = std::fs::metadata(path).is_ok_and(|metadata| metadata.is_file());
    let mut read = || File::open(path)?.take(HEAD_BYTES).read_to_end(&mut head);
    if !is_file || read().is_err() {
        return None;
    }
    if head.starts_with(DATABASE) {
        return Some("a store or another database");
    }
    ImageFormat::detect(&head).is_ok().then_some("an image or a document")
}

/// What a file at this path is of the job's complete outputs: a part of one in partitions, or the marker beside them.
pub(crate) fn part_of_outputs(job: &Job, path: &Path) -> Option<&'static str> {
    if job.output.success_marker && path.file_name().is_some_and(|name| name == SUCCESS_MARKER) {
        return Some("a marker of complete outputs");
    }
    let mut this = ProtectedFiles::default();
    this.add(path, "a partition of an output");
    let mut outputs = job.output.row_files();
    outputs.find_map(|(_, output)| this.part_collision(output, &job.output.partition_by)).map(|found| found.what())
}

/// The position of a file that is a page of the job's list.
fn listed_page(job: &Job, written: &[WrittenFile]) -> Option<usize> {
    if matches!(job.input.place, Place::Folder(_)) || written.is_empty() {
        return None;
    }
    let files: Vec<(FileIdentity, String)> = written.iter().map(|file| identity(&file.path)).collect();
    // Faults of the list are reported when it is read for its pages.
    let mut entries = Entries::start(&job.input).ok()?;
    while let Some(path) = entries.next_listed() {
        let Ok(path) = path else { continue };
        // A list may name a file as rows do, where bytes that are not text are escaped.
        let escaped = path.contains(&b'%').then(|| percent_decoded(&String::from_utf8_lossy(&path)));
        for path in [Some(path), escaped].into_iter().flatten() {
            // Names first: a list may have millions of rows on a slow file system.
            let name = comparable_name(&path_from_bytes(&path));
            if files.iter().all(|(_, known)| *known != name) {
                continue;
            }
            let entry = Entry { line: 1, path, ..Entry::default() };
            if entry.url().is_some() {
                continue;
            }
            let page = FileIdentity::of_path(&entry.find_file(job.input.base()).0);
            if let Some(at) = files.iter().position(|(file, _)| file.is_same(&page)) {
                return Some(at);
            }
        }
    }
    None
}

fn identity(path: &Path) -> (FileIdentity, String) {
    let file = FileIdentity::of_path(path);
    let name = comparable_name(file.path());
    (file, name)
}

/// The name of a file, in one form for all spellings that may name the same file.
fn comparable_name(path: &Path) -> String {
    nfc(&path.file_name().unwrap_or_default().to_string_lossy()).to_lowercase()
}
