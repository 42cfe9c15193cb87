//! The runs of a store of merged shards that together are one run of the whole input.

use crate::base::shard::Shard;
use crate::base::vocabulary::RunOutcomeName;
use crate::store::RunRecord;
use std::cmp::Reverse;

/// Of each of `shards` shards, the newest run, and those just before it that did not finish, which it continued;
/// newest first. With one shard those of the whole input.
#[must_use]
pub fn merged_runs(runs: &[RunRecord], shards: u32) -> Vec<RunRecord> {
    let mut merged = Vec::new();
    for shard in Shard::all(shards) {
        let of_shard = newest_first(runs, shard);
        let earlier = of_shard.iter().skip(1).take_while(|run| !is_finished(run));
        merged.extend(of_shard.first().into_iter().chain(earlier).map(|run| RunRecord::clone(run)));
    }
    merged.sort_by_key(|run| Reverse((run.started_ms, run.run_id.clone())));
    merged
}

/// The newest run of each shard, if it stopped early.
pub(crate) fn stopped_runs(runs: &[RunRecord], shards: u32) -> Vec<&RunRecord> {
    let newest = |shard| newest_first(runs, shard).first().copied();
    Shard::all(shards).filter_map(newest).filter(|run| !is_finished(run)).collect()
}

/// The number of shards whose runs a store has, if it has those of several: then it was made by a merge.
#[must_use]
pub fn shards_of_runs(runs: &[RunRecord]) -> Option<u32> {
    let newest = runs.iter().filter(|run| !run.is_try).max_by_key(|run| (run.started_ms, run.run_id.clone()))?;
    let count = newest.shard?.count();
    runs.iter()
        .any(|run| run.shard.is_some_and(|shard| shard.count() == count && Some(shard) != newest.shard))
        .then_some(count)
}

/// The runs of a shard. The only shard of one is the whole input.
fn newest_first(runs: &[RunRecord], shard: Shard) -> Vec<&RunRecord> {
    let is_of_shard = |run: &RunRecord| run.shard.map_or(shard.count() == 1, |own| own == shard);
    let mut of_shard: Vec<&RunRecord> = runs.iter().filter(|run| is_of_shard(run) && !run.is_try).collect();
    of_shard.sort_by_key(|run| Reverse((run.started_ms, run.run_id.clone())));
    of_shard
}

/// Whether a run came to its end.
fn is_finished(run: &RunRecord) -> bool {
    use RunOutcomeName::{Complete, FailedPages, Limited, NoPages};
    matches!(run.outcome, Some((Complete | FailedPages | Limited | NoPages, _)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::ids::{JobId, RunId, RunKey};

    /// A run of a shard of two: its number as a time, and its outcome.
    fn run(at: i64, shard: Option<u32>, outcome: RunOutcomeName) -> RunRecord {
        RunRecord {
            run: RunKey(100 - at),
            run_id: RunId::new(format!("r{at}")),
            job: JobId(1),
            job_name: "test".into(),
            model: "m".into(),
            started_ms: at,
            ended_ms: Some(at),
            heartbeat_ms: at,
            outcome: Some((outcome, 0)),
            tasks: Vec::new(),
            settings: None,
            is_try: outcome == RunOutcomeName::Try,
            shard: shard.and_then(|shard| Shard::new(shard, 2)),
        }
    }

    #[test]
    fn a_shard_counts_back_to_its_last_run_that_finished() {
        use RunOutcomeName::{BudgetReached, Complete, Died, Try};
        let runs = [
            run(1, Some(0), Complete),
            run(2, Some(1), Complete),
            run(3, Some(0), Died),
            run(4, Some(1), Complete),
            run(5, Some(0), BudgetReached),
            run(6, Some(0), Complete),
            run(7, Some(1), Try),
            run(8, None, Died),
        ];
        let merged =
            |runs: &[RunRecord], shards| merged_runs(runs, shards).iter().map(|run| run.started_ms).collect::<Vec<_>>();
        assert_eq!(merged(&runs, 2), [6, 5, 4, 3]);
        assert_eq!(merged(&runs, 1), [8]);
        assert_eq!(merged(&runs[..5], 2), [5, 4, 3]);
        let stopped = |runs: &[RunRecord]| stopped_runs(runs, 2).iter().map(|run| run.started_ms).collect::<Vec<_>>();
        assert_eq!((stopped(&runs), stopped(&runs[..5])), (vec![], vec![5]));
        assert_eq!((shards_of_runs(&runs), shards_of_runs(&runs[..7])), (None, Some(2)));
        assert_eq!(shards_of_runs(&runs[..1]), None, "the store of one shard");
    }
}
