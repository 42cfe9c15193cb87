//! Attempts, added up exactly: integers only, a shared request's cost in equal parts to
//! its tasks, the remainder to the first.

use super::part::{Histogram, Part};
use crate::base::money::Pico;
use crate::base::units::utc_day;
use crate::base::usage::Usage;
use crate::store::{AttemptPurpose, AttemptRecord, AttemptState, RunRecord, VerdictName};
use std::collections::BTreeMap;

/// How many of the slowest are kept.
const KEPT: usize = 5;
/// The finest step of latencies, in milliseconds.
const FINEST_MS: u64 = 100;

/// What attempts cost, added up.
#[derive(Clone, Debug, Default)]
pub struct Spend {
    /// Requests that at least one attempt was made for.
    pub requests: u64,
    /// Attempts of any state.
    pub sent: u64,
    /// Attempts that brought a reply.
    pub succeeded: u64,
    /// Attempts that ended without one, 429s apart.
    pub failed: u64,
    /// Attempts that were answered 429.
    pub rate_limited: u64,
    /// Attempts whose run died.
    pub lost: u64,
    /// Tokens of settled attempts.
    pub tokens: Usage,
    /// Money of settled attempts.
    pub total: Pico,
    /// Of this, attempts without a reply.
    pub failed_cost: Pico,
    /// Of this, replies that were not valid, as far as they were no repair.
    pub invalid_cost: Pico,
    /// Of this, asking again because a reply was not valid or was cut.
    pub repaired_cost: Pico,
    /// Of this, tokens that were estimated.
    pub estimated_cost: Pico,
    /// What lost attempts may have cost at most.
    pub lost_cost: Pico,
    /// What the provider's cache saved.
    pub saved_by_cache: Pico,
    /// What sending fewer pixels than the model can use saved.
    pub saved_by_size: Pico,
    /// What the attempts with a reply were expected to cost.
    pub expected: Pico,
    /// What those cost.
    pub expected_actual: Pico,
    /// Settled attempts that cost tokens at an unknown price.
    pub unpriced: u64,
    /// Replies without usage.
    pub usage_missing: u64,
    /// By task.
    pub by_task: BTreeMap<String, Part>,
    /// By model.
    pub by_model: BTreeMap<String, Part>,
    /// By UTC day on which the attempt was made.
    pub by_day: BTreeMap<String, Part>,
    /// By run.
    pub by_run: BTreeMap<String, Part>,
    /// Attempts by what went wrong with them.
    pub by_fault: BTreeMap<String, u64>,
    /// How long replies took, in milliseconds.
    pub latencies: Histogram,
    /// The slowest attempts.
    pub slowest: Vec<Line>,
}

/// A page worth looking at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The page's path.
    pub path: Vec<u8>,
    /// Milliseconds of its slowest attempt.
    pub latency_ms: u64,
    /// What the attempt cost.
    pub cost: Pico,
}

impl Spend {
    /// Adds an attempt of a run.
    pub fn add(&mut self, attempt: &AttemptRecord, run: &RunRecord) {
        self.sent += 1;
        self.requests += u64::from(attempt.is_first);
        match attempt.state {
            AttemptState::Open | AttemptState::Withdrawn => {}
            AttemptState::Lost => {
                self.lost += 1;
                self.lost_cost += attempt.cost.unwrap_or_default();
            }
            AttemptState::Settled => self.settled(attempt, run),
        }
    }

    fn settled(&mut self, attempt: &AttemptRecord, run: &RunRecord) {
        let is_done = attempt.verdict == Some(VerdictName::Done);
        match (is_done, attempt.http_status) {
            (true, _) => self.succeeded += 1,
            (false, Some(429)) => self.rate_limited += 1,
            (false, _) => self.failed += 1,
        }
        let cost = attempt.cost.unwrap_or_default();
        self.tokens.input += attempt.tokens.input;
        self.tokens.cached_input += attempt.tokens.cached_input;
        self.tokens.cache_write += attempt.tokens.cache_write;
        self.tokens.output += attempt.tokens.output;
        self.unpriced += u64::from(attempt.cost.is_none());
        self.usage_missing += u64::from(is_done && attempt.is_estimated);
        self.total += cost;
        self.saved_by_cache += attempt.saved_by_cache;
        self.saved_by_size += attempt.saved_by_size;
        if let Some(kind) = attempt.error_kind {
            *self.by_fault.entry(kind.name().to_owned()).or_default() += 1;
        }
        // Each attempt is wasted in one way at most.
        match (is_done, attempt.purpose, attempt.error_kind) {
            (false, ..) => self.failed_cost += cost,
            (_, AttemptPurpose::Repair | AttemptPurpose::Lengthen, _) => self.repaired_cost += cost,
            (.., Some(_)) => self.invalid_cost += cost,
            _ => {}
        }
        if attempt.is_estimated {
            self.estimated_cost += cost;
        }
        if is_done {
            if let Some(latency_ms) = attempt.latency_ms {
                self.latencies.add(latency_ms, FINEST_MS);
            }
            if let Some(expected) = attempt.expected {
                self.expected += expected;
                self.expected_actual += cost;
            }
        }
        for (recipe, part) in attempt.recipes.iter().zip(cost.split(attempt.recipes.len())) {
            let task = run.tasks.iter().find(|task| task.recipe_id == *recipe).map_or("", |task| task.task.as_str());
            self.by_task.entry(task.to_owned()).or_default().add(attempt.tokens, part);
        }
        self.by_model.entry(attempt.model.clone()).or_default().add(attempt.tokens, cost);
        self.by_day.entry(utc_day(attempt.opened_ms)).or_default().add(attempt.tokens, cost);
        self.by_run.entry(run.run_id.to_string()).or_default().add(attempt.tokens, cost);
        self.remember(attempt, cost);
    }

