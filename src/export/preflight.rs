//! Whether outputs can be written, checked before anything is paid for.

use super::error::ExportError;
use super::partitions::partitions::check_no_whole_file;
use super::success_marker::{NAME as MARKER, has_marker};
use super::target::Targets;
use crate::base::disk_space::free_space;
use crate::base::file_identity::follow_links;
use crate::base::shared_folder;
use crate::base::sibling::temporary_beside;
use crate::manifest::Output;
use std::ffi::OsStr;
use std::fs::{DirEntry, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Space that a row takes in an output, in bytes: more than rows of a few tasks take.
const ROW_BYTES: u64 = 1000;
/// Space that is needed in any case, in bytes.
const MIN_BYTES: u64 = 1 << 20;

/// Checks that each output file can be written with `rows` rows: that its folder exists or can be
/// created, that a file can be written there, and that there is enough space. Creates no folder and
/// leaves no file.
///
/// # Errors
/// If one of them can't be written.
pub fn check_outputs(output: &Output, rows: u64) -> Result<(), ExportError> {
    for (_, path) in output.files() {
        let fault = |error: io::Error| ExportError::new(path, error);
        writable_folder(path).map_err(fault)?;
    }
    check_output_space(output, rows)
}

/// Checks that there is space for `rows` rows in each output file. The folders of the files exist or can be created.
///
/// # Errors
/// If there is not.
pub fn check_output_space(output: &Output, rows: u64) -> Result<(), ExportError> {
    for (_, path) in output.files() {
        let fault = |error: io::Error| ExportError::new(path, error);
        let target = follow_links(path).map_err(fault)?;
        let folder = existing_folder(&target).map_err(fault)?;
        let needed = rows.saturating_mul(ROW_BYTES).saturating_add(MIN_BYTES);
        match free_space(folder) {
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

/// Checks that the rows of a job can be written as its manifest requires, even while pages are pending.
///
/// # Errors
/// If a complete file is where partitions belong, something else has the name of a marker, or nothing can be written
/// into the folder of partial files.
pub fn check_row_files(targets: &Targets) -> Result<(), ExportError> {
    for (_, path) in targets.files() {
        let partial = targets.partial_folder().own_file(path);
        writable_folder(&partial).map_err(|error| ExportError::new(&partial, error))?;
        let fault = |error: io::Error| ExportError::new(path, error);
        let target = follow_links(path).map_err(fault)?;
        let folder = target.parent().unwrap_or(Path::new(""));
        let marker = targets.success_marker.then(|| OsStr::new(MARKER));
        if !targets.partition_by.is_empty() {
            check_no_whole_file(&target)?;
            let names: Vec<&OsStr> = target.file_name().into_iter().chain(marker).collect();
            check_parts(folder, &targets.partition_by, &names)?;
        }
        if let Some(marker) = marker {
            has_marker(folder).map_err(fault)?;
            let marker = folder.join(marker);
            writable_folder(&marker).map_err(|error| ExportError::new(&marker, error))?;
        }
    }
    Ok(())
}

/// Checks that files with these names in the partitions below `folder` can be replaced. Partitions that do not exist yet can
/// be made where the others are.
fn check_parts(folder: &Path, columns: &[String], names: &[&OsStr]) -> Result<(), ExportError> {
    let Some((column, deeper)) = columns.split_first() else {
        return names
            .iter()
            .map(|name| folder.join(name))
            .try_for_each(|file| writable_folder(&file).map(|_| ()).map_err(|error| ExportError::new(&file, error)));
    };
    let is_part = |entry: &DirEntry| {
        entry.file_name().to_string_lossy().strip_prefix(column.as_str()).is_some_and(|value| value.starts_with('='))
    };
    for entry in std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok).filter(is_part) {
        if !entry.path().is_dir() {
            return Err(ExportError::new(&entry.path(), io::Error::other("it exists and is not a folder")));
        }
        check_parts(&entry.path(), deeper, names)?;
    }
    Ok(())
}

/// What exists of the folder in which `target` will be.
fn existing_folder(target: &Path) -> io::Result<&Path> {
    let mut folder = target.parent().ok_or_else(|| io::Error::other("not a file name"))?;
    while !folder.exists() {
        folder = folder.parent().ok_or_else(|| io::Error::other("no folder above it exists"))?;
    }
    Ok(folder)
}

/// The folder in which `path` will be, or the nearest one above it that exists, once a file was
/// written there.
fn writable_folder(path: &Path) -> io::Result<PathBuf> {
    // As an atomic file does: links are followed.
    let target = follow_links(path)?;
    shared_folder::retry_if_gone(|| find_writable_folder(&target))
}

fn find_writable_folder(target: &Path) -> io::Result<PathBuf> {
    match std::fs::metadata(target) {
        Ok(metadata) if !metadata.is_file() => return Err(io::Error::other("it exists and is not a file")),
        _ => {}
    }
    let folder = existing_folder(target)?;
    if !std::fs::metadata(folder)?.is_dir() {
        return Err(io::Error::other(format!("{} is not a folder", folder.display())));
    }
    // Temporary names are short. A name that is too long must be detected before anything is paid for.
    for name in target.strip_prefix(folder).unwrap_or(target).components() {
        match std::fs::symlink_metadata(folder.join(name)) {
            Err(error) if error.kind() == io::ErrorKind::InvalidFilename => return Err(error),
            _ => {}
        }
    }
    check_replaceable(target, folder)?;
    // As the name of the temporary file.
    let probe = temporary_beside(&folder.join(target.file_name().unwrap_or_default()));
    let written = File::options().write(true).create_new(true).open(&probe).and_then(|mut file| file.write_all(b"."));
    let removed = std::fs::remove_file(&probe);
    written.and(removed)?;
    Ok(folder.to_owned())
}

/// Checks that the file at `target`, if there is one, can be replaced by a rename: that needs more than a folder
/// in which files can be written.
#[cfg(unix)]
fn check_replaceable(target: &Path, folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt;
    let Ok(file) = std::fs::symlink_metadata(target) else { return Ok(()) };
    let (user, in_folder) = (rustix::process::geteuid(), std::fs::metadata(folder)?);
    if is_held_by_sticky_folder(user.as_raw(), (in_folder.mode(), in_folder.uid()), file.uid()) {
        let message = format!(
            "it belongs to another user, and in the sticky folder {} only its owner may replace it",
            folder.display()
        );
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, message));
    }
    match held_by_attribute(target) {
        Some(reason) => Err(io::Error::new(io::ErrorKind::PermissionDenied, reason)),
        None => Ok(()),
    }
}

/// Checks that the file at `target`, if there is one, can be replaced by a rename.
#[cfg(not(unix))]
fn check_replaceable(_target: &Path, _folder: &Path) -> io::Result<()> {
    Ok(())
}

/// Whether `user` may not replace the file of `owner` in a folder with this mode and owner (unlink(2), `EPERM`).
#[cfg(unix)]
fn is_held_by_sticky_folder(user: u32, (mode, folder_owner): (u32, u32), owner: u32) -> bool {
    const STICKY: u32 = 0o1000;
    mode & STICKY != 0 && user != 0 && ![owner, folder_owner].contains(&user)
}

/// Why a file can't be replaced by anyone; `None`: no known reason.
#[cfg(target_os = "linux")]
fn held_by_attribute(target: &Path) -> Option<&'static str> {
    use rustix::fs::{AtFlags, CWD, StatxAttributes, StatxFlags, statx};
    let attributes = statx(CWD, target, AtFlags::SYMLINK_NOFOLLOW, StatxFlags::BASIC_STATS).ok()?.stx_attributes;
    [
        (StatxAttributes::IMMUTABLE, "it is immutable (see lsattr), so that it can't be replaced"),
        (StatxAttributes::APPEND, "it is append-only (see lsattr), so that it can't be replaced"),
        (StatxAttributes::MOUNT_ROOT, "it is a mount point, so it can't be replaced; mount its folder instead"),
    ]
    .into_iter()
    .find_map(|(attribute, reason)| attributes.contains(attribute).then_some(reason))
}

