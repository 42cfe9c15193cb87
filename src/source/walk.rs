//! The walk: the files below a folder, in the order of the bytes of their relative paths.
//!
//! Hidden files and folders (with a leading dot) are left out, and so are symbolic links
//! unless `input.follow_links` is set; cycles of links are detected. Excluded files are counted. An unreadable file or
//! folder is reported and does not end the walk, except for the folder that belongs to the file system itself
//! ([`SYSTEM_FOLDER`]).

use super::entry::{Entry, path_bytes, path_from_bytes};
use super::error::{SourceError, WalkFault};
use super::left_out::{LeftOut, LeftOutReason};
use super::listing::{FileKind, Listing, ListingFault};
use crate::base::image_extensions::format_of_extension;
use crate::base::open_databases;
use crate::base::shard::Shard;
use crate::manifest::{Choice, Input, Selection};
use crate::media::ImageFormat;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Iterates over the files below a folder.
pub(crate) struct Walk {
    root: PathBuf,
    selection: Selection,
    /// Only files of this shard are looked at.
    shard: Option<Shard>,
    follow_links: bool,
    /// The folders from the root to the current one.
    open: Vec<Folder>,
    /// Faults to report before the next entry.
    faults: Vec<WalkFault>,
    /// Whether hidden names are reported one by one.
    lists_hidden: bool,
    /// Files that were left out so far, by reason.
    left_out: LeftOut,
}

/// One item of a walk.
pub(crate) enum WalkItem {
    /// A file to read.
    Entry(Entry),
    /// A file or folder that is left out: its path below the root.
    LeftOut(PathBuf, LeftOutReason),
}

/// First bytes of a file that show its format.
const HEAD_BYTES: u64 = 1024;

/// The folder at the root of ext2, ext3 and ext4 file systems into which `e2fsck` puts what it
/// finds. Only root may read it, so it must not make every run on such a volume incomplete.
const SYSTEM_FOLDER: &str = "lost+found";

struct Folder {
    path: PathBuf,
    /// The canonical path, to detect cycles; only with `follow_links`.
    canonical: Option<PathBuf>,
    listing: Listing,
}

impl Walk {
    /// Starts a walk of `root`.
    ///
    /// # Errors
    /// When `root` does not exist, is not a folder or can't be read, or a glob doesn't compile.
    pub(crate) fn start(root: &Path, input: &Input) -> Result<Self, SourceError> {
        Self::new(root, input, false)
    }

    fn new(root: &Path, input: &Input, lists_hidden: bool) -> Result<Self, SourceError> {
        let fault = |error: std::io::Error| SourceError::Folder { path: root.to_owned(), reason: error.to_string() };
        std::fs::read_dir(root).map_err(fault)?.next().transpose().map_err(fault)?;
        let mut walk = Self {
            root: root.to_owned(),
            selection: Selection::new(input)?,
            shard: input.shard,
            follow_links: input.follow_links,
            open: Vec::new(),
            faults: Vec::new(),
            lists_hidden,
            left_out: LeftOut::default(),
        };
        walk.enter(root.to_owned());
        Ok(walk)
    }

    /// As [`Walk::start`], for a walk that also reports hidden names.
    ///
    /// # Errors
    /// As [`Walk::start`].
    pub(crate) fn start_with_hidden(root: &Path, input: &Input) -> Result<Self, SourceError> {
        Self::new(root, input, true)
    }

    /// Files that were left out so far, by reason.
    pub(crate) fn left_out(&self) -> &LeftOut {
        &self.left_out
    }

    /// Makes the folder at `path` the current one.
    fn enter(&mut self, path: PathBuf) {
        let canonical = if self.follow_links { std::fs::canonicalize(&path).ok() } else { None };
        if canonical.is_some() && self.open.iter().any(|folder| folder.canonical == canonical) {
            let reason = "the symbolic link points to one of its parent folders".to_owned();
            self.faults.push(WalkFault { path, reason, is_end: false, hides_files: false });
            return;
        }
        let (listing, fault) = Listing::read(&path, self.follow_links, self.lists_hidden);
        self.left_out.hidden += listing.hidden;
        let is_left_out = || path.ends_with(SYSTEM_FOLDER) || self.excludes(&path);
        if let Some(ListingFault { reason, is_gone }) = fault.filter(|_| !is_left_out()) {
            self.faults.push(WalkFault { path: path.clone(), reason, is_end: false, hides_files: !is_gone });
        }
        self.open.push(Folder { path, canonical, listing });
    }

