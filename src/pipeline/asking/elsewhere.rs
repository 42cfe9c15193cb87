//! Pages that another process is asking: their keys are polled in the store until they are done
//! or free again. An attempt that takes longer than its run allows does not hold a page indefinitely, and neither does
//! a batch of a stalled run.

use super::overdue::give_up;
use super::stage::Asking;
use super::waited_runs::{ANNOUNCE_AFTER, BATCH_TIME, Heartbeats, WaitedRuns, Waits, allowed_time};
use crate::base::ids::{AttemptId, PageId, RunId};
use crate::base::units::counted;
use crate::pipeline::control::options::RunOptions;
use crate::pipeline::model::question_set::{QuestionSet, VERSIONS, skip_rule};
use crate::store::{AskedElsewhere, BatchElsewhere, PageStatus, Reader, SkipRule, StoreError, TaskSelection};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

/// Pages that another process is asking.
#[derive(Default)]
pub(crate) struct PagesElsewhere {
    pages: VecDeque<PageElsewhere>,
    /// Number of pages that did not fit: the input is walked again for them.
    not_kept: u64,
    waited: WaitedRuns,
    waited_batches: WaitedRuns,
    heartbeats: Heartbeats,
    /// Stalled runs whose batches this run can collect.
    stalled: BTreeSet<RunId>,
}

/// A page that another process is asking.
struct PageElsewhere {
    page: PageId,
    questions: Arc<QuestionSet>,
    watched: Option<Watched>,
}

/// The attempt that is waited for.
#[derive(Clone, Copy)]
struct Watched {
    attempt: AttemptId,
    /// When it was first seen, as the run's clock measures it. The wall clock of the process that
    /// opened it may show anything.
    since: Duration,
}

/// Maximum number of keys that are kept.
const MAX_KEYS: usize = 100_000;
/// Interval at which pages that other processes ask are looked at.
pub(crate) const POLL_INTERVAL: Duration = Duration::from_millis(500);
/// Maximum number of pages that one poll looks at.
const MAX_LOOK_UPS: usize = 2000;
/// How many it looks at before other work gets its turn: about a millisecond of reads.
const LOOK_UPS_AT_ONCE: usize = 50;

impl PagesElsewhere {
    /// Adds a page that another process is asking.
    pub(crate) fn add(&mut self, page: PageId, questions: Arc<QuestionSet>) {
        if self.pages.len() < MAX_KEYS {
            self.pages.push_back(PageElsewhere { page, questions, watched: None });
        } else {
            self.not_kept += 1;
        }
    }

    /// Adds the pages of another pass.
    pub(crate) fn append(&mut self, mut other: Self) {
        self.pages.append(&mut other.pages);
        self.not_kept += other.not_kept;
    }

    /// Whether no page is being waited for.
    pub(crate) fn is_empty(&self) -> bool {
        self.pages.is_empty()
    }

    /// Stalled runs, whose processes have not ended: their batches are to be taken over.
    pub(crate) fn take_stalled(&mut self) -> Vec<RunId> {
        std::mem::take(&mut self.stalled).into_iter().collect()
    }

    /// Looks at pages that have been waited for longest, and forgets those that are no longer being
    /// asked. Returns how many are free again without an answer, so that the input has to be walked
    /// again.
    ///
    /// # Errors
    /// When the store can't be read or written.
    pub(crate) async fn poll(&mut self, asking: &Asking<'_>, options: &RunOptions) -> Result<u64, StoreError> {
        let run = asking.run;
        let tasks = options.wanted_tasks(&run.identity.keys.tasks);
        let begin = run.identity.keys.begin;
        let look_up = LookUp {
            reader: &asking.reader,
            // A near duplicate is not asked, so no other process asks it.
            skip: SkipRule { near_duplicates: false, ..skip_rule(&run.job) },
            selection: TaskSelection { retry: options.selection, wanted: &tasks, begin },
            renderers: &run.identity.renderers,
        };
        let (now, own_timeout) = (run.clock.now(), run.job.request.timeouts.attempt);
        let (mut free, mut overdue) = (0, Vec::new());
        let (mut waits, mut batch_waits) = (Waits::new(), Waits::new());
        let mut left: BTreeMap<(RunId, String), u64> = BTreeMap::new();
        for count in 0..self.pages.len().min(MAX_LOOK_UPS) {
            if count % LOOK_UPS_AT_ONCE == LOOK_UPS_AT_ONCE - 1 {
                // Replies arrive on this thread, too.
                tokio::task::yield_now().await;
            }
            let Some(mut page) = self.pages.pop_front() else { break };
            match look_up.find(&page.page, &page.questions)? {
                Elsewhere::Asked(asked) => {
                    let watched = page.watch(asked.attempt, now);
                    let waited = now.saturating_sub(watched.since);
                    let timeout = asked.timeout.unwrap_or(own_timeout);
                    let allowed = allowed_time(timeout);
                    match &asked.batch {
                        None if waited > allowed => overdue.push(asked),
                        None if waited > ANNOUNCE_AFTER => waits.entry(asked.run).or_insert((0, allowed)).0 += 1,
                        None => {}
                        Some(batch) => {
                            let is_stalled = self.heartbeats.is_stalled(&asked.run, batch.heartbeat_ms, timeout, now);
                            match judge_batch(batch, &run.job.provider.id, is_stalled, waited) {
                                BatchWait::Short => {}
                                BatchWait::Long => batch_waits.entry(asked.run).or_insert((0, BATCH_TIME)).0 += 1,
                                BatchWait::TakeOver => _ = self.stalled.insert(asked.run),
                                BatchWait::GiveUp => overdue.push(asked),
                                BatchWait::Leave => {
                                    *left.entry((asked.run, batch.provider.clone())).or_default() += 1;
                                    continue;
                                }
                            }
                        }
                    }
                    self.pages.push_back(page);
                }
                Elsewhere::Done => run.counters.add_done(),
                Elsewhere::Free => free += 1,
            }
        }
        self.waited.announce(waits, |pages, other| format!("{} that run {other} is asking", counted(pages, "page")));
        let in_batch = |pages, other: &RunId| format!("{} that run {other} has in a batch", counted(pages, "page"));
        self.waited_batches.announce(batch_waits, in_batch);
        for ((other, provider), pages) in left {
            tracing::warn!(
                "{} in a batch of run {other}, which has ended or hangs, at another provider ({provider}): only a run with that provider can collect it",
                counted(pages, "page")
            );
        }
        give_up(run, overdue).await?;
        if self.pages.is_empty() {
            free += std::mem::take(&mut self.not_kept);
        }
        Ok(free)
    }
}