    fn remember(&mut self, attempt: &AttemptRecord, cost: Pico) {
        let (Some(path), Some(latency_ms)) = (&attempt.path, attempt.latency_ms) else { return };
        let line = Line { path: path.clone(), latency_ms, cost };
        keep(&mut self.slowest, line, KEPT, |line| i64::try_from(line.latency_ms).unwrap_or(i64::MAX));
    }

    /// Money of settled attempts; `None` when some price was unknown.
    #[must_use]
    pub fn total_known(&self) -> Option<Pico> {
        (self.unpriced == 0).then_some(self.total)
    }
}

/// Keeps the greatest few, the first seen first among equals.
pub(crate) fn keep<T>(kept: &mut Vec<T>, one: T, most: usize, by: impl Fn(&T) -> i64) {
    let at = kept.iter().position(|known| by(known) < by(&one)).unwrap_or(kept.len());
    kept.insert(at, one);
    kept.truncate(most);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{AttemptId, ErrorKind, JobId, RecipeId, RunId, RunKey, TaskKey};
    use proptest::prelude::*;

    fn attempt(id: i64, cost: Option<i64>, recipes: Vec<i64>) -> AttemptRecord {
        AttemptRecord {
            id: AttemptId(id),
            is_first: true,
            state: AttemptState::Settled,
            purpose: AttemptPurpose::Ask,
            opened_ms: id * 40_000_000,
            recipes: recipes.into_iter().map(RecipeId).collect(),
            model: "m".into(),
            verdict: Some(VerdictName::Done),
            http_status: Some(200),
            tokens: Usage { input: 10, output: 1, ..Usage::default() },
            is_estimated: false,
            cost: cost.map(Pico),
            expected: None,
            saved_by_cache: Pico::ZERO,
            saved_by_size: Pico::ZERO,
            error_kind: None,
            latency_ms: Some(5),
            path: None,
        }
    }

    fn run(tasks: i64) -> RunRecord {
        RunRecord {
            run: RunKey(1),
            run_id: RunId::new("r"),
            job: JobId(1),
            job_name: "j".into(),
            model: "m".into(),
            started_ms: 0,
            ended_ms: None,
            outcome: None,
            tasks: (1..=tasks).map(|id| TaskKey { task: format!("t{id}"), recipe_id: RecipeId(id) }).collect(),
        }
    }

    #[test]
    fn an_unknown_price_makes_the_total_unknown_not_zero() {
        let mut spend = Spend::default();
        spend.add(&attempt(1, Some(7), vec![1]), &run(0));
        assert_eq!(spend.total_known(), Some(Pico(7)));
        spend.add(&attempt(2, None, vec![1]), &run(0));
        assert_eq!(spend.total_known(), None);
    }

    #[test]
    fn what_was_wasted_is_wasted_in_one_way() {
        let mut spend = Spend::default();
        let fault = || Some(ErrorKind::WrongLabel);
        for (purpose, verdict, error_kind) in [
            (AttemptPurpose::Ask, VerdictName::Done, None),
            (AttemptPurpose::Ask, VerdictName::Done, fault()),
            (AttemptPurpose::Repair, VerdictName::Done, fault()),
            (AttemptPurpose::Lengthen, VerdictName::Done, None),
            (AttemptPurpose::Repair, VerdictName::Retry, fault()),
        ] {
            let one = AttemptRecord { purpose, error_kind, ..attempt(1, Some(1), vec![1]) };
            spend.add(&AttemptRecord { verdict: Some(verdict), ..one }, &run(1));
        }
        assert_eq!((spend.failed_cost, spend.invalid_cost, spend.repaired_cost), (Pico(1), Pico(1), Pico(2)));
    }

    proptest! {
        #[test]
        fn every_way_to_divide_sums_to_the_total(costs in prop::collection::vec((0_i64..1_000_000_007, 1_usize..4), 0..50)) {
            let mut spend = Spend::default();
            for (id, (cost, parts)) in costs.iter().enumerate() {
                spend.add(&attempt(id as i64, Some(*cost), (1..=*parts as i64).collect()), &run(3));
            }
            let total = Pico(costs.iter().map(|(cost, _)| cost).sum());
            prop_assert_eq!(spend.total, total);
            for parts in [&spend.by_task, &spend.by_model, &spend.by_day, &spend.by_run] {
                prop_assert_eq!(parts.values().map(|part| part.cost).sum::<Pico>(), total);
            }
        }
    }
}
