//! Whether a file that is to be written would take the place of one that the job needs: its manifest, its
//! store, what it reads, its pages, and its other outputs.

use crate::base::file_identity::{FileIdentity, real_path};
use crate::manifest::{Choice, Collision, Job, Place, ProtectedFiles, Selection};
use crate::media::ImageFormat;
use crate::source::{Entries, Entry};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// First bytes of a file that show its format.
const HEAD_BYTES: u64 = 1024;

/// A file that is to be written.
#[derive(Clone, Debug)]
pub(crate) struct WrittenFile {
    /// What names it: `--csv`, `output.csv`.
    pub(crate) option: String,
    /// Its path.
    pub(crate) path: PathBuf,
    /// Whether it holds rows or a report, and not a record of the run, which is not mistaken for a page.
    pub(crate) is_output: bool,
}

impl WrittenFile {
    /// A file of rows or a report.
    pub(crate) fn output(option: impl ToString, path: &Path) -> Self {
        Self { option: option.to_string(), path: path.to_owned(), is_output: true }
    }

    /// A record of a run, a copy of the store, an image.
    pub(crate) fn other(option: impl ToString, path: &Path) -> Self {
        Self { option: option.to_string(), path: path.to_owned(), is_output: false }
    }
}

/// The first of the `written` files that would take the place of another one: its position, and what it
/// would overwrite. `others` are further files that must stay, with their descriptions.
pub(crate) fn find_overwritten(
    job: &Job,
    written: &[WrittenFile],
    others: &[(&Path, &'static str)],
) -> Option<(usize, &'static str)> {
    let mut protected = ProtectedFiles::of_job(job);
    others.iter().for_each(|(path, what)| protected.add(path, what));
    for (at, file) in written.iter().enumerate() {
        let collision = protected.collision(&file.path);
        let is_harmless = collision == Some(Collision::Page) && !file.is_output && !is_selected(job, &file.path);
        if let Some(collision) = collision.filter(|_| !is_harmless) {
            return Some((at, collision.what()));
        }
        if is_image(&file.path) {
            return Some((at, "an image or a document"));
        }
        protected.add(&file.path, "another file that is written");
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

/// Whether there is a file whose first bytes are those of a format of pages.
fn is_image(path: &Path) -> bool {
    let mut head = Vec::new();
    let is_file = std::fs::metadata(path).is_ok_and(|metadata| metadata.is_file());
    let mut read = || File::open(path)?.take(HEAD_BYTES).read_to_end(&mut head);
    is_file && read().is_ok() && ImageFormat::detect(&head).is_ok()
}

/// The position of a file that is a page of the job's list.
fn listed_page(job: &Job, written: &[WrittenFile]) -> Option<usize> {
    if matches!(job.input.place, Place::Folder(_)) || written.is_empty() {
        return None;
    }
    let files: Vec<(FileIdentity, String)> = written.iter().map(|file| identity(&file.path)).collect();
    // What is wrong with the list is found when it is read for its pages.
    let mut entries = Entries::start(&job.input).ok()?;
    while let Some(path) = entries.next_listed() {
        let Ok(path) = path else { continue };
        // Names first: a list may have millions of rows on a slow file system.
        let name = String::from_utf8_lossy(path.rsplit(|byte| *byte == b'/').next().unwrap_or(&path)).to_lowercase();
        if files.iter().all(|(_, known)| *known != name) {
            continue;
        }
        let entry = Entry { line: 1, path, ..Entry::default() };
        if entry.url().is_some() {
            continue;
        }
        let page = FileIdentity::of_path(&entry.file(job.input.base()));
        if let Some(at) = files.iter().position(|(file, _)| file.is_same(&page)) {
            return Some(at);
        }
    }
    None
}

fn identity(path: &Path) -> (FileIdentity, String) {
    let file = FileIdentity::of_path(path);
    let name = file.path().file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    (file, name)
}
