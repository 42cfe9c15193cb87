//! Memory for decoders: how much the machine or the container has, and how much of it the pages
//! that are being decoded need. Decoders of one process share it. Files that are being worked on have a part of
//! their own, so that they never fill the memory of the process that reads them.
//!
//! Sources: the Linux kernel's cgroup-v2.rst (`memory.max`, `memory.current`, `memory.stat`),
//! cgroup-v1/memory.rst (`memory.limit_in_bytes`, `memory.usage_in_bytes`), proc(5) (`meminfo`).

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;

/// With this many bytes, pages are decoded without asking for their sizes first: every decoder
/// has its own limit.
const PLENTY_BYTES: u64 = 8 << 30;
/// Memory for the rest of the program, which grows while it runs.
const RESERVE_BYTES: u64 = 64 << 20;
/// Minimum memory that decoders use together.
const MIN_BYTES: u64 = 64 << 20;
/// The part of this memory that files may take together, beside the decoders.
const FILES_PART: u64 = 4;
/// A limit of cgroup v1 from here on means no limit.
const UNLIMITED_V1: u64 = 1 << 60;
/// How many copies of a file a decoder has.
const FILE_COPIES: u64 = 2;
/// A decoder without a page.
const PROCESS_BYTES: u64 = 16 << 20;
/// Interval at which a waiting decoder checks whether its page is cancelled.
const POLL: Duration = Duration::from_millis(50);

/// Memory that the decoders of a program share. Clones share it.
#[derive(Clone, Debug)]
pub struct DecoderMemory {
    decoders: Pool,
    files: Pool,
    /// The largest file that can be opened, in bytes.
    max_file: u64,
}

/// Memory that is given out in parts, in the order of the requests. Clones share it.
#[derive(Clone, Debug)]
struct Pool(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    state: Mutex<MemoryState>,
    freed: Condvar,
    is_scarce: AtomicBool,
}

#[derive(Debug)]
struct MemoryState {
    /// Bytes that decoders may use together.
    capacity: u64,
    /// Bytes that they use, by estimate.
    used: u64,
    /// Who waits, in the order of arrival.
    waiting: VecDeque<u64>,
    next_ticket: u64,
}

/// What a decoder needs for a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// About this many bytes.
    Bytes(u64),
    /// No other decoder at the same time.
    Everything,
}

/// A part of the memory, until it is dropped.
pub(crate) struct Share {
    pool: Pool,
    bytes: u64,
}

/// Whether a file may be read.
pub(crate) enum FileMemory {
    /// It may; the share is to be kept for as long as its bytes. `None`: memory is not scarce.
    Free(Option<Share>),
    /// A decoder could not open it, even without others.
    TooSmall,
    /// The caller no longer wants it.
    Cancelled,
}

impl DecoderMemory {
    /// The memory of this process: of its container, if that has a limit, otherwise of the machine.
    #[must_use]
    pub fn of_machine() -> Self {
        Self::with_available(available_bytes(Path::new("/")))
    }

    /// `available`: unused bytes of the container or the machine; `None`: not known.
    #[must_use]
    pub fn with_available(available: Option<u64>) -> Self {
        let capacity = available.map_or(u64::MAX, capacity_of);
        let left = available.map_or(u64::MAX, |available| available.saturating_sub(RESERVE_BYTES + PROCESS_BYTES));
        let max_file = left.max(MIN_BYTES) / FILE_COPIES;
        Self { decoders: Pool::new(capacity), files: Pool::new(capacity / FILES_PART), max_file }
    }

    /// Whether decoders have to state what they need.
    pub(crate) fn is_scarce(&self) -> bool {
        self.decoders.0.is_scarce.load(Ordering::Relaxed)
    }

    /// Waits until a decoder may work. A page that needs more than there is gets all of it. `None`: `is_cancelled`
    /// returned true.
    pub(crate) fn acquire(&self, need: Need, is_cancelled: &dyn Fn() -> bool) -> Option<Share> {
        self.decoders.acquire(need, is_cancelled)
    }

    /// Waits until a file of this length may be read. One that is larger than the part of files is alone.
    pub(crate) fn acquire_file(&self, length: u64, is_cancelled: &dyn Fn() -> bool) -> FileMemory {
        if !self.is_scarce() {
            return FileMemory::Free(None);
        }
        if length > self.max_file {
            return FileMemory::TooSmall;
        }
        match self.files.acquire(Need::Bytes(length), is_cancelled) {
            Some(share) => FileMemory::Free(Some(share)),
            None => FileMemory::Cancelled,
        }
    }

