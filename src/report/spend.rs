//! Attempts, added up exactly: integers only, a shared request's cost in equal parts to
//! its tasks, the remainder to the first.

use crate::money::Pico;
use crate::store::{AttemptRecord, AttemptState, TaskKey, Tokens};
use std::collections::BTreeMap;

/// How many of the slowest and the dearest are kept.
const KEPT: usize = 5;

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
    pub tokens: Tokens,
    /// Money of settled attempts.
    pub total: Pico,
    /// Of this, attempts without a reply.
    pub failed_cost: Pico,
    /// Of this, tokens that were estimated.
    pub estimated_cost: Pico,
    /// What lost attempts may have cost at most.
    pub lost_cost: Pico,
    /// Settled attempts that cost tokens at an unknown price.
    pub unpriced: u64,
    /// Replies without usage.
    pub usage_missing: u64,
    /// By task.
    pub by_task: BTreeMap<String, TaskSpend>,
    /// By model.
    pub by_model: BTreeMap<String, TaskSpend>,
    /// The slowest attempts.
    pub slowest: Vec<Line>,
    /// The dearest pages.
    pub dearest: Vec<Line>,
}

/// Part of the spend.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TaskSpend {
    /// Attempts that asked it.
    pub attempts: u64,
    /// Its part of the money.
    pub cost: Pico,
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
    /// Adds an attempt of a run with these tasks.
    pub fn add(&mut self, attempt: &AttemptRecord, tasks: &[TaskKey]) {
        self.sent += 1;
        self.requests += u64::from(attempt.is_first);
        match attempt.state {
            AttemptState::Open => {}
            AttemptState::Lost => {
                self.lost += 1;
                self.lost_cost += attempt.cost.unwrap_or_default();
            }
            AttemptState::Settled => self.settled(attempt, tasks),
        }
    }

    fn settled(&mut self, attempt: &AttemptRecord, tasks: &[TaskKey]) {
        let is_done = attempt.verdict.as_deref() == Some("done");
        match (is_done, attempt.http_status) {
            (true, _) => self.succeeded += 1,
            (false, Some(429)) => self.rate_limited += 1,
            (false, _) => self.failed += 1,
        }
        self.tokens.input += attempt.tokens.input;
        self.tokens.cached_input += attempt.tokens.cached_input;
        self.tokens.output += attempt.tokens.output;
        self.unpriced += u64::from(attempt.cost.is_none());
        self.usage_missing += u64::from(is_done && attempt.is_estimated);
        let cost = attempt.cost.unwrap_or_default();
        self.total += cost;
        if !is_done {
            self.failed_cost += cost;
        }
        if attempt.is_estimated {
            self.estimated_cost += cost;
        }
        for (recipe, part) in attempt.recipes.iter().zip(cost.split(attempt.recipes.len())) {
            let task = tasks.iter().find(|task| task.recipe_id == *recipe).map_or("", |task| task.task.as_str());
            let line = self.by_task.entry(task.to_owned()).or_default();
            line.attempts += 1;
            line.cost += part;
        }
        let model = self.by_model.entry(attempt.model.clone()).or_default();
        model.attempts += 1;
        model.cost += cost;
        self.remember(attempt, cost);
    }

    fn remember(&mut self, attempt: &AttemptRecord, cost: Pico) {
        let Some(path) = &attempt.path else { return };
        let line = Line { path: path.clone(), latency_ms: attempt.latency_ms, cost };
        keep(&mut self.slowest, line.clone(), |line| i64::try_from(line.latency_ms).unwrap_or(i64::MAX));
        keep(&mut self.dearest, line, |line| line.cost.0);
    }

    /// Money of settled attempts; `None` when some price was unknown.
    #[must_use]
    pub fn total_known(&self) -> Option<Pico> {
        (self.unpriced == 0).then_some(self.total)
    }
}

/// Keeps the greatest few, the first seen first among equals.
fn keep(lines: &mut Vec<Line>, line: Line, by: impl Fn(&Line) -> i64) {
    let at = lines.iter().position(|known| by(known) < by(&line)).unwrap_or(lines.len());
    lines.insert(at, line);
    lines.truncate(KEPT);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn attempt(id: i64, cost: Option<i64>, recipes: Vec<i64>) -> AttemptRecord {
        AttemptRecord {
            id,
            is_first: true,
            state: AttemptState::Settled,
            recipes,
            model: "m".into(),
            verdict: Some("done".into()),
            http_status: Some(200),
            tokens: Tokens { input: 10, cached_input: 0, output: 1 },
            is_estimated: false,
            cost: cost.map(Pico),
            latency_ms: 5,
            path: None,
        }
    }

    #[test]
    fn an_unknown_price_makes_the_total_unknown_not_zero() {
        let mut spend = Spend::default();
        spend.add(&attempt(1, Some(7), vec![1]), &[]);
        assert_eq!(spend.total_known(), Some(Pico(7)));
        spend.add(&attempt(2, None, vec![1]), &[]);
        assert_eq!(spend.total_known(), None);
    }

    proptest! {
        #[test]
        fn tasks_and_models_sum_to_the_total(costs in prop::collection::vec((0_i64..1_000_000_007, 1_usize..4), 0..50)) {
            let tasks: Vec<TaskKey> = (1..4).map(|id| TaskKey { task: format!("t{id}"), recipe_id: id }).collect();
            let mut spend = Spend::default();
            for (id, (cost, parts)) in costs.iter().enumerate() {
                spend.add(&attempt(id as i64, Some(*cost), (1..=*parts as i64).collect()), &tasks);
            }
            let total: i64 = costs.iter().map(|(cost, _)| cost).sum();
            prop_assert_eq!(spend.total, Pico(total));
            prop_assert_eq!(spend.by_task.values().map(|line| line.cost).sum::<Pico>(), Pico(total));
            prop_assert_eq!(spend.by_model.values().map(|line| line.cost).sum::<Pico>(), Pico(total));
        }
    }
}
