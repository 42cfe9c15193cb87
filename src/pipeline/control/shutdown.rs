//! The end of a run. Anybody may request it; the first request decides the outcome.
//!
//! A signal or the deadline makes the end immediate. From then on the grace period runs, and at most
//! [`STOP_TIME`] after it the run is over: the steps of the end look at [`Shutdown::is_past`].

use super::lease::Lease;
use super::lost_requests::LostRequests;
use super::run_outcome::{RunOutcome, Signal};
use crate::base::clock::Clock;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::sync::watch;

/// The longest time between the end of the grace period and the end of a run that ends at once.
pub const STOP_TIME: Duration = Duration::from_secs(2);

/// A step of the end of a run that ends at once. Each has to be done some time after the grace period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopStep {
    /// Threads that read files have ended.
    ThreadsEnd,
    /// The outputs are written.
    OutputsWritten,
    /// The store is closed. Acknowledged data is durable even without this.
    StoreClosed,
    /// Everything: whoever waits for the run gives up.
    Everything,
}

impl StopStep {
    /// When the step has to be done, after the grace period.
    fn limit(self) -> Duration {
        match self {
            Self::ThreadsEnd => STOP_TIME * 2 / 5,
            Self::OutputsWritten => STOP_TIME * 4 / 5,
            Self::StoreClosed => STOP_TIME * 9 / 10,
            Self::Everything => STOP_TIME,
        }
    }
}

/// Requests the end of a run, and shows whether it was requested. Clones share one state.
#[derive(Clone)]
pub struct Shutdown {
    clock: Arc<dyn Clock>,
    outcome: Arc<watch::Sender<Option<RunOutcome>>>,
    /// A signal or the deadline came, first or later: nothing waits longer than the grace period.
    is_immediate: Arc<watch::Sender<bool>>,
    /// When it came, by the clock.
    immediate_at: Arc<OnceLock<Duration>>,
    /// In milliseconds.
    grace: Arc<AtomicU64>,
    /// Until when the run may send requests, if it is limited.
    lease: Arc<OnceLock<Lease>>,
}

