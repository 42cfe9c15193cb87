//! Attempts: from their reservation to their settlement, and as the spend report reads them.

use super::pages::{FaultRecord, TaskOutcome};
use super::reservation_multiples::ReservationMultiples;
use crate::base::ids::{AttemptId, BatchId, PageId, RecipeId, RequestId, Revision, RunId, RunKey};
use crate::base::money::Pico;
use crate::base::usage::Usage;
use crate::base::vocabulary::{AttemptPurpose, AttemptState, ErrorKind, VerdictName};
use std::time::Duration;

/// The budget that attempts are charged to.
#[derive(Clone, Debug)]
pub struct BudgetLine {
    /// What it counts, as a [`BudgetCounter`](super::budgets::BudgetCounter) is written.
    pub scope: String,
    /// The maximum of spend and reservations; `None` for no limit.
    pub limit: Option<Pico>,
    /// What it has to hold for attempts that are open at the same time.
    pub multiples: ReservationMultiples,
}

/// An attempt that is about to be made.
#[derive(Clone, Debug)]
pub struct OpenAttempt {
    /// The run.
    pub run: RunKey,
    /// The page.
    pub page: PageId,
    /// The recipes that are asked, and the revision of the known outcome of each.
    pub recipes: Vec<(RecipeId, Option<Revision>)>,
    /// The request that the attempt belongs to; `None` for a new one.
    pub request: Option<RequestId>,
    /// The batch that the attempt is part of; `None` if it is sent on its own.
    pub batch: Option<BatchId>,
    /// Why it is made.
    pub purpose: AttemptPurpose,
    /// The expected cost; `None` if the price is unknown.
    pub expected: Option<Pico>,
    /// The maximum cost, which is reserved; `None` if the price is unknown.
    pub reserved: Option<Pico>,
    /// The budget that it is charged to.
    pub budget: BudgetLine,
    /// Wall time in milliseconds.
    pub at_ms: i64,
}

/// An open attempt that asks what another run wants to ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskedElsewhere {
    /// The attempt.
    pub attempt: AttemptId,
    /// The run that it belongs to.
    pub run: RunId,
    /// How long it may take; `None`: a version that did not record it began the run.
    pub timeout: Option<Duration>,
    /// The batch that it is part of, which may take a day.
    pub batch: Option<BatchElsewhere>,
}

/// A batch of another run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchElsewhere {
    /// Identifies the provider.
    pub provider: String,
    /// Whether the provider has it: then any run may collect its results.
    pub is_submitted: bool,
    /// The last heartbeat of its run. It changes as long as the process of the run is active.
    pub heartbeat_ms: i64,
}

/// Another run with batches that hold reservations of a budget.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchHolder {
    /// The run.
    pub run: RunId,
    /// Its last heartbeat.
    pub heartbeat_ms: i64,
    /// How long its requests may take, as in [`AskedElsewhere::timeout`].
    pub timeout: Option<Duration>,
}

/// The answer to an [`OpenAttempt`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opened {
    /// The attempt is recorded, and may be sent.
    Granted {
        /// The request that it belongs to.
        request: RequestId,
        /// The attempt.
        attempt: AttemptId,
        /// Its sequence number in the run, from 1: with the [`RunId`]
        /// its identity outside this store.
        sequence: u64,
    },
    /// Another outcome of a recipe has been stored: read the page again.
    Changed,
    /// Another open attempt asks one of the recipes of the page: try again later.
    Elsewhere,
    /// The reservation does not fit into the budget.
    OverBudget {
        /// The spend.
        spent: Pico,
        /// Reservations of other attempts, some of which may be returned. Zero: none is open.
        reserved: Pico,
    },
}

/// The cost of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttemptCharge {
    /// The tokens.
    pub tokens: Usage,
    /// Whether the tokens are an estimate, because the server did not report them.
    pub is_estimated: bool,
    /// The cost by the price, or by the provider's account if the price is unknown. `None` if
    /// neither is known.
    pub cost: Option<Pico>,
    /// The cost by the provider's account; `None` if it reports none.
    pub reported_cost: Option<Pico>,
    /// The charge to the budget: at least `cost` and `reported_cost`.
    pub budget: Pico,
    /// What the cache of the provider saved.
    pub saved_by_cache: Pico,
    /// What a smaller image than the model can use saved.
    pub saved_by_size: Pico,
}

