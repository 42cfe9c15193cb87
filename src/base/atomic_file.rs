//! Files that appear complete or not at all: the content goes to a temporary file in the same folder,
//! which is synced and renamed; then the folder is synced.

use super::hooks::{Hooks, Point};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// A file that is being written. If it is dropped before [`AtomicFile::commit`], the temporary file is
/// removed and the target stays as it was.
#[derive(Debug)]
pub struct AtomicFile {
    target: PathBuf,
    temporary: PathBuf,
    writer: Option<BufWriter<File>>,
}

impl AtomicFile {
    /// Creates the temporary file for `target`, and missing folders.
    ///
    /// # Errors
    /// If `target` exists and is not a file, or the folder or the temporary file cannot be created.
    pub fn create(target: &Path) -> io::Result<Self> {
        // A link is followed, and the file that it names is replaced. A device or a folder is never
        // replaced.
        let target = &std::fs::canonicalize(target).unwrap_or_else(|_| target.to_owned());
        if std::fs::metadata(target).is_ok_and(|metadata| !metadata.is_file()) {
            return Err(io::Error::other("it exists and is not a file"));
        }
        let folder = folder_of(target);
        std::fs::create_dir_all(folder)?;
        let name = target.file_name().ok_or_else(|| io::Error::other("not a file name"))?;
        let temporary = folder.join(format!(".{}.{}.tmp", name.to_string_lossy(), std::process::id()));
        // A killed process with the same id may have left one. `create_new` does not follow a link that
        // somebody else created.
        let _ = std::fs::remove_file(&temporary);
        let file = File::options().write(true).create_new(true).open(&temporary)?;
        let writer = BufWriter::with_capacity(1 << 16, file);
        Ok(Self { target: target.to_owned(), temporary, writer: Some(writer) })
    }

    /// Syncs the content, renames the file to its target and syncs the folder.
    ///
    /// # Errors
    /// If writing, syncing or renaming fails. If it fails before the rename, the target is as it was.
    pub fn commit(self, hooks: &dyn Hooks) -> io::Result<()> {
        let target = self.target.clone();
        self.commit_as(&target, hooks)
    }

    /// As [`AtomicFile::commit`], with another target in the same folder.
    ///
    /// # Errors
    /// As [`AtomicFile::commit`].
    pub fn commit_as(mut self, target: &Path, hooks: &dyn Hooks) -> io::Result<()> {
        let Some(writer) = self.writer.take() else {
            return Ok(());
        };
        let file = writer.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.sync_all()?;
        hooks.reached(Point::TempWritten);
        std::fs::rename(&self.temporary, target)?;
        hooks.reached(Point::Renamed);
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
            // A temporary file that stays behind is harmless.
            let _ = std::fs::remove_file(&self.temporary);
        }
    }
}

/// Writes `bytes` to `target`, completely or not at all.
///
/// # Errors
/// As [`AtomicFile::create`] and [`AtomicFile::commit`].
pub fn write(target: &Path, bytes: &[u8], hooks: &dyn Hooks) -> io::Result<()> {
    let mut file = AtomicFile::create(target)?;
    file.write_all(bytes)?;
    file.commit(hooks)
}

