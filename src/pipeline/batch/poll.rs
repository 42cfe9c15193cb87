//! Batches in progress: each is advanced as far as possible. Obstacles are waited for, or end the run.

use super::collect::collect;
use super::lifecycle::{Batch, BatchStep};
use super::queue_limit::QueueLimit;
use super::unfinished::UnfinishedPages;
use crate::base::ids::PageId;
use crate::base::vocabulary::BatchState;
use crate::pipeline::asking::stage::Asking;
use crate::pipeline::control::run_outcome::RunOutcome;
use crate::pipeline::control::trouble::TroubleKind;
use crate::pipeline::model::ready_page::PageEnd;
use crate::provider::{BatchFault, FullQueue, Obstacle};
use crate::store::StoreError;
use std::collections::HashSet;
use std::time::Duration;

/// Advances batches.
pub(crate) struct BatchPoller<'a> {
    asking: &'a Asking<'a>,
    /// Time between two polls.
    interval: Duration,
    /// Whether the provider is not waited for.
    is_once: bool,
    batches: Vec<Batch>,
    /// Since when every call fails.
    failing_since: Option<Duration>,
    /// Since when the provider's queue has no space.
    full_since: Option<Duration>,
    /// When the batches are polled next.
    next_poll: Duration,
    /// Whether after the last poll every batch waits for the provider.
    is_at_rest: bool,
    /// Whether the provider's queue had no space for a batch that was alone and small enough.
    is_blocked: bool,
}

/// What a poll brought.
#[derive(Default)]
pub(crate) struct Polled {
    /// Pages that are done.
    pub(crate) ends: Vec<PageEnd>,
    /// Pages of batches that were never submitted: they are sent again.
    pub(crate) unsent: u64,
    /// Whether a batch was collected.
    pub(crate) has_collected: bool,
    /// As in [`Collected`](super::collect::Collected).
    pub(crate) confirmed: u64,
}

impl<'a> BatchPoller<'a> {
    /// A poller without batches.
    pub(crate) fn new(asking: &'a Asking<'a>, interval: Duration, is_once: bool) -> Self {
        let next_poll = asking.run.clock.now();
        Self {
            asking,
            interval,
            is_once,
            batches: Vec::new(),
            failing_since: None,
            full_since: None,
            next_poll,
            is_at_rest: false,
            is_blocked: false,
        }
    }

    /// Adds a batch, which is advanced at once.
    pub(crate) fn push(&mut self, batch: Batch) {
        self.batches.push(batch);
        self.is_at_rest = false;
        self.next_poll = self.asking.run.clock.now();
    }

    /// Adds batches that other runs have left.
    pub(crate) fn extend(&mut self, batches: Vec<Batch>) {
        self.is_at_rest &= batches.is_empty();
        self.batches.extend(batches);
    }

    /// The batches.
    pub(crate) fn batches(&self) -> &[Batch] {
        &self.batches
    }

    /// The pages in all batches.
    pub(crate) fn page_ids(&self) -> HashSet<PageId> {
        self.batches.iter().flat_map(Batch::page_ids).collect()
    }

    /// The number of pages in all batches.
    pub(crate) fn pages(&self) -> usize {
        self.batches.iter().map(Batch::pages).sum()
    }

    /// How many complete files wait for the provider's queue.
    pub(crate) fn waiting_files(&self) -> usize {
        self.batches.iter().filter(|batch| batch.state() == BatchState::Filled).count()
    }

    /// Whether there is nothing to do until the provider has gone on: every batch is being processed or waits for
    /// space in its queue. A call that failed is repeated, and a batch whose creation is not confirmed is looked for.
    pub(crate) fn is_at_rest(&self) -> bool {
        self.is_at_rest
    }

    /// Whether others use up the provider's queue: it had no space for a batch that was alone and small enough.
    pub(crate) fn is_blocked(&self) -> bool {
        self.is_blocked
    }

    /// Time until the next poll.
    pub(crate) fn time_to_poll(&self) -> Duration {
        self.next_poll.saturating_sub(self.asking.run.clock.now())
    }

