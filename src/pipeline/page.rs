//! The loop over attempts for one page: reserve, send, settle, until it is settled.

use super::admission::{Admission, Slot};
use super::asking::Asking;
use super::charge::{Before, charged};
use super::counters::Counters;
use super::next::{PageState, Step, next};
use super::outcome::Outcome as Ending;
use super::setup::{budget_scope, endpoint_key};
use super::stop::Stop;
use crate::ask::{Asker, Exchange, PageFault, Transport, Verdict, Wanted};
use crate::catalog::Basis;
use crate::clock::Clock;
use crate::hooks::{Hooks, Point};
use crate::manifest::Job;
use crate::money::Pico;
use crate::prepare::Prepared;
use crate::store::{
    AttemptCharge, BudgetLine, EndpointFact, FaultRecord, OpenAttempt, Opened, Outcome, OutcomeStatus, Purpose,
    Settlement, Store, StoreError, StoredPage,
};
use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// A page that is ready to be asked.
#[derive(Debug)]
pub(super) struct Ready {
    pub(super) page: StoredPage,
    /// Indices of the tasks to ask, and when their known outcome was stored.
    pub(super) tasks: Vec<(usize, Option<i64>)>,
    pub(super) prepared: Prepared,
    /// What is asked, of which these tasks are a part.
    pub(super) asking: Arc<Asking>,
}

/// How the loop over a page ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum PageEnd {
    /// Settled; the kind of error and the words when there is no answer.
    Settled(Option<(String, String)>),
    /// Somebody else is asking, or has just asked: look again later.
    Elsewhere,
    /// The run ends first.
    Unfinished,
}

/// What all pages of a run share.
pub(super) struct Context<'a> {
    pub(super) job: &'a Job,
    pub(super) asker: Asker,
    pub(super) admission: Admission,
    pub(super) store: Store,
    /// The run's key.
    pub(super) run: i64,
    pub(super) run_id: String,
    /// What the store had of the endpoint's bills at the start, as JSON.
    pub(super) calibrations: Option<String>,
    /// The job and the endpoint, for the budget's scope.
    pub(super) budget_key: String,
    /// The client, for what is not a request for a page.
    pub(super) transport: Transport,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) hooks: Arc<dyn Hooks>,
    pub(super) stop: Stop,
    pub(super) counters: Arc<Counters>,
    /// How many ids were given.
    pub(super) ids: Cell<u64>,
    /// Sees replies as they arrive.
    pub(super) on_text: &'a dyn Fn(&str),
    /// Sees every attempt when it is over.
    pub(super) on_exchange: &'a dyn Fn(&Wanted, &Exchange, &AttemptCharge),
}

/// How long to wait for room in the budget before looking again, when no own attempt
/// is about to free some.
const BUDGET_POLL: Duration = Duration::from_millis(200);

