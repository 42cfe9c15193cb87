//! The other runs that this one waits for: each is announced once.

use crate::base::ids::RunId;
use crate::base::units::human_duration;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// After this time it is announced for which run this one waits.
pub(crate) const ANNOUNCE_AFTER: Duration = Duration::from_secs(5);

/// What is waited for, by run: how many, and for how long at most.
pub(crate) type Waits = BTreeMap<RunId, (u64, Duration)>;

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
