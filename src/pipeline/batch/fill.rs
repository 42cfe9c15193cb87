//! Writes pages into the file of the batch that is being built.

use super::builder::{BatchBuilder, LINE_FRAME_BYTES, queued_tokens};
use super::lifecycle::Batch;
use super::lines::line_id;
use super::queue_limit::QueueLimit;
use super::unfinished::UnfinishedPages;
use crate::base::ids::PageId;
use crate::catalog::MIN_CALIBRATION_IMAGES;
use crate::manifest::BatchBounds;
use crate::pipeline::asking::attempt::Attempt;
use crate::pipeline::asking::budget_watch::BudgetWatch;
use crate::pipeline::asking::page_loop::{fail_unsent, new_state};
use crate::pipeline::asking::page_state::{Step, first_error, next_step};
use crate::pipeline::asking::stage::Asking;
use crate::pipeline::model::question_set::QuestionSet;
use crate::pipeline::model::ready_page::{PageEnd, ReadyPage};
use crate::store::{Opened, StoreError};
use bytes::Bytes;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

/// Maximum number of pages whose attempts are opened in one commit.
const GROUP: usize = 64;

/// Fills batches.
pub(crate) struct BatchFiller<'a> {
    asking: &'a Asking<'a>,
    bounds: BatchBounds,
    builder: Option<BatchBuilder>,
    /// Pages that wait for the budget.
    held: VecDeque<ReadyPage>,
    /// Bills for requests of other runs that were within their reservation.
    confirmed: u64,
    /// The budget into which pages do not fit.
    watch: BudgetWatch,
}

/// What filling brought.
#[derive(Default)]
pub(crate) struct Filled {
    /// Batches that are complete.
    pub(crate) complete: Vec<Batch>,
    /// Pages that are done without being sent.
    pub(crate) ends: Vec<PageEnd>,
    /// Pages that another process is asking.
    pub(crate) elsewhere: Vec<(PageId, Arc<QuestionSet>)>,
    /// Whether a line was written.
    pub(crate) has_written: bool,
}

/// A page with its next attempt and the body of its request.
type BatchLine = (Attempt, Bytes, ReadyPage);

impl<'a> BatchFiller<'a> {
    /// A filler without pages.
    pub(crate) fn new(asking: &'a Asking<'a>, bounds: BatchBounds) -> Self {
        Self { asking, bounds, builder: None, held: VecDeque::new(), confirmed: 0, watch: BudgetWatch::default() }
    }

    /// Counts bills for requests of other runs that were within their reservation.
    pub(crate) fn confirm(&mut self, bills: u64) {
        self.confirmed += bills;
    }

    /// Whether pages wait for the budget.
    pub(crate) fn is_holding(&self) -> bool {
        !self.held.is_empty()
    }

    /// The number of pages that wait for the budget.
    pub(crate) fn held(&self) -> u64 {
        self.held.len() as u64
    }

    /// Whether a batch with a line is being built.
    pub(crate) fn is_building(&self) -> bool {
        self.builder.as_ref().is_some_and(|builder| !builder.is_empty())
    }

    /// With a budget, few pages go out until the endpoint's first bills are seen.
    pub(crate) fn is_cautious(&self) -> bool {
        let bills = self.asking.endpoint.bills().calibration().images() + self.confirmed;
        self.asking.run.job.limits.budget.is_some() && bills < MIN_CALIBRATION_IMAGES
    }

    /// How many pages may be added at once. 0: those in the batch that is being built are enough until bills are seen.
    pub(crate) fn space(&self) -> usize {
        space(self.is_cautious(), self.builder.as_ref().map_or(0, BatchBuilder::requests))
    }

    /// Adds pages. A batch that is full is completed first.
    ///
    /// # Errors
    /// When the store or a file can't be written.
    pub(crate) async fn add(
        &mut self,
        pages: Vec<ReadyPage>,
        queue: &QueueLimit,
        unfinished: &mut UnfinishedPages,
    ) -> Result<Filled, StoreError> {
        let (run, endpoint) = (self.asking.run, &self.asking.endpoint);
        let mut filled = Filled::default();
        let mut lines: Vec<BatchLine> = Vec::new();
        let mut size =
            self.builder.as_ref().map_or((0, 0, 0), |builder| (builder.bytes, builder.tokens, builder.requests()));
        for page in pages {
            let state = unfinished.remove(&page).unwrap_or_else(|| new_state(&run.job, &page.tasks));
            let step = match next_step(&state, &run.job.retry) {
                Step::Ask(step) => step,
                // The next pass finds it again.
                Step::Wait(_) => {
                    unfinished.insert((page.page, page.questions.id), state);
                    continue;
                }
                Step::Done => {
                    filled.ends.push(PageEnd::Done(first_error(&state, run.clock.wall_ms())));
                    continue;
                }
            };
            let attempt = Attempt::new(endpoint, &page, state, step);
            let Some(sent) = &attempt.sent else { continue };
            if let Some(outcome) = attempt.unbounded(&run.job) {
                run.shutdown.request(outcome);
                break;
            }
            let body = endpoint.page_body(&attempt.request, &sent.outgoing, &page.prepared);
            let (bytes, tokens) = (body.len() as u64 + LINE_FRAME_BYTES, queued_tokens(&attempt));
            if let Some(limit) = queue.below(tokens) {
                let message = format!("the request needs {tokens} tokens, more than the provider queues: {limit}");
                let state = fail_unsent(run, attempt, message).await?;
                filled.ends.push(PageEnd::Done(first_error(&state, run.clock.wall_ms())));
                continue;
            }
            if self.is_full(size, (bytes, tokens), queue) {
                self.open(std::mem::take(&mut lines), unfinished, &mut filled).await?;
                filled.complete.extend(self.complete().await?);
                size = (0, 0, 0);
            }
            size = (size.0 + bytes, size.1 + tokens, size.2 + 1);
            lines.push((attempt, body, page));
        }
        self.open(lines, unfinished, &mut filled).await?;
        Ok(filled)
    }

