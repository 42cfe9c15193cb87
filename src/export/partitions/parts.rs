//! The files that docmill has written into partitions of a folder. Only these are ever removed.
//!
//! Each has an empty file beside it, `_<name>.<digits>.parts`, and so has the folder of the partitions.
//! The digits stand for the path of the output, so that outputs of other jobs with the same name are not
//! mistaken. Spark, Hive and pyarrow leave out names that begin with `_`, and Polars leaves out empty
//! files; it reads no folder that holds a list.

use crate::base::atomic_file::{self, remove_if_there};
use crate::base::digest::Digest;
use crate::base::file_identity::follow_links;
use crate::base::hooks::NoHooks;
use crate::base::sibling::short_name;
use crate::export::success_marker::{NAME as SUCCESS, SuccessMarkers, remove_marker};
use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

/// Hexadecimal digits that stand for the path of an output.
const DIGITS: usize = 8;

/// The parts of one output: `column=value/NAME` below the folder of `NAME`.
pub(crate) struct Parts {
    folder: PathBuf,
    name: PathBuf,
    /// Name of the empty files.
    mark: String,
}

impl Parts {
    /// The parts of the output `target`, whose links are followed: each path of one file names the same parts.
    ///
    /// # Errors
    /// If links form a cycle.
    pub(crate) fn of_output(target: &Path) -> io::Result<Self> {
        let target = follow_links(target)?;
        let digest = Digest::compute(target.to_string_lossy().as_bytes());
        let mark = format!("_{}.{}.parts", short_name(&target), digest.short(DIGITS));
        let name = PathBuf::from(target.file_name().unwrap_or_default());
        Ok(Self { folder: target.parent().unwrap_or(Path::new("")).to_owned(), name, mark })
    }

    /// The name of each part.
    pub(crate) fn name(&self) -> &Path {
        &self.name
    }

    /// The folder of the partitions.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Whether there may be parts.
    pub(crate) fn exist(&self) -> bool {
        self.folder.join(&self.mark).exists()
    }

    /// The parts that were written, relative to the folder.
    pub(crate) fn find(&self) -> io::Result<BTreeSet<PathBuf>> {
        let mut found = BTreeSet::new();
        if self.exist() {
            self.find_below(Path::new(""), &mut found)?;
        }
        Ok(found)
    }

    /// Looks for marks in folders with the name `column=value`. Links are not followed. Another process may remove folders
    /// meanwhile.
    fn find_below(&self, below: &Path, found: &mut BTreeSet<PathBuf>) -> io::Result<()> {
        let entries = match std::fs::read_dir(self.folder.join(below)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            entries => entries?,
        };
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name();
            let is_folder = match entry.file_type() {
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                kind => kind?.is_dir(),
            };
            if is_folder && name.to_string_lossy().contains('=') {
                self.find_below(&below.join(name), found)?;
            } else if name.to_string_lossy() == *self.mark && !below.as_os_str().is_empty() {
                found.insert(below.join(&self.name));
            }
        }
        Ok(())
    }

    /// Marks these parts. It is called before they are written, so that after a crash every file that there may be is
    /// marked, and afterwards, because another process may have removed the marks meanwhile.
    pub(crate) fn mark(&self, parts: &BTreeSet<PathBuf>) -> io::Result<()> {
        let root = (!parts.is_empty()).then(|| self.folder.clone());
        for folder in root.into_iter().chain(parts.iter().map(|part| self.folder_of(part))) {
            let mark = folder.join(&self.mark);
            if !mark.exists() {
                atomic_file::write(&mark, b"", &NoHooks)?;
            }
        }
        Ok(())
    }

    /// Removes a part with its mark, and its folders if they are empty then.
    pub(crate) fn remove(&self, part: &Path) -> io::Result<()> {
        remove_if_there(&self.folder.join(part))?;
        remove_if_there(&self.folder_of(part).join(&self.mark))?;
        let folders = part.ancestors().skip(1).take_while(|folder| !folder.as_os_str().is_empty());
        for folder in folders.map(|folder| self.folder.join(folder)) {
            if holds_only_a_success_marker(&folder) {
                remove_marker(&folder)?;
            }
            // A folder with files of others stays.
            if std::fs::remove_dir(&folder).is_err() {
                break;
            }
        }
        Ok(())
    }

    /// Removes the mark of the folder when no parts are left.
    pub(crate) fn remove_mark(&self) -> io::Result<()> {
        remove_if_there(&self.folder.join(&self.mark))
    }

    /// Removes the `_SUCCESS` of the folder and of all `parts`, before they change, and adds those of the
    /// `current` parts to the ones that are written at the end.
    pub(crate) fn replace_markers<'p>(
        &self,
        parts: impl Iterator<Item = &'p PathBuf>,
        current: &BTreeSet<PathBuf>,
        markers: &mut SuccessMarkers,
    ) -> io::Result<()> {
        remove_marker(&self.folder)?;
        for part in parts {
            remove_marker(&self.folder_of(part))?;
        }
        current.iter().for_each(|part| markers.add(&self.folder_of(part)));
        markers.add(&self.folder);
        Ok(())
    }

    fn folder_of(&self, part: &Path) -> PathBuf {
        self.folder.join(part.parent().unwrap_or(Path::new("")))
    }
}

fn holds_only_a_success_marker(folder: &Path) -> bool {
    let names =
        std::fs::read_dir(folder).map(|entries| entries.flatten().map(|entry| entry.file_name()).collect::<Vec<_>>());
    names.is_ok_and(|names| names == [SUCCESS])
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests make files")]
mod tests {
    use super::*;

    #[test]
    fn only_marked_parts_are_found_and_removed() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let parts = Parts::of_output(&at("rows.csv")).unwrap();
        assert!(parts.find().unwrap().is_empty() && !parts.exist());
        let part = |name: &str| PathBuf::from(name);
        let written = ["k=a/rows.csv", "k=b/j=c/rows.csv"].map(part);
        parts.mark(&written.clone().into()).unwrap();
        for name in
            ["k=a/rows.csv", "k=a/mine.csv", "k=b/j=c/rows.csv", "k=b/j=c/_SUCCESS", "k=b/_SUCCESS", "k=z/rows.csv"]
        {
            std::fs::create_dir_all(at(name).parent().unwrap()).unwrap();
            std::fs::write(at(name), "").unwrap();
        }
        // Another output with the same name, in one of the partitions.
        Parts::of_output(&at("k=a/rows.csv")).unwrap().mark(&[part("x=y/rows.csv")].into()).unwrap();
        assert_eq!(parts.find().unwrap(), written.clone().into());
        #[cfg(unix)]
        {
            let link = folder.path().join("link");
            std::os::unix::fs::symlink(folder.path(), &link).unwrap();
            let through_link = Parts::of_output(&link.join("rows.csv")).unwrap();
            assert_eq!(through_link.find().unwrap(), written.into());
        }
        for part in ["k=a/rows.csv", "k=b/j=c/rows.csv", "k=c/rows.csv"] {
            parts.remove(Path::new(part)).unwrap();
        }
        assert!(at("k=a/mine.csv").exists() && at("k=a/x=y").exists() && at("k=z/rows.csv").exists());
        assert!(!at("k=a/rows.csv").exists() && !at("k=b").exists());
        assert!(parts.find().unwrap().is_empty() && parts.exist());
        parts.remove_mark().unwrap();
        assert!(!parts.exist());
    }
}
