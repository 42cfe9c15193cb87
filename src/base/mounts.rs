//! The mounted file systems, as Linux lists them (proc(5), `/proc/[pid]/mountinfo`). Other systems have no such list.

use std::path::{Path, PathBuf};

/// The mounts that this process sees.
pub(crate) struct Mounts(Vec<Mount>);

/// A mounted file system, or a folder or a file of one.
struct Mount {
    place: PathBuf,
    /// The name of the file system, such as `ext4`.
    kind: String,
}

impl Mounts {
    /// The mounts now. `None` where there is no list.
    pub(crate) fn read() -> Option<Self> {
        std::fs::read_to_string("/proc/self/mountinfo").ok().map(|list| Self::parse(&list))
    }

    /// Reads a list of mounts.
    pub(crate) fn parse(list: &str) -> Self {
        let mount = |line: &str| {
            let (place, kind) = line.split_once(" - ")?;
            let place = place.split(' ').nth(4)?.replace("\\040", " ");
            Some(Mount { place: place.into(), kind: kind.split(' ').next()?.to_owned() })
        };
        Self(list.lines().filter_map(mount).collect())
    }

    /// The name of the file system that a path without links is on.
    pub(crate) fn kind_at(&self, path: &Path) -> Option<&str> {
        // The innermost mount; of two at the same place the later one hides the earlier one.
        let above = self.0.iter().filter(|mount| path.starts_with(&mount.place));
        above.max_by_key(|mount| mount.place.as_os_str().len()).map(|mount| mount.kind.as_str())
    }

    /// Whether something is mounted on just this path, which has no links.
    pub(crate) fn is_mounted(&self, path: &Path) -> bool {
        self.0.iter().any(|mount| mount.place == path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_and_folders_may_be_mounted() {
        let mounts = Mounts::parse(
            "21 1 254:0 / / rw - ext4 /dev/vda rw\n30 21 254:0 /pods/1 /var/log/end\\040of.json rw shared:1 - xfs /dev/vdb rw\n",
        );
        for (path, is_mounted, kind) in [
            ("/", true, "ext4"),
            ("/var/log/end of.json", true, "xfs"),
            ("/var/log", false, "ext4"),
            ("/var/log/end of.json.old", false, "ext4"),
        ] {
            let path = Path::new(path);
            assert_eq!((mounts.is_mounted(path), mounts.kind_at(path)), (is_mounted, Some(kind)), "{}", path.display());
        }
    }
}
