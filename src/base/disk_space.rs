//! Space on disks.

use std::path::Path;

/// Space that is free in a folder, in bytes; `None`: unknown.
#[cfg(unix)]
#[must_use]
pub fn free_space(folder: &Path) -> Option<u64> {
    let space = rustix::fs::statvfs(folder).ok()?;
    Some(space.f_bavail.saturating_mul(space.f_frsize))
}

/// Space that is free in a folder, in bytes; `None`: unknown.
#[cfg(not(unix))]
#[must_use]
pub fn free_space(_folder: &Path) -> Option<u64> {
    None
}
