//! Files that appear complete or not at all: the content goes to a temporary file in the same folder,
//! which is synced and renamed; then the folder is synced.
//!
//! The temporary file is locked while it is written. What a killed process left is recognized by its
//! free lock and its age.

use super::file_identity::follow_links;
use super::hooks::{Hooks, Point};
use super::shared_folder;
use super::sibling::{folder_of, is_temporary_of, temporary_beside};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Age at which the temporary file of a process that has ended is removed. A lock that seems to be free
/// may be held on another machine, where a file system has no common locks; nothing is written for so
/// long.
const ABANDONED_AFTER: Duration = Duration::from_hours(12);

/// A file that is being written. If it is dropped before [`AtomicFile::commit`], the temporary file is
/// removed and the target stays as it was.
#[derive(Debug)]
pub struct AtomicFile {
    target: PathBuf,
    temporary: PathBuf,
    /// `None`: the content is complete.
    writer: Option<BufWriter<File>>,
    /// Whether the temporary file has another name by now.
    is_renamed: bool,
}

impl AtomicFile {
    /// Creates the temporary file for `target`, and missing folders. Links are followed, also to a file
    /// that does not exist and to another file system: the file that they name is replaced.
    ///
    /// # Errors
    /// If `target` exists and is not a file, or the folder or the temporary file cannot be created.
    pub fn create(target: &Path) -> io::Result<Self> {
        let target = follow_links(target)?;
        // A device or a folder is never replaced.
        if std::fs::metadata(&target).is_ok_and(|metadata| !metadata.is_file()) {
            return Err(io::Error::other("it exists and is not a file"));
        }
        if target.file_name().is_none() {
            return Err(io::Error::other("not a file name"));
        }
        let temporary = temporary_beside(&target);
        let file = shared_folder::retry_if_gone(|| {
            shared_folder::create(folder_of(&target))?;
            // `create_new` does not follow a link that somebody else created.
            File::options().write(true).create_new(true).open(&temporary)
        })?;
        // Where there are no locks, nothing is ever recognized as abandoned.
        let _ = file.try_lock();
        let writer = BufWriter::with_capacity(1 << 16, file);
        Ok(Self { target, temporary, writer: Some(writer), is_renamed: false })
    }

    /// Removes temporary files of the same target that killed processes have left.
    pub fn remove_abandoned(&self) {
        let Some(now) = modified(&self.temporary) else { return };
        let entries = std::fs::read_dir(folder_of(&self.target)).into_iter().flatten().flatten();
        let names = entries.filter(|entry| is_temporary_of(&entry.file_name().to_string_lossy(), &self.target));
        for path in names.map(|entry| entry.path()).filter(|path| *path != self.temporary) {
            // By the clock of the file system, which may be another machine's.
            let age = modified(&path).and_then(|modified| now.duration_since(modified).ok());
            let is_old = age.is_some_and(|age| age > ABANDONED_AFTER);
            let is_free = || File::options().write(true).open(&path).is_ok_and(|file| file.try_lock().is_ok());
            if is_old && is_free() {
                let _ = std::fs::remove_file(&path);
            }
        }
    }

    /// Syncs the content and closes the temporary file. Nothing can be written afterwards.
    ///
    /// # Errors
    /// If writing or syncing fails.
    pub fn complete(&mut self) -> io::Result<()> {
        match self.writer.take() {
            Some(writer) => writer.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all(),
            None => Ok(()),
        }
    }

    /// Opens the content written so far for reading.
    ///
    /// # Errors
    /// If it can't be written or opened.
    pub fn reopen(&mut self) -> io::Result<File> {
        self.flush()?;
        File::open(&self.temporary)
    }

    /// Syncs the content, renames the file to its target and syncs the folder.
    ///
    /// # Errors
    /// If writing, syncing or renaming fails. If it fails before the rename, the target is as it was.
    pub fn commit(self, hooks: &dyn Hooks) -> io::Result<()> {
        let target = self.target.clone();
        self.commit_as(|| Ok(target.clone()), hooks).map(|_| ())
    }

    /// As [`AtomicFile::commit`], with another target, whose folder exists: `find_target` returns it, again if another
    /// process has removed the folder since. On another file system it is a copy. Returns the target.
    ///
    /// # Errors
    /// As [`AtomicFile::commit`].
    pub fn commit_as(
        mut self,
        find_target: impl Fn() -> io::Result<PathBuf>,
        hooks: &dyn Hooks,
    ) -> io::Result<PathBuf> {
        self.complete()?;
        hooks.reached(Point::TempWritten);
        let target = shared_folder::retry_if_gone(|| {
            let target = find_target()?;
            self.rename_to(&target)?;
            Ok(target)
        })?;
        hooks.reached(Point::Renamed);
        match sync_folder(folder_of(&target)) {
            // Another process has removed the file since.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(target),
            synced => synced.map(|()| target),
        }
    }

