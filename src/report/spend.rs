//! The spend of attempts, added up exactly: integers only. The cost of a shared request is
//! split evenly among its tasks; the first task gets the remainder.

use super::histogram::Histogram;
use super::part::Part;
use super::provider_bill::ProviderBill;
use super::top::insert_top;
use crate::base::money::Pico;
use crate::base::units::utc_day;
use crate::base::usage::Usage;
use crate::base::vocabulary::{AttemptPurpose, AttemptState, VerdictName};
use crate::store::{AttemptRecord, RunRecord};
use std::collections::BTreeMap;

/// Maximum number of slowest attempts in a report.
const MAX_SLOWEST: usize = 5;
/// Lowest bound of the latency histogram, in milliseconds.
const MIN_LATENCY_BOUND_MS: u64 = 100;

/// The name of a task with an unknown name: its question named columns of a line that is no longer in the list.
/// No task has such a name.
const UNKNOWN_TASK: &str = "(unknown)";

/// The spend of attempts.
#[derive(Clone, Debug, Default)]
pub struct Spend {
    /// Requests with at least one attempt.
    pub requests: u64,
    /// Pages that were asked, each counted once: over one run, the number of requests.
    pub pages: u64,
    /// Attempts of any state.
    pub sent: u64,
    /// Attempts that returned a reply.
    pub succeeded: u64,
    /// Attempts that ended without a reply, except those that hit a rate limit.
    pub failed: u64,
    /// Attempts that hit a rate limit: HTTP status 429, unless it ended the run or failed the page, as where the
    /// account has no credit.
    pub rate_limited: u64,
    /// Attempts of runs that died.
    pub lost: u64,
    /// Tokens of settled attempts.
    pub tokens: Usage,
    /// Cost of settled attempts.
    pub total: Pico,
    /// The part of `total` for attempts without a reply.
    pub failed_cost: Pico,
    /// The part of `total` for first replies that were invalid.
    pub invalid_cost: Pico,
    /// The part of `total` for repeating requests whose reply was invalid or cut off.
    pub repaired_cost: Pico,
    /// The part of `total` whose tokens are estimates.
    pub estimated_cost: Pico,
    /// Maximum cost of lost attempts. Not part of `total`.
    pub lost_cost: Pico,
    /// Amount saved by the provider's cache.
    pub saved_by_cache: Pico,
    /// Amount saved by sending fewer pixels than the model can use.
    pub saved_by_size: Pico,
    /// Expected cost of the attempts that returned a reply.
    pub expected: Pico,
    /// Actual cost of the same attempts.
    pub expected_actual: Pico,
    /// What providers report to have charged. `total` is the cost by the price.
    pub provider_bill: ProviderBill,
    /// Settled attempts whose cost is unknown.
    pub unpriced: u64,
    /// Replies without usage.
    pub usage_missing: u64,
    /// Parts by task.
    pub by_task: BTreeMap<String, Part>,
    /// Parts by model.
    pub by_model: BTreeMap<String, Part>,
    /// Parts by the model and the provider that served attempts, by the replies' own account.
    pub by_served: BTreeMap<ServedName, Part>,
    /// Parts by UTC day on which the attempt was opened.
    pub by_day: BTreeMap<String, Part>,
    /// Parts by run.
    pub by_run: BTreeMap<String, Part>,
    /// Number of attempts by the name of their error kind.
    pub by_fault: BTreeMap<&'static str, u64>,
    /// Latencies of replies, in milliseconds.
    pub latencies: Histogram,
    /// The slowest attempts.
    pub slowest: Vec<SlowAttempt>,
}

/// Who served an attempt.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct ServedName {
    /// The full name of the model, often with its date. Empty: the reply does not name it.
    pub model: String,
    /// The provider that a router chose. Empty: the reply does not name it.
    pub provider: String,
}

impl ServedName {
    fn of_attempt(attempt: &AttemptRecord) -> Option<Self> {
        let served = &attempt.served;
        let name = |name: &Option<String>| name.clone().unwrap_or_default();
        let is_known = served.model.is_some() || served.provider.is_some();
        is_known.then(|| Self { model: name(&served.model), provider: name(&served.provider) })
    }
}

