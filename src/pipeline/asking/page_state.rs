//! What to do with a page now: the one decision of the loop over attempts, pure.

use crate::base::backoff::Backoff;
use crate::manifest::{Retry, TimedOut};
use crate::provider::{Exchange, PageFault, Repair, Verdict};
use crate::store::{FaultRecord, OutcomeStatus, TaskOutcome};
use crate::task::{TaskFault, repair_text};
use std::time::Duration;

/// Times that an invalid reply is asked again, with what was wrong with it.
const REPAIRS: u32 = 2;
/// Most characters of an invalid reply that are sent back with what was wrong with it:
/// whoever babbles for megabytes is not to be paid for reading it.
const MOST_REPEATED: usize = 8000;
/// Delays after transient faults: as OpenAI's SDKs.
const BACKOFF: Backoff = Backoff::new(Duration::from_millis(500), Duration::from_secs(8));
/// With less time left a page is not asked again: it would be paid for nothing.
pub(crate) const LEAST_TIME: Duration = Duration::from_secs(1);

/// A task that is not settled.
#[derive(Clone, Debug)]
pub(crate) struct OpenTask {
    /// Its index in the job.
    pub(crate) index: usize,
    /// Its name, for the model.
    pub(crate) name: String,
    /// When its known outcome was stored.
    pub(crate) seen_ms: Option<i64>,
    /// What was wrong with the last reply to it.
    fault: Option<TaskFault>,
}

/// How far a page has come.
#[derive(Clone, Debug)]
pub(crate) struct PageState {
    pub(crate) open: Vec<OpenTask>,
    /// The request that its attempts belong to, when it had one.
    pub(crate) request: Option<i64>,
    /// Attempts that met a fault that may pass.
    tries: u32,
    repairs: u32,
    is_lengthened: bool,
    /// A repair that was asked for and has had no reply yet.
    repair: Option<Repair>,
    /// How long it was asked, and waited to be asked again.
    taken: Duration,
    last: Last,
}

/// What the last attempt was.
#[derive(Clone, Debug)]
enum Last {
    /// None yet, or one that does not count: ask.
    Nothing,
    /// A reply in which something was wrong.
    Invalid { is_cut: bool, content: String },
    /// A fault that may pass.
    Passing { fault: FaultRecord, may_run: bool, has_rested: bool },
    /// The page can't be answered.
    Page(PageFault),
}

/// What to do now.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// Ask for the open tasks.
    Ask {
        /// Twice the room for the reply.
        is_lengthened: bool,
        repair: Option<Repair>,
    },
    /// Wait this long (before jitter), then look again.
    Wait(Duration),
    /// Nothing more to ask.
    Settled,
}

/// What to do with a page now.
pub(crate) fn next(state: &PageState, retry: &Retry) -> Step {
    let ask = |repair| Step::Ask { is_lengthened: state.is_lengthened, repair };
    if state.open.is_empty() {
        return Step::Settled;
    }
    match &state.last {
        Last::Nothing => ask(state.repair.clone()),
        Last::Page(_) => Step::Settled,
        // What can't end in the page's time is not begun.
        _ if state.time_left(retry).is_some_and(|left| left < LEAST_TIME) => Step::Settled,
        Last::Passing { .. } if state.tries >= retry.attempts => Step::Settled,
        Last::Passing { has_rested: true, .. } => ask(state.repair.clone()),
        Last::Passing { may_run, .. } => match pause(state.tries, *may_run, retry) {
            Some(wait) if state.time_left(retry).is_none_or(|left| wait + LEAST_TIME <= left) => Step::Wait(wait),
            _ => Step::Settled,
        },
        Last::Invalid { is_cut: true, .. } if state.is_lengthened => Step::Settled,
        Last::Invalid { is_cut: true, .. } => Step::Ask { is_lengthened: true, repair: None },
        Last::Invalid { .. } if state.repairs >= REPAIRS => Step::Settled,
        Last::Invalid { content, .. } => {
            let faults: Vec<_> =
                state.open.iter().filter_map(|task| Some((task.name.as_str(), task.fault.as_ref()?))).collect();
            let previous = content.chars().take(MOST_REPEATED).collect();
            ask(Some(Repair { previous, text: repair_text(&faults) }))
        }
    }
}

/// How long a page rests after its `tries`th fault that may pass; `None`: it is left to the
/// next run.
fn pause(tries: u32, may_run: bool, retry: &Retry) -> Option<Duration> {
    match retry.timed_out {
        TimedOut::Leave if may_run => None,
        TimedOut::Wait(wait) if may_run => Some(wait),
        _ => Some(BACKOFF.delay(tries)),
    }
}

impl PageState {
    /// A page of which these tasks are asked: index, name, time of the known outcome.
    pub(crate) fn new(tasks: impl Iterator<Item = (usize, String, Option<i64>)>) -> Self {
        let open = tasks.map(|(index, name, seen_ms)| OpenTask { index, name, seen_ms, fault: None }).collect();
        Self {
            open,
            request: None,
            tries: 0,
            repairs: 0,
            is_lengthened: false,
            repair: None,
            taken: Duration::ZERO,
            last: Last::Nothing,
        }
    }