    /// Syncs the content and gives the file its name, unless there is a file with that name, which stays. Returns whether
    /// it has the name now.
    ///
    /// # Errors
    /// If writing or syncing fails, or the file can't get the name. `NotFound` if the folder is gone.
    pub fn commit_new(mut self) -> io::Result<bool> {
        self.complete()?;
        match std::fs::hard_link(&self.temporary, &self.target) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(error),
            // The file system has no hard links.
            Err(_) if self.target.exists() => Ok(false),
            Err(_) => {
                std::fs::rename(&self.temporary, &self.target)?;
                self.is_renamed = true;
                Ok(true)
            }
        }
    }

    fn rename_to(&mut self, target: &Path) -> io::Result<()> {
        match std::fs::rename(&self.temporary, target) {
            Ok(()) => self.is_renamed = true,
            Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
                let mut copy = Self::create(target)?;
                copy.remove_abandoned();
                io::copy(&mut File::open(&self.temporary)?, &mut copy)?;
                copy.complete()?;
                std::fs::rename(&copy.temporary, target)?;
                copy.is_renamed = true;
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

impl Write for AtomicFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer.as_mut().ok_or_else(|| io::Error::other("already complete"))?.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.as_mut().map_or(Ok(()), Write::flush)
    }
}

impl Drop for AtomicFile {
    fn drop(&mut self) {
        if !self.is_renamed {
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

/// Removes a file. Another process may have removed it already.
///
/// # Errors
/// If it is there, and can't be removed.
pub fn remove_if_there(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn modified(path: &Path) -> Option<std::time::SystemTime> {
    std::fs::symlink_metadata(path).and_then(|metadata| metadata.modified()).ok()
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
        let target = folder.path().join("out");
        std::fs::write(&target, "old").unwrap();
        let observer = Observer::new(folder.path(), None);
        write(&target, b"new", &observer).unwrap();
        let pair = |name: &str, text: &str| (name.to_owned(), text.to_owned());
        let mut seen = observer.seen.into_inner().unwrap();
        assert_eq!(seen.pop(), Some((Point::Renamed, BTreeMap::from([pair("out", "new")]))));
        let (point, mut files) = seen.pop().unwrap();
        assert_eq!((point, files.remove("out").as_deref()), (Point::TempWritten, Some("old")));
        let (temporary, content) = files.pop_first().unwrap();
        assert!(is_temporary_of(&temporary, &target) && content == "new", "{temporary}");
        assert!(files.is_empty() && seen.is_empty());
    }

    #[test]
    fn a_crash_between_file_and_rename_leaves_the_target_and_blocks_no_process() {
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
        assert_eq!(std::fs::read_to_string(&target).unwrap(), "newer");
        assert_eq!(files(folder.path()).len(), 2, "it may be another process's");
    }

    #[test]
    fn what_a_killed_process_left_is_removed_when_it_is_old_and_not_being_written() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("out");
        let at = |name: &str| folder.path().join(name);
        let (old, locked, recent) =
            (".out.00000000000000aa.tmp", ".out.00000000000000bb.tmp", ".out.00000000000000cc.tmp");
        let other = ".other.00000000000000aa.tmp";
        for name in [old, locked, recent, other] {
            std::fs::write(at(name), "half").unwrap();
        }
        let holder = File::options().write(true).open(at(locked)).unwrap();
        holder.lock().unwrap();
        let file = AtomicFile::create(&target).unwrap();
        let now = modified(&file.temporary).unwrap();
        for (name, age) in [(old, 13), (locked, 13), (recent, 11), (other, 13)] {
            let file = File::options().write(true).open(at(name)).unwrap();
            file.set_modified(now - Duration::from_hours(age)).unwrap();
        }
        file.remove_abandoned();
        file.commit(&NoHooks).unwrap();
        let left: Vec<String> = files(folder.path()).into_keys().collect();
        assert_eq!(left, [other, locked, recent, "out"]);
    }

    /// As processes in containers that share a folder: every one has the same id.
    #[test]
    fn files_of_one_target_that_are_written_at_once_do_not_disturb_one_another() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("out");
        let mut files: Vec<AtomicFile> = (0..10).map(|_| AtomicFile::create(&target).unwrap()).collect();
        for (at, file) in files.iter_mut().enumerate() {
            write!(file, "{at}").unwrap();
            file.remove_abandoned();
        }
        drop(files.pop());
        for (at, file) in files.into_iter().enumerate() {
            file.commit(&NoHooks).unwrap();
            assert_eq!(std::fs::read_to_string(&target).unwrap(), at.to_string());
        }
        assert_eq!(self::files(folder.path()).len(), 1);
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
        file.commit_as(|| Ok(partial.clone()), &NoHooks).unwrap();
        let pair = |name: &str, text: &str| (name.to_owned(), text.to_owned());
        assert_eq!(files(folder.path()), BTreeMap::from([pair("out.csv", "old"), pair("out.partial.csv", "partial")]));
    }

    #[test]
    fn a_new_file_replaces_none() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("out");
        for (text, expected) in [("first", true), ("second", false)] {
            let mut file = AtomicFile::create(&target).unwrap();
            file.write_all(text.as_bytes()).unwrap();
            assert_eq!(file.commit_new().unwrap(), expected, "{text}");
        }
        assert_eq!(files(folder.path()), BTreeMap::from([("out".to_owned(), "first".to_owned())]));
    }

