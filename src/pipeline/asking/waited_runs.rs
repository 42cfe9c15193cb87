//! The other runs that this one waits for: each is announced once, and whether they are active.

use crate::base::ids::RunId;
use crate::base::units::human_duration;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// After this time it is announced for which run this one waits.
pub(crate) const ANNOUNCE_AFTER: Duration = Duration::from_secs(5);

/// How long batches of other runs are waited for: a provider ends a batch within a day.
pub(crate) const BATCH_TIME: Duration = Duration::from_secs(25 * 3600);

/// How much longer than its timeout an attempt may be open: its process has to store the end of it.
const STORE_TIME: Duration = Duration::from_secs(10);

/// How long an attempt with this timeout may be open. After that it is overdue.
pub(crate) fn allowed_time(timeout: Duration) -> Duration {
    timeout + STORE_TIME
}

/// What this run waits for, by run: how many, and for how long at most.
pub(crate) type Waits = BTreeMap<RunId, (u64, Duration)>;

/// The heartbeats of other runs. The wall clocks of their processes may show anything: what counts is that they change,
/// as the clock of this run measures it.
#[derive(Debug, Default)]
pub(crate) struct Heartbeats(BTreeMap<RunId, Heartbeat>);

/// The heartbeat of another run.
#[derive(Clone, Copy, Debug)]
struct Heartbeat {
    value_ms: i64,
    /// When the run was first seen, and when the heartbeat was last seen to change.
    first: Duration,
    changed: Duration,
}

impl Heartbeats {
    /// Whether a run has stalled: its heartbeat has been the same for longer than an attempt with its `timeout` may be open.
    /// `now`: when the heartbeat was read.
    pub(crate) fn is_stalled(&mut self, run: &RunId, heartbeat_ms: i64, timeout: Duration, now: Duration) -> bool {
        self.silence(run, heartbeat_ms, now) > allowed_time(timeout)
    }

    /// How long the heartbeat of a run has been the same, since it was first seen.
    fn silence(&mut self, run: &RunId, heartbeat_ms: i64, now: Duration) -> Duration {
        let new = Heartbeat { value_ms: heartbeat_ms, first: now, changed: now };
        let known = self.0.entry(run.clone()).or_insert(new);
        if known.value_ms != heartbeat_ms {
            *known = Heartbeat { first: known.first, ..new };
        }
        now.saturating_sub(known.changed)
    }

    /// How long a run has been watched.
    pub(crate) fn watched(&self, run: &RunId, now: Duration) -> Duration {
        self.0.get(run).map_or(Duration::ZERO, |known| now.saturating_sub(known.first))
    }
}

/// The runs that were announced.
#[derive(Debug, Default)]
pub(crate) struct WaitedRuns(BTreeSet<RunId>);

impl WaitedRuns {
    /// Announces the runs that were not. `what`: the words for this number of things that a run holds.
    pub(crate) fn announce(&mut self, waits: Waits, what: impl Fn(u64, &RunId) -> String) {
        for (other, (count, longest)) in waits {
            if !self.0.contains(&other) {
                tracing::warn!("waiting for {}, at most {}", what(count, &other), human_duration(longest));
                self.0.insert(other);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heartbeat_that_changes_shows_that_a_run_goes_on_whatever_its_clock_shows() {
        let mut heartbeats = Heartbeats::default();
        let (run, seconds) = (RunId::new("a"), Duration::from_secs);
        for (at, heartbeat_ms, silence) in
            [(100, 5000, 0), (103, 5000, 3), (105, 10_000, 0), (110, 10_000, 5), (111, 2000, 0), (180, 2000, 69)]
        {
            assert_eq!(heartbeats.silence(&run, heartbeat_ms, seconds(at)), seconds(silence), "{at}");
        }
        assert_eq!(heartbeats.silence(&RunId::new("b"), 2000, seconds(180)), Duration::ZERO);
        let mut is_stalled = |at| heartbeats.is_stalled(&run, 2000, seconds(60), seconds(at));
        assert_eq!([181, 182].map(&mut is_stalled), [false, true], "after the timeout and the time to store the end");
        assert_eq!(
            [&run, &RunId::new("b")].map(|run| heartbeats.watched(run, seconds(190))),
            [seconds(90), seconds(10)]
        );
    }
}