    /// A decoder ran out of memory, and no other one has a page: the memory left now is what decoders use together from
    /// now on.
    pub(crate) fn reduce(&self, available: Option<u64>) {
        self.decoders.0.is_scarce.store(true, Ordering::Relaxed);
        let mut state = self.decoders.state();
        state.capacity = available.map_or(state.capacity, |available| state.capacity.min(capacity_of(available)));
    }
}

impl Pool {
    fn new(capacity: u64) -> Self {
        Self(Arc::new(Shared {
            state: Mutex::new(MemoryState { capacity, used: 0, waiting: VecDeque::new(), next_ticket: 0 }),
            freed: Condvar::new(),
            is_scarce: AtomicBool::new(capacity < PLENTY_BYTES),
        }))
    }

    /// Waits until there is enough memory, in the order of the calls.
    fn acquire(&self, need: Need, is_cancelled: &dyn Fn() -> bool) -> Option<Share> {
        let mut state = self.state();
        let ticket = state.next_ticket;
        state.next_ticket += 1;
        state.waiting.push_back(ticket);
        loop {
            let bytes = match need {
                Need::Bytes(bytes) => bytes.clamp(1, state.capacity),
                Need::Everything => state.capacity,
            };
            let fits = state.used == 0 || state.used.checked_add(bytes).is_some_and(|used| used <= state.capacity);
            if fits && state.waiting.front() == Some(&ticket) {
                state.waiting.pop_front();
                state.used += bytes;
                drop(state);
                // The next one may fit as well.
                self.0.freed.notify_all();
                return Some(Share { pool: self.clone(), bytes });
            }
            if is_cancelled() {
                state.waiting.retain(|waiting| *waiting != ticket);
                drop(state);
                self.0.freed.notify_all();
                return None;
            }
            state = match self.0.freed.wait_timeout(state, POLL) {
                Ok((state, _)) => state,
                Err(poisoned) => poisoned.into_inner().0,
            };
        }
    }

    fn state(&self) -> MutexGuard<'_, MemoryState> {
        // Nothing panics while it is held.
        self.0.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut state = self.pool.state();
        state.used = state.used.saturating_sub(self.bytes);
        drop(state);
        self.pool.0.freed.notify_all();
    }
}

/// What decoding a page of this size takes, in bytes: four a pixel for the picture and its
/// conversion, and the file with a copy of it.
pub(crate) fn bytes_to_decode((width, height): (u32, u32), file: usize) -> u64 {
    let pixels = u64::from(width) * u64::from(height);
    pixels.saturating_mul(4).saturating_add(bytes_to_open(file))
}

/// What opening a file of this size takes, in bytes.
pub(crate) fn bytes_to_open(file: usize) -> u64 {
    (file as u64).saturating_mul(FILE_COPIES).saturating_add(PROCESS_BYTES)
}

fn capacity_of(available: u64) -> u64 {
    (available.saturating_sub(RESERVE_BYTES) / 5 * 4).max(MIN_BYTES)
}

/// Unused memory: what the limits of the control groups leave, and what the machine has; `None`:
/// neither is known. `root` is `/`.
pub(crate) fn available_bytes(root: &Path) -> Option<u64> {
    let groups = groups(root).into_iter().filter_map(|group| Some(group.limit()?.saturating_sub(group.usage())));
    groups.chain(machine_bytes(root)).min()
}

/// The smallest memory limit of the control groups that the process is in, in bytes.
#[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "other systems have no control groups"))]
pub(crate) fn limit_bytes(root: &Path) -> Option<u64> {
    groups(root).iter().filter_map(Group::limit).min()
}

