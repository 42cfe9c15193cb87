//! What goes into the store and comes out of it of attempts: opened, charged, settled.

use super::pages::{FaultRecord, TaskOutcome};
use crate::base::ids::{AttemptId, BatchId, PageId, RecipeId, RequestId, RunKey};
use crate::base::money::Pico;
use crate::base::usage::Usage;
use crate::base::vocabulary::{AttemptPurpose, VerdictName};

/// A line of the budget that attempts are charged to.
#[derive(Clone, Debug)]
pub struct BudgetLine {
    /// What the budget is for, such as `job:…/day:2026-11-23`.
    pub scope: String,
    /// The most that may be spent and set aside on it; `None`: only counted.
    pub limit: Option<Pico>,
}

/// An attempt that is about to be made.
#[derive(Clone, Debug)]
pub struct OpenAttempt {
    /// The run.
    pub run: RunKey,
    /// The page.
    pub page: PageId,
    /// The recipes that are asked, and when their known outcome was stored.
    pub recipes: Vec<(RecipeId, Option<i64>)>,
    /// The request that this attempt belongs to; `None`: a new one.
    pub request: Option<RequestId>,
    /// The batch that it is part of; `None`: it is sent at once.
    pub batch: Option<BatchId>,
    /// Why it is made.
    pub purpose: AttemptPurpose,
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
        request: RequestId,
        /// The attempt's key.
        attempt: AttemptId,
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

/// What an attempt cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttemptCharge {
    /// Tokens.
    pub tokens: Usage,
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
    pub attempt: AttemptId,
    /// The verdict.
    pub verdict: VerdictName,
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
    pub outcomes: Vec<(RecipeId, TaskOutcome)>,
    /// Wall time in milliseconds.
    pub at_ms: i64,
}
