//! Whether outputs can be written, checked before anything is paid for.

use super::error::ExportError;
use super::partitions::partitions::check_no_whole_file;
use super::success_marker::has_marker;
use super::target::Targets;
use crate::base::file_identity::follow_links;
use crate::base::sibling::temporary_beside;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Space that a row takes in an output, in bytes: more than rows of a few tasks take.
const ROW_BYTES: u64 = 1000;
/// Space that is needed in any case, in bytes.
const MIN_BYTES: u64 = 1 << 20;

/// Checks that each of these files can be written with `rows` rows: that its folder exists or can be
/// created, that a file can be written there, and that there is enough space. Creates no folder and
/// leaves no file.
///
/// # Errors
/// If one of them can't be written.
pub fn check_outputs(paths: &[&Path], rows: u64) -> Result<(), ExportError> {
    for path in paths {
        let fault = |error: io::Error| ExportError::new(path, error);
        let folder = writable_folder(path).map_err(fault)?;
        let needed = rows.saturating_mul(ROW_BYTES).saturating_add(MIN_BYTES);
        match free_space(&folder) {
            Some(free) if free < needed => {
                let message =
                    format!("{} MB are free in {}, about {} MB are needed", free >> 20, folder.display(), needed >> 20);
                return Err(fault(io::Error::other(message)));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Checks that the rows of a job can be written as its manifest requires.
///
/// # Errors
/// If a whole file is in the place of partitions, or something else has the name of a marker.
pub fn check_row_files(targets: &Targets) -> Result<(), ExportError> {
    for (_, path) in targets.files() {
        let fault = |error: io::Error| ExportError::new(path, error);
        let target = follow_links(path).map_err(fault)?;
        if !targets.partition_by.is_empty() {
            check_no_whole_file(&target)?;
        }
        if targets.success_marker {
            has_marker(target.parent().unwrap_or(Path::new(""))).map_err(fault)?;
        }
    }
    Ok(())
}

/// The folder in which `path` will be, or the nearest one above it that exists, once a file was
/// written there.
fn writable_folder(path: &Path) -> io::Result<PathBuf> {
    // As an atomic file does: links are followed.
    let target = follow_links(path)?;
    match std::fs::metadata(&target) {
        Ok(metadata) if !metadata.is_file() => return Err(io::Error::other("it exists and is not a file")),
        _ => {}
    }
    let mut folder = target.parent().ok_or_else(|| io::Error::other("not a file name"))?;
    while !folder.exists() {
        folder = folder.parent().ok_or_else(|| io::Error::other("no folder above it exists"))?;
    }
    if !folder.is_dir() {
        return Err(io::Error::other(format!("{} is not a folder", folder.display())));
    }
    // Temporary names are short. A name that is too long must not be found when everything is paid for.
    for name in target.strip_prefix(folder).unwrap_or(&target).components() {
        match std::fs::symlink_metadata(folder.join(name)) {
            Err(error) if error.kind() == io::ErrorKind::InvalidFilename => return Err(error),
            _ => {}
        }
    }
    // As the name of the temporary file.
    let probe = temporary_beside(&folder.join(target.file_name().unwrap_or_default()));
    let written = File::options().write(true).create_new(true).open(&probe).and_then(|mut file| file.write_all(b"."));
    let removed = std::fs::remove_file(&probe);
    written.and(removed)?;
    Ok(folder.to_owned())
}

/// Space that is free in a folder, in bytes; `None`: the system does not say.
#[cfg(unix)]
fn free_space(folder: &Path) -> Option<u64> {
    let space = rustix::fs::statvfs(folder).ok()?;
    Some(space.f_bavail.saturating_mul(space.f_frsize))
}

/// Space that is free in a folder, in bytes; `None`: the system does not say.
#[cfg(not(unix))]
fn free_space(_folder: &Path) -> Option<u64> {
    None
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests write files")]
mod tests {
    use super::*;

    #[test]
    fn an_output_that_cannot_be_written_is_found_and_nothing_is_left_behind() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("file"), b"x").unwrap();
        std::fs::create_dir(at("folder")).unwrap();
        for (name, rows, expected) in [
            ("rows.csv", 10, None),
            ("new/deep/rows.csv", 10, None),
            ("file", 10, None),
            ("folder", 10, Some("not a file")),
            ("file/rows.csv", 10, Some("is not a folder")),
            ("rows.csv", u64::MAX / 2000, Some("are needed")),
            (&"n".repeat(300), 10, Some("too long")),
            (&format!("new/{}/rows.csv", "n".repeat(300)), 10, Some("too long")),
        ] {
            let checked = check_outputs(&[&at(name)], rows).map_err(|error| error.to_string());
            match expected {
                None => assert!(checked.is_ok(), "{name}: {checked:?}"),
                Some(part) => assert!(checked.as_ref().is_err_and(|error| error.contains(part)), "{name}: {checked:?}"),
            }
        }
        let mut left: Vec<_> =
            std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, ["file", "folder"]);
    }
}
