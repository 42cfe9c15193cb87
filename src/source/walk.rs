//! The search: files below a folder, ordered by the bytes of their whole relative path.
//!
//! Hidden files and folders (a leading dot) are left out, and symbolic links unless they
//! are asked for; links that lead in a circle are noticed. What can't be read is reported
//! and does not end the search.

use super::entry::{Entry, path_bytes};
use super::error::{SourceError, WalkFault};
use super::listing::{Kind, Listing};
use super::select::Selection;
use crate::manifest::Input;
use std::path::{Path, PathBuf};

/// The search itself; iterate over it.
pub(crate) struct Walk {
    root: PathBuf,
    selection: Selection,
    follow_links: bool,
    /// The folders from the root to where the search is.
    open: Vec<Folder>,
    /// Faults that were found before what comes next.
    faults: Vec<WalkFault>,
}

struct Folder {
    path: PathBuf,
    /// Tells it from others, to notice circles; where links are followed.
    identity: Option<PathBuf>,
    listing: Listing,
}

impl Walk {
    /// Starts a search of `root`.
    ///
    /// # Errors
    /// When the folder does not exist, is no folder or can't be read.
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

    fn enter(&mut self, path: PathBuf) {
        let identity = if self.follow_links { std::fs::canonicalize(&path).ok() } else { None };
        if identity.is_some() && self.open.iter().any(|folder| folder.identity == identity) {
            let reason = "a symbolic link that leads back to a folder above it".to_owned();
            self.faults.push(WalkFault { path, reason, is_end: false });
            return;
        }
        let (listing, reason) = Listing::of(&path, self.follow_links);
        if let Some(reason) = reason {
            self.faults.push(WalkFault { path: path.clone(), reason, is_end: false });
        }
        self.open.push(Folder { path, identity, listing });
    }

    /// The file at `path`, when it is meant.
    fn file(&self, path: &Path) -> Option<Result<Entry, WalkFault>> {
        let relative = path.strip_prefix(&self.root).unwrap_or(path);
        if !self.selection.takes(relative) {
            return None;
        }
        let entry = Entry { path: path_bytes(relative), ..Entry::default() };
        Some(match std::fs::metadata(path) {
            Ok(metadata) => Ok(entry.with_times(&metadata)),
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
            let path = Entry { path: name, ..Entry::default() }.file(&folder.path);
            match kind {
                Kind::Folder => self.enter(path),
                Kind::File => {
                    if let Some(entry) = self.file(&path) {
                        return Some(entry);
                    }
                }
                Kind::Link if self.follow_links => {
                    let reason = "a symbolic link that leads nowhere".to_owned();
                    return Some(Err(WalkFault { path, reason, is_end: false }));
                }
                Kind::Link | Kind::Other => {}
            }
        }
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests make files")]
mod tests {
    use super::*;
    use crate::source::tests::input;

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

    #[test]
    fn a_missing_folder_is_an_error() {
        let folder = Path::new("/no/such/folder");
        assert!(matches!(Walk::start(folder, &input(folder)), Err(SourceError::Folder { .. })));
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_when_asked_in_order_and_not_in_circles() {
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
        assert!(faults[0].contains("a/up") && faults[0].contains("leads back"), "{faults:?}");
        assert!(faults[1].contains("broken.jpg") && faults[1].contains("leads nowhere"), "{faults:?}");
    }

    #[cfg(unix)]
    #[test]
    fn names_that_are_no_text_are_kept_byte_for_byte() {
        use std::os::unix::ffi::OsStrExt;
        let folder = folder_with(&[]);
        let name = std::ffi::OsStr::from_bytes(b"scan-\xff.jpg");
        std::fs::write(folder.path().join(name), "x").unwrap();
        let entry = Walk::start(folder.path(), &input(folder.path())).unwrap().next().unwrap().unwrap();
        assert_eq!(entry.path, b"scan-\xff.jpg");
        assert_eq!(std::fs::read(entry.file(folder.path())).unwrap(), b"x");
    }
}
