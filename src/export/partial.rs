//! Where the outputs of runs that left pages pending are: in the folder `partial` beside the store, where
//! no reader of a data lake looks.
//!
//! An output has its own name there: `partial/rows.csv`. Outputs of several jobs or dates may have the
//! same name. The first one claims it with a file `.<name>.target` that holds its path; the others are in
//! their own folders, `partial/<digits>/rows.csv`, whose names depend on their paths.

use super::partitions::parts::Parts;
use crate::base::atomic_file::AtomicFile;
use crate::base::digest::Digest;
use crate::base::open_databases::read_other;
use crate::base::shared_folder;
use crate::base::sibling::{partial_folder, short_name};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Hexadecimal digits of the name of an output's own folder.
const OWN_FOLDER_DIGITS: usize = 16;

/// The folder of partial outputs of a store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PartialFolder(PathBuf);

impl PartialFolder {
    /// The folder beside `store`.
    pub(crate) fn beside(store: &Path) -> Self {
        Self(partial_folder(store))
    }

    /// The path of the partial file of the output `target`, which no other output has. Creates its
    /// folder.
    pub(crate) fn claim(&self, target: &Path) -> io::Result<PathBuf> {
        // Another process may release its output, and remove the folder.
        shared_folder::retry_if_gone(|| self.try_claim(target))
    }

    fn try_claim(&self, target: &Path) -> io::Result<PathBuf> {
        shared_folder::create(&self.0)?;
        let (shared, claim) = self.shared(target);
        if self.is_claimed(target) {
            return Ok(shared);
        }
        // A file without a claim is somebody else's.
        let is_free = !shared.exists() && !claim.exists();
        // Another run with this output may have been faster.
        if is_free && write_claim(&claim, target)? || self.is_claimed(target) {
            return Ok(shared);
        }
        let own = self.own(target);
        shared_folder::create(own.parent().unwrap_or(&self.0))?;
        Ok(own)
    }

    /// The paths at which there may be a partial file of the output `target`.
    pub(crate) fn claimed(&self, target: &Path) -> Vec<PathBuf> {
        let shared = self.is_claimed(target).then(|| self.shared(target).0);
        let own = self.own(target);
        shared.into_iter().chain(own.parent().is_some_and(Path::is_dir).then_some(own)).collect()
    }

    /// Gives up the name of the output `target`, whose files are removed. Folders that are empty then are
    /// removed, too.
    pub(crate) fn release(&self, target: &Path) {
        if self.is_claimed(target) {
            let (shared, claim) = self.shared(target);
            let _ = std::fs::remove_file(claim);
            let _ = self.keep_claim(target, &shared);
        }
        // They fail if something else is in there.
        let _ = self.own(target).parent().map(std::fs::remove_dir);
        let _ = std::fs::remove_dir(&self.0);
    }

    /// Claims the name of the output `target` again if it was given up while a file was written to `place`, which
    /// [`PartialFolder::claim`] has returned. The run that writes the file and the one that gives the name up both look
    /// last, so that no file stays without a claim.
    pub(crate) fn keep_claim(&self, target: &Path, place: &Path) -> io::Result<()> {
        let (shared, claim) = self.shared(target);
        let is_written = || shared.exists() || Parts::of_output(&shared).is_ok_and(|parts| parts.exist());
        if place != shared || claim.exists() || !is_written() {
            return Ok(());
        }
        match write_claim(&claim, target) {
            // The folder is gone, and the file with it.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            written => written.map(|_| ()),
        }
    }

    /// The path under the output's own name, and the file that claims it.
    fn shared(&self, target: &Path) -> (PathBuf, PathBuf) {
        let name = target.file_name().unwrap_or_default();
        (self.0.join(name), self.0.join(format!(".{}.target", short_name(target))))
    }

    /// The path in a folder of the output's own.
    fn own(&self, target: &Path) -> PathBuf {
        let folder = Digest::compute(target_bytes(target)).short(OWN_FOLDER_DIGITS);
        self.0.join(folder).join(target.file_name().unwrap_or_default())
    }

    /// Where the partial file of the output `target` is, unless another output has its name. Claims nothing.
    pub(crate) fn own_file(&self, target: &Path) -> PathBuf {
        self.shared(target).0
    }

    fn is_claimed(&self, target: &Path) -> bool {
        read_other(&self.shared(target).1).is_ok_and(|text| text == target_bytes(target))
    }
}

/// Creates the file that claims a name for the output `target`, unless there is one. Returns whether it did.
fn write_claim(claim: &Path, target: &Path) -> io::Result<bool> {
    let mut file = AtomicFile::create(claim)?;
    file.remove_abandoned();
    file.write_all(target_bytes(target))?;
    file.commit_new()
}

/// What a claim holds: the path of the output, which need not be UTF-8.
fn target_bytes(target: &Path) -> &[u8] {
    target.as_os_str().as_encoded_bytes()
}

