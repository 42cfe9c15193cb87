//! The loop over attempts for one page: reserve, send, settle, until it is settled.

use super::admission::Admission;
use super::attempt::{Attempt, first_fault, keyed};
use super::page_state::{LEAST_TIME, PageState, Step, next};
use super::telemetry;
use crate::base::clock::Clock;
use crate::base::hooks::{Hooks, Point};
use crate::manifest::Job;
use crate::pipeline::control::counters::Counters;
use crate::pipeline::control::keys::{budget_scope, endpoint_key};
use crate::pipeline::control::run_outcome::RunOutcome;
use crate::pipeline::control::shutdown::Stop;
use crate::pipeline::model::question_set::Asking;
use crate::prepare::Prepared;
use crate::provider::{Exchange, ModelEndpoint, PageFault, PageRequest, Verdict};
use crate::store::{AttemptCharge, BudgetLine, EndpointFact, Opened, PageId, Purpose, Store, StoreError};
use std::cell::Cell;
use std::ops::ControlFlow;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tracing::Instrument;

/// A page that is ready to be asked.
#[derive(Debug)]
pub(crate) struct Ready {
    pub(crate) page: PageId,
    /// Indices of the tasks to ask, and when their known outcome was stored.
    pub(crate) tasks: Vec<(usize, Option<i64>)>,
    pub(crate) prepared: Prepared,
    /// What is asked, of which these tasks are a part.
    pub(crate) asking: Arc<Asking>,
}

/// How the loop over a page ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum PageEnd {
    /// Settled; the kind of error and the words when there is no answer.
    Settled(Option<(String, String)>),
    /// Somebody else is asking, or has just asked: look again later.
    Elsewhere,
    /// The run ends first.
    Unfinished,
}

/// What all pages of a run share.
pub(crate) struct Context<'a> {
    pub(crate) job: &'a Job,
    pub(crate) endpoint: Rc<ModelEndpoint>,
    pub(crate) admission: Admission,
    pub(crate) store: Store,
    /// The run's key.
    pub(crate) run: i64,
    pub(crate) run_id: String,
    /// What the store had of the endpoint's bills at the start, as JSON.
    pub(crate) calibrations: Option<String>,
    /// The job and the endpoint, for the budget's scope.
    pub(crate) budget_key: String,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) hooks: Arc<dyn Hooks>,
    pub(crate) stop: Stop,
    pub(crate) counters: Arc<Counters>,
    /// How many ids were given.
    pub(crate) ids: Cell<u64>,
    /// Sees replies as they arrive.
    pub(crate) on_text: &'a dyn Fn(&str),
    /// Sees every attempt when it is over.
    pub(crate) on_exchange: &'a dyn Fn(&PageRequest, &Exchange, &AttemptCharge),
}

/// How long to wait for room in the budget before looking again, when no own attempt
/// is about to free some.
const BUDGET_POLL: Duration = Duration::from_millis(200);