/// An attempt that took long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlowAttempt {
    /// Path of the page.
    pub path: Vec<u8>,
    /// Latency in milliseconds.
    pub latency_ms: u64,
    /// Cost.
    pub cost: Pico,
}

impl Spend {
    /// Adds an attempt of a run.
    pub fn add(&mut self, attempt: &AttemptRecord, run: &RunRecord) {
        self.sent += 1;
        self.requests += u64::from(attempt.is_first);
        self.pages += u64::from(attempt.is_first);
        match attempt.state {
            AttemptState::Open | AttemptState::Withdrawn => {}
            AttemptState::Lost => {
                self.lost += 1;
                self.lost_cost += attempt.cost.unwrap_or_default();
            }
            AttemptState::Settled => self.add_settled(attempt, run),
        }
    }

    fn add_settled(&mut self, attempt: &AttemptRecord, run: &RunRecord) {
        let is_done = attempt.verdict == Some(VerdictName::Done);
        match (is_done, attempt.http_status) {
            (true, _) => self.succeeded += 1,
            (false, Some(429)) if attempt.verdict == Some(VerdictName::Later) => self.rate_limited += 1,
            (false, _) => self.failed += 1,
        }
        let cost = attempt.cost.unwrap_or_default();
        self.tokens += attempt.tokens;
        self.unpriced += u64::from(attempt.cost.is_none());
        self.usage_missing += u64::from(is_done && attempt.is_estimated);
        self.total += cost;
        self.saved_by_cache += attempt.saved_by_cache;
        self.saved_by_size += attempt.saved_by_size;
        if let Some(kind) = attempt.error_kind {
            *self.by_fault.entry(kind.name()).or_default() += 1;
        }
        // An attempt counts as wasted in at most one way.
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
                self.latencies.add(latency_ms, MIN_LATENCY_BOUND_MS);
            }
            if let Some(expected) = attempt.expected {
                self.expected += expected;
                self.expected_actual += cost;
            }
        }
        for (recipe, part) in attempt.recipes.iter().zip(cost.split(attempt.recipes.len())) {
            let rendered = || attempt.rendered.iter().find(|(known, _)| known == recipe).map(|(_, at)| *at);
            let at = run.tasks.iter().position(|task| task.recipe_id == *recipe).or_else(rendered);
            let task = at.and_then(|at| run.tasks.get(at)).map_or(UNKNOWN_TASK, |task| task.task.as_str());
            self.by_task.entry(task.to_owned()).or_default().add(attempt.tokens, part);
        }
        self.by_model.entry(attempt.model.clone()).or_default().add(attempt.tokens, cost);
        self.provider_bill.add(attempt.reported_cost, attempt.cost, attempt.is_priced);
        if let Some(name) = ServedName::of_attempt(attempt) {
            self.by_served.entry(name).or_default().add(attempt.tokens, cost);
        }
        self.by_day.entry(utc_day(attempt.opened_ms)).or_default().add(attempt.tokens, cost);
        self.by_run.entry(run.run_id.to_string()).or_default().add(attempt.tokens, cost);
        self.add_slowest(attempt, cost);
    }

    fn add_slowest(&mut self, attempt: &AttemptRecord, cost: Pico) {
        let (Some(path), Some(latency_ms)) = (&attempt.path, attempt.latency_ms) else { return };
        let slow = SlowAttempt { path: path.clone(), latency_ms, cost };
        let latency = |slow: &SlowAttempt| i64::try_from(slow.latency_ms).unwrap_or(i64::MAX);
        insert_top(&mut self.slowest, slow, MAX_SLOWEST, latency);
    }

    /// Cost of settled attempts; `None` if the price of one was unknown.
    #[must_use]
    pub fn known_total(&self) -> Option<Pico> {
        (self.unpriced == 0).then_some(self.total)
    }

    /// Actual cost divided by expected cost, to four decimals; `None` if nothing was expected.
    #[must_use]
    pub fn estimate_ratio(&self) -> Option<f64> {
        let ratio = self.expected_actual.as_usd_f64() / self.expected.as_usd_f64();
        (self.expected > Pico::ZERO).then(|| (ratio * 10_000.0).round() / 10_000.0)
    }
}

#[cfg(test)]
mod tests;