    /// Whether a batch of this size (bytes, tokens, requests) has no space for another request.
    fn is_full(&self, size: (u64, u64, u64), (bytes, tokens): (u64, u64), queue: &QueueLimit) -> bool {
        size.2 > 0
            && (size.0 + bytes > self.bounds.bytes
                || size.2 >= self.bounds.requests
                || queue.tokens().is_some_and(|limit| size.1 + tokens > limit))
    }

    /// Opens the attempts in one commit, and writes the lines of those that are granted.
    async fn open(
        &mut self,
        lines: Vec<BatchLine>,
        unfinished: &mut UnfinishedPages,
        filled: &mut Filled,
    ) -> Result<(), StoreError> {
        if lines.is_empty() {
            return Ok(());
        }
        let run = self.asking.run;
        let builder = match self.builder.take() {
            Some(builder) => self.builder.insert(builder),
            None => self.builder.insert(BatchBuilder::begin(self.asking).await?),
        };
        let records = lines.iter().map(|(attempt, ..)| attempt.open_record(run, Some(builder.batch))).collect();
        let opened = run.store.open_attempts(records).await?;
        let over_budget = opened.iter().position(|opened| matches!(opened, Opened::OverBudget { .. }));
        let mut max_wait = Duration::MAX;
        match over_budget.and_then(|at| lines.get(at)) {
            Some((attempt, ..)) => {
                let scope = attempt.open_record(run, Some(builder.batch)).budget.scope;
                max_wait = self.asking.budget_holders.give_up_overdue(run, &self.asking.reader, &scope).await?.batches;
            }
            None => self.watch = BudgetWatch::default(),
        }
        let now = run.clock.now();
        for (opened, (attempt, body, page)) in opened.into_iter().zip(lines) {
            match opened {
                Opened::Granted { request, attempt: id, sequence } => {
                    filled.has_written = true;
                    let name = (request, id, line_id(&run.identity.run_id, sequence));
                    builder.write(name, attempt, &body, &self.asking.endpoint.batches()).await?;
                }
                Opened::Changed | Opened::Elsewhere => filled.elsewhere.push((page.page, page.questions)),
                Opened::OverBudget { spent, reserved } => {
                    if self.watch.is_over(spent, reserved, now, max_wait) {
                        run.shutdown.request(attempt.budget_reached(&run.job, spent, reserved));
                    }
                    unfinished.insert((page.page, page.questions.id), attempt.state);
                    self.held.push_back(page);
                }
            }
        }
        Ok(())
    }

    /// Adds the pages that waited for the budget.
    ///
    /// # Errors
    /// When the store or a file can't be written.
    pub(crate) async fn add_held(
        &mut self,
        queue: &QueueLimit,
        unfinished: &mut UnfinishedPages,
    ) -> Result<Filled, StoreError> {
        let held = self.held.drain(..).collect();
        self.add(held, queue, unfinished).await
    }

    /// Completes the batch that is being built, if it has a line.
    ///
    /// # Errors
    /// When the store or the file can't be written.
    pub(crate) async fn complete(&mut self) -> Result<Option<Batch>, StoreError> {
        let Some(builder) = self.builder.take() else { return Ok(None) };
        if builder.is_empty() {
            builder.withdraw(self.asking).await?;
            return Ok(None);
        }
        Ok(Some(builder.complete(self.asking).await?))
    }

    /// Discards the batch that is being built.
    ///
    /// # Errors
    /// When the store can't be written.
    pub(crate) async fn withdraw(&mut self) -> Result<(), StoreError> {
        match self.builder.take() {
            Some(builder) => builder.withdraw(self.asking).await,
            None => Ok(()),
        }
    }
}

/// How many pages may be added at once to a batch of `requests`. When `is_cautious`, it takes only as many as show how
/// the endpoint bills, however many are ready.
fn space(is_cautious: bool, requests: u64) -> usize {
    if !is_cautious {
        return GROUP;
    }
    usize::try_from(MIN_CALIBRATION_IMAGES.saturating_sub(requests)).unwrap_or(GROUP)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cautious_batch_takes_only_the_pages_whose_bills_are_waited_for() {
        for (requests, left) in [(0, 3), (1, 2), (2, 1), (3, 0), (4, 0)] {
            assert_eq!(space(true, requests), left, "{requests}");
            assert_eq!(space(false, requests), GROUP, "{requests}");
        }
    }
}
