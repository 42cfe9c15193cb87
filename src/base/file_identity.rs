//! Which file a path names: two paths of one file are the same, whatever their spelling, and also when
//! the file does not exist yet.

use std::io;
use std::path::{Component, Path, PathBuf};

/// Maximum number of symbolic links in a path, as on Linux (path_resolution(7)).
const MAX_LINKS: u32 = 40;

/// The path that `path` names with every symbolic link followed, also one to a file that does not exist.
/// Absolute, without `.` and `..`.
///
/// # Errors
/// If links form a cycle, or the working folder is unknown.
pub fn follow_links(path: &Path) -> io::Result<PathBuf> {
    follow(path, &mut { MAX_LINKS })
}

/// As [`follow_links`]. A path whose links form a cycle is only made absolute.
#[must_use]
pub fn real_path(path: &Path) -> PathBuf {
    let absolute = || std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    follow_links(path).unwrap_or_else(|_| absolute())
}

fn follow(path: &Path, links_left: &mut u32) -> io::Result<PathBuf> {
    if let Ok(real) = std::fs::canonicalize(path) {
        return Ok(real);
    }
    let mut real = PathBuf::new();
    for part in std::path::absolute(path)?.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => _ = real.pop(),
            Component::Normal(name) => match std::fs::read_link(real.join(name)) {
                Ok(_) if *links_left == 0 => return Err(io::Error::other("too many symbolic links")),
                Ok(link) => {
                    *links_left -= 1;
                    real = follow(&real.join(link), links_left)?;
                }
                Err(_) => real.push(name),
            },
            root => real.push(root),
        }
    }
    Ok(real)
}

/// What identifies a file: its device and inode, or where it would be created.
#[derive(Clone, Debug)]
pub struct FileIdentity {
    path: PathBuf,
    /// Device and inode of the file, or of the nearest folder above it that exists.
    id: Option<(u64, u64)>,
    /// The part of the path that does not exist. Empty: the file exists.
    missing: PathBuf,
    /// Whether the names in that folder are compared without their case.
    ignores_case: bool,
}

impl FileIdentity {
    /// The identity of the file that `path` names.
    #[must_use]
    pub fn of_path(path: &Path) -> Self {
        let path = real_path(path);
        let known = path.ancestors().find_map(|ancestor| Some((ancestor, file_id(ancestor)?)));
        let Some((ancestor, id)) = known else {
            return Self { id: None, missing: path.clone(), ignores_case: cfg!(windows), path };
        };
        let missing = path.strip_prefix(ancestor).unwrap_or(&path).to_owned();
        let ignores_case = !missing.as_os_str().is_empty() && ignores_case(ancestor);
        Self { id: Some(id), missing, ignores_case, path }
    }

    /// Whether both are one file. The number of a file that another process has replaced since may be that of the other file
    /// now, so equal ones are looked at once more.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        let look_again = || Self::of_path(&self.path).looks_like(&Self::of_path(&other.path));
        self.looks_like(other) && (self.path == other.path || look_again())
    }

    fn looks_like(&self, other: &Self) -> bool {
        let folded = |path: &Path| path.to_string_lossy().to_lowercase();
        let is_named_alike = self.missing == other.missing
            || (self.ignores_case && other.ignores_case && folded(&self.missing) == folded(&other.missing));
        self.id == other.id && is_named_alike
    }

    /// The path, with every link followed.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Device and inode of an existing file or folder.
#[cfg(unix)]
pub(crate) fn file_id(path: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(path).ok().map(|metadata| (metadata.dev(), metadata.ino()))
}

/// Files have no numbers here: paths are compared.
#[cfg(not(unix))]
pub(crate) fn file_id(_path: &Path) -> Option<(u64, u64)> {
    None
}

/// Whether a folder's file system ignores the case of names: the folder is also found under its name in
/// the other case.
fn ignores_case(folder: &Path) -> bool {
    let swapped = |name: &str| -> String {
        name.chars()
            .map(|c| if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() })
            .collect()
    };
    let named = folder.ancestors().find_map(|ancestor| {
        let name = ancestor.file_name()?.to_str()?;
        Some((ancestor, swapped(name))).filter(|(_, swapped)| swapped != name)
    });
    named.is_some_and(|(known, swapped)| {
        file_id(known).is_some() && file_id(&known.with_file_name(swapped)) == file_id(known)
    })
}

#[cfg(all(test, unix))]
#[expect(clippy::disallowed_methods, reason = "tests make files")]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn paths_of_one_file_are_the_same_whether_it_exists_or_not() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir(at("deep")).unwrap();
        std::fs::write(at("file"), "x").unwrap();
        std::fs::hard_link(at("file"), at("hard")).unwrap();
        symlink("file", at("soft")).unwrap();
        symlink("deep", at("folder")).unwrap();
        symlink("deep/none", at("dangling")).unwrap();
        symlink("../dangling", at("deep/again")).unwrap();
        symlink("loop", at("loop")).unwrap();
        let is_same =
            |one: &str, other: &str| FileIdentity::of_path(&at(one)).is_same(&FileIdentity::of_path(&at(other)));
        for (one, other, expected) in [
            ("file", "file", true),
            ("file", "soft", true),
            ("file", "hard", true),
            ("file", "deep/../file", true),
            ("file", "none", false),
            ("deep/none", "folder/none", true),
            ("deep/none", "dangling", true),
            ("deep/none", "deep/again", true),
            ("deep/none", "deep/../deep/./none", true),
            ("new/a/b", "deep/../new/x/../a/b", true),
            ("new/a/b", "new/a/c", false),
            ("none", "deep/none", false),
            ("loop", "file", false),
        ] {
            assert_eq!(is_same(one, other), expected, "{one} {other}");
            assert_eq!(is_same(other, one), expected, "{other} {one}");
        }
        // Its number was free when the other file was looked at.
        std::fs::write(at("other"), "x").unwrap();
        let file = FileIdentity::of_path(&at("file"));
        let replaced = FileIdentity { id: file.id, ..FileIdentity::of_path(&at("other")) };
        assert!(!replaced.is_same(&file) && !file.is_same(&replaced));
        let real = std::fs::canonicalize(folder.path()).unwrap();
        assert_eq!(follow_links(&at("dangling")).unwrap(), real.join("deep/none"));
        assert!(follow_links(&at("loop")).is_err());
        assert_eq!(is_same("none", "NONE"), ignores_case(folder.path()));
    }
}