    /// Indices of the tasks that are open.
    pub(crate) fn tasks(&self) -> Vec<usize> {
        self.open.iter().map(|task| task.index).collect()
    }

    /// Whether these tasks are what is open.
    pub(crate) fn asks(&self, tasks: &[(usize, Option<i64>)]) -> bool {
        self.open.iter().map(|task| task.index).eq(tasks.iter().map(|(index, _)| *index))
    }

    /// What is left of the time that a page may take.
    pub(crate) fn time_left(&self, retry: &Retry) -> Option<Duration> {
        retry.page_time.map(|time| time.saturating_sub(self.taken))
    }

    /// The wait, which took this time, is over.
    pub(crate) fn rest(&mut self, waited: Duration) {
        self.taken += waited;
        if let Last::Passing { has_rested, .. } = &mut self.last {
            *has_rested = true;
        }
    }

    /// The page can't be asked at all.
    pub(crate) fn give_up(&mut self, fault: PageFault) {
        self.last = Last::Page(fault);
    }

    /// Takes what an attempt brought; the outcomes of tasks that it answered.
    pub(crate) fn take(&mut self, exchange: &Exchange, step: &Step, at_ms: i64) -> Vec<(usize, TaskOutcome)> {
        // Waiting for a limit or an outage is not the page's time.
        if !matches!(exchange.verdict, Verdict::Later { .. } | Verdict::Stop(_)) {
            self.taken += exchange.latency;
        }
        if let Step::Ask { is_lengthened, repair } = step {
            self.is_lengthened = *is_lengthened;
            let has_reply = matches!(exchange.verdict, Verdict::Done { .. });
            self.repairs += u32::from(repair.is_some() && has_reply);
            self.repair = if has_reply { None } else { repair.clone() };
        }
        match &exchange.verdict {
            Verdict::Done { reading, is_cut } => {
                let mut answered = Vec::new();
                let mut still_open = Vec::new();
                for (mut task, read) in self.open.drain(..).zip(reading) {
                    match read {
                        Ok(value) => answered.push((task.index, ok(value.to_string(), at_ms))),
                        Err(fault) => {
                            task.fault = Some(fault.clone());
                            still_open.push(task);
                        }
                    }
                }
                self.open = still_open;
                self.last = Last::Invalid { is_cut: *is_cut, content: exchange.content.clone() };
                answered
            }
            Verdict::Retry(fault) if fault.change.is_some() => {
                self.last = Last::Nothing;
                Vec::new()
            }
            Verdict::Retry(fault) => {
                self.tries += 1;
                let may_run = fault.may_run;
                let fault = FaultRecord { kind: fault.kind.to_owned(), message: fault.message.clone() };
                self.last = Last::Passing { fault, may_run, has_rested: false };
                Vec::new()
            }
            // Waiting is the business of admission, and does not count.
            Verdict::Later { .. } | Verdict::Stop(_) => {
                self.last = Last::Nothing;
                Vec::new()
            }
            Verdict::Page(fault) => {
                self.last = Last::Page(fault.clone());
                Vec::new()
            }
        }
    }

    /// The outcomes of the tasks that are still open when a page is settled.
    pub(crate) fn unanswered(&self, at_ms: i64) -> Vec<(usize, TaskOutcome)> {
        let outcome = |task: &OpenTask| {
            let (status, fault, is_passing) = match &self.last {
                Last::Page(fault) => {
                    let status = if fault.is_refusal { OutcomeStatus::Refused } else { OutcomeStatus::Failed };
                    (status, FaultRecord { kind: fault.kind.to_owned(), message: fault.message.clone() }, false)
                }
                Last::Passing { fault, .. } => (OutcomeStatus::Failed, fault.clone(), true),
                Last::Invalid { is_cut: true, .. } => {
                    let message = "the reply was cut at max_tokens, with twice the room too".to_owned();
                    (OutcomeStatus::Invalid, FaultRecord { kind: "length".into(), message }, false)
                }
                Last::Invalid { .. } | Last::Nothing => {
                    let (kind, message) = task
                        .fault
                        .as_ref()
                        .map_or(("missing", "no answer".to_owned()), |f| (f.kind, f.message.clone()));
                    (OutcomeStatus::Invalid, FaultRecord { kind: kind.to_owned(), message }, false)
                }
            };
            (task.index, TaskOutcome { status, value: None, fault: Some(fault), is_passing, runs: 1, at_ms })
        };
        self.open.iter().map(outcome).collect()
    }
}

fn ok(value: String, at_ms: i64) -> TaskOutcome {
    TaskOutcome { status: OutcomeStatus::Ok, value: Some(value), fault: None, is_passing: false, runs: 1, at_ms }
}

#[cfg(test)]
mod tests;