impl Shutdown {
    /// No end is requested. The grace period is zero until it is set.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            outcome: Arc::new(watch::channel(None).0),
            is_immediate: Arc::new(watch::channel(false).0),
            immediate_at: Arc::default(),
            grace: Arc::default(),
            lease: Arc::default(),
        }
    }

    /// Sets how long an immediate end waits for requests in flight.
    pub fn set_grace(&self, grace: Duration) {
        self.grace.store(u64::try_from(grace.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// Ends the run when the lease is over.
    pub(crate) fn set_lease(&self, lease: Lease) {
        let _ = self.lease.set(lease);
    }

    /// Requests the end. Later requests do not change the outcome.
    pub fn request(&self, outcome: RunOutcome) {
        if matches!(outcome, RunOutcome::Interrupted(_) | RunOutcome::DeadlineReached) {
            self.immediate_at.get_or_init(|| self.clock.now());
            self.is_immediate.send_replace(true);
        }
        let cause = match outcome {
            RunOutcome::Interrupted(_) => None,
            _ => outcome.explanation(LostRequests::default()).map(|(what, _)| what),
        };
        let is_first = self.outcome.send_if_modified(|first| {
            let is_first = first.is_none();
            if is_first {
                *first = Some(outcome);
            }
            is_first
        });
        // The end itself may take a while, and a summary comes before the error.
        if let (Some(cause), true) = (cause, is_first) {
            tracing::warn!("stopping: {cause}");
        }
    }

    /// The outcome of the first request.
    #[must_use]
    pub fn outcome(&self) -> Option<RunOutcome> {
        self.outcome.borrow().clone()
    }

    /// Whether the end was requested. Looks at the lease as well: a process that was stopped for a while sends
    /// nothing before it is notified that its lease is over.
    #[must_use]
    pub fn is_requested(&self) -> bool {
        if self.lease.get().is_some_and(|lease| lease.time_left().is_zero()) {
            self.request(RunOutcome::Interrupted(Signal::Terminate));
        }
        self.outcome.borrow().is_some()
    }

    /// Whether a signal or the deadline requested it: then no more files are looked at either.
    #[must_use]
    pub fn is_immediate(&self) -> bool {
        *self.is_immediate.borrow()
    }

    /// Whether the end is immediate, and the time for this step is over.
    #[must_use]
    pub fn is_past(&self, step: StopStep) -> bool {
        let limit = self.grace().saturating_add(step.limit());
        self.immediate_at.get().is_some_and(|at| self.clock.now().saturating_sub(*at) >= limit)
    }

    /// Completes when a signal or the deadline requests the end.
    pub async fn immediate(&self) {
        let mut is_immediate = self.is_immediate.subscribe();
        // The sender lives as long as this handle.
        let _ = is_immediate.wait_for(|is_immediate| *is_immediate).await;
    }

    /// Completes when the end is immediate and the grace period is over.
    pub(crate) async fn grace_over(&self) {
        self.immediate().await;
        self.clock.sleep(self.grace()).await;
    }

    fn grace(&self) -> Duration {
        Duration::from_millis(self.grace.load(Ordering::Relaxed))
    }

    /// Completes when the end is requested.
    pub async fn requested(&self) {
        let mut outcome = self.outcome.subscribe();
        // The sender lives as long as this handle.
        let _ = outcome.wait_for(Option::is_some).await;
    }
}

impl fmt::Debug for Shutdown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shutdown")
            .field("outcome", &*self.outcome.borrow())
            .field("immediate_at", &self.immediate_at.get())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock::ManualClock;

    #[test]
    fn the_first_request_decides_and_a_later_signal_only_makes_it_immediate() {
        let shutdown = Shutdown::new(Arc::new(ManualClock::default()));
        assert!(!shutdown.is_requested() && !shutdown.is_immediate());
        shutdown.request(RunOutcome::StorageError("the disk is full".into()));
        assert!(shutdown.is_requested() && !shutdown.is_immediate());
        shutdown.clone().request(RunOutcome::Interrupted(Signal::Terminate));
        assert!(shutdown.is_immediate());
        assert_eq!(shutdown.outcome(), Some(RunOutcome::StorageError("the disk is full".into())));
    }

    #[test]
    fn the_end_of_a_lease_is_the_end_of_the_run() {
        let clock = Arc::new(ManualClock::default());
        let shutdown = Shutdown::new(clock.clone());
        let seconds = Duration::from_secs;
        let lease = Lease::new(clock.clone(), seconds(30));
        shutdown.set_lease(lease.clone());
        for (until, at, is_over) in [(30, 29, false), (55, 54, false), (40, 54, false), (55, 55, true), (90, 56, true)]
        {
            clock.advance(seconds(at).saturating_sub(clock.now()));
            if !is_over {
                lease.extend(seconds(until));
            }
            assert_eq!((shutdown.is_requested(), shutdown.is_immediate()), (is_over, is_over), "{at}");
        }
        assert_eq!(shutdown.outcome(), Some(RunOutcome::Interrupted(Signal::Terminate)));
    }

    #[test]
    fn the_steps_of_an_end_come_after_the_grace_period_in_their_order() {
        use StopStep::{Everything, OutputsWritten, ThreadsEnd};
        let clock = Arc::new(ManualClock::default());
        let shutdown = Shutdown::new(clock.clone());
        shutdown.set_grace(Duration::from_secs(8));
        let past = |shutdown: &Shutdown| [ThreadsEnd, OutputsWritten, Everything].map(|step| shutdown.is_past(step));
        clock.advance(Duration::from_secs(60));
        shutdown.request(RunOutcome::StorageError("the disk is full".into()));
        clock.advance(Duration::from_secs(60));
        assert_eq!(past(&shutdown), [false; 3], "an end that is not immediate takes its time");
        shutdown.request(RunOutcome::DeadlineReached);
        for (after_ms, expected) in [
            (8_000, [false; 3]),
            (800, [true, false, false]),
            (799, [true, false, false]),
            (1, [true, true, false]),
            (399, [true, true, false]),
            (1, [true; 3]),
        ] {
            clock.advance(Duration::from_millis(after_ms));
            // A second signal does not prolong it.
            shutdown.request(RunOutcome::Interrupted(Signal::Terminate));
            assert_eq!(past(&shutdown), expected, "{after_ms}");
        }
    }
}
