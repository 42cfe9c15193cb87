//! The file system that a store is on. SQLite's locks and its shared memory are not reliable on
//! network file systems (sqlite.org/faq.html, question 5; sqlite.org/wal.html, section 1).

use crate::base::disk_space::free_space;
use crate::base::file_identity::follow_links;
use crate::base::mounts::Mounts;
use crate::base::sibling::temporary_beside;
use crate::store::error::StoreError;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

/// Space that a store needs in any case, in bytes.
const MIN_BYTES: u64 = 1 << 20;

/// Checks that the store at `path` can be written: that files can be created in its folder, or in the nearest one above
/// it that exists, and that there is space for some. Leaves no files.
///
/// # Errors
/// Why it can't.
pub fn check_writable(path: &Path) -> Result<(), StoreError> {
    let failed = |reason: String| Err(StoreError::open(path, reason));
    if path.symlink_metadata().is_ok() && !path.exists() {
        return failed("it is a link to a file that does not exist".to_owned());
    }
    // A link leads to where the files of the store are.
    let target = follow_links(path).map_err(|error| StoreError::open(path, error.to_string()))?;
    let above =
        target.ancestors().skip(1).map(|folder| if folder.as_os_str().is_empty() { Path::new(".") } else { folder });
    let Some(folder) = above.into_iter().find(|folder| folder.exists()) else {
        return failed("no folder above it exists".to_owned());
    };
    let test_file = temporary_beside(&folder.join(target.file_name().unwrap_or_default()));
    let written = File::options().write(true).create_new(true).open(&test_file).and_then(|mut file| {
        let written = file.write_all(b".");
        // On a full disk, too.
        let removed = std::fs::remove_file(&test_file);
        written.and(removed)
    });
    let free = free_space(folder).filter(|free| *free < MIN_BYTES);
    match (written, free) {
        (Err(error), None) if error.kind() == io::ErrorKind::PermissionDenied => {
            let reason = format!("no file can be created in {}: {error}", folder.display());
            Err(StoreError::Denied { path: path.to_owned(), reason })
        }
        // There may be space and no room for another file.
        (Err(error), None) => failed(format!("no file can be created in {}: {error}", folder.display())),
        (Ok(()), None) if !target.is_file() => Ok(()),
        (Ok(()), None) => check_use(&target, FileUse::Write).map_err(|error| StoreError::Denied {
            path: path.to_owned(),
            reason: format!("it can't be written: {error}"),
        }),
        (_, Some(free)) => failed(format!(
            "{} MB are free in {}, about {} MB are needed",
            free >> 20,
            folder.display(),
            MIN_BYTES >> 20
        )),
    }
}

/// What a file is to be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FileUse {
    /// To be read.
    Read,
    /// To be written.
    Write,
}

/// Checks that this process may use an existing file. Not by opening it: to close a file ends all locks that the process has
/// on it (POSIX, `fcntl`), and with SQLite's lock another process may remove the write-ahead log of a store in use.
#[cfg(unix)]
pub(crate) fn check_use(path: &Path, file_use: FileUse) -> io::Result<()> {
    let access = match file_use {
        FileUse::Read => rustix::fs::Access::READ_OK,
        FileUse::Write => rustix::fs::Access::WRITE_OK,
    };
    Ok(rustix::fs::access(path, access)?)
}

/// The same. Here locks belong to a handle.
#[cfg(not(unix))]
pub(crate) fn check_use(path: &Path, file_use: FileUse) -> io::Result<()> {
    let is_write = file_use == FileUse::Write;
    File::options().read(!is_write).write(is_write).open(path).map(drop)
}

/// Logs a warning if the file of the store has further names (hard links). SQLite looks for its other files beside the name
/// that it is given, so users of different names do not see each other (sqlite.org/howtocorrupt.html, section 2.5).
#[cfg(unix)]
pub(crate) fn warn_of_other_names(path: &Path) {
    use std::os::unix::fs::MetadataExt;
    let names = std::fs::metadata(path).map_or(1, |metadata| metadata.nlink());
    if names > 1 {
        tracing::warn!(
            "the store {} has {names} names (hard links); use only one of them: with two, runs do not see each other, pay for the same pages and can damage the store",
            path.display()
        );
    }
}

/// The same. On Windows the file would have to be opened for that.
#[cfg(not(unix))]
pub(crate) fn warn_of_other_names(_path: &Path) {}

/// Network file systems, by the names that Linux gives them.
const NETWORK: &[&str] = &[
    "nfs",
    "nfs4",
    "cifs",
    "smb3",
    "smbfs",
    "ncpfs",
    "9p",
    "ceph",
    "afs",
    "lustre",
    "glusterfs",
    "beegfs",
    "gpfs",
    "davfs",
];

/// The name of the network file system that `path` is on; `None` for a local file system, and
/// where the operating system does not report it (only Linux does).
#[must_use]
pub fn network_file_system(path: &Path) -> Option<String> {
    let whole = path.ancestors().find_map(|part| std::fs::canonicalize(part).ok())?;
    network_of(&Mounts::read()?, &whole)
}

/// As [`network_file_system`], for a path without links.
fn network_of(mounts: &Mounts, path: &Path) -> Option<String> {
    let kind = mounts.kind_at(path)?;
    let is_network = NETWORK.contains(&kind) || kind.starts_with("fuse.") && kind != "fuse.lxcfs";
    is_network.then(|| kind.to_owned())
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests write files")]
mod tests {
    use super::*;

    #[test]
    fn a_store_that_cannot_be_written_is_found_and_nothing_is_left_behind() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        File::create(at("file")).unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(at("none"), at("link")).unwrap();
        for (name, expected) in [
            ("store.db", None),
            ("new/folder/store.db", None),
            ("file", None),
            ("file/store.db", Some("no file can be created in")),
            #[cfg(unix)]
            ("link", Some("it is a link to a file that does not exist")),
        ] {
            let found = check_writable(&at(name)).err().map(|error| error.to_string());
            assert_eq!(found.is_some(), expected.is_some(), "{name}: {found:?}");
            assert!(expected.is_none_or(|words| found.is_some_and(|found| found.contains(words))), "{name}");
        }
        let left = std::fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(left, if cfg!(unix) { 2 } else { 1 });
    }

    #[test]
    fn the_innermost_mount_decides() {
        let mounts = "21 1 254:0 / / rw - ext4 /dev/vda rw\n30 21 0:5 / /data rw,noatime shared:1 - nfs4 server:/data rw\n\
                      31 30 254:1 / /data/local rw - xfs /dev/vdb rw\n32 21 0:9 / /my\\040share rw - cifs //a/b rw\n33 21 0:8 / /s3 rw - fuse.s3fs s3 rw\n";
        for (path, kind) in [
            ("/home/store.db", None),
            ("/data/jobs/store.db", Some("nfs4")),
            ("/database/store.db", None),
            ("/data/local/store.db", None),
            ("/my share/store.db", Some("cifs")),
            ("/s3/store.db", Some("fuse.s3fs")),
        ] {
            assert_eq!(network_of(&Mounts::parse(mounts), Path::new(path)).as_deref(), kind, "{path}");
        }
    }
}
