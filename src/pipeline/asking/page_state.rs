//! How far a page has come, and what to do with it next: the one decision of the loop over attempts.
//! Pure: replies and times are passed in.

use crate::base::backoff::Backoff;
use crate::base::ids::{RequestId, Revision};
use crate::base::vocabulary::{AttemptPurpose, ErrorKind, OutcomeStatus};
use crate::manifest::{Retry, TimedOut};
use crate::pipeline::model::ready_page::PageError;
use crate::provider::{CapabilityChange, Cut, Exchange, FormChange, PageFault, Repair, Variation, Verdict};
use crate::store::{EarlierAttempts, FaultRecord, TaskOutcome};
use crate::task::{TaskFault, repair_text};
use std::time::Duration;

/// Maximum number of repairs: requests that send an invalid reply back with its errors.
const MAX_REPAIRS: u32 = 2;
/// Replies to a page in batches after which the next one is the last: a first one, repairs, and one at twice the
/// length.
const MAX_REPLIES: u32 = 2 + MAX_REPAIRS;
/// Maximum number of characters of an invalid reply that are sent back: reading them costs money.
const MAX_REPEATED_CHARS: usize = 8000;
/// The waits after transient errors. Source: the defaults of OpenAI's SDKs, 2026.
const BACKOFF: Backoff = Backoff::new(Duration::from_millis(500), Duration::from_secs(8));
/// With less time left no attempt is made: it would be cut off and paid for.
pub(crate) const MIN_ATTEMPT_TIME: Duration = Duration::from_secs(1);

/// A task of the page that is not done.
#[derive(Clone, Debug)]
pub(crate) struct OpenTask {
    /// Its position in the job.
    pub(crate) index: usize,
    /// Its name, for the model.
    pub(crate) name: String,
    /// The revision of its known outcome.
    pub(crate) seen: Option<Revision>,
    /// The error of the last reply to it.
    fault: Option<TaskFault>,
}

/// How far a page has come.
#[derive(Clone, Debug)]
pub(crate) struct PageState {
    pub(crate) open: Vec<OpenTask>,
    /// The request that its attempts belong to; `None` before the first attempt.
    pub(crate) request: Option<RequestId>,
    /// Attempts that ended with a transient error.
    tries: u32,
    repairs: u32,
    variation: Variation,
    /// A repair that was sent and has had no reply yet.
    repair: Option<Repair>,
    /// Time used by attempts and by waits between them.
    time_used: Duration,
    last: LastAttempt,
}

/// What the last attempt brought.
#[derive(Clone, Debug)]
enum LastAttempt {
    /// There was none, or it does not count.
    Nothing,
    /// A reply. Tasks that are still open have no valid answer in it.
    Replied { cut: Cut, content: String },
    /// Reasoning used up the output limit.
    ReasoningExhausted,
    /// A transient error.
    Transient {
        fault: FaultRecord,
        /// Whether the server may still work on the request.
        may_run: bool,
        /// Whether the wait after it is over.
        has_waited: bool,
        /// Whether other pages decide: the error may concern only this page, or all.
        is_scope_unknown: bool,
    },
    /// An error that no other attempt can change.
    Page(PageFault),
}

impl LastAttempt {
    /// A transient error of a request that has ended, which concerns this page.
    fn transient(fault: FaultRecord) -> Self {
        Self::Transient { fault, may_run: false, has_waited: false, is_scope_unknown: false }
    }
}

/// What to do next.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// Make an attempt for the open tasks.
    Ask(AskStep),
    /// Wait this long (before jitter), then decide again.
    Wait(Duration),
    /// Nothing is left to ask.
    Done,
}

/// An attempt that is to be made.
#[derive(Clone, Debug, Default)]
pub(crate) struct AskStep {
    /// How the request differs from the usual one.
    pub(crate) variation: Variation,
    /// The invalid reply that it sends back.
    pub(crate) repair: Option<Repair>,
}