/// What to do about a page that is in a batch of another run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum BatchWait {
    /// Wait.
    Short,
    /// Wait, and report it.
    Long,
    /// Collect the batch in place of its run.
    TakeOver,
    /// Ask the page again: its batch was not submitted, or has taken too long.
    GiveUp,
    /// Leave the page: its answer is at a provider that this run does not ask.
    Leave,
}

/// `own`: the provider of this run; `is_stalled`: the run of the batch has stalled; `waited`: for this attempt.
fn judge_batch(batch: &BatchElsewhere, own: &str, is_stalled: bool, waited: Duration) -> BatchWait {
    if is_stalled && batch.provider != own {
        BatchWait::Leave
    } else if is_stalled && batch.is_submitted {
        BatchWait::TakeOver
    } else if is_stalled || waited > BATCH_TIME {
        BatchWait::GiveUp
    } else if waited > ANNOUNCE_AFTER {
        BatchWait::Long
    } else {
        BatchWait::Short
    }
}

impl PageElsewhere {
    /// Notes that this attempt holds the page now.
    fn watch(&mut self, attempt: AttemptId, now: Duration) -> Watched {
        let watched = self.watched.filter(|watched| watched.attempt == attempt);
        *self.watched.insert(watched.unwrap_or(Watched { attempt, since: now }))
    }
}

/// Waits until no other process is asking a page, and announces for which run. Returns whether it is free or done: it is
/// not if it is in a batch, which may last for a day, or if this run ends.
///
/// # Errors
/// When the store can't be read or written.
pub(crate) async fn wait_for_page(
    asking: &Asking<'_>,
    page: PageId,
    questions: &Arc<QuestionSet>,
) -> Result<bool, StoreError> {
    let mut pages = PagesElsewhere::default();
    pages.add(page, questions.clone());
    while !pages.is_empty() {
        let asked = asking.reader.asked_elsewhere(&page, &questions.recipes)?;
        if asked.is_some_and(|asked| asked.batch.is_some()) {
            return Ok(false);
        }
        pages.poll(asking, &RunOptions::default()).await?;
        if !pages.is_empty() && asking.run.pause(POLL_INTERVAL).await.is_err() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// What another process has done with a page.
enum Elsewhere {
    /// It is asking it.
    Asked(AskedElsewhere),
    /// Nothing is left to ask of it.
    Done,
    /// It is no longer asking it, and something is left to ask.
    Free,
}

/// Finds in the store what another process has done with a page.
struct LookUp<'a> {
    reader: &'a Reader,
    /// Which pages are skipped.
    skip: SkipRule,
    /// Which tasks are asked.
    selection: TaskSelection<'a>,
    /// The renderers and fonts that are installed.
    renderers: &'a str,
}

impl LookUp<'_> {
    fn find(&self, page: &PageId, questions: &QuestionSet) -> Result<Elsewhere, StoreError> {
        // In this order: an attempt is settled in the commit that stores its outcomes.
        if let Some(asked) = self.reader.asked_elsewhere(page, &questions.recipes)? {
            return Ok(Elsewhere::Asked(asked));
        }
        let known = self.reader.stored_page(None, page, &questions.recipes, VERSIONS)?;
        let known = known.without_faults_of_other_renderers(self.renderers);
        Ok(match known.status(self.skip, &self.selection) {
            PageStatus::Ask(_) => Elsewhere::Free,
            PageStatus::Done | PageStatus::Skipped | PageStatus::Faulty => Elsewhere::Done,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_of_a_run_that_does_not_go_on_is_taken_over_if_its_results_can_be_collected() {
        let (minute, day) = (Duration::from_secs(60), Duration::from_secs(26 * 3600));
        for (provider, is_submitted, is_stalled, waited, expected) in [
            ("own", true, false, Duration::ZERO, BatchWait::Short),
            ("own", true, false, minute, BatchWait::Long),
            ("own", true, true, minute, BatchWait::TakeOver),
            // The process may submit it when it continues.
            ("own", false, true, minute, BatchWait::GiveUp),
            ("own", true, false, day, BatchWait::GiveUp),
            ("other", true, false, minute, BatchWait::Long),
            ("other", true, true, minute, BatchWait::Leave),
        ] {
            let batch = BatchElsewhere { provider: provider.into(), is_submitted, heartbeat_ms: 0 };
            let found = judge_batch(&batch, "own", is_stalled, waited);
            assert_eq!(found, expected, "{provider} {is_submitted} {is_stalled} {waited:?}");
        }
    }
}
