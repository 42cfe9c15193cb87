//! The list of the files that docmill has written into partitions of a folder. Only these are ever
//! removed.

use crate::base::atomic_file;
use crate::base::hooks::NoHooks;
use crate::base::sibling::short_name;
use crate::export::success_marker::{NAME as MARKER, SuccessMarkers, remove_marker};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io;
use std::path::{Component, Path, PathBuf};

/// The list of one output: the parts `column=value/NAME` below the folder of `NAME`.
pub(crate) struct PartsList {
    folder: PathBuf,
    name: PathBuf,
    path: PathBuf,
}

impl PartsList {
    /// The list of the output `target`: `_<name>.parts` beside it. Readers of data lakes leave out names
    /// that begin with `_`.
    pub(crate) fn of_output(target: &Path) -> Self {
        let name = PathBuf::from(target.file_name().unwrap_or_default());
        let folder = target.parent().unwrap_or(Path::new("")).to_owned();
        Self { path: folder.join(format!("_{}.parts", short_name(target))), folder, name }
    }

    /// Whether there is one.
    pub(crate) fn exists(&self) -> bool {
        self.path.exists()
    }

    /// The parts, relative to the folder. Empty if there is no list.
    pub(crate) fn read(&self) -> io::Result<BTreeSet<PathBuf>> {
        let text = match std::fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeSet::new()),
            Err(error) => return Err(error),
        };
        let listed: Value = serde_json::from_str(&text)?;
        let parts = listed["parts"].as_array().map(Vec::as_slice).unwrap_or_default();
        let parts = parts.iter().filter_map(Value::as_str).map(PathBuf::from);
        Ok(parts.filter(|part| self.is_part(part)).collect())
    }

    /// Writes the list, durably; without parts it is removed.
    pub(crate) fn write(&self, parts: &BTreeSet<PathBuf>) -> io::Result<()> {
        if parts.is_empty() {
            return match std::fs::remove_file(&self.path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                _ => Ok(()),
            };
        }
        let parts: Vec<_> = parts.iter().map(|part| part.to_string_lossy()).collect();
        let text = format!("{:#}\n", json!({"written_by": "docmill", "parts": parts}));
        atomic_file::write(&self.path, text.as_bytes(), &NoHooks)
    }

    /// Removes the markers of the folder and of all `parts`, before they change, and adds those of the
    /// `current` parts to the ones that are written at the end.
    pub(crate) fn replace_markers<'p>(
        &self,
        parts: impl Iterator<Item = &'p PathBuf>,
        current: &BTreeSet<PathBuf>,
        markers: &mut SuccessMarkers,
    ) -> io::Result<()> {
        let folder_of = |part: &PathBuf| self.folder.join(part.parent().unwrap_or(Path::new("")));
        remove_marker(&self.folder)?;
        for part in parts {
            remove_marker(&folder_of(part))?;
        }
        current.iter().for_each(|part| markers.add(&folder_of(part)));
        markers.add(&self.folder);
        Ok(())
    }

    /// The path of the list.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Removes a part, and its folders if they are empty then.
    pub(crate) fn remove(&self, part: &Path) -> io::Result<()> {
        let path = self.folder.join(part);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let folders = part.ancestors().skip(1).take_while(|folder| !folder.as_os_str().is_empty());
        for folder in folders.map(|folder| self.folder.join(folder)) {
            if holds_only_a_marker(&folder) {
                remove_marker(&folder)?;
            }
            // A folder with files of others stays.
            if std::fs::remove_dir(&folder).is_err() {
                break;
            }
        }
        Ok(())
    }

    /// Whether a path is that of a part: folders `column=value`, then the name of the output. Nothing else
    /// is removed, whatever the list says.
    fn is_part(&self, part: &Path) -> bool {
        let folders = part.parent().filter(|folder| !folder.as_os_str().is_empty());
        let is_partition =
            |part: Component<'_>| matches!(part, Component::Normal(name) if name.to_string_lossy().contains('='));
        part.file_name() == self.name.file_name()
            && folders.is_some_and(|folders| folders.components().all(is_partition))
    }
}

fn holds_only_a_marker(folder: &Path) -> bool {
    let names =
        std::fs::read_dir(folder).map(|entries| entries.flatten().map(|entry| entry.file_name()).collect::<Vec<_>>());
    names.is_ok_and(|names| names == [MARKER])
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests make files")]
mod tests {
    use super::*;

    #[test]
    fn only_parts_are_listed_and_removed() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let list = PartsList::of_output(&at("rows.csv"));
        assert!(list.read().unwrap().is_empty() && !list.exists());
        let part = |name: &str| PathBuf::from(name);
        list.write(&BTreeSet::from([part("k=a/rows.csv"), part("k=b/j=c/rows.csv")])).unwrap();
        assert!(at("_rows.csv.parts").exists());
        assert_eq!(list.read().unwrap().len(), 2);
        let wrong = ["../rows.csv", "k=a/../../rows.csv", "/k=a/rows.csv", "rows.csv", "k=a/other.csv", "a/rows.csv"];
        std::fs::write(at("_rows.csv.parts"), json!({"parts": wrong}).to_string()).unwrap();
        assert!(list.read().unwrap().is_empty());
        std::fs::write(at("_rows.csv.parts"), "{").unwrap();
        assert!(list.read().is_err());

        for name in ["k=a/rows.csv", "k=a/mine.csv", "k=b/j=c/rows.csv", "k=b/j=c/_SUCCESS", "k=b/_SUCCESS"] {
            std::fs::create_dir_all(at(name).parent().unwrap()).unwrap();
            std::fs::write(at(name), "").unwrap();
        }
        for part in ["k=a/rows.csv", "k=b/j=c/rows.csv", "k=c/rows.csv"] {
            list.remove(Path::new(part)).unwrap();
        }
        assert!(at("k=a/mine.csv").exists() && !at("k=a/rows.csv").exists());
        assert!(!at("k=b").exists());
        list.write(&BTreeSet::new()).unwrap();
        assert!(!list.exists());
    }
}
