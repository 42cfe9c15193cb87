//! `limits`: rates, concurrency, budget and run time.

use crate::base::money::Pico;
use crate::base::units::parse_duration;
use crate::manifest::check::Check;
use schemars::JsonSchema;
use serde::Deserialize;
use std::time::Duration;

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawLimits {
    /// Maximum number of requests per minute; at most half a second's share, or one request, is sent at once. Default: learned from the provider's response headers, or else from its 429 responses.
    #[schemars(range(min = 1, max = 10_000_000))]
    requests_per_minute: Option<u32>,
    /// Maximum number of tokens per minute, as the provider counts them; at most half a second's share, or one request, is sent at once. Default: learned from the provider's response headers, or else from its 429 responses.
    #[schemars(range(min = 1, max = 4_000_000_000_u64))]
    tokens_per_minute: Option<u64>,
    /// Maximum number of requests in flight. Default: 64. As long as no rate limit is known, docmill starts with 8 and sends more while the server keeps up.
    #[schemars(range(min = 1, max = 4096))]
    concurrency: Option<u32>,
    /// Maximum spend per `budget_scope`, in USD (default: no budget).
    #[schemars(range(min = 0.0))]
    budget_usd: Option<f64>,
    /// Scope of the budget: `run` (each run), `day` (each UTC day; default) or `job` (all runs). It counts the spend of all jobs in the store with the same name, whatever their input and provider.
    budget_scope: Option<RawScope>,
    /// Name under which the budget counts, so that several jobs share it (default: the name of the job).
    #[schemars(length(min = 1, max = 100))]
    budget_name: Option<String>,
    /// Maximum duration of a run, such as `2h` (default: unlimited).
    run_time: Option<String>,
}

#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum RawScope {
    Run,
    Day,
    Job,
}

/// The scope of a budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BudgetScope {
    /// Each run.
    Run,
    /// Each UTC day.
    Day,
    /// All runs.
    Job,
}

/// How many requests are in flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Concurrency {
    /// At most as many as the manifest states.
    Stated(u32),
    /// The manifest states nothing: as many as the server keeps up with, and at most this many.
    Learned(u32),
}

impl Concurrency {
    /// With how many requests in flight a run starts at most, unless a stated rate paces them: more may have to be
    /// learned.
    pub const START: u32 = 8;

    /// The maximum.
    #[must_use]
    pub fn max(self) -> u32 {
        match self {
            Self::Stated(max) | Self::Learned(max) => max,
        }
    }

    /// The number if nothing is learned.
    #[must_use]
    pub fn stated_or_start(self) -> u32 {
        match self {
            Self::Stated(stated) => stated,
            Self::Learned(max) => max.min(Self::START),
        }
    }

    /// The same with at most `bound` requests in flight.
    #[must_use]
    pub fn at_most(self, bound: u32) -> Self {
        match self {
            Self::Stated(max) => Self::Stated(max.min(bound)),
            Self::Learned(max) => Self::Learned(max.min(bound)),
        }
    }
}

/// Rates, concurrency, budget and run time.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Requests per minute. `None`: learned from the provider.
    pub requests_per_minute: Option<u32>,
    /// Tokens per minute, as the provider counts them at admission. `None`: learned from the
    /// provider.
    pub tokens_per_minute: Option<u64>,
    /// Requests in flight.
    pub concurrency: Concurrency,
    /// Processes that share what the provider enforces, at least 1. More than 1 only for shards: the manifest
    /// does not state it.
    pub parallel: u32,
    /// Maximum spend in the scope.
    pub budget: Option<Pico>,
    /// The scope of the budget.
    pub budget_scope: BudgetScope,
    /// The name under which the budget counts. `None`: the name of the job.
    pub budget_name: Option<String>,
    /// Maximum duration of a run.
    pub run_time: Option<Duration>,
}

impl Limits {
    /// Whether the manifest states a rate, which paces requests from the first one on.
    #[must_use]
    pub fn states_a_rate(&self) -> bool {
        self.requests_per_minute.is_some() || self.tokens_per_minute.is_some()
    }
}

/// Maximum number of requests in flight, if the manifest does not set it.
const DEFAULT_MAX_CONCURRENCY: u32 = 64;

/// Maximum length of the name of a budget, in characters.
const MAX_BUDGET_NAME: usize = 100;

impl RawLimits {
    pub(crate) fn check(self, check: &mut Check) -> Limits {
        let budget = self.budget_usd.map(|usd| usd.to_string());
        Limits {
            requests_per_minute: self.requests_per_minute,
            tokens_per_minute: self.tokens_per_minute,
            concurrency: self.concurrency.map_or(Concurrency::Learned(DEFAULT_MAX_CONCURRENCY), Concurrency::Stated),
            parallel: 1,
            budget: check.parse("/limits/budget_usd", budget.as_deref(), Pico::from_usd),
            budget_scope: match self.budget_scope {
                Some(RawScope::Run) => BudgetScope::Run,
                Some(RawScope::Day) | None => BudgetScope::Day,
                Some(RawScope::Job) => BudgetScope::Job,
            },
            budget_name: self.budget_name.inspect(|name| check_budget_name(name, check)),
            run_time: check.parse("/limits/run_time", self.run_time.as_deref(), parse_duration),
        }
    }
}

fn check_budget_name(name: &str, check: &mut Check) {
    let fault = match name.chars().count() {
        0 => "`budget_name` is empty".to_owned(),
        count if count > MAX_BUDGET_NAME => {
            format!("`budget_name` has {count} characters; at most {MAX_BUDGET_NAME} are possible")
        }
        _ if name.chars().any(char::is_control) => "`budget_name` has control characters".to_owned(),
        _ => return,
    };
    check.report("/limits/budget_name", &fault, "a short name such as team-a");
}
