//! The file system that a store is on. SQLite's locks and its shared memory are not reliable on
//! network file systems (sqlite.org/faq.html, question 5; sqlite.org/wal.html, section 1).

use std::path::Path;

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
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").ok()?;
    let whole = path.ancestors().find_map(|part| std::fs::canonicalize(part).ok())?;
    network_of(&mounts, &whole)
}

/// As [`network_file_system`], from the list of mounts (proc(5), `/proc/[pid]/mountinfo`).
fn network_of(mounts: &str, path: &Path) -> Option<String> {
    let mount = |line: &str| {
        let (place, kind) = line.split_once(" - ")?;
        let place = place.split(' ').nth(4)?.replace("\\040", " ");
        let kind = kind.split(' ').next()?.to_owned();
        path.starts_with(&place).then_some((place.len(), kind))
    };
    // The innermost mount; of two at the same place the later one hides the earlier one.
    let (_, kind) = mounts.lines().filter_map(mount).max_by_key(|(length, _)| *length)?;
    let is_network = NETWORK.contains(&kind.as_str()) || kind.starts_with("fuse.") && kind != "fuse.lxcfs";
    is_network.then_some(kind)
}

#[cfg(test)]
mod tests {
    use super::*;

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
            assert_eq!(network_of(mounts, Path::new(path)).as_deref(), kind, "{path}");
        }
    }
}
