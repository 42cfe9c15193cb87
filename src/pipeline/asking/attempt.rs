//! One attempt at a page, whichever way it is delivered: what is known before it is sent,
//! the row that it opens, and what its end settles.

use super::charge::{Before, charged};
use super::page_loop::{Context, Ready};
use super::page_state::{PageState, Step, next};
use crate::catalog::Basis;
use crate::pipeline::control::run_outcome::RunOutcome;
use crate::pipeline::model::question_set::Asking;
use crate::provider::{Capabilities, Exchange, PageRequest, Verdict};
use crate::store::{
    AttemptCharge, FaultRecord, OpenAttempt, OutcomeStatus, PageId, Purpose, Settlement, StoreError, TaskOutcome,
};
use std::sync::Arc;

/// An attempt at a page.
pub(crate) struct Attempt {
    pub(crate) page: PageId,
    pub(crate) asking: Arc<Asking>,
    /// How far the page has come.
    pub(crate) state: PageState,
    pub(crate) step: Step,
    /// Why it is made.
    pub(crate) purpose: Purpose,
    pub(crate) wanted: PageRequest,
    pub(crate) before: Before,
    /// Pixels that are sent; `None`: another run sent them.
    pub(crate) size: Option<(u32, u32)>,
    /// What the endpoint was taken to take when the request was made; `None`: as `size`.
    pub(crate) capabilities: Option<Capabilities>,
}

impl Attempt {
    /// The next attempt at a page; `None` when its next step is not to ask.
    pub(crate) fn next(context: &Context<'_>, ready: &Ready, state: PageState) -> Option<Self> {
        let step = next(&state, &context.job.retry);
        let Step::Ask { is_lengthened, repair } = &step else { return None };
        let wanted = PageRequest {
            questions: ready.asking.questions.clone(),
            tasks: state.tasks(),
            is_lengthened: *is_lengthened,
            page: page_number(&ready.page),
            repair: repair.clone(),
        };
        let estimate = context.endpoint.estimate(&wanted, &ready.prepared);
        let price = context.job.price();
        let is_known = context.endpoint.image_basis() != Basis::Unknown;
        let before = Before {
            estimate,
            price,
            expected: price.filter(|_| is_known).map(|price| price.cost(estimate.expected)),
            reserved: price.map(|price| price.cost(estimate.worst)),
            smaller: context.endpoint.tokens_saved_by_size(&ready.prepared),
        };
        let purpose = match &step {
            Step::Ask { repair: Some(_), .. } => Purpose::Repair,
            Step::Ask { is_lengthened: true, .. } => Purpose::Lengthen,
            _ if state.request.is_some() => Purpose::Retry,
            _ => Purpose::Ask,
        };
        Some(Self {
            page: ready.page,
            purpose,
            asking: ready.asking.clone(),
            state,
            step,
            wanted,
            before,
            size: Some((ready.prepared.width, ready.prepared.height)),
            capabilities: Some(context.endpoint.capabilities()),
        })
    }

    /// The row that it opens.
    pub(crate) fn open(&self, context: &Context<'_>, batch: Option<i64>) -> OpenAttempt {
        let recipe = |index: usize| self.asking.recipes.get(index).copied().unwrap_or(0);
        OpenAttempt {
            run: context.run,
            page: self.page,
            recipes: self.state.open.iter().map(|task| (recipe(task.index), task.seen_ms)).collect(),
            request: self.state.request,
            batch,
            purpose: self.purpose,
            expected: self.before.expected,
            reserved: self.before.reserved,
            budget: context.budget_line(),
            at_ms: context.clock.wall_ms(),
        }
    }

    /// Takes what came of it: the page is as far as `state` says then, and the store is
    /// told this. `id`: its key.
    pub(crate) async fn take(
        &mut self,
        context: &Context<'_>,
        id: i64,
        exchange: &Exchange,
    ) -> Result<Settlement, StoreError> {
        // Only an error about what was really sent takes a capability away.
        if let Some(used) = self.capabilities {
            context.adapt(exchange, used, &mut self.state).await?;
        }
        let at_ms = context.clock.wall_ms();
        let retry = &context.job.retry;
        let has_given_up = matches!(next(&self.state, retry), Step::Settled);
        let mut outcomes = if has_given_up { Vec::new() } else { self.state.take(exchange, &self.step, at_ms) };
        if matches!(next(&self.state, retry), Step::Settled) {
            outcomes.extend(self.state.unanswered(at_ms));
        }
        let (verdict, fault) = verdict_record(exchange);
        Ok(Settlement {
            attempt: id,
            verdict,
            fault,
            http_status: exchange.status,
            server_request_id: exchange.request_id.clone(),
            latency_ms: u64::try_from(exchange.latency.as_millis()).unwrap_or(u64::MAX),
            charge: charged(exchange, &self.before),
            outcomes: keyed(&self.asking, outcomes),
            at_ms,
        })
    }

    /// What follows from it once it is settled: what the endpoint bills, and whether the
    /// run can go on.
    pub(crate) async fn learn(
        &self,
        context: &Context<'_>,
        exchange: &Exchange,
        charge: &AttemptCharge,
    ) -> Result<(), StoreError> {
        let cost = charge.cost.unwrap_or_default();
        if let Verdict::Stop(refusal) = &exchange.verdict {
            context.stop.request(RunOutcome::ProviderRefused(refusal.clone()));
        }
        let is_overbilled = self.before.reserved.is_some_and(|reserved| cost > reserved);
        if is_overbilled && context.job.limits.budget.is_some() {
            context.stop.request(RunOutcome::BudgetReached { spent: cost, is_overbilled: true });
        }
        match self.size {
            Some(size) => context.calibrate(size, &self.wanted, exchange).await,
            None => Ok(()),
        }
    }
}

/// A number that stands for a page.
fn page_number(page: &PageId) -> u64 {
    let bytes = page.content.as_bytes();
    bytes.iter().take(8).fold(u64::from(page.page), |number, byte| number << 8 ^ number >> 56 ^ u64::from(*byte))
}

/// Outcomes by the keys of their recipes.
pub(crate) fn keyed(asking: &Asking, outcomes: Vec<(usize, TaskOutcome)>) -> Vec<(i64, TaskOutcome)> {
    let key = |(index, outcome): (usize, TaskOutcome)| Some((*asking.recipes.get(index)?, outcome));
    outcomes.into_iter().filter_map(key).collect()
}

/// The kind and the words of the first thing that is wrong with a page.
pub(crate) fn first_fault(state: &PageState, at_ms: i64) -> Option<(String, String)> {
    let faults = state.unanswered(at_ms);
    let fault = faults.iter().find(|(_, outcome)| outcome.status != OutcomeStatus::Ok)?.1.fault.as_ref()?;
    Some((fault.kind.clone(), fault.message.clone()))
}

/// What the ledger keeps of a verdict.
fn verdict_record(exchange: &Exchange) -> (&'static str, Option<FaultRecord>) {
    let record = |kind: &str, message: &str| Some(FaultRecord { kind: kind.to_owned(), message: message.to_owned() });
    match &exchange.verdict {
        Verdict::Done { reading, .. } => {
            let fault = reading.iter().find_map(|read| read.as_ref().err());
            ("done", fault.and_then(|fault| record(fault.kind, &fault.message)))
        }
        Verdict::Retry(fault) => ("retry", record(fault.kind, &fault.message)),
        Verdict::Later { message, .. } => ("later", record("not_now", message)),
        Verdict::Page(fault) => ("page", record(fault.kind, &fault.message)),
        Verdict::Stop(refusal) => ("stop", record("provider_refused", &refusal.message)),
    }
}