impl Context<'_> {
    /// An id that nobody else has.
    pub(super) fn new_id(&self) -> String {
        let number = self.ids.get();
        self.ids.set(number + 1);
        format!("{}-{number}", self.run_id)
    }

    /// Asks a page until it is settled.
    pub(super) async fn settle(&self, ready: Ready) -> PageEnd {
        match self.ask_until_settled(&ready).await {
            Ok(end) => end,
            Err(error) => {
                self.stop.request(Ending::StorageError(error.to_string()));
                PageEnd::Unfinished
            }
        }
    }

    async fn ask_until_settled(&self, ready: &Ready) -> Result<PageEnd, StoreError> {
        let mut state = PageState::new(names(self.job, &ready.tasks));
        let mut request = None;
        let mut is_first = true;
        loop {
            let step = next(&state, self.job.retry.attempts);
            match &step {
                Step::Settled => {
                    return Ok(PageEnd::Settled(first_fault(&state, self.clock.wall_ms())));
                }
                Step::Wait(wait) => {
                    if self.admission.pause(self.admission.jittered(*wait)).await.is_err() {
                        return Ok(PageEnd::Unfinished);
                    }
                    state.rest();
                }
                Step::Ask { is_lengthened, repair } => {
                    if !std::mem::take(&mut is_first) {
                        Counters::add(&self.counters.retries);
                    }
                    let wanted = Wanted {
                        questions: ready.asking.questions.clone(),
                        tasks: state.tasks(),
                        is_lengthened: *is_lengthened,
                        page: page_number(&ready.page),
                        repair: repair.clone(),
                    };
                    let ended = self.attempt(ready, &mut state, &step, &wanted, &mut request).await?;
                    if let Some(end) = ended {
                        return Ok(end);
                    }
                }
            }
        }
    }

    /// One attempt from admission to commit; `Some` when the loop is over.
    async fn attempt(
        &self,
        ready: &Ready,
        state: &mut PageState,
        step: &Step,
        wanted: &Wanted,
        request: &mut Option<i64>,
    ) -> Result<Option<PageEnd>, StoreError> {
        let estimate = self.asker.estimate(wanted, &ready.prepared);
        if let Some(limit) = self.job.limits.tokens_per_minute.filter(|limit| estimate.admission_tokens > *limit) {
            let message =
                format!("{} tokens in one request, and limits.tokens_per_minute is {limit}", estimate.admission_tokens);
            state.give_up(PageFault { kind: "request_too_large", message, is_refusal: false });
            let outcomes = keyed(&ready.asking, state.unanswered(self.clock.wall_ms()));
            self.store.put_outcomes(ready.page, outcomes).await?;
            return Ok(None);
        }
        let Ok(mut slot) = self.admission.admit(estimate.admission_tokens).await else {
            return Ok(Some(PageEnd::Unfinished));
        };
        let price = self.job.price();
        let reserved = price.map(|price| price.cost(estimate.worst));
        let is_known = self.asker.basis() != Basis::Unknown;
        let expected = price.filter(|_| is_known).map(|price| price.cost(estimate.expected));
        let plan = Planned { purpose: purpose(step, request.is_some()), expected, reserved };
        let (granted, attempt) = match self.open(ready, state, *request, plan).await? {
            Grant::Granted { request, attempt } => (request, attempt),
            Grant::Over(end) => return Ok(Some(end)),
        };
        *request = Some(granted);
        self.hooks.at(Point::Reserved);
        let capabilities = self.asker.capabilities();
        slot.sending();
        self.hooks.at(Point::Sent);
        let exchange = self.asker.attempt(wanted, &ready.prepared, self.on_text).await;
        self.hooks.at(Point::Replied);
        self.adapt(&exchange, capabilities, state).await?;
        let smaller = self.asker.smaller(&ready.prepared);
        let charge = charged(&exchange, &Before { estimate, price, reserved, smaller });
        log(ready, &exchange);
        (self.on_exchange)(wanted, &exchange, &charge);
        self.finish(&ready.asking, state, step, &exchange, attempt, charge).await?;
        self.calibrate((ready.prepared.width, ready.prepared.height), wanted, &exchange).await?;
        self.learn(&slot, &exchange, &charge, reserved);
        Ok(None)
    }

    /// Opens the attempt in the store; waits for room in the budget while others hold some.
    async fn open(
        &self,
        ready: &Ready,
        state: &PageState,
        request: Option<i64>,
        Planned { purpose, expected, reserved }: Planned,
    ) -> Result<Grant, StoreError> {
        loop {
            let recipe = |index: usize| ready.asking.recipes.get(index).copied().unwrap_or(0);
            let open = OpenAttempt {
                run: self.run,
                page: ready.page,
                recipes: state.open.iter().map(|task| (recipe(task.index), task.seen_ms)).collect(),
                request,
                batch: None,
                purpose,
                expected,
                reserved,
                budget: self.budget_line(),
                at_ms: self.clock.wall_ms(),
            };
            match self.store.open_attempt(open).await? {
                Opened::Granted { request, attempt } => {
                    return Ok(Grant::Granted { request, attempt });
                }
                Opened::Changed | Opened::Elsewhere => return Ok(Grant::Over(PageEnd::Elsewhere)),
                Opened::OverBudget { is_reserved: false, spent } => {
                    self.stop.request(Ending::BudgetReached { spent, is_overbilled: false });
                    return Ok(Grant::Over(PageEnd::Unfinished));
                }
                Opened::OverBudget { .. } => {
                    if self.admission.pause(BUDGET_POLL).await.is_err() {
                        return Ok(Grant::Over(PageEnd::Unfinished));
                    }
                }
            }
        }
    }

    pub(super) fn budget_line(&self) -> BudgetLine {
        let scope = budget_scope(self.job, &self.budget_key, &self.run_id, self.clock.wall_ms());
        BudgetLine { scope, limit: self.job.limits.budget }
    }

    /// Takes away a capability that the endpoint turned out not to have, once for all
    /// requests that met the same error.
    pub(super) async fn adapt(
        &self,
        exchange: &Exchange,
        used: crate::ask::Capabilities,
        state: &mut PageState,
    ) -> Result<(), StoreError> {
        let Verdict::Retry(fault) = &exchange.verdict else {
            return Ok(());
        };
        let Some(change) = fault.change else {
            return Ok(());
        };
        if self.asker.capabilities() != used {
            return Ok(());
        }
        match used.without(change) {
            Some(fewer) => {
                tracing::info!("the endpoint lacks a capability, going on without it ({change:?}): {}", fault.message);
                self.asker.set_capabilities(fewer);
                let fact = EndpointFact::Capabilities(fewer.to_json());
                self.store.remember(endpoint_key(self.job), fact).await
            }
            None => {
                state.give_up(PageFault { kind: "bad_request", message: fault.message.clone(), is_refusal: false });
                Ok(())
            }
        }
    }

    /// Settles the attempt with all outcomes that are known now, in one commit.
    async fn finish(
        &self,
        asking: &Asking,
        state: &mut PageState,
        step: &Step,
        exchange: &Exchange,
        attempt: i64,
        charge: AttemptCharge,
    ) -> Result<(), StoreError> {
        let at_ms = self.clock.wall_ms();
        let has_given_up = matches!(next(state, self.job.retry.attempts), Step::Settled);
        let mut outcomes = if has_given_up { Vec::new() } else { state.take(exchange, step, at_ms) };
        if matches!(next(state, self.job.retry.attempts), Step::Settled) {
            outcomes.extend(state.unanswered(at_ms));
        }
        let (verdict, fault) = verdict_record(exchange);
        let settlement = Settlement {
            attempt,
            verdict,
            fault,
            http_status: exchange.status,
            server_request_id: exchange.request_id.clone(),
            latency_ms: u64::try_from(exchange.latency.as_millis()).unwrap_or(u64::MAX),
            charge,
            outcomes: keyed(asking, outcomes),
            at_ms,
        };
        self.store.settle(settlement).await?;
        self.counters.cost_pico.fetch_add(charge.cost.unwrap_or_default().0, Ordering::Relaxed);
        self.hooks.at(Point::Settled);
        Ok(())
    }

    fn learn(&self, slot: &Slot<'_>, exchange: &Exchange, charge: &AttemptCharge, reserved: Option<Pico>) {
        slot.learn(exchange);
        if let Verdict::Stop(refusal) = &exchange.verdict {
            self.stop.request(Ending::ProviderRefused(refusal.clone()));
        }
        let is_overbilled = charge.cost.zip(reserved).is_some_and(|(cost, reserved)| cost > reserved);
        if is_overbilled && self.job.limits.budget.is_some() {
            self.stop.request(Ending::BudgetReached { spent: charge.cost.unwrap_or_default(), is_overbilled: true });
        }
    }
}