/// Syncs the complete file `from`, renames it to `target` in the same folder and syncs the folder.
///
/// # Errors
/// If syncing or renaming fails.
pub fn sync_and_rename(from: &Path, target: &Path) -> io::Result<()> {
    File::open(from)?.sync_all()?;
    std::fs::rename(from, target)?;
    sync_folder(folder_of(target))
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Makes a rename durable. On Windows folders cannot be opened, and the rename is durable.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "tests create files")]

    use super::super::hooks::NoHooks;
    use super::*;
    use std::collections::BTreeMap;
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::Mutex;

    /// The files of a folder and their contents.
    fn files(folder: &Path) -> BTreeMap<String, String> {
        let read = |entry: std::fs::DirEntry| {
            (entry.file_name().into_string().unwrap(), std::fs::read_to_string(entry.path()).unwrap())
        };
        std::fs::read_dir(folder).unwrap().map(|entry| read(entry.unwrap())).collect()
    }

    /// Records the files of a folder at each point, and dies at one of them.
    struct Observer {
        folder: PathBuf,
        seen: Mutex<Vec<(Point, BTreeMap<String, String>)>>,
        dies_at: Option<Point>,
    }

    impl Observer {
        fn new(folder: &Path, dies_at: Option<Point>) -> Self {
            Self { folder: folder.to_owned(), seen: Mutex::default(), dies_at }
        }
    }

    impl Hooks for Observer {
        fn reached(&self, point: Point) {
            self.seen.lock().unwrap().push((point, files(&self.folder)));
            assert!(self.dies_at != Some(point), "dies");
        }
    }

    #[test]
    fn the_target_is_replaced_by_the_rename_and_not_before() {
        let folder = tempfile::tempdir().unwrap();
        let (target, temporary) = (folder.path().join("out"), format!(".out.{}.tmp", std::process::id()));
        std::fs::write(&target, "old").unwrap();
        let observer = Observer::new(folder.path(), None);
        write(&target, b"new", &observer).unwrap();
        let pair = |name: &str, text: &str| (name.to_owned(), text.to_owned());
        assert_eq!(
            observer.seen.into_inner().unwrap(),
            [
                (Point::TempWritten, BTreeMap::from([pair("out", "old"), pair(&temporary, "new")])),
                (Point::Renamed, BTreeMap::from([pair("out", "new")])),
            ]
        );
    }

    #[test]
    fn a_crash_between_file_and_rename_leaves_the_target_and_hinders_nobody() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("out");
        std::fs::write(&target, "old").unwrap();
        let observer = Observer::new(folder.path(), Some(Point::TempWritten));
        assert!(catch_unwind(AssertUnwindSafe(|| write(&target, b"new", &observer))).is_err());
        // A process that is killed runs no destructors: its temporary file stays.
        let left = observer.seen.into_inner().unwrap().pop().unwrap().1;
        assert_eq!(left.len(), 2);
        for (name, text) in &left {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        assert_eq!(std::fs::read_to_string(&target).unwrap(), "old");
        write(&target, b"newer", &NoHooks).unwrap();
        assert_eq!(files(folder.path()), BTreeMap::from([("out".to_owned(), "newer".to_owned())]));
    }

    #[test]
    fn a_file_that_is_dropped_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("new/folder/out");
        let mut file = AtomicFile::create(&target).unwrap();
        file.write_all(b"half").unwrap();
        file.flush().unwrap();
        drop(file);
        assert!(files(target.parent().unwrap()).is_empty());
    }

    #[test]
    fn another_name_may_be_chosen_at_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let (target, partial) = (folder.path().join("out.csv"), folder.path().join("out.partial.csv"));
        std::fs::write(&target, "old").unwrap();
        let mut file = AtomicFile::create(&target).unwrap();
        file.write_all(b"partial").unwrap();
        file.commit_as(&partial, &NoHooks).unwrap();
        let pair = |name: &str, text: &str| (name.to_owned(), text.to_owned());
        assert_eq!(files(folder.path()), BTreeMap::from([pair("out.csv", "old"), pair("out.partial.csv", "partial")]));
    }

    #[test]
    fn what_is_not_a_file_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let error = AtomicFile::create(folder.path()).unwrap_err();
        assert_eq!(error.to_string(), "it exists and is not a file");
        assert!(AtomicFile::create(Path::new("/dev/null")).is_err() || cfg!(not(unix)));
        assert!(AtomicFile::create(Path::new("/")).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_except_in_the_place_of_the_temporary_file() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        std::fs::write(&file, "old").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        write(&link, b"new", &NoHooks).unwrap();
        assert!(link.is_symlink());
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "new");
        let victim = folder.path().join("victim");
        std::fs::write(&victim, "untouched").unwrap();
        let temporary = folder.path().join(format!(".file.{}.tmp", std::process::id()));
        std::os::unix::fs::symlink(&victim, temporary).unwrap();
        write(&file, b"newer", &NoHooks).unwrap();
        assert_eq!(std::fs::read_to_string(&victim).unwrap(), "untouched");
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "newer");
    }

    #[test]
    fn a_complete_file_is_renamed() {
        let folder = tempfile::tempdir().unwrap();
        let (from, target) = (folder.path().join("store.tmp"), folder.path().join("store.db"));
        std::fs::write(&from, "all of it").unwrap();
        sync_and_rename(&from, &target).unwrap();
        assert_eq!(files(folder.path()), BTreeMap::from([("store.db".to_owned(), "all of it".to_owned())]));
        assert!(sync_and_rename(&from, &target).is_err());
        assert_eq!(std::fs::read_to_string(&target).unwrap(), "all of it");
    }
}