/// What to do with a page next.
pub(crate) fn next_step(state: &PageState, retry: &Retry) -> Step {
    let ask = |repair| Step::Ask(AskStep { variation: state.variation, repair });
    let vary = |variation| Step::Ask(AskStep { variation, repair: None });
    if state.open.is_empty() {
        return Step::Done;
    }
    match &state.last {
        LastAttempt::Nothing => ask(state.repair.clone()),
        LastAttempt::Page(_) => Step::Done,
        // An attempt that can't end within the page's time is not begun.
        _ if state.time_left(retry).is_some_and(|left| left < MIN_ATTEMPT_TIME) => Step::Done,
        LastAttempt::Transient { is_scope_unknown: false, .. } if state.tries >= retry.attempts => Step::Done,
        LastAttempt::Transient { has_waited: true, .. } => ask(state.repair.clone()),
        LastAttempt::Transient { may_run, .. } => match wait_after_error(state.tries, *may_run, retry) {
            Some(wait) if state.time_left(retry).is_none_or(|left| wait + MIN_ATTEMPT_TIME <= left) => Step::Wait(wait),
            _ => Step::Done,
        },
        LastAttempt::Replied { cut: Cut::Length, .. } | LastAttempt::ReasoningExhausted
            if state.variation.is_lengthened =>
        {
            Step::Done
        }
        LastAttempt::Replied { cut: Cut::Length, .. } | LastAttempt::ReasoningExhausted => {
            vary(Variation { is_lengthened: true, ..state.variation })
        }
        LastAttempt::Replied { cut: Cut::Repetition, .. } if state.variation.avoids_repetition => Step::Done,
        LastAttempt::Replied { cut: Cut::Repetition, .. } => {
            vary(Variation { avoids_repetition: true, ..state.variation })
        }
        LastAttempt::Replied { .. } if state.repairs >= MAX_REPAIRS => Step::Done,
        LastAttempt::Replied { content, .. } => {
            let faults: Vec<_> =
                state.open.iter().filter_map(|task| Some((task.name.as_str(), task.fault.as_ref()?))).collect();
            let previous = content.chars().take(MAX_REPEATED_CHARS).collect();
            ask(Some(Repair { previous, text: repair_text(&faults) }))
        }
    }
}

/// How long a page waits after its `tries`th transient error; `None`: it is left to the next run.
fn wait_after_error(tries: u32, may_run: bool, retry: &Retry) -> Option<Duration> {
    match retry.timed_out {
        TimedOut::Leave if may_run => None,
        TimedOut::Wait(wait) if may_run => Some(wait),
        _ => Some(BACKOFF.delay(tries)),
    }
}

impl PageState {
    /// A page with the tasks to ask: position in the job, name, revision of the known outcome.
    pub(crate) fn new(tasks: impl Iterator<Item = (usize, String, Option<Revision>)>) -> Self {
        let open = tasks.map(|(index, name, seen)| OpenTask { index, name, seen, fault: None }).collect();
        Self {
            open,
            request: None,
            tries: 0,
            repairs: 0,
            variation: Variation::default(),
            repair: None,
            time_used: Duration::ZERO,
            last: LastAttempt::Nothing,
        }
    }

    /// A page that an earlier run has asked `earlier` times, and then once more for this `purpose`. What that request
    /// differed in is not known; what was tried counts all the same, so that no page is asked without end.
    pub(crate) fn resumed(
        tasks: impl Iterator<Item = (usize, String, Option<Revision>)>,
        purpose: AttemptPurpose,
        earlier: EarlierAttempts,
    ) -> Self {
        let is_last = earlier.replies >= MAX_REPLIES;
        let variation = Variation {
            is_lengthened: is_last || purpose == AttemptPurpose::Lengthen,
            avoids_repetition: is_last,
            ..Variation::default()
        };
        let repairs = earlier.repairs + u32::from(purpose == AttemptPurpose::Repair);
        let repairs = if is_last { MAX_REPAIRS } else { repairs };
        Self { tries: earlier.retries, repairs, variation, ..Self::new(tasks) }
    }