/// Tasks by index, with their names and the time of their known outcome.
pub(super) fn names<'a>(
    job: &'a Job,
    tasks: &'a [(usize, Option<i64>)],
) -> impl Iterator<Item = (usize, String, Option<i64>)> + 'a {
    let name = |index: usize| job.tasks.get(index).map_or(String::new(), |task| task.name.clone());
    tasks.iter().map(move |(index, seen)| (*index, name(*index), *seen))
}

/// A number that stands for a page.
pub(super) fn page_number(page: &StoredPage) -> u64 {
    let bytes = page.content.as_bytes();
    bytes.iter().take(8).fold(u64::from(page.page), |number, byte| number << 8 ^ number >> 56 ^ u64::from(*byte))
}

pub(super) fn keyed(asking: &Asking, outcomes: Vec<(usize, Outcome)>) -> Vec<(i64, Outcome)> {
    let key = |(index, outcome): (usize, Outcome)| Some((*asking.recipes.get(index)?, outcome));
    outcomes.into_iter().filter_map(key).collect()
}

/// Why an attempt is made, and what it may cost.
#[derive(Clone, Copy)]
struct Planned {
    purpose: Purpose,
    expected: Option<Pico>,
    reserved: Option<Pico>,
}

pub(super) fn purpose(step: &Step, has_request: bool) -> Purpose {
    match step {
        Step::Ask { repair: Some(_), .. } => Purpose::Repair,
        Step::Ask { is_lengthened: true, .. } => Purpose::Lengthen,
        _ if has_request => Purpose::Retry,
        _ => Purpose::Ask,
    }
}

enum Grant {
    Granted { request: i64, attempt: i64 },
    Over(PageEnd),
}

pub(super) fn first_fault(state: &PageState, at_ms: i64) -> Option<(String, String)> {
    let faults = state.unanswered(at_ms);
    let fault = faults.iter().find(|(_, outcome)| outcome.status != OutcomeStatus::Ok)?.1.fault.as_ref()?;
    Some((fault.kind.clone(), fault.message.clone()))
}

fn log(ready: &Ready, exchange: &Exchange) {
    let (verdict, fault) = verdict_record(exchange);
    let (page, latency_ms, status) = (ready.page.content, exchange.latency.as_millis(), exchange.status);
    match fault {
        Some(fault) => tracing::info!(%page, verdict, kind = fault.kind, latency_ms, status, "{}", fault.message),
        None => tracing::debug!(%page, verdict, latency_ms, status, "answered"),
    }
}

pub(super) fn verdict_record(exchange: &Exchange) -> (&'static str, Option<FaultRecord>) {
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