/// `MemAvailable` of `/proc/meminfo`.
fn machine_bytes(root: &Path) -> Option<u64> {
    let text = std::fs::read_to_string(root.join("proc/meminfo")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    line.trim().strip_suffix(" kB")?.parse::<u64>().ok()?.checked_mul(1024)
}

/// The memory accounting of one control group.
struct Group {
    folder: PathBuf,
    is_v2: bool,
}

impl Group {
    fn limit(&self) -> Option<u64> {
        let limit = self.number(if self.is_v2 { "memory.max" } else { "memory.limit_in_bytes" })?;
        (self.is_v2 || limit < UNLIMITED_V1).then_some(limit)
    }

    /// Used memory, without caches of files: the kernel takes those back, also active ones.
    fn usage(&self) -> u64 {
        let (usage, caches) = match self.is_v2 {
            true => ("memory.current", ["inactive_file ", "active_file "]),
            false => ("memory.usage_in_bytes", ["total_inactive_file ", "total_active_file "]),
        };
        let stat = std::fs::read_to_string(self.folder.join("memory.stat")).unwrap_or_default();
        let size = |cache: &str| stat.lines().find_map(|line| line.strip_prefix(cache)?.trim().parse::<u64>().ok());
        let cached: u64 = caches.into_iter().filter_map(size).sum();
        self.number(usage).unwrap_or(0).saturating_sub(cached)
    }

    /// The number in a file; `None` also for `max`.
    fn number(&self, file: &str) -> Option<u64> {
        std::fs::read_to_string(self.folder.join(file)).ok()?.trim().parse().ok()
    }
}

/// The control groups of the process and those above them. In a container the path may be that of
/// the host, which cannot be seen; the group of the container is then at the top.
fn groups(root: &Path) -> Vec<Group> {
    let text = std::fs::read_to_string(root.join("proc/self/cgroup")).unwrap_or_default();
    let mut groups = Vec::new();
    for line in text.lines() {
        // `0::/path`, or `4:memory:/path`.
        let mut parts = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(path)) = (parts.next(), parts.next()) else { continue };
        let is_v2 = controllers.is_empty();
        if !is_v2 && !controllers.split(',').any(|name| name == "memory") {
            continue;
        }
        let top = root.join(if is_v2 { "sys/fs/cgroup" } else { "sys/fs/cgroup/memory" });
        let below = Path::new(path.trim_start_matches('/'));
        groups.extend(below.ancestors().map(|part| Group { folder: top.join(part), is_v2 }));
    }
    groups
}

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "tests make files")]

    use super::*;
    use std::sync::mpsc::channel;

    fn never() -> bool {
        false
    }

    #[test]
    fn what_is_available_is_the_smallest_of_all_limits() {
        const MB: u64 = 1 << 20;
        let meminfo = ("proc/meminfo", "MemTotal: 9 kB\nMemAvailable:    4194304 kB\n".to_owned());
        for (name, files, available, limit) in [
            ("nothing", vec![], None, None),
            ("the machine", vec![meminfo.clone()], Some(4096 * MB), None),
            (
                "version 2, a limit above the group",
                vec![
                    meminfo.clone(),
                    ("proc/self/cgroup", "0::/pod/box\n".to_owned()),
                    ("sys/fs/cgroup/pod/memory.max", format!("{}\n", 512 * MB)),
                    ("sys/fs/cgroup/pod/memory.current", (300 * MB).to_string()),
                    (
                        "sys/fs/cgroup/pod/memory.stat",
                        format!("anon 5\ninactive_file {}\nactive_file {}\n", 60 * MB, 40 * MB),
                    ),
                    ("sys/fs/cgroup/pod/box/memory.max", "max\n".to_owned()),
                ],
                Some(312 * MB),
                Some(512 * MB),
            ),
            (
                "version 2, the path of the host",
                vec![
                    ("proc/self/cgroup", "0::/../../elsewhere\n".to_owned()),
                    ("sys/fs/cgroup/memory.max", (256 * MB).to_string()),
                ],
                Some(256 * MB),
                Some(256 * MB),
            ),
            (
                "version 1",
                vec![
                    meminfo.clone(),
                    ("proc/self/cgroup", "5:devices:/x\n4:cpu,memory:/job\n0::/\n".to_owned()),
                    ("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712".to_owned()),
                    ("sys/fs/cgroup/memory/job/memory.limit_in_bytes", (256 * MB).to_string()),
                    ("sys/fs/cgroup/memory/job/memory.usage_in_bytes", (300 * MB).to_string()),
                ],
                Some(0),
                Some(256 * MB),
            ),
        ] {
            let root = tempfile::tempdir().unwrap();
            for (path, text) in files {
                let path = root.path().join(path);
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(path, text).unwrap();
            }
            assert_eq!((available_bytes(root.path()), limit_bytes(root.path())), (available, limit), "{name}");
        }
    }

    #[test]
    fn pages_that_need_more_than_there_is_wait_for_one_another() {
        let memory = DecoderMemory::with_available(Some(RESERVE_BYTES + 1000 * 5 / 4 * MIN_BYTES / 1000));
        assert!(memory.is_scarce());
        let part = MIN_BYTES / 2;
        let first = memory.acquire(Need::Bytes(part), &never).unwrap();
        let second = memory.acquire(Need::Bytes(part), &never).unwrap();
        assert!(memory.acquire(Need::Bytes(1), &|| true).is_none(), "nothing is left");
        drop(first);
        assert!(memory.acquire(Need::Everything, &|| true).is_none(), "another one has a page");
        drop(second);
        let large = memory.acquire(Need::Bytes(u64::MAX), &never).unwrap();
        assert!(memory.acquire(Need::Bytes(1), &|| true).is_none(), "a page that is too large is alone");
        drop(large);
        assert!(memory.acquire(Need::Everything, &never).is_some());
    }

    #[test]
    fn a_page_that_has_to_be_alone_is_not_overtaken() {
        let memory = DecoderMemory::with_available(None);
        assert!(!memory.is_scarce());
        let first = memory.acquire(Need::Bytes(1), &never).unwrap();
        let (send, order) = channel();
        std::thread::scope(|scope| {
            for (at, need) in [Need::Everything, Need::Bytes(1)].into_iter().enumerate() {
                let (memory, send) = (&memory, send.clone());
                scope.spawn(move || {
                    let share = memory.acquire(need, &never);
                    send.send(at).unwrap();
                    drop(share);
                });
                while memory.decoders.state().waiting.len() <= at {
                    std::thread::yield_now();
                }
            }
            drop(first);
        });
        assert_eq!(order.try_iter().collect::<Vec<_>>(), [0, 1]);
    }

    #[test]
    fn after_a_decoder_ran_out_of_memory_all_have_to_state_what_they_need() {
        let memory = DecoderMemory::with_available(Some(100 << 30));
        assert!(!memory.is_scarce());
        memory.reduce(Some(RESERVE_BYTES + 5 * MIN_BYTES));
        assert!(memory.is_scarce());
        assert_eq!(memory.decoders.state().capacity, 4 * MIN_BYTES);
        memory.reduce(None);
        assert_eq!(memory.decoders.state().capacity, 4 * MIN_BYTES);
    }

    #[test]
    fn files_wait_for_one_another_and_one_that_no_decoder_can_open_is_not_read() {
        const MB: u64 = 1 << 20;
        let memory = DecoderMemory::with_available(Some(256 * MB));
        let acquire = |length: u64| memory.acquire_file(length, &|| true);
        let FileMemory::Free(Some(large)) = acquire(80 * MB) else { panic!("it is alone") };
        assert!(matches!(acquire(1), FileMemory::Cancelled), "it would wait");
        assert!(memory.acquire(Need::Everything, &never).is_some(), "decoders do not");
        drop(large);
        let FileMemory::Free(Some(_small)) = acquire(10 * MB) else { panic!("it fits") };
        assert!(matches!(acquire(10 * MB), FileMemory::Free(Some(_))));
        assert!(matches!(acquire(30 * MB), FileMemory::Cancelled));
        assert!(matches!(acquire(89 * MB), FileMemory::TooSmall));
        for available in [0, 64 * MB, 100 * MB] {
            let little = DecoderMemory::with_available(Some(available));
            assert!(matches!(little.acquire_file(20 * MB, &never), FileMemory::Free(Some(_))), "{available}");
        }
        let plenty = DecoderMemory::with_available(Some(100 << 30));
        assert!(matches!(plenty.acquire_file(u64::MAX, &never), FileMemory::Free(None)));
    }

    #[test]
    fn needs_grow_with_pixels_and_bytes() {
        assert_eq!(bytes_to_decode((12_000, 9_000), 1 << 20), 432_000_000 + (18 << 20));
        assert_eq!(bytes_to_open(0), PROCESS_BYTES);
        assert!(bytes_to_decode((u32::MAX, u32::MAX), usize::MAX) > 1 << 62);
    }
}
