//! Files that appear whole or not at all: temporary file, fsync, rename, fsync of the folder.

use super::hooks::{Hooks, Point};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// A file under construction. Dropped before [`AtomicFile::commit`], it leaves nothing.
#[derive(Debug)]
pub struct AtomicFile {
    target: PathBuf,
    temporary: PathBuf,
    writer: Option<BufWriter<File>>,
}

impl AtomicFile {
    /// Starts a file that will stand at `target`; makes missing folders.
    ///
    /// # Errors
    /// When the folder or the temporary file can't be made.
    pub fn create(target: &Path) -> io::Result<Self> {
        // Through a link, to what it stands for; never in the place of a device or a folder.
        let target = &std::fs::canonicalize(target).unwrap_or_else(|_| target.to_owned());
        if std::fs::metadata(target).is_ok_and(|metadata| !metadata.is_file()) {
            return Err(io::Error::other("there is something else than a file in its place"));
        }
        let folder = folder_of(target);
        std::fs::create_dir_all(folder)?;
        let name = target.file_name().ok_or_else(|| io::Error::other("not a file name"))?;
        let temporary = folder.join(format!(".{}.{}.tmp", name.to_string_lossy(), std::process::id()));
        // One that a killed process of the same number left; and never through a link that
        // somebody put there.
        let _ = std::fs::remove_file(&temporary);
        let file = File::options().write(true).create_new(true).open(&temporary)?;
        let writer = BufWriter::with_capacity(1 << 16, file);
        Ok(Self { target: target.to_owned(), temporary, writer: Some(writer) })
    }

    /// Syncs the content and gives it its name.
    ///
    /// # Errors
    /// When writing, syncing or renaming fails; then `target` is as it was.
    pub fn commit(self, hooks: &dyn Hooks) -> io::Result<()> {
        let target = self.target.clone();
        self.commit_as(&target, hooks)
    }

    /// As [`AtomicFile::commit`], under another name in the same folder.
    ///
    /// # Errors
    /// As [`AtomicFile::commit`].
    pub fn commit_as(mut self, target: &Path, hooks: &dyn Hooks) -> io::Result<()> {
        let Some(writer) = self.writer.take() else {
            return Ok(());
        };
        let file = writer.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.sync_all()?;
        hooks.at(Point::TempWritten);
        std::fs::rename(&self.temporary, target)?;
        hooks.at(Point::Renamed);
        sync_folder(folder_of(target))
    }
}

impl Write for AtomicFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer.as_mut().ok_or_else(|| io::Error::other("already committed"))?.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.as_mut().map_or(Ok(()), Write::flush)
    }
}

impl Drop for AtomicFile {
    fn drop(&mut self) {
        if self.writer.take().is_some() || self.temporary.exists() {
            // Best effort: a temporary file left behind harms nobody.
            let _ = std::fs::remove_file(&self.temporary);
        }
    }
}

/// Writes `bytes` to `target`, whole or not at all.
///
/// # Errors
/// As [`AtomicFile::create`] and [`AtomicFile::commit`].
pub fn write(target: &Path, bytes: &[u8], hooks: &dyn Hooks) -> io::Result<()> {
    let mut file = AtomicFile::create(target)?;
    file.write_all(bytes)?;
    file.commit(hooks)
}

/// Gives a file that is whole its name, durably.
///
/// # Errors
/// When syncing or renaming fails.
pub fn adopt(whole: &Path, target: &Path) -> io::Result<()> {
    File::open(whole)?.sync_all()?;
    std::fs::rename(whole, target)?;
    sync_folder(folder_of(target))
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Makes a rename durable. Folders can't be opened on Windows, where the rename is enough.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}