    /// Advances every batch as far as it goes now.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) async fn poll(
        &mut self,
        queue: &QueueLimit,
        unfinished: &mut UnfinishedPages,
    ) -> Result<Polled, StoreError> {
        let run = self.asking.run;
        let mut polled = Polled::default();
        let mut wait = self.interval;
        let mut at = 0;
        (self.is_at_rest, self.is_blocked) = (true, false);
        while at < self.batches.len() {
            let queued: u64 = self.batches.iter().filter(|other| other.is_queued()).map(Batch::tokens).sum();
            // A process that was frozen may have lost its lease meanwhile.
            if run.shutdown.is_requested() {
                return Ok(polled);
            }
            let batch = &mut self.batches[at];
            let fits = queue.fits(queued, batch.tokens());
            let step = tokio::select! {
                step = batch.advance(self.asking, fits) => step?,
                () = run.shutdown.requested() => return Ok(polled),
            };
            match step {
                BatchStep::Working => {
                    self.is_at_rest &= self.batches[at].state() == BatchState::Submitted;
                    self.set_working();
                    at += 1;
                }
                BatchStep::Queued => at += 1,
                BatchStep::Advanced => self.failing_since = None,
                BatchStep::FileGone => {
                    let gone = self.batches.remove(at);
                    polled.unsent += gone.pages() as u64;
                    run.store.withdraw_batch(gone.id()).await?;
                }
                BatchStep::Ended(remote) => {
                    let collected = collect(self.asking, &mut self.batches[at], &remote).await?;
                    polled.has_collected = true;
                    polled.confirmed += collected.confirmed;
                    polled.ends.extend(collected.ends);
                    for (page, state) in collected.unfinished {
                        unfinished.insert(page, state);
                    }
                    if let Some(fault) = collected.fault {
                        // Stored results stay; the rest is collected again.
                        wait = wait.max(self.handle_fault(&fault));
                        at += 1;
                        continue;
                    }
                    self.set_working();
                    let ended = self.batches.remove(at);
                    match collected.full_queue {
                        Some(full) => self.handle_full_queue(queue, full, ended.tokens()).await,
                        None => self.full_since = None,
                    }
                }
                BatchStep::Failed(fault) => {
                    wait = wait.max(self.handle_fault(&fault));
                    let is_unsent = self.batches[at].state() == BatchState::Filled;
                    if is_unsent && matches!(fault, BatchFault::Refused(_)) {
                        // Nothing of it was sent, and nothing will be.
                        let refused = self.batches.remove(at);
                        refused.remove_file().await;
                        run.store.withdraw_batch(refused.id()).await?;
                    } else {
                        at += 1;
                    }
                }
            }
        }
        self.next_poll = run.clock.now() + wait.min(self.time_to_give_up());
        Ok(polled)
    }

    /// The provider's queue had no space for a batch of `refused` tokens: batches get smaller, and
    /// wait until others have ended.
    async fn handle_full_queue(&mut self, queue: &QueueLimit, full: FullQueue, refused: u64) {
        let run = self.asking.run;
        let is_alone = !self.batches.iter().any(Batch::is_queued);
        let should_fit = queue.tokens().is_some_and(|known| refused <= known);
        queue.learn(full.max_tokens, refused, is_alone);
        let now = run.clock.now();
        let since = *self.full_since.get_or_insert(now);
        if now.saturating_sub(since) > run.job.retry.max_wait {
            let message = "its queue of batches has no space".to_owned();
            run.shutdown.request(RunOutcome::from_max_wait(&message, true));
        }
        self.is_blocked = is_alone && should_fit;
        if is_alone && !self.is_once {
            // Others may fill it. The end of the run is noticed by the next step.
            let _ = run.pause(self.interval).await;
        }
    }

    /// How long failing calls are retried from now on: the run ends at the first poll after that.
    fn time_to_give_up(&self) -> Duration {
        let run = self.asking.run;
        let Some(since) = self.failing_since else { return Duration::MAX };
        let failing = run.clock.now().saturating_sub(since);
        run.job.retry.max_wait.saturating_sub(failing) + Duration::from_millis(1)
    }

    /// A call succeeded.
    fn set_working(&mut self) {
        self.failing_since = None;
        self.asking.run.counters.end_trouble();
    }

    /// A call failed: ends the run, or returns how long to wait.
    fn handle_fault(&mut self, fault: &BatchFault) -> Duration {
        let run = self.asking.run;
        self.is_at_rest = false;
        let (message, after, obstacle) = match fault {
            BatchFault::Refused(refusal) => {
                run.shutdown.request(RunOutcome::ProviderRefused(refusal.clone()));
                return Duration::ZERO;
            }
            BatchFault::Transient { message, after, obstacle } => (message, *after, *obstacle),
            BatchFault::NotFound(message) => (message, None, Obstacle::Other),
        };
        if run.shutdown.is_requested() {
            return Duration::ZERO;
        }
        let kind = TroubleKind::of_obstacle(obstacle).unwrap_or(TroubleKind::Batches);
        run.counters.set_trouble(kind, message, Some(run.job.retry.max_wait));
        tracing::debug!("batches: {message}; retrying later");
        let now = run.clock.now();
        let since = *self.failing_since.get_or_insert(now);
        if now.saturating_sub(since) > run.job.retry.max_wait {
            let has_replied = self.asking.endpoint.has_replied() || self.batches.iter().any(Batch::is_queued);
            run.shutdown.request(RunOutcome::from_max_wait(message, has_replied));
        }
        after.unwrap_or_default().min(run.job.retry.max_wait)
    }
}