    /// How its requests differ from the usual ones.
    pub(crate) fn variation(&self) -> Variation {
        self.variation
    }

    /// Attempts that ended with a transient error.
    pub(crate) fn tries(&self) -> u32 {
        self.tries
    }

    /// The positions of the open tasks in the job.
    pub(crate) fn open_tasks(&self) -> Vec<usize> {
        self.open.iter().map(|task| task.index).collect()
    }

    /// Whether exactly these tasks are open.
    pub(crate) fn has_open(&self, tasks: &[(usize, Option<Revision>)]) -> bool {
        self.open.iter().map(|task| task.index).eq(tasks.iter().map(|(index, _)| *index))
    }

    /// The rest of `retry.page_time`; `None`: no limit.
    pub(crate) fn time_left(&self, retry: &Retry) -> Option<Duration> {
        retry.page_time.map(|time| time.saturating_sub(self.time_used))
    }

    /// A wait of this length is over.
    pub(crate) fn finish_wait(&mut self, waited: Duration) {
        self.time_used += waited;
        if let LastAttempt::Transient { has_waited, .. } = &mut self.last {
            *has_waited = true;
        }
    }

    /// The page can't be answered, whatever else is tried.
    pub(crate) fn fail(&mut self, fault: PageFault) {
        self.last = LastAttempt::Page(fault);
    }

    /// Applies what an attempt brought; returns the outcomes of the tasks that it answered. `form`: what it
    /// shows about the form of requests.
    pub(crate) fn apply_exchange(
        &mut self,
        exchange: &Exchange,
        step: &AskStep,
        form: FormChange,
        at_ms: i64,
    ) -> Vec<(usize, TaskOutcome)> {
        // Time spent waiting for a rate limit or an outage is not the page's time.
        if !matches!(exchange.verdict, Verdict::Later { .. } | Verdict::Stop(_)) {
            self.time_used += exchange.latency;
        }
        self.variation = step.variation;
        let has_reply = matches!(exchange.verdict, Verdict::Done { .. });
        self.repairs += u32::from(step.repair.is_some() && has_reply);
        self.repair = if has_reply { None } else { step.repair.clone() };
        match &exchange.verdict {
            Verdict::Done { reading, cut } => {
                let mut answered = Vec::new();
                let mut still_open = Vec::new();
                for (mut task, read) in self.open.drain(..).zip(reading) {
                    match read {
                        Ok(value) => answered.push((task.index, TaskOutcome::answer(value.clone(), at_ms))),
                        Err(fault) => {
                            task.fault = Some(fault.clone());
                            still_open.push(task);
                        }
                    }
                }
                self.open = still_open;
                self.last = LastAttempt::Replied { cut: *cut, content: exchange.content.clone() };
                // An invalid reply to a form that is no longer sent does not count.
                if is_outdated(form) && *cut == Cut::No {
                    self.repairs = 0;
                    self.last = LastAttempt::Nothing;
                }
                answered
            }
            Verdict::Retry(fault) if fault.change.is_some() => {
                let is_first = !self.variation.avoids_format;
                self.last = match form {
                    FormChange::PageWithoutFormat if is_first => {
                        self.variation.avoids_format = true;
                        LastAttempt::Nothing
                    }
                    // Reasoning used up the output limit, which can't be raised for the endpoint.
                    FormChange::Exhausted(CapabilityChange::OutputFactor) => LastAttempt::ReasoningExhausted,
                    FormChange::Doubted => LastAttempt::transient(fault.into()),
                    // Whatever its text, the server may have failed: another attempt may succeed.
                    FormChange::Exhausted(_) if exchange.is_servers_fault() => {
                        self.tries += 1;
                        let fault = FaultRecord { kind: ErrorKind::ServerError, ..fault.into() };
                        LastAttempt::transient(fault)
                    }
                    FormChange::Exhausted(_) | FormChange::PageWithoutFormat => {
                        let message = fault.message.clone();
                        LastAttempt::Page(PageFault { kind: ErrorKind::BadRequest, message, is_refusal: false })
                    }
                    _ => LastAttempt::Nothing,
                };
                Vec::new()
            }
            Verdict::Retry(fault) => {
                // In another form it is another request.
                self.tries += u32::from(!matches!(form, FormChange::Trying(_) | FormChange::Proven { .. }));
                let (may_run, is_scope_unknown) = (fault.may_run, exchange.is_scope_unknown);
                self.last =
                    LastAttempt::Transient { fault: fault.into(), may_run, has_waited: false, is_scope_unknown };
                Vec::new()
            }
            // Admission waits; the attempt does not count.
            Verdict::Later { .. } | Verdict::Stop(_) => {
                self.last = LastAttempt::Nothing;
                Vec::new()
            }
            // Another form of the request may be accepted, or the same one later.
            Verdict::Page(_) if form.asks_again() => {
                self.last = LastAttempt::Nothing;
                Vec::new()
            }
            Verdict::Page(fault) => {
                self.last = LastAttempt::Page(fault.clone());
                Vec::new()
            }
        }
    }

