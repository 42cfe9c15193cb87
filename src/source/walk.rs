//! The walk: the files below a folder, in the order of the bytes of their relative paths.
//!
//! Hidden files and folders (with a leading dot) are skipped, and so are symbolic links
//! unless `input.follow_links` is set; cycles of links are detected. An unreadable file or
//! folder is reported and does not end the walk.

use super::entry::{Entry, path_bytes, path_from_bytes};
use super::error::{SourceError, WalkFault};
use super::listing::{FileKind, Listing};
use super::select::Selection;
use crate::manifest::Input;
use std::path::{Path, PathBuf};

/// Iterates over the files below a folder.
pub(crate) struct Walk {
    root: PathBuf,
    selection: Selection,
    follow_links: bool,
    /// The folders from the root to the current one.
    open: Vec<Folder>,
    /// Faults to report before the next entry.
    faults: Vec<WalkFault>,
}

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
        let fault = |error: std::io::Error| SourceError::Folder { path: root.to_owned(), reason: error.to_string() };
        std::fs::read_dir(root).map_err(fault)?.next().transpose().map_err(fault)?;
        let mut walk = Self {
            root: root.to_owned(),
            selection: Selection::new(input)?,
            follow_links: input.follow_links,
            open: Vec::new(),
            faults: Vec::new(),
        };
        walk.enter(root.to_owned());
        Ok(walk)
    }

    /// Makes the folder at `path` the current one.
    fn enter(&mut self, path: PathBuf) {
        let canonical = if self.follow_links { std::fs::canonicalize(&path).ok() } else { None };
        if canonical.is_some() && self.open.iter().any(|folder| folder.canonical == canonical) {
            let reason = "the symbolic link points to one of its parent folders".to_owned();
            self.faults.push(WalkFault { path, reason, is_end: false });
            return;
        }
        let (listing, reason) = Listing::read(&path, self.follow_links);
        if let Some(reason) = reason {
            self.faults.push(WalkFault { path: path.clone(), reason, is_end: false });
        }
        self.open.push(Folder { path, canonical, listing });
    }

    /// The entry of the file at `path`, if it is selected.
    fn entry_at(&self, path: &Path) -> Option<Result<Entry, WalkFault>> {
        let relative = path.strip_prefix(&self.root).unwrap_or(path);
        if !self.selection.includes(relative) {
            return None;
        }
        let entry = Entry { path: path_bytes(relative), ..Entry::default() };
        Some(match std::fs::metadata(path) {
            Ok(metadata) => Ok(entry.with_metadata(&metadata)),
            Err(error) => Err(WalkFault { path: path.to_owned(), reason: error.to_string(), is_end: false }),
        })
    }
}

impl Iterator for Walk {
    type Item = Result<Entry, WalkFault>;

    fn next(&mut self) -> Option<Self::Item> {
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
                FileKind::File => {
                    if let Some(entry) = self.entry_at(&path) {
                        return Some(entry);
                    }
                }
                FileKind::Link if self.follow_links => {
                    let reason = "the target of the symbolic link does not exist".to_owned();
                    return Some(Err(WalkFault { path, reason, is_end: false }));
                }
                FileKind::Link | FileKind::Other => {}
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