    fn excludes(&self, folder: &Path) -> bool {
        self.selection.excludes_folder(folder.strip_prefix(&self.root).unwrap_or(folder))
    }

    /// Why the link at `path` can't be followed. Only a link whose target does not exist hides no
    /// files.
    fn link_fault(&self, path: PathBuf) -> WalkFault {
        let error = std::fs::metadata(&path).err();
        let hides_files = error.as_ref().is_some_and(|error| !leads_nowhere(error));
        let reason = match error {
            Some(error) if hides_files => format!("the target of the symbolic link can't be read: {error}"),
            _ => "the target of the symbolic link does not exist".to_owned(),
        };
        WalkFault { hides_files: hides_files && !self.excludes(&path), path, reason, is_end: false }
    }

    /// The file at `path`: an entry, if it is selected. `None`: another shard has it.
    fn file_at(&mut self, path: &Path) -> Result<Option<WalkItem>, WalkFault> {
        let relative = path.strip_prefix(&self.root).unwrap_or(path);
        let fault = |error: std::io::Error| WalkFault {
            path: path.to_owned(),
            reason: error.to_string(),
            is_end: false,
            hides_files: error.kind() != std::io::ErrorKind::NotFound,
        };
        let choice = self.selection.choose(relative);
        let entry = Entry { path: path_bytes(relative), ..Entry::default() };
        // Before anything of the file is read.
        if !matches!(choice, Choice::LeaveOut(_)) && self.shard.is_some_and(|shard| !shard.has(&entry.path)) {
            return Ok(None);
        }
        match choice {
            Choice::Take | Choice::Look if is_of_store(path) => {
                return Ok(Some(self.leave_out(path, LeftOutReason::Content)));
            }
            Choice::Take => {}
            Choice::Look if has_supported_format(path).map_err(fault)? => {}
            Choice::Look => return Ok(Some(self.leave_out(path, LeftOutReason::Content))),
            Choice::LeaveOut(reason) => return Ok(Some(self.leave_out(path, reason.into()))),
        }
        let metadata = std::fs::metadata(path).map_err(fault)?;
        Ok(Some(WalkItem::Entry(entry.with_metadata(&metadata))))
    }

    fn leave_out(&mut self, path: &Path, reason: LeftOutReason) -> WalkItem {
        self.left_out.add(path, &reason);
        WalkItem::LeftOut(path.strip_prefix(&self.root).unwrap_or(path).to_owned(), reason)
    }

    /// The next file, whether it is a page or not.
    pub(crate) fn next_item(&mut self) -> Option<Result<WalkItem, WalkFault>> {
        loop {
            if let Some(fault) = self.faults.pop() {
                return Some(Err(fault));
            }
            let folder = self.open.last_mut()?;
            let Some((name, kind)) = folder.listing.next() else {
                self.open.pop();
                continue;
            };
            let path = folder.path.join(path_from_bytes(&name));
            match kind {
                FileKind::Folder => self.enter(path),
                FileKind::File => match self.file_at(&path).transpose() {
                    Some(item) => return Some(item),
                    None => continue,
                },
                FileKind::Link if self.follow_links => return Some(Err(self.link_fault(path))),
                FileKind::Link => return Some(Ok(self.leave_out(&path, LeftOutReason::Link))),
                FileKind::Other => return Some(Ok(self.leave_out(&path, LeftOutReason::Special))),
                FileKind::Hidden => return Some(Ok(self.leave_out(&path, LeftOutReason::Hidden))),
            }
        }
    }
}

/// Whether a link with this error has no target: a file that does not exist, or the link itself.
fn leads_nowhere(error: &std::io::Error) -> bool {
    #[cfg(unix)]
    if error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error()) {
        return true;
    }
    error.kind() == std::io::ErrorKind::NotFound
}

/// Whether a file belongs to the store. Files with the extension of an image are looked at when they are read.
fn is_of_store(path: &Path) -> bool {
    let has_extension =
        path.extension().and_then(|extension| extension.to_str()).and_then(format_of_extension).is_some();
    !has_extension && open_databases::has(path)
}

/// Whether the first bytes of a file are those of a supported format.
fn has_supported_format(path: &Path) -> std::io::Result<bool> {
    let mut head = Vec::new();
    std::fs::File::open(path)?.take(HEAD_BYTES).read_to_end(&mut head)?;
    Ok(ImageFormat::detect(&head).is_ok())
}

