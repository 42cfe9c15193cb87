//! Until when a run may send requests, if another program decides that.

use crate::base::clock::Clock;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The right to send requests until a time, which another program extends repeatedly. A process that takes over the
/// work waits until that time. Clones share one state.
#[derive(Clone)]
pub(crate) struct Lease {
    clock: Arc<dyn Clock>,
    /// In milliseconds of [`Clock::since_boot`].
    until_ms: Arc<AtomicU64>,
}

impl Lease {
    /// A lease until `until`, by [`Clock::since_boot`].
    pub(crate) fn new(clock: Arc<dyn Clock>, until: Duration) -> Self {
        let lease = Self { clock, until_ms: Arc::default() };
        lease.extend(until);
        lease
    }

    /// Extends it. An earlier time than before changes nothing.
    pub(crate) fn extend(&self, until: Duration) {
        self.until_ms.fetch_max(u64::try_from(until.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// How long it lasts from now on; zero: it is over.
    pub(crate) fn time_left(&self) -> Duration {
        let until = Duration::from_millis(self.until_ms.load(Ordering::Relaxed));
        until.saturating_sub(self.clock.since_boot())
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease").field("until_ms", &self.until_ms).finish_non_exhaustive()
    }
}
