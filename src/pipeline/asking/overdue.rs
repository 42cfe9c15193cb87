//! Attempts of other runs that take longer than their runs allow: their processes are stopped or hang. They
//! hold neither a page nor a budget indefinitely.

use super::waited_runs::{ANNOUNCE_AFTER, BATCH_TIME, Heartbeats, WaitedRuns, Waits, allowed_time};
use crate::base::ids::{AttemptId, RunId};
use crate::base::units::counted;
use crate::pipeline::control::context::RunContext;
use crate::store::{AskedElsewhere, BatchHolder, Reader, StoreError};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Shortest time between two looks at who holds a budget.
const LOOK_INTERVAL: Duration = Duration::from_secs(2);

/// Attempts of other runs that hold reservations of the budget. A budget keeps a multiple of reservations; an attempt
/// that is given up counts once, as spent.
#[derive(Default)]
pub(crate) struct BudgetHolders {
    /// When each was first seen, as the run's clock measures it.
    seen: RefCell<BTreeMap<AttemptId, Duration>>,
    /// When they were last looked at.
    looked: Cell<Option<Duration>>,
    wait: Cell<BudgetWait>,
    waited: RefCell<WaitedRuns>,
    waited_batches: RefCell<WaitedRuns>,
    heartbeats: RefCell<Heartbeats>,
    /// Stalled runs with batches.
    stalled: RefCell<BTreeSet<RunId>>,
}

/// How long the reservations of those that hold a budget may stay the same.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct BudgetWait {
    /// Until all requests that are open have ended or are given up.
    pub(crate) requests: Duration,
    /// The same, and until the batches of active runs have ended.
    pub(crate) batches: Duration,
}

impl BudgetHolders {
    /// Stalled runs that hold a budget with batches.
    pub(crate) fn stalled_runs(&self) -> Vec<RunId> {
        self.stalled.borrow().iter().cloned().collect()
    }

    /// Gives up the attempts that are overdue, and announces which runs the others belong to. Returns how long the
    /// reservations of those that are open may stay the same.
    ///
    /// # Errors
    /// When the store can't be read or written.
    pub(crate) async fn give_up_overdue(
        &self,
        run: &RunContext,
        reader: &Reader,
        scope: &str,
    ) -> Result<BudgetWait, StoreError> {
        let (now, own) = (run.clock.now(), run.job.request.timeouts.attempt);
        if self.looked.get().is_some_and(|looked| now.saturating_sub(looked) < LOOK_INTERVAL) {
            return Ok(self.wait.get());
        }
        self.looked.set(Some(now));
        let open = reader.reserved_elsewhere(run.identity.keys.run, scope)?;
        let holders = reader.batch_holders(run.identity.keys.run, scope)?;
        let known = self.seen.take();
        let since = |asked: &AskedElsewhere| known.get(&asked.attempt).copied().unwrap_or(now);
        let allowed = |asked: &AskedElsewhere| allowed_time(asked.timeout.unwrap_or(own));
        self.seen.replace(open.iter().map(|asked| (asked.attempt, since(asked))).collect());
        let longest = open.iter().map(allowed).fold(allowed_time(own), Duration::max);
        let requests = longest + 2 * LOOK_INTERVAL;
        let batches = if self.watch_batches(holders, now, own) { BATCH_TIME } else { requests };
        self.wait.set(BudgetWait { requests, batches });
        let waited = |asked: &AskedElsewhere| now.saturating_sub(since(asked));
        let mut waits = Waits::new();
        for asked in open.iter().filter(|asked| (ANNOUNCE_AFTER..=allowed(asked)).contains(&waited(asked))) {
            let (count, longest) = waits.entry(asked.run.clone()).or_default();
            (*count, *longest) = (*count + 1, allowed(asked).max(*longest));
        }
        self.waited.borrow_mut().announce(waits, |count, other| {
            format!("the part of the budget that is reserved for {} of run {other}", counted(count, "request"))
        });
        give_up(run, open.into_iter().filter(|asked| waited(asked) > allowed(asked)).collect()).await?;
        Ok(self.wait.get())
    }

    /// Notes which runs with batches are active, and announces them. Returns whether there are any.
    fn watch_batches(&self, holders: Vec<BatchHolder>, now: Duration, own_timeout: Duration) -> bool {
        let (mut heartbeats, mut stalled) = (self.heartbeats.borrow_mut(), self.stalled.borrow_mut());
        let (mut waits, mut has_live) = (Waits::new(), false);
        stalled.clear();
        for BatchHolder { run, heartbeat_ms, timeout } in holders {
            if heartbeats.is_stalled(&run, heartbeat_ms, timeout.unwrap_or(own_timeout), now) {
                stalled.insert(run);
            } else {
                has_live = true;
                if heartbeats.watched(&run, now) > ANNOUNCE_AFTER {
                    waits.insert(run, (1, BATCH_TIME));
                }
            }
        }
        self.waited_batches
            .borrow_mut()
            .announce(waits, |_, other| format!("the part of the budget that is reserved for batches of run {other}"));
        has_live
    }
}

/// Marks attempts lost that take longer than their runs allow, so that their pages are free.
pub(crate) async fn give_up(run: &RunContext, overdue: Vec<AskedElsewhere>) -> Result<(), StoreError> {
    let mut by_run: BTreeMap<RunId, BTreeSet<AttemptId>> = BTreeMap::new();
    for asked in overdue {
        by_run.entry(asked.run).or_default().insert(asked.attempt);
    }
    for (other, attempts) in by_run {
        let requests = counted(attempts.len() as u64, "request");
        tracing::warn!(
            "run {other} has not ended {requests} in time: its process is stopped or hangs; their pages are asked again, and their maximum cost counts as spent"
        );
        run.store.give_up_attempts(attempts.into_iter().collect(), run.clock.wall_ms()).await?;
    }
    Ok(())
}