    /// The outcomes of the tasks that are open when the page is done.
    pub(crate) fn open_outcomes(&self, at_ms: i64) -> Vec<(usize, TaskOutcome)> {
        let outcome = |task: &OpenTask| {
            let (status, fault, is_transient) = match &self.last {
                LastAttempt::Page(fault) => {
                    let status = if fault.is_refusal { OutcomeStatus::Refused } else { OutcomeStatus::Failed };
                    (status, fault.into(), false)
                }
                LastAttempt::Transient { fault, .. } => (OutcomeStatus::Failed, fault.clone(), true),
                LastAttempt::Replied { cut: Cut::Repetition, .. } => {
                    let message = match self.variation.avoids_repetition {
                        true => "the reply repeated itself until max_tokens, even with another format",
                        false => {
                            "the reply repeated itself until max_tokens; retry.page_time left no time for another format"
                        }
                    };
                    let message = message.to_owned();
                    (OutcomeStatus::Invalid, FaultRecord { kind: ErrorKind::Repetition, message }, false)
                }
                LastAttempt::Replied { cut: Cut::Length, .. } | LastAttempt::ReasoningExhausted => {
                    let what = match self.last {
                        LastAttempt::ReasoningExhausted => "reasoning used up max_tokens",
                        _ => "the reply was cut at max_tokens or at a bound of its schema",
                    };
                    let message = match self.variation.is_lengthened {
                        true => format!("{what}, even at twice the length"),
                        false => format!("{what}; retry.page_time left no time for twice the length"),
                    };
                    (OutcomeStatus::Invalid, FaultRecord { kind: ErrorKind::Length, message }, false)
                }
                LastAttempt::Replied { .. } | LastAttempt::Nothing => {
                    let (kind, message) = task
                        .fault
                        .as_ref()
                        .map_or((ErrorKind::Missing, "no answer".to_owned()), |f| (f.kind, f.message.clone()));
                    (OutcomeStatus::Invalid, FaultRecord { kind, message }, false)
                }
            };
            (task.index, TaskOutcome::failure(status, fault, is_transient, at_ms))
        };
        self.open.iter().map(outcome).collect()
    }
}

/// Whether the form of a request is no longer sent.
fn is_outdated(form: FormChange) -> bool {
    matches!(form, FormChange::Changed { .. } | FormChange::AlreadyMade)
}

/// The first error of a page whose tasks are not all answered.
pub(crate) fn first_error(state: &PageState, at_ms: i64) -> Option<PageError> {
    let outcomes = state.open_outcomes(at_ms);
    let fault = outcomes.into_iter().find_map(|(_, outcome)| outcome.fault)?;
    Some(PageError { kind: fault.kind, message: fault.message })
}

#[cfg(test)]
mod tests;
