//! Attempts of other runs that take longer than their runs allow: their processes are stopped or hang. They
//! hold neither a page nor a budget indefinitely.

use super::waited_runs::{ANNOUNCE_AFTER, WaitedRuns, Waits};
use crate::base::ids::{AttemptId, RunId};
use crate::base::units::counted;
use crate::pipeline::control::context::RunContext;
use crate::store::{AskedElsewhere, StoreError};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::time::Duration;

/// How much longer than its timeout an attempt may be open: its process has to store the end of it.
const STORE_TIME: Duration = Duration::from_secs(10);

/// Shortest time between two looks at who holds a budget.
const LOOK_INTERVAL: Duration = Duration::from_secs(2);

/// How long an attempt with this timeout may be open. After that it is overdue.
pub(crate) fn allowed_time(timeout: Duration) -> Duration {
    timeout + STORE_TIME
}

/// Attempts of other runs that hold reservations of the budget. A budget keeps a multiple of what is reserved;
/// what is given up counts once, as spent.
#[derive(Default)]
pub(crate) struct BudgetHolders {
    /// When each was first seen, as the run's clock measures it.
    seen: RefCell<BTreeMap<AttemptId, Duration>>,
    /// When they were last looked at.
    looked: Cell<Option<Duration>>,
    /// How long it takes at most until all that are open have ended or are given up.
    longest: Cell<Duration>,
    waited: RefCell<WaitedRuns>,
}

impl BudgetHolders {
    /// Gives up the attempts that are overdue, and announces which runs the others belong to. Returns how long the
    /// reservations of those that are open may stay the same.
    ///
    /// # Errors
    /// When the store can't be read or written.
    pub(crate) async fn give_up_overdue(&self, run: &RunContext, scope: &str) -> Result<Duration, StoreError> {
        let (now, own) = (run.clock.now(), run.job.request.timeouts.attempt);
        if self.looked.get().is_some_and(|looked| now.saturating_sub(looked) < LOOK_INTERVAL) {
            return Ok(self.longest.get());
        }
        self.looked.set(Some(now));
        let open = run.store.reader()?.reserved_elsewhere(run.identity.keys.run, scope)?;
        let known = self.seen.take();
        let since = |held: &AskedElsewhere| known.get(&held.attempt).copied().unwrap_or(now);
        let allowed = |held: &AskedElsewhere| allowed_time(held.timeout.unwrap_or(own));
        self.seen.replace(open.iter().map(|held| (held.attempt, since(held))).collect());
        let longest = open.iter().map(allowed).fold(allowed_time(own), Duration::max);
        self.longest.set(longest + 2 * LOOK_INTERVAL);
        let waited = |held: &AskedElsewhere| now.saturating_sub(since(held));
        let mut waits = Waits::new();
        for held in open.iter().filter(|held| (ANNOUNCE_AFTER..=allowed(held)).contains(&waited(held))) {
            let (count, longest) = waits.entry(held.run.clone()).or_default();
            (*count, *longest) = (*count + 1, allowed(held).max(*longest));
        }
        self.waited.borrow_mut().announce(waits, |count, other| {
            format!("the part of the budget that is reserved for {} of run {other}", counted(count, "request"))
        });
        give_up(run, open.into_iter().filter(|held| waited(held) > allowed(held)).collect()).await?;
        Ok(self.longest.get())
    }
}

/// Marks attempts lost that take longer than their runs allow, so that their pages are free.
pub(crate) async fn give_up(run: &RunContext, overdue: Vec<AskedElsewhere>) -> Result<(), StoreError> {
    let mut by_run: BTreeMap<RunId, Vec<AttemptId>> = BTreeMap::new();
    for asked in overdue {
        by_run.entry(asked.run).or_default().push(asked.attempt);
    }
    for (other, mut attempts) in by_run {
        attempts.dedup();
        let requests = counted(attempts.len() as u64, "request");
        tracing::warn!(
            "run {other} has not ended {requests} in time: its process is stopped or hangs; their pages are asked again, and their maximum cost counts as spent"
        );
        run.store.give_up_attempts(attempts, run.clock.wall_ms()).await?;
    }
    Ok(())
}
