//! How many files the process may have open. Each request in flight needs one: a run that
//! finds none left would fail pages for it.

use crate::manifest::Limits;

/// The limit is raised to at most this: what 4096 requests in flight need, and more.
const MAX_FILES: u64 = 65_536;
/// Files that a run needs in addition to its connections: the store, outputs, pipes, the runtime.
const FIXED_FILES: u64 = 32;
/// How many of them docmill has open at most before a run begins.
const OWN_FILES: u64 = 16;
/// Files that a worker needs: a page, a connection to the store, pipes to its decoder.
const FILES_PER_WORKER: u64 = 8;

/// Connections in addition to those in use: a connection rests a moment before it is reused.
const SPARE_CONNECTIONS: u64 = 192;

/// Workers that a run has at least files for.
const MIN_WORKERS: u64 = 2;

/// What the limit on open files leaves for connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OpenFiles {
    /// How many files the run may open.
    limit: u64,
    /// Connections that fit.
    connections: u64,
}

impl OpenFiles {
    /// Raises the limit of this process as far as the system allows. `has_simulator`: the
    /// other ends of the connections are in this process, too.
    pub(crate) fn raise(has_simulator: bool) -> Self {
        let workers = std::thread::available_parallelism().map_or(2, usize::from) as u64;
        // An unknown limit is not one.
        let limit = rlimit::increase_nofile_limit(MAX_FILES).unwrap_or(MAX_FILES);
        Self::new(limit.saturating_sub(inherited_files()), workers, has_simulator)
    }

    /// Checks that a run can work with this limit: with less, it would end somewhere in between.
    ///
    /// # Errors
    /// How many files it may have open, and how many it needs.
    pub(crate) fn check(self) -> Result<(), String> {
        const NEEDED: u64 = FIXED_FILES + FILES_PER_WORKER * MIN_WORKERS;
        if self.limit >= NEEDED {
            return Ok(());
        }
        Err(format!("this process may open only {} files; a run needs at least {NEEDED}", self.limit))
    }

    fn new(limit: u64, workers: u64, has_simulator: bool) -> Self {
        let left = limit.saturating_sub(FIXED_FILES + FILES_PER_WORKER * workers);
        Self { limit, connections: (if has_simulator { left / 2 } else { left }).max(2) }
    }

    /// How many connections to open for at most `in_flight` requests at a time.
    pub(crate) fn max_connections(self, in_flight: u32) -> usize {
        usize::try_from(self.connections.min(u64::from(in_flight) + SPARE_CONNECTIONS)).unwrap_or(usize::MAX)
    }

    /// Lowers the number of requests in flight so that they fit, with a warning. A third of the connections may be
    /// between two requests.
    pub(crate) fn apply(self, limits: &mut Limits) {
        let fits = u32::try_from((self.connections * 2 / 3).max(1)).unwrap_or(u32::MAX);
        if limits.concurrency.max() > fits {
            tracing::warn!(
                "this process may open only {} files, so concurrency is {fits} instead of {}; raise the limit (ulimit -n)",
                self.limit,
                limits.concurrency.max()
            );
        }
        limits.concurrency = limits.concurrency.at_most(fits);
    }
}

/// How many files are open already, in addition to docmill's own: those that the process inherited.
fn inherited_files() -> u64 {
    let open = std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count) as u64;
    open.saturating_sub(OWN_FILES)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::{BudgetScope, Concurrency};

    #[test]
    fn what_fits() {
        for (limit, workers, has_simulator, connections, in_flight) in [
            (65_536, 8, false, 448, 256),
            (1024, 8, false, 448, 256),
            (512, 8, true, 208, 138),
            (256, 2, false, 208, 138),
            (64, 2, false, 16, 10),
            (64, 16, false, 2, 1),
            (48, 2, false, 2, 1),
            (47, 2, false, 2, 1),
            (0, 1, true, 2, 1),
        ] {
            let files = OpenFiles::new(limit, workers, has_simulator);
            assert_eq!(files.check().is_ok(), limit >= 48, "{limit}");
            assert_eq!(files.max_connections(256), connections, "{limit}");
            let mut limits = Limits {
                requests_per_minute: None,
                tokens_per_minute: None,
                concurrency: Concurrency::Stated(256),
                parallel: 1,
                budget: None,
                budget_scope: BudgetScope::Day,
                budget_name: None,
                run_time: None,
            };
            files.apply(&mut limits);
            assert_eq!(limits.concurrency, Concurrency::Stated(in_flight), "{limit}");
        }
    }
}
