//! Delivery by the provider's batches: pages are written to files, files become batches, batches end
//! within a day, and their results are stored like any other answer.
//!
//! A batch goes through the states of `BatchState`. Each is durable before the next step is made, so
//! a run that dies leaves something that the next run can continue, and nothing is submitted twice.

use super::fill::{BatchFiller, Filled};
use super::poll::BatchPoller;
use super::queue_limit::QueueLimit;
use super::resume::resume_batches;
use super::unfinished::{AskedPage, UnfinishedPages};
use crate::base::ids::{BatchId, PageId, RunId};
use crate::base::units::counted;
use crate::pipeline::asking::elsewhere::PagesElsewhere;
use crate::pipeline::asking::stage::Asking;
use crate::pipeline::control::run_outcome::RunOutcome;
use crate::pipeline::model::ready_page::{PageEnd, ReadyPage};
use crate::store::StoreError;
use std::collections::HashSet;
use std::time::Duration;
use tokio::sync::mpsc;

/// Maximum number of complete files that wait for the provider's queue: they take disk space.
const MAX_WAITING_FILES: usize = 2;
/// Maximum number of pages in batches: their data is held in memory.
const MAX_PAGES: usize = 100_000;
/// Interval at which pages that do not fit into the budget check it again.
const BUDGET_POLL: Duration = Duration::from_secs(1);

/// Delivers pages in batches.
pub(crate) struct BatchDelivery<'a> {
    asking: &'a Asking<'a>,
    filler: BatchFiller<'a>,
    poller: BatchPoller<'a>,
    queue: QueueLimit,
    unfinished: UnfinishedPages,
    pass: DeliveryPass,
    /// Whether the provider is not waited for.
    is_once: bool,
}

/// What one pass over the input has delivered so far.
#[derive(Default)]
struct DeliveryPass {
    /// Pages that were taken.
    seen: HashSet<AskedPage>,
    /// How many more new pages may be taken.
    left: u64,
    /// Whether pages may still come.
    is_open: bool,
    /// Pages for another pass.
    again: u64,
    elsewhere: PagesElsewhere,
    has_progressed: bool,
}

/// What one step of a delivery brought.
#[derive(Default)]
pub(crate) struct DeliveryStep {
    /// Pages that are done.
    pub(crate) ends: Vec<PageEnd>,
    /// New pages that were taken.
    pub(crate) taken: u64,
    /// Whether no more pages are taken in this pass.
    pub(crate) is_full: bool,
}

/// What a pass has delivered.
pub(crate) struct Delivered {
    /// Pages for another pass.
    pub(crate) again: u64,
    /// Pages that another process is asking.
    pub(crate) elsewhere: PagesElsewhere,
    /// Whether a line was written or a batch collected.
    pub(crate) has_progressed: bool,
}

impl<'a> BatchDelivery<'a> {
    /// A delivery for a run. Removes the files of batches that do not exist any more. `is_once`: it ends the run
    /// instead of waiting for the provider. Blocks.
    ///
    /// # Errors
    /// When the store can't be read.
    pub(crate) fn new(asking: &'a Asking<'a>, is_once: bool) -> Result<Self, StoreError> {
        let bounds = asking.run.job.batch;
        asking.run.store.remove_orphan_batch_files()?;
        Ok(Self {
            asking,
            filler: BatchFiller::new(asking, bounds),
            poller: BatchPoller::new(asking, bounds.poll, is_once),
            queue: QueueLimit::new(bounds.queued_tokens),
            unfinished: UnfinishedPages::default(),
            pass: DeliveryPass::default(),
            is_once,
        })
    }

    /// Resumes the batches that earlier runs of the job have left.
    ///
    /// # Errors
    /// When the store can't be read.
    pub(crate) async fn resume(&mut self) -> Result<(), StoreError> {
        self.poller.extend(resume_batches(self.asking, &[]).await?);
        if !self.poller.batches().is_empty() {
            let (batches, pages) = (self.poller.batches().len(), self.poller.pages() as u64);
            tracing::info!("continuing {} of earlier runs, with {}", counted_batches(batches), counted(pages, "page"));
        }
        Ok(())
    }

    /// Pages that are in batches: a pass over the input skips them.
    pub(crate) fn page_ids(&self) -> HashSet<PageId> {
        self.poller.page_ids()
    }

