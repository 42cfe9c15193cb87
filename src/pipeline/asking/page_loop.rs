//! The loop over attempts at one page. An attempt reads top to bottom: admit, open, send, learn what the endpoint
//! accepts, judge, settle, adapt, record.

use super::adaptation::{adapt, learn_form, store_form};
use super::admission::InFlightSlot;
use super::attempt::{Attempt, by_recipe};
use super::budget_watch::BudgetWatch;
use super::page_state::{MIN_ATTEMPT_TIME, PageState, Step, first_error, next_step};
use super::stage::Asking;
use super::telemetry;
use crate::base::hooks::Point;
use crate::base::ids::AttemptId;
use crate::base::vocabulary::{AttemptPurpose, ErrorKind, VerdictName};
use crate::manifest::Job;
use crate::pipeline::control::context::RunContext;
use crate::pipeline::control::run_outcome::RunOutcome;
use crate::pipeline::model::ready_page::{PageEnd, ReadyPage};
use crate::provider::{Outgoing, PageFault};
use crate::store::{Opened, StoreError, TasksToAsk};
use std::ops::ControlFlow;
use std::time::Duration;
use tracing::Instrument;

/// Interval at which a page that does not fit into the budget checks it again, while attempts of other
/// processes hold reservations.
const BUDGET_POLL: Duration = Duration::from_millis(200);

/// Asks a page until it is done. An error of the store ends the run.
pub(crate) async fn ask_page(asking: &Asking<'_>, page: ReadyPage) -> PageEnd {
    let span = tracing::info_span!("page", path = &*page.path, content = %page.page.content, page = page.page.page);
    match ask_until_done(asking, &page).instrument(span).await {
        Ok(end) => end,
        Err(error) => {
            asking.run.shutdown.request(RunOutcome::from(error));
            PageEnd::Unfinished
        }
    }
}

async fn ask_until_done(asking: &Asking<'_>, page: &ReadyPage) -> Result<PageEnd, StoreError> {
    let run = asking.run;
    let mut state = new_state(&run.job, &page.tasks);
    let mut kept_slot = None;
    loop {
        match next_step(&state, &run.job.retry) {
            Step::Done => return Ok(PageEnd::Done(first_error(&state, run.clock.wall_ms()))),
            Step::Wait(wait) => {
                let wait = asking.admission.jittered(wait);
                if run.pause(wait).await.is_err() {
                    return Ok(PageEnd::Unfinished);
                }
                state.finish_wait(wait);
            }
            Step::Ask(step) => {
                let attempt = Attempt::new(&asking.endpoint, page, state, step);
                (state, kept_slot) = match make_attempt(asking, page, attempt, kept_slot).await? {
                    ControlFlow::Continue(next) => next,
                    ControlFlow::Break(end) => return Ok(end),
                };
            }
        }
    }
}

/// Makes one attempt: how far the page has come, or how the loop ends. `kept_slot`: its slot among the requests in flight. As
/// long as it is not known what the endpoint accepts, a page keeps its slot: only with the same page does another form
/// of the request show something.
async fn make_attempt<'a>(
    asking: &'a Asking<'_>,
    page: &ReadyPage,
    mut attempt: Attempt,
    kept_slot: Option<InFlightSlot<'a>>,
) -> Result<ControlFlow<PageEnd, (PageState, Option<InFlightSlot<'a>>)>, StoreError> {
    let Asking { run, endpoint, admission, observer, .. } = asking;
    let tokens = attempt.before.estimate.admission_tokens;
    if let Some(limit) = run.job.limits.tokens_per_minute.filter(|limit| tokens > *limit) {
        let part = if run.job.input.shard.is_some() { "this shard's part of " } else { "" };
        let message = format!("the request needs {tokens} tokens, more than {part}limits.tokens_per_minute: {limit}");
        return Ok(ControlFlow::Continue((fail_unsent(run, attempt, message).await?, None)));
    }

    // Admit. What other replies have shown while this page waited counts.
    let tokens = || attempt.admission_tokens(endpoint, &page.prepared);
    let Ok(mut slot) = admission.admit(tokens, kept_slot).await else {
        return Ok(ControlFlow::Break(PageEnd::Unfinished));
    };

    // Open.
    let (id, outgoing) = match open(asking, page, &mut attempt).await? {
        ControlFlow::Continue(opened) => opened,
        ControlFlow::Break(end) => return Ok(ControlFlow::Break(end)),
    };
    run.hooks.reached(Point::Reserved);

    // Send.
    slot.mark_sent();
    if attempt.purpose != AttemptPurpose::Ask {
        run.counters.add_repeated();
    }
    run.hooks.reached(Point::Sent);
    let span = telemetry::span(&attempt, id);
    let on_text = |text: &str| observer.on_text(text);
    let limit = time_limit(&run.job, &attempt);
    let sending = endpoint.send(&attempt.request, &outgoing, &page.prepared, limit, &on_text);
    let exchange = sending.instrument(span.clone()).await;
    run.hooks.reached(Point::Replied);
    if exchange.answered_in_reasoning {
        tracing::debug!("the reply has no text: its answer is the last object of the reasoning");
    }

    // Learn what the endpoint accepts: whether the reply costs the page an attempt depends on it.
    let form = learn_form(asking, &exchange, outgoing.form, attempt.may_try(&exchange, &run.job.retry));

    // Judge.
    let settlement = attempt.judge(id, &exchange, form, &run.job.retry, run.clock.wall_ms());

    // Settle.
    let settled = settlement.clone();
    let unstored = (settled.verdict == VerdictName::Done).then(|| settled.charge.cost.unwrap_or_default().0);
    unstored.inspect(|cost| run.counters.add_unstored(*cost));
    if let Err(error) = run.store.settle_attempt(settlement).await {
        // It was sent and may be billed: the log is the only record of it.
        telemetry::record_attempt(run, &attempt, &settled, exchange.obstacle(), &span);
        return Err(error);
    }
    unstored.inspect(|cost| run.counters.mark_stored(*cost));
    admission.free_budget();
    run.hooks.reached(Point::Settled);

    // Adapt.
    adapt(asking, &attempt, &exchange, &settled.charge, form).await?;
    slot.learn(&exchange);

    // Record.
    telemetry::record_attempt(run, &attempt, &settled, exchange.obstacle(), &span);
    observer.on_exchange(&attempt.request, &exchange, &settled.charge);
    let kept_slot = endpoint.is_trying_with(&attempt.request).then_some(slot);
    Ok(ControlFlow::Continue((attempt.state, kept_slot)))
}

