//! What goes into the store and comes out of it of attempts: opened, charged, settled.

use super::pages::{FaultRecord, PageId, TaskOutcome};
use crate::base::money::Pico;

/// A line of the budget that attempts are charged to.
#[derive(Clone, Debug)]
pub struct BudgetLine {
    /// What the budget is for, such as `job:…/day:2026-11-23`.
    pub scope: String,
    /// The most that may be spent and set aside on it; `None`: only counted.
    pub limit: Option<Pico>,
}

/// Why an attempt is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To ask.
    Ask,
    /// The last one met a fault that may pass.
    Retry,
    /// The last reply was not valid.
    Repair,
    /// The last reply was cut.
    Lengthen,
}

impl Purpose {
    /// As the store keeps it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ask => "ask",
            Self::Retry => "retry",
            Self::Repair => "repair",
            Self::Lengthen => "lengthen",
        }
    }

    pub(crate) fn parse(name: Option<&str>) -> Self {
        match name {
            Some("retry") => Self::Retry,
            Some("repair") => Self::Repair,
            Some("lengthen") => Self::Lengthen,
            _ => Self::Ask,
        }
    }
}

/// An attempt that is about to be made.
#[derive(Clone, Debug)]
pub struct OpenAttempt {
    /// The run.
    pub run: i64,
    /// The page.
    pub page: PageId,
    /// The recipes that are asked, and when their known outcome was stored.
    pub recipes: Vec<(i64, Option<i64>)>,
    /// The request that this attempt belongs to; `None`: a new one.
    pub request: Option<i64>,
    /// The batch that it is part of; `None`: it is sent at once.
    pub batch: Option<i64>,
    /// Why it is made.
    pub purpose: Purpose,
    /// What it is expected to cost; `None` when the price is unknown.
    pub expected: Option<Pico>,
    /// The most that it can cost; `None` when the price is unknown.
    pub reserved: Option<Pico>,
    /// What it is charged to.
    pub budget: BudgetLine,
    /// Wall time in milliseconds.
    pub at_ms: i64,
}

/// What became of an [`OpenAttempt`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opened {
    /// The row is durable: send.
    Granted {
        /// The request's key.
        request: i64,
        /// The attempt's key.
        attempt: i64,
    },
    /// An outcome was stored meanwhile: look again.
    Changed,
    /// A live run has an open attempt for the same: come back later.
    Elsewhere,
    /// The budget has no room for it.
    OverBudget {
        /// Whether other attempts still hold reservations that may be returned.
        is_reserved: bool,
        /// What is spent.
        spent: Pico,
    },
}

/// Tokens as they are stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tokens {
    /// Prompt tokens.
    pub input: u64,
    /// Of these, cached.
    pub cached_input: u64,
    /// Prompt tokens that were written to the provider's cache.
    pub cache_write: u64,
    /// Reply tokens.
    pub output: u64,
}

/// What an attempt cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttemptCharge {
    /// Tokens.
    pub tokens: Tokens,
    /// `true` when the server did not say and the tokens are an estimate.
    pub is_estimated: bool,
    /// Money; `None` when the price is unknown.
    pub cost: Option<Pico>,
    /// What the budget counts: at least `cost`.
    pub budget: Pico,
    /// What the provider's cache took off it.
    pub saved_by_cache: Pico,
    /// What sending fewer pixels than the model can use took off it.
    pub saved_by_size: Pico,
}

/// The end of an attempt.
#[derive(Clone, Debug)]
pub struct Settlement {
    /// The attempt's key.
    pub attempt: i64,
    /// The verdict's name: `done`, `retry`, `later`, `page`, `stop`.
    pub verdict: &'static str,
    /// Why it did not succeed.
    pub fault: Option<FaultRecord>,
    /// HTTP status.
    pub http_status: Option<u16>,
    /// The server's id of the request.
    pub server_request_id: Option<String>,
    /// From sending to the end of the reply, in milliseconds.
    pub latency_ms: u64,
    /// What it cost.
    pub charge: AttemptCharge,
    /// Outcomes that it brought: recipe and outcome.
    pub outcomes: Vec<(i64, TaskOutcome)>,
    /// Wall time in milliseconds.
    pub at_ms: i64,
}