    /// Takes over batches that other runs have left since. `stalled`: runs that have stalled, although their processes
    /// have not ended. Returns how many.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) async fn take_over(&mut self, stalled: Vec<RunId>) -> Result<usize, StoreError> {
        let run = self.asking.run;
        let names = stalled.iter().map(RunId::as_str).collect::<Vec<_>>().join(", ");
        run.store.take_over_batches(run.identity.keys.run, run.job.provider.id.clone(), stalled).await?;
        let known: Vec<BatchId> = self.poller.batches().iter().map(super::lifecycle::Batch::id).collect();
        let batches = resume_batches(self.asking, &known).await?;
        let count = batches.len();
        match names.as_str() {
            _ if count == 0 => {}
            "" => tracing::info!("collecting {} of runs that have ended", counted_batches(count)),
            names => tracing::warn!(
                "run {names} has stalled: its process is stopped or hangs; collecting {} that it has submitted",
                counted_batches(count)
            ),
        }
        self.poller.extend(batches);
        Ok(count)
    }

    /// Begins a pass over the input, which takes at most `left` new pages.
    pub(crate) fn begin_pass(&mut self, left: u64) {
        self.unfinished.begin_pass();
        let again = self.poller.page_ids().len() as u64;
        self.pass = DeliveryPass { left, is_open: true, again, ..DeliveryPass::default() };
    }

    /// Makes one step: takes pages, polls batches, or waits. `None`: every page was taken and every
    /// batch has ended, or the run ends; then [`BatchDelivery::end_pass`] follows.
    ///
    /// # Errors
    /// When the store or a file fails.
    pub(crate) async fn step(
        &mut self,
        ready: &mut mpsc::Receiver<ReadyPage>,
    ) -> Result<Option<DeliveryStep>, StoreError> {
        let run = self.asking.run;
        let mut step = DeliveryStep::default();
        if self.pass.left == 0 && self.unfinished.has_met_all() && self.pass.is_open {
            self.pass.is_open = false;
            step.is_full = true;
            ready.close();
        }
        if run.shutdown.is_requested() {
            run.counters.set_ending();
            ready.close();
            self.filler.withdraw().await?;
            return Ok(None);
        }
        if self.is_once && self.poller.is_blocked() {
            self.leave();
            return Ok(Some(step));
        }
        let is_idle = !self.filler.is_building() && self.poller.batches().is_empty();
        if self.filler.is_holding() && is_idle {
            let filled = self.filler.add_held(&self.queue, &mut self.unfinished).await?;
            self.apply(filled, &mut step);
        }
        // No more pages will come, or fit: the collected ones are sent.
        let is_last = self.is_once && self.poller.is_at_rest() && !self.takes_pages() && !self.is_unsure();
        if (!self.pass.is_open || self.filler.is_holding() || self.filler.space() == 0 || is_last)
            && let Some(batch) = self.filler.complete().await?
        {
            self.poller.push(batch);
        }
        if !self.pass.is_open && !self.filler.is_holding() && self.poller.batches().is_empty() {
            return Ok((!step.ends.is_empty() || step.is_full).then_some(step));
        }
        let takes = self.takes_pages();
        let has_batches = !self.poller.batches().is_empty();
        if self.is_once && !takes && (!has_batches || self.poller.is_at_rest()) {
            self.leave();
            return Ok(Some(step));
        }
        let mut group = Vec::new();
        tokio::select! {
            biased;
            () = run.shutdown.requested() => {}
            () = run.clock.sleep(self.poller.time_to_poll()), if has_batches => {
                let polled = self.poller.poll(&self.queue, &mut self.unfinished).await?;
                self.pass.again += polled.unsent;
                self.filler.confirm(polled.confirmed);
                self.pass.has_progressed |= polled.has_collected;
                step.ends.extend(polled.ends);
            }
            count = ready.recv_many(&mut group, self.filler.space()), if takes => {
                self.pass.is_open = count > 0;
                step.taken = self.pass.retain_new(&mut group, &self.unfinished);
                let filled = self.filler.add(group, &self.queue, &mut self.unfinished).await?;
                self.apply(filled, &mut step);
            }
            () = run.clock.sleep(BUDGET_POLL), if !takes && !has_batches => {
                // The rest of the budget may be reserved for batches that no run collects.
                self.take_over(self.asking.budget_holders.stalled_runs()).await?;
            }
        }
        Ok(Some(step))
    }

    /// Ends the run: the rest is for the next one.
    pub(crate) fn leave(&self) {
        let pages = self.poller.pages() as u64 + self.filler.held() + self.unfinished.len();
        self.asking.run.shutdown.request(RunOutcome::BatchPending { pages });
    }

    /// Whether pages are taken now.
    fn takes_pages(&self) -> bool {
        let has_space = self.poller.waiting_files() < MAX_WAITING_FILES && self.poller.pages() < MAX_PAGES;
        self.pass.is_open && !self.filler.is_holding() && has_space && !self.is_unsure()
    }

    /// Whether more pages have to wait: until the endpoint's first bills are seen, a budget lets few out.
    fn is_unsure(&self) -> bool {
        self.filler.is_cautious() && !self.poller.batches().is_empty()
    }

    fn apply(&mut self, filled: Filled, step: &mut DeliveryStep) {
        filled.complete.into_iter().for_each(|batch| self.poller.push(batch));
        filled.elsewhere.into_iter().for_each(|(page, questions)| self.pass.elsewhere.add(page, questions));
        self.pass.has_progressed |= filled.has_written;
        step.ends.extend(filled.ends);
    }

    /// Ends a pass.
    pub(crate) fn end_pass(&mut self) -> Delivered {
        let pass = std::mem::take(&mut self.pass);
        Delivered {
            again: pass.again + self.unfinished.len(),
            elsewhere: pass.elsewhere,
            has_progressed: pass.has_progressed,
        }
    }
}

fn counted_batches(count: usize) -> String {
    if count == 1 { "a batch".to_owned() } else { format!("{count} batches") }
}

impl DeliveryPass {
    /// Keeps the pages of a group that were not taken before and may still be taken. Returns how
    /// many of them are new; pages that the pass before left are not.
    fn retain_new(&mut self, group: &mut Vec<ReadyPage>, unfinished: &UnfinishedPages) -> u64 {
        let mut taken = 0;
        group.retain(|page| {
            let key = (page.page, page.questions.id);
            let is_new = !unfinished.is_of_previous(&key);
            let is_taken = self.seen.insert(key) && (self.left > 0 || !is_new);
            if is_taken && is_new {
                self.left -= 1;
                taken += 1;
            }
            is_taken
        });
        if self.seen.len() > MAX_PAGES {
            self.seen.clear();
        }
        taken
    }
}