    #[test]
    fn what_is_not_a_file_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let error = AtomicFile::create(folder.path()).unwrap_err();
        assert_eq!(error.to_string(), "it exists and is not a file");
        assert!(AtomicFile::create(Path::new("/dev/null")).is_err() || cfg!(not(unix)));
        assert!(AtomicFile::create(Path::new("/")).is_err());
    }

    /// Another process removes the folder whenever it is empty.
    #[test]
    fn a_folder_may_be_removed_while_files_are_put_into_it() {
        let folder = tempfile::tempdir().unwrap();
        let shared = folder.path().join("partial");
        let remove = || {
            let _ = std::fs::remove_file(shared.join("out"));
            std::fs::remove_dir(&shared).is_ok()
        };
        let put = || -> io::Result<()> {
            write(&shared.join("out"), b"rows", &NoHooks)?;
            let mut file = AtomicFile::create(&folder.path().join("other"))?;
            file.write_all(b"rows")?;
            let find_target = || shared_folder::create(&shared).map(|()| shared.join("out"));
            file.commit_as(find_target, &NoHooks).map(|_| ())
        };
        shared_folder::work_while_removed(remove, put).unwrap();
    }

    /// `/dev/shm` is another file system than the folder of temporary files.
    #[cfg(target_os = "linux")]
    #[test]
    fn another_file_system_gets_a_copy() {
        let (here, there) =
            (tempfile::tempdir_in(env!("CARGO_MANIFEST_DIR")).unwrap(), tempfile::tempdir_in("/dev/shm"));
        let Ok(there) = there else { return };
        let (target, other) = (here.path().join("out"), there.path().join("out"));
        let mut file = AtomicFile::create(&target).unwrap();
        file.write_all(b"rows").unwrap();
        file.commit_as(|| Ok(other.clone()), &NoHooks).unwrap();
        assert_eq!(files(there.path()), BTreeMap::from([("out".to_owned(), "rows".to_owned())]));
        assert!(files(here.path()).is_empty());
        std::os::unix::fs::symlink(&other, &target).unwrap();
        write(&target, b"newer", &NoHooks).unwrap();
        assert!(target.is_symlink());
        assert_eq!(files(there.path()), BTreeMap::from([("out".to_owned(), "newer".to_owned())]));
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_also_to_files_that_do_not_exist() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        std::fs::write(&file, "old").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        write(&link, b"new", &NoHooks).unwrap();
        assert!(link.is_symlink());
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "new");
        // A link to a file that does not exist yet, through a link to a folder.
        std::fs::create_dir(folder.path().join("deep")).unwrap();
        std::os::unix::fs::symlink("deep", folder.path().join("folder")).unwrap();
        std::os::unix::fs::symlink("folder/new", folder.path().join("dangling")).unwrap();
        write(&folder.path().join("dangling"), b"created", &NoHooks).unwrap();
        assert!(folder.path().join("dangling").is_symlink());
        assert_eq!(std::fs::read_to_string(folder.path().join("deep/new")).unwrap(), "created");
        std::os::unix::fs::symlink("loop", folder.path().join("loop")).unwrap();
        assert!(AtomicFile::create(&folder.path().join("loop")).is_err());
        assert!(folder.path().join("loop").is_symlink());
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