impl Context<'_> {
    /// An id that nobody else has.
    pub(crate) fn new_id(&self) -> String {
        let number = self.ids.get();
        self.ids.set(number + 1);
        format!("{}-{number}", self.run_id)
    }

    /// Asks a page until it is settled.
    pub(crate) async fn settle(&self, ready: Ready) -> PageEnd {
        let span = tracing::info_span!("page", content = %ready.page.content, page = ready.page.page);
        match self.ask_until_settled(&ready).instrument(span).await {
            Ok(end) => end,
            Err(error) => {
                self.stop.request(RunOutcome::StorageError(error.to_string()));
                PageEnd::Unfinished
            }
        }
    }

    async fn ask_until_settled(&self, ready: &Ready) -> Result<PageEnd, StoreError> {
        let mut state = PageState::new(names(self.job, &ready.tasks));
        loop {
            match next(&state, &self.job.retry) {
                Step::Settled => {
                    return Ok(PageEnd::Settled(first_fault(&state, self.clock.wall_ms())));
                }
                Step::Wait(wait) => {
                    let wait = self.admission.jittered(wait);
                    if self.admission.pause(wait).await.is_err() {
                        return Ok(PageEnd::Unfinished);
                    }
                    state.rest(wait);
                }
                Step::Ask { .. } => {
                    let Some(attempt) = Attempt::next(self, ready, state) else {
                        return Ok(PageEnd::Unfinished);
                    };
                    if attempt.purpose != Purpose::Ask {
                        Counters::add(&self.counters.retries);
                    }
                    state = match self.attempt(ready, attempt).await? {
                        ControlFlow::Continue(state) => state,
                        ControlFlow::Break(end) => return Ok(end),
                    };
                }
            }
        }
    }

    /// One attempt from admission to commit: how far the page has come, or how the loop ends.
    async fn attempt(
        &self,
        ready: &Ready,
        mut attempt: Attempt,
    ) -> Result<ControlFlow<PageEnd, PageState>, StoreError> {
        let tokens = attempt.before.estimate.admission_tokens;
        if let Some(limit) = self.job.limits.tokens_per_minute.filter(|limit| tokens > *limit) {
            let message = format!("{tokens} tokens in one request, and limits.tokens_per_minute is {limit}");
            return Ok(ControlFlow::Continue(self.refuse(attempt, message).await?));
        }
        let Ok(mut slot) = self.admission.admit(tokens).await else {
            return Ok(ControlFlow::Break(PageEnd::Unfinished));
        };
        let id = match self.open(&mut attempt).await? {
            ControlFlow::Continue(id) => id,
            ControlFlow::Break(end) => return Ok(ControlFlow::Break(end)),
        };
        self.hooks.at(Point::Reserved);
        // What others have learned in the meantime counts.
        attempt.capabilities = Some(self.endpoint.capabilities());
        slot.sending();
        self.hooks.at(Point::Sent);
        let limit = self.job.request.timeouts.attempt;
        let left = attempt.state.time_left(&self.job.retry).map(|left| left.max(LEAST_TIME));
        let limit = left.map_or(limit, |left| left.min(limit));
        let span = telemetry::span(&attempt, id);
        let asked = self.endpoint.send(&attempt.wanted, &ready.prepared, limit, self.on_text);
        let exchange = asked.instrument(span.clone()).await;
        self.hooks.at(Point::Replied);
        let settlement = attempt.take(self, id, &exchange).await?;
        let charge = settlement.charge;
        telemetry::tell(self, &attempt, &settlement, &span);
        (self.on_exchange)(&attempt.wanted, &exchange, &charge);
        self.store.settle(settlement).await?;
        self.hooks.at(Point::Settled);
        attempt.learn(self, &exchange, &charge).await?;
        slot.learn(&exchange);
        Ok(ControlFlow::Continue(attempt.state))
    }

    /// Settles a page whose request is larger than anything that may be sent.
    pub(crate) async fn refuse(&self, attempt: Attempt, message: String) -> Result<PageState, StoreError> {
        let mut state = attempt.state;
        state.give_up(PageFault { kind: "request_too_large", message, is_refusal: false });
        let outcomes = keyed(&attempt.asking, state.unanswered(self.clock.wall_ms()));
        self.store.put_outcomes(attempt.page, outcomes).await?;
        Ok(state)
    }

    /// Opens the attempt in the store: its key, or how the loop ends. Waits for room in the
    /// budget while others hold some.
    async fn open(&self, attempt: &mut Attempt) -> Result<ControlFlow<PageEnd, i64>, StoreError> {
        loop {
            match self.store.open_attempt(attempt.open(self, None)).await? {
                Opened::Granted { request, attempt: id } => {
                    attempt.state.request = Some(request);
                    return Ok(ControlFlow::Continue(id));
                }
                Opened::Changed | Opened::Elsewhere => return Ok(ControlFlow::Break(PageEnd::Elsewhere)),
                Opened::OverBudget { is_reserved: false, spent } => {
                    self.stop.request(RunOutcome::BudgetReached { spent, is_overbilled: false });
                    return Ok(ControlFlow::Break(PageEnd::Unfinished));
                }
                Opened::OverBudget { .. } => {
                    if self.admission.pause(BUDGET_POLL).await.is_err() {
                        return Ok(ControlFlow::Break(PageEnd::Unfinished));
                    }
                }
            }
        }
    }

    pub(crate) fn budget_line(&self) -> BudgetLine {
        let scope = budget_scope(self.job, &self.budget_key, &self.run_id, self.clock.wall_ms());
        BudgetLine { scope, limit: self.job.limits.budget }
    }

    /// Takes away a capability that the endpoint turned out not to have, once for all
    /// requests that met the same error.
    pub(crate) async fn adapt(
        &self,
        exchange: &Exchange,
        used: crate::provider::Capabilities,
        state: &mut PageState,
    ) -> Result<(), StoreError> {
        let Verdict::Retry(fault) = &exchange.verdict else {
            return Ok(());
        };
        let Some(change) = fault.change else {
            return Ok(());
        };
        if self.endpoint.capabilities() != used {
            return Ok(());
        }
        match used.without(change) {
            Some(fewer) => {
                tracing::info!("the endpoint lacks a capability, going on without it ({change:?}): {}", fault.message);
                self.endpoint.set_capabilities(fewer);
                let fact = EndpointFact::Capabilities(fewer.to_json());
                self.store.remember(endpoint_key(self.job), fact).await
            }
            None => {
                state.give_up(PageFault { kind: "bad_request", message: fault.message.clone(), is_refusal: false });
                Ok(())
            }
        }
    }
}

/// Tasks by index, with their names and the time of their known outcome.
pub(crate) fn names<'a>(
    job: &'a Job,
    tasks: &'a [(usize, Option<i64>)],
) -> impl Iterator<Item = (usize, String, Option<i64>)> + 'a {
    let name = |index: usize| job.tasks.get(index).map_or(String::new(), |task| task.name.clone());
    tasks.iter().map(move |(index, seen)| (*index, name(*index), *seen))
}