impl Iterator for Walk {
    type Item = Result<Entry, WalkFault>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.next_item()? {
                Ok(WalkItem::Entry(entry)) => return Some(Ok(entry)),
                Ok(WalkItem::LeftOut(..)) => {}
                Err(fault) => return Some(Err(fault)),
            }
        }
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests write files")]
mod tests {
    use super::*;
    use crate::source::test_input::input;
    use proptest::prelude::*;

    fn walk(folder: &Path, follow_links: bool) -> (Vec<String>, Vec<String>) {
        let input = Input { follow_links, ..input(folder) };
        let (mut found, mut faults) = (Vec::new(), Vec::new());
        for item in Walk::start(folder, &input).unwrap() {
            match item {
                Ok(entry) => found.push(String::from_utf8_lossy(&entry.path).into_owned()),
                Err(fault) => faults.push(fault.to_string()),
            }
        }
        (found, faults)
    }

    fn folder_with(names: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for name in names {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "x").unwrap();
        }
        folder
    }

    #[test]
    fn files_come_in_the_order_of_their_whole_paths() {
        let folder = folder_with(&[
            "a/b.jpg",
            "a.jpg",
            "a/B.png",
            "a-b.jpg",
            "ab/x.jpg",
            ".hidden.jpg",
            ".git/x.jpg",
            "note.txt",
            "é/ü.jpg",
        ]);
        let (found, _) = walk(folder.path(), false);
        let mut sorted = found.clone();
        sorted.sort();
        assert_eq!(found, sorted);
        assert_eq!(found, ["a-b.jpg", "a.jpg", "a/B.png", "a/b.jpg", "ab/x.jpg", "é/ü.jpg"]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn a_walk_gives_every_page_once_in_the_order_of_bytes(
            // Short names of characters that sort before and after `/` (0x2F), some of them hidden.
            paths in prop::collection::btree_set("([-.0a]{0,1}[a0é]{1,2}/){0,3}[-.0a]{0,1}[a0é]{1,2}\\.(jpg|txt)", 0..20),
        ) {
            let folder = folder_with(&paths.iter().map(String::as_str).collect::<Vec<_>>());
            let is_page = |path: &&String| path.ends_with(".jpg") && path.split('/').all(|part| !part.starts_with('.'));
            // The set is ordered by bytes.
            let expected: Vec<String> = paths.iter().filter(is_page).cloned().collect();
            let (found, faults) = walk(folder.path(), false);
            prop_assert_eq!(found, expected);
            prop_assert!(faults.is_empty());
        }
    }

    #[test]
    fn by_content_files_with_any_name_are_pages() {
        let folder = folder_with(&["a.txt", "empty", "b.docx", "notes"]);
        std::fs::write(folder.path().join("scan"), b"\xFF\xD8\xFF\xE0").unwrap();
        std::fs::write(folder.path().join("fax.dat"), b"II*\0....").unwrap();
        std::fs::write(folder.path().join("late"), [vec![0; 1100], b"%PDF-".to_vec()].concat()).unwrap();
        let input = Input { detect: crate::manifest::Detect::Content, ..input(folder.path()) };
        let mut walk = Walk::start(folder.path(), &input).unwrap();
        let found: Vec<_> = walk.by_ref().map(|entry| String::from_utf8(entry.unwrap().path).unwrap()).collect();
        assert_eq!(found, ["fax.dat", "scan"]);
        assert_eq!(walk.left_out().extensions(), "no extension 3, .docx 1, .txt 1");
    }

    #[cfg(unix)]
    #[test]
    fn the_files_of_the_store_are_never_pages() {
        let folder = folder_with(&[]);
        for name in ["store.db", "store.db-shm", "store.db-wal", "other.db"] {
            std::fs::write(folder.path().join(name), b"%PDF-1.7").unwrap();
        }
        open_databases::add(&folder.path().join("store.db"));
        for (detect, include) in [(crate::manifest::Detect::Content, vec![]), (input(folder.path()).detect, vec!["*"])]
        {
            let include = include.into_iter().map(str::to_owned).collect();
            let input = Input { detect, include, ..input(folder.path()) };
            let walk = Walk::start(folder.path(), &input).unwrap();
            let found: Vec<_> = walk.map(|entry| String::from_utf8(entry.unwrap().path).unwrap()).collect();
            assert_eq!(found, ["other.db"], "{detect:?}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn every_file_is_reported_once_in_order_with_its_reason() {
        let folder =
            folder_with(&[".git/x.jpg", ".hidden.jpg", "a/.x", "a/b.jpg", "a/note.txt", "drafts/c.jpg", "z.png"]);
        std::os::unix::fs::symlink(folder.path().join("z.png"), folder.path().join("link.png")).unwrap();
        let input = Input { exclude: vec!["drafts/**".into()], ..input(folder.path()) };
        let mut walk = Walk::start_with_hidden(folder.path(), &input).unwrap();
        let mut found = Vec::new();
        while let Some(item) = walk.next_item() {
            found.push(match item.unwrap() {
                WalkItem::Entry(entry) => String::from_utf8(entry.path).unwrap(),
                WalkItem::LeftOut(path, reason) => format!("{} {}", path.display(), reason.name()),
            });
        }
        let expected = [
            ".git hidden",
            ".hidden.jpg hidden",
            "a/.x hidden",
            "a/b.jpg",
            "a/note.txt extension",
            "drafts/c.jpg exclude",
            "link.png link",
            "z.png",
        ];
        assert_eq!(found, expected);
        // Counted in the same way when hidden names are not reported.
        let mut counting = Walk::start(folder.path(), &input).unwrap();
        assert_eq!(counting.by_ref().count(), 2);
        assert_eq!(counting.left_out(), walk.left_out());
    }

    #[test]
    fn a_missing_folder_is_an_error() {
        let folder = Path::new("/no/such/folder");
        assert!(matches!(Walk::start(folder, &input(folder)), Err(SourceError::Folder { .. })));
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_on_request_in_order_and_without_cycles() {
        use std::os::unix::fs::symlink;
        let folder = folder_with(&["in/a/1.jpg", "in/z.jpg", "out/2.jpg"]);
        let root = folder.path().join("in");
        symlink(folder.path().join("out"), root.join("b")).unwrap();
        symlink(root.join("z.jpg"), root.join("b-link.jpg")).unwrap();
        symlink(&root, root.join("a/up")).unwrap();
        symlink(root.join("nothing"), root.join("broken.jpg")).unwrap();
        assert_eq!(walk(&root, false).0, ["a/1.jpg", "z.jpg"]);
        let (found, faults) = walk(&root, true);
        assert_eq!(found, ["a/1.jpg", "b-link.jpg", "b/2.jpg", "z.jpg"]);
        assert_eq!(faults.len(), 2, "{faults:?}");
        assert!(faults[0].contains("a/up") && faults[0].contains("parent folders"), "{faults:?}");
        assert!(faults[1].contains("broken.jpg") && faults[1].contains("does not exist"), "{faults:?}");
    }

    /// A dangling link hides nothing. One that can't be followed may hide any number of files.
    #[cfg(unix)]
    #[test]
    fn links_that_cannot_be_followed_hide_files() {
        use std::os::unix::fs::symlink;
        let folder = folder_with(&["in/z.jpg", "file"]);
        let root = folder.path().join("in");
        symlink("nothing", root.join("a-dangling")).unwrap();
        symlink("b-itself", root.join("b-itself")).unwrap();
        // A path through a file fails for every user, as one through a closed folder does for most.
        symlink("../file/pages", root.join("c-closed")).unwrap();
        let input = Input { follow_links: true, ..input(&root) };
        let faults: Vec<_> = Walk::start(&root, &input).unwrap().filter_map(Result::err).collect();
        let found: Vec<_> = faults.iter().map(|fault| (fault.path.file_name().unwrap(), fault.hides_files)).collect();
        assert_eq!(
            found,
            [("a-dangling", false), ("b-itself", false), ("c-closed", true)]
                .map(|(name, hides)| (name.as_ref(), hides))
        );
        assert!(faults[2].reason.contains("can't be read: "), "{}", faults[2].reason);
    }

    #[cfg(unix)]
    #[test]
    fn names_that_are_not_utf_8_keep_their_bytes() {
        use std::os::unix::ffi::OsStrExt;
        let folder = folder_with(&[]);
        let name = std::ffi::OsStr::from_bytes(b"scan-\xff.jpg");
        std::fs::write(folder.path().join(name), "x").unwrap();
        let entry = Walk::start(folder.path(), &input(folder.path())).unwrap().next().unwrap().unwrap();
        assert_eq!(entry.path, b"scan-\xff.jpg");
        assert_eq!(std::fs::read(entry.file(folder.path())).unwrap(), b"x");
    }
}
