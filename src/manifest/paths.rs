//! Paths that can be compared.

use std::path::{Component, Path, PathBuf};

/// `path` as an absolute path without `.` and `..`. Symbolic links are not resolved, and
/// the file need not exist.
pub(crate) fn normalize(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut out = PathBuf::new();
    for part in absolute.components() {
        match part {
            Component::ParentDir => _ = out.pop(),
            part => out.push(part),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn equal_paths_are_normalized_to_one() {
        for (path, expected) in
            [("/a/b", "/a/b"), ("/a/./b/", "/a/b"), ("/a/c/../b", "/a/b"), ("/a/../../b", "/b"), ("/", "/")]
        {
            assert_eq!(normalize(Path::new(path)), Path::new(expected), "{path}");
        }
        assert_eq!(normalize(Path::new("x/../y")), normalize(Path::new("y")));
        assert!(normalize(Path::new("y")).is_absolute());
    }
}