impl AttemptCharge {
    /// The charge to the budget for these costs. `worst`: the maximum cost, if the usage is an estimate.
    /// [`CHARGED`](crate::store::sqlite::charged::CHARGED) computes the same in SQL.
    #[must_use]
    pub fn charged_to_budget(cost: Option<Pico>, reported: Option<Pico>, worst: Option<Pico>) -> Pico {
        cost.max(reported).max(worst).unwrap_or_default().max(Pico::ZERO)
    }
}

/// Who served an attempt, by the reply's own account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServedRecord {
    /// The full name of the model, often with its date.
    pub model: Option<String>,
    /// The provider that a router chose.
    pub provider: Option<String>,
    /// The service tier.
    pub service_tier: Option<String>,
}

/// The end of an attempt.
#[derive(Clone, Debug)]
pub struct Settlement {
    /// The attempt.
    pub attempt: AttemptId,
    /// The verdict.
    pub verdict: VerdictName,
    /// Why it did not succeed, or the fault of the reply.
    pub fault: Option<FaultRecord>,
    /// The HTTP status.
    pub http_status: Option<u16>,
    /// The id that the server gave the request.
    pub server_request_id: Option<String>,
    /// The time from sending to the end of the reply, in milliseconds.
    pub latency_ms: u64,
    /// The cost.
    pub charge: AttemptCharge,
    /// Who served it.
    pub served: ServedRecord,
    /// The parameters that were sent, as a JSON object; `None` if they are unknown.
    pub parameters: Option<String>,
    /// The outcomes that the attempt led to.
    pub outcomes: Vec<(RecipeId, TaskOutcome)>,
    /// Wall time in milliseconds.
    pub at_ms: i64,
}

/// A stored attempt, as the spend report reads it.
#[derive(Clone, Debug)]
pub struct AttemptRecord {
    /// The attempt. Ascends with time.
    pub id: AttemptId,
    /// Whether it is the first attempt of its request.
    pub is_first: bool,
    /// The state.
    pub state: AttemptState,
    /// Why it was made.
    pub purpose: AttemptPurpose,
    /// When it was opened, wall time in milliseconds.
    pub opened_ms: i64,
    /// The recipes that it asked, in their order.
    pub recipes: Vec<RecipeId>,
    /// Those of them whose question was rendered for a line of the list, with the place of their task among the tasks of
    /// the job, as far as the list still has the line.
    pub rendered: Vec<(RecipeId, usize)>,
    /// The name of the model.
    pub model: String,
    /// The verdict; `None` unless it is settled.
    pub verdict: Option<VerdictName>,
    /// The HTTP status.
    pub http_status: Option<u16>,
    /// The tokens.
    pub tokens: Usage,
    /// Whether the tokens are an estimate.
    pub is_estimated: bool,
    /// The cost; `None` if the price was unknown. For a lost attempt: its reservation.
    pub cost: Option<Pico>,
    /// Whether the price was known when it was opened. Otherwise `cost`, if there is one, is what
    /// the provider reports.
    pub is_priced: bool,
    /// The cost by the provider's account.
    pub reported_cost: Option<Pico>,
    /// Who served it.
    pub served: ServedRecord,
    /// The expected cost.
    pub expected: Option<Pico>,
    /// What the cache of the provider saved.
    pub saved_by_cache: Pico,
    /// What a smaller image than the model can use saved.
    pub saved_by_size: Pico,
    /// The fault of the attempt or its reply.
    pub error_kind: Option<ErrorKind>,
    /// The time from sending to the end of the reply, in milliseconds; `None` for attempts of
    /// batches.
    pub latency_ms: Option<u64>,
    /// The path of the page in the job, any one of them.
    pub path: Option<Vec<u8>>,
}