/// How long an attempt may take: `request.timeout`, or the rest of `retry.page_time`.
fn time_limit(job: &Job, attempt: &Attempt) -> Duration {
    let limit = job.request.timeouts.attempt;
    let left = attempt.state.time_left(&job.retry).map(|left| left.max(MIN_ATTEMPT_TIME));
    left.map_or(limit, |left| left.min(limit))
}

/// Opens an attempt in the store: its id and the form in which to send it, or how the loop ends. Waits for
/// the budget while other attempts hold reservations and some of them end.
async fn open(
    asking: &Asking<'_>,
    page: &ReadyPage,
    attempt: &mut Attempt,
) -> Result<ControlFlow<PageEnd, (AttemptId, Outgoing)>, StoreError> {
    let run = asking.run;
    let (mut watch, mut unsent) = (BudgetWatch::default(), None);
    loop {
        let outgoing = attempt.renew(&asking.endpoint, &page.prepared);
        if let Some(outcome) = attempt.unbounded(&run.job) {
            store_form(asking, asking.endpoint.capabilities()).await?;
            run.shutdown.request(outcome);
            return Ok(ControlFlow::Break(PageEnd::Unfinished));
        }
        match run.store.open_attempt(attempt.open_record(run, None)).await? {
            Opened::Granted { request, attempt: id, .. } => {
                attempt.state.request = Some(request);
                return Ok(ControlFlow::Continue((id, outgoing)));
            }
            Opened::Changed | Opened::Elsewhere => return Ok(ControlFlow::Break(PageEnd::Elsewhere)),
            Opened::OverBudget { spent, reserved } => {
                unsent.get_or_insert_with(|| asking.admission.hold_back());
                // Reservations of requests end with their timeout, those of stopped processes when they are given
                // up. Those of batches may take a day.
                let scope = attempt.open_record(run, None).budget.scope;
                let max_wait = asking.budget_holders.give_up_overdue(run, &asking.reader, &scope).await?.requests;
                if watch.is_over(spent, reserved, run.clock.now(), max_wait) {
                    run.shutdown.request(attempt.budget_reached(&run.job, spent, reserved));
                    return Ok(ControlFlow::Break(PageEnd::Unfinished));
                }
                if asking.admission.wait_for_budget(BUDGET_POLL).await.is_err() {
                    return Ok(ControlFlow::Break(PageEnd::Unfinished));
                }
            }
        }
    }
}

/// Fails a page whose request is larger than any that may be sent.
///
/// # Errors
/// When the store fails.
pub(crate) async fn fail_unsent(run: &RunContext, attempt: Attempt, message: String) -> Result<PageState, StoreError> {
    let mut state = attempt.state;
    state.fail(PageFault { kind: ErrorKind::RequestTooLarge, message, is_refusal: false });
    let outcomes = by_recipe(&attempt.questions, state.open_outcomes(run.clock.wall_ms()));
    run.store.put_outcomes(attempt.page, outcomes).await?;
    Ok(state)
}

/// The state of a page before its first attempt.
pub(crate) fn new_state(job: &Job, tasks: &TasksToAsk) -> PageState {
    let name = |at: usize| job.tasks.get(at).map_or(String::new(), |task| task.name.clone());
    PageState::new(tasks.iter().map(|(at, seen)| (*at, name(*at), *seen)))
}