/// Why nothing can take the place of a file; `None`: unknown.
#[cfg(all(unix, not(target_os = "linux")))]
fn held_by_attribute(_target: &Path) -> Option<&'static str> {
    None
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests write files")]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn in_a_sticky_folder_only_owners_replace_a_file() {
        for (user, folder, owner, is_held) in [
            (1000, (0o41777, 0), 0, true),
            (1000, (0o41777, 0), 1001, true),
            (1000, (0o41777, 0), 1000, false),
            (1000, (0o41777, 1000), 0, false),
            (1000, (0o40777, 0), 0, false),
            (0, (0o41777, 1000), 1001, false),
        ] {
            assert_eq!(is_held_by_sticky_folder(user, folder, owner), is_held, "{user} {folder:?} {owner}");
        }
    }

    #[test]
    fn a_folder_of_partial_files_that_cannot_be_written_is_found() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("partial"), b"a file").unwrap();
        let store = folder.path().join("store.db");
        let targets = Targets { csv: Some(folder.path().join("rows.csv")), store, ..Targets::default() };
        let found = check_row_files(&targets).unwrap_err().to_string();
        assert!(found.contains("partial") && found.contains("is not a folder"), "{found}");
        std::fs::remove_file(folder.path().join("partial")).unwrap();
        check_row_files(&targets).unwrap();
        assert!(!folder.path().join("partial").exists());
    }

    /// A run that is complete removes the folder of partial files while another one begins.
    #[test]
    fn a_folder_of_partial_files_may_be_removed_meanwhile() {
        let folder = tempfile::tempdir().unwrap();
        let partial = folder.path().join("partial");
        let targets = Targets {
            csv: Some(folder.path().join("rows.csv")),
            store: folder.path().join("store.db"),
            ..Targets::default()
        };
        let remove = || std::fs::create_dir(&partial).and_then(|()| std::fs::remove_dir(&partial)).is_ok();
        shared_folder::work_while_removed(remove, || check_row_files(&targets)).unwrap();
    }

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
            let output = Output { csv: Some(at(name)), ..Output::default() };
            let checked = check_outputs(&output, rows).map_err(|error| error.to_string());
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
