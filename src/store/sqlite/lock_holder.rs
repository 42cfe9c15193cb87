//! Which process holds the write lock of a store, as Linux shows it.

use std::path::Path;

/// The process that holds the lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LockHolder {
    /// Its id.
    pub(crate) process: u32,
    /// Whether it is stopped, as by `SIGSTOP` or Ctrl-Z.
    pub(crate) is_stopped: bool,
}

/// The byte of the file `-shm` that a writer locks (SQLite, "WAL-mode File Format", 2.2.1).
#[cfg(target_os = "linux")]
const WRITE_LOCK: u64 = 120;

impl LockHolder {
    /// The holder of the lock of the store at `path`; `None`: no holder, or unknown.
    #[cfg(target_os = "linux")]
    pub(crate) fn find(path: &Path) -> Option<Self> {
        use std::os::unix::fs::MetadataExt;
        let mut file = path.as_os_str().to_owned();
        file.push("-shm");
        let inode = std::fs::metadata(file).ok()?.ino();
        let locks = std::fs::read_to_string("/proc/locks").ok()?;
        let process = locks.lines().find_map(|line| writer_of(line, inode))?;
        let status = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        Some(Self { process, is_stopped: is_stopped(&status) })
    }

    /// Other systems don't show it.
    #[cfg(not(target_os = "linux"))]
    pub(crate) fn find(_path: &Path) -> Option<Self> {
        None
    }
}

/// The process that a line of `/proc/locks` is about, if it holds the lock in the file `inode`.
#[cfg(target_os = "linux")]
fn writer_of(line: &str, inode: u64) -> Option<u32> {
    let cells: Vec<&str> = line.split_whitespace().collect();
    let [_, "POSIX", _, "WRITE", process, file, from, to] = cells[..] else { return None };
    let is_file = file.rsplit(':').next()?.parse() == Ok(inode);
    let is_locked = from.parse::<u64>().ok()? <= WRITE_LOCK && to.parse().unwrap_or(u64::MAX) >= WRITE_LOCK;
    // 0: a process that can't be seen from this container.
    process.parse().ok().filter(|process| is_file && is_locked && *process > 0)
}

/// Whether a `/proc/PID/stat` is that of a stopped process. The name in it may contain anything.
#[cfg(target_os = "linux")]
fn is_stopped(stat: &str) -> bool {
    stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with(['T', 't']))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_kernel() {
        for (line, process) in [
            ("1: POSIX  ADVISORY  WRITE 1234 08:01:77 120 120", Some(1234)),
            ("1: POSIX  ADVISORY  WRITE 1234 08:01:77 0 EOF", Some(1234)),
            ("1: POSIX  ADVISORY  WRITE 1234 08:01:78 120 120", None),
            ("1: POSIX  ADVISORY  WRITE 1234 08:01:77 121 123", None),
            ("1: POSIX  ADVISORY  READ 1234 08:01:77 120 120", None),
            ("1: -> POSIX  ADVISORY  WRITE 1234 08:01:77 120 120", None),
            ("1: POSIX  ADVISORY  WRITE 0 08:01:77 120 120", None),
            ("1: FLOCK  ADVISORY  WRITE 1234 08:01:77 0 EOF", None),
            ("", None),
        ] {
            assert_eq!(writer_of(line, 77), process, "{line}");
        }
        for (stat, expected) in [("12 (a) b) T 1", true), ("12 (T) S 1", false), ("12 (x) t 1", true), ("", false)] {
            assert_eq!(is_stopped(stat), expected, "{stat}");
        }
    }
}
