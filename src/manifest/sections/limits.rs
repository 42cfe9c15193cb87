//! `limits`: how fast, how much at a time, how much money, how long.

use crate::base::money::Pico;
use crate::base::units::parse_duration;
use crate::manifest::job::Check;
use schemars::JsonSchema;
use serde::Deserialize;
use std::time::Duration;

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawLimits {
    /// Requests per minute that the provider allows (default: no limit).
    #[schemars(range(min = 1, max = 10_000_000))]
    requests_per_minute: Option<u32>,
    /// Tokens per minute that the provider allows (default: no limit).
    #[schemars(range(min = 1, max = 4_000_000_000_u64))]
    tokens_per_minute: Option<u64>,
    /// Requests in flight at once (default: from 8 up to 64, as the provider bears it).
    #[schemars(range(min = 1, max = 4096))]
    concurrency: Option<u32>,
    /// Most that may be spent in the scope, in USD (default: no budget).
    #[schemars(range(min = 0.0))]
    budget_usd: Option<f64>,
    /// What the budget is for: each run, each UTC day (default), or the job for ever.
    budget_scope: Option<RawScope>,
    /// Longest time of a run, such as `2h` (default: none).
    run_time: Option<String>,
}

#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum RawScope {
    Run,
    Day,
    Job,
}

/// What a budget is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BudgetScope {
    /// Each run.
    Run,
    /// Each UTC day.
    Day,
    /// The job, for ever.
    Job,
}

/// Rates, concurrency, money, time.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Requests per minute.
    pub requests_per_minute: Option<u32>,
    /// Tokens per minute, as the provider counts them at admission.
    pub tokens_per_minute: Option<u64>,
    /// Requests in flight at once, at the start.
    pub concurrency: u32,
    /// Requests in flight at once, at most: as many when the manifest says it.
    pub most_concurrency: u32,
    /// Most that may be spent in the scope.
    pub budget: Option<Pico>,
    /// What the budget is for.
    pub budget_scope: BudgetScope,
    /// Longest time of a run.
    pub run_time: Option<Duration>,
}

/// Requests in flight when the manifest does not say: at the start, and at most.
const CONCURRENCY: (u32, u32) = (8, 64);

impl RawLimits {
    pub(crate) fn check(self, check: &mut Check<'_>) -> Limits {
        let budget = self.budget_usd.map(|usd| usd.to_string());
        Limits {
            requests_per_minute: self.requests_per_minute,
            tokens_per_minute: self.tokens_per_minute,
            concurrency: self.concurrency.unwrap_or(CONCURRENCY.0),
            most_concurrency: self.concurrency.unwrap_or(CONCURRENCY.1),
            budget: check.parsed("/limits/budget_usd", budget.as_deref(), Pico::from_usd),
            budget_scope: match self.budget_scope {
                Some(RawScope::Run) => BudgetScope::Run,
                Some(RawScope::Day) | None => BudgetScope::Day,
                Some(RawScope::Job) => BudgetScope::Job,
            },
            run_time: check.parsed("/limits/run_time", self.run_time.as_deref(), parse_duration),
        }
    }
}