/// The partial file that earlier versions wrote beside the output: `out/mail.partial.csv`.
fn older_partial(target: &Path) -> PathBuf {
    let stem = target.file_stem().unwrap_or_default().to_string_lossy();
    let name = match target.extension() {
        Some(extension) => format!("{stem}.partial.{}", extension.to_string_lossy()),
        None => format!("{stem}.partial"),
    };
    target.with_file_name(name)
}

/// Removes the partial file that an earlier version wrote beside the output, where readers of the folder
/// would count its rows twice. A file with this name that holds no rows of docmill stays.
pub(crate) fn remove_older_partial(target: &Path, is_own: impl Fn(&Path) -> bool) {
    let path = older_partial(target);
    if path.is_file() && is_own(&path) {
        let _ = std::fs::remove_file(path);
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests make files")]
mod tests {
    use super::*;

    #[test]
    fn the_first_output_has_its_own_name_and_others_with_that_name_have_a_folder() {
        let folder = tempfile::tempdir().unwrap();
        let partial = PartialFolder::beside(&folder.path().join("store.db"));
        let at = |name: &str| folder.path().join("partial").join(name);
        let (monday, tuesday) = (Path::new("/lake/date=1/rows.csv"), Path::new("/lake/date=2/rows.csv"));
        assert!(partial.claimed(monday).is_empty());
        for _ in 0..2 {
            assert_eq!(partial.claim(monday).unwrap(), at("rows.csv"));
            std::fs::write(at("rows.csv"), "monday").unwrap();
        }
        let other = partial.claim(tuesday).unwrap();
        assert_eq!(other, partial.claim(tuesday).unwrap());
        assert!(other.ends_with("rows.csv") && other != at("rows.csv") && other.parent().unwrap().is_dir());
        assert_eq!(partial.claimed(monday), [at("rows.csv")]);
        assert_eq!(partial.claimed(tuesday), [other]);
        partial.release(tuesday);
        assert_eq!(partial.claimed(monday), [at("rows.csv")], "it is the other's");
        std::fs::remove_file(at("rows.csv")).unwrap();
        partial.release(monday);
        assert!(!at("").exists());
        std::fs::create_dir(at("")).unwrap();
        std::fs::write(at("rows.csv"), "not written by docmill").unwrap();
        assert_ne!(partial.claim(monday).unwrap(), at("rows.csv"));
    }

    #[cfg(unix)]
    #[test]
    fn outputs_whose_folders_have_no_text_for_a_name_differ() {
        use std::os::unix::ffi::OsStrExt;
        let folder = tempfile::tempdir().unwrap();
        let partial = PartialFolder::beside(&folder.path().join("store.db"));
        let [one, other] =
            [b"/\xFF/rows.csv", b"/\xFE/rows.csv"].map(|path| std::ffi::OsStr::from_bytes(path).to_owned());
        let places = [&one, &other].map(|target| partial.claim(Path::new(target)).unwrap());
        assert_ne!(places[0], places[1]);
    }

    /// A complete run gives the name up before or after the file of another run is there.
    #[test]
    fn no_file_stays_without_a_claim() {
        let folder = tempfile::tempdir().unwrap();
        let partial = PartialFolder::beside(&folder.path().join("store.db"));
        let target = Path::new("/lake/rows.csv");
        let write = || std::fs::write(partial.claim(target).unwrap(), "rows").unwrap();
        write();
        partial.release(target);
        assert!(partial.is_claimed(target), "the file was written after the others were removed");
        let place = partial.claim(target).unwrap();
        std::fs::remove_file(&place).unwrap();
        partial.release(target);
        std::fs::create_dir(&partial.0).unwrap();
        std::fs::write(&place, "rows").unwrap();
        partial.keep_claim(target, &place).unwrap();
        assert!(partial.is_claimed(target), "the name was given up before the file was written");
        assert_eq!(partial.claim(target).unwrap(), place);
        partial.keep_claim(Path::new("/other/rows.csv"), &place).unwrap();
        assert!(partial.is_claimed(target), "it is not the other's");
        partial.keep_claim(target, Path::new("elsewhere")).unwrap();
    }

    #[test]
    fn partial_files_of_earlier_versions_are_removed_if_they_hold_rows() {
        for (path, partial) in [
            ("out/mail.csv", "out/mail.partial.csv"),
            ("mail.tar.csv", "mail.tar.partial.csv"),
            ("out/mail", "out/mail.partial"),
            (".csv", ".csv.partial"),
        ] {
            assert_eq!(older_partial(Path::new(path)), Path::new(partial));
        }
        let folder = tempfile::tempdir().unwrap();
        let old = folder.path().join("out.partial.csv");
        std::fs::write(&old, "mine").unwrap();
        remove_older_partial(&folder.path().join("out.csv"), |_| false);
        assert!(old.exists());
        remove_older_partial(&folder.path().join("out.csv"), |_| true);
        assert!(!old.exists());
    }
}
