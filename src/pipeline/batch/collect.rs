//! The results of a batch: every line settles the attempt of its page, in groups. What is settled
//! stays, so collecting may be interrupted anywhere and begun again.

use super::lifecycle::Batch;
use super::unfinished::AskedPage;
use crate::base::hooks::Point;
use crate::base::ids::AttemptId;
use crate::base::units::counted;
use crate::pipeline::asking::adaptation::{adapt, learn_form};
use crate::pipeline::asking::attempt::Attempt;
use crate::pipeline::asking::page_state::{PageState, Step, first_error, next_step};
use crate::pipeline::asking::stage::Asking;
use crate::pipeline::asking::telemetry;
use crate::pipeline::control::run_outcome::RunOutcome;
use crate::pipeline::model::ready_page::PageEnd;
use crate::provider::{
    BatchError, BatchFault, CapabilityChange, Exchange, FormChange, FullQueue, ProviderRefusal, RemoteBatch,
    RemoteStatus,
};
use crate::store::{Settlement, StoreError};
use std::time::Duration;

/// Attempts that are settled in one commit.
const GROUP: usize = 256;

/// What a batch brought.
#[derive(Default)]
pub(crate) struct Collected {
    /// Pages that are done.
    pub(crate) ends: Vec<PageEnd>,
    /// Pages that must be sent again.
    pub(crate) unfinished: Vec<(AskedPage, PageState)>,
    /// Bills for requests of other runs that were within their reservation. The sizes of their images are not known
    /// here, so that calibration learns nothing from them.
    pub(crate) confirmed: u64,
    /// Set if the batch failed because the provider's queue had no space for it.
    pub(crate) full_queue: Option<FullQueue>,
    /// Why the results could not be read completely: the batch has to be collected again.
    pub(crate) fault: Option<BatchFault>,
}

/// Collects a batch that has ended.
///
/// # Errors
/// When the store fails.
pub(crate) async fn collect(
    asking: &Asking<'_>,
    batch: &mut Batch,
    remote: &RemoteBatch,
) -> Result<Collected, StoreError> {
    let mut collector = Collector { asking, settlements: Vec::new(), collected: Collected::default() };
    let read = collector.read_files(batch, remote).await;
    let content = match read {
        Ok(content) => content?,
        Err(fault) => {
            collector.settle_group().await?;
            return Ok(Collected { fault: Some(fault), ..collector.collected });
        }
    };
    if !content.is_plausible() {
        collector.collected.fault = Some(no_results(remote));
        return Ok(collector.collected);
    }
    if remote.status == RemoteStatus::Failed {
        collector.settle_failed_batch(batch, remote).await?;
    }
    // In the order of the lines, so that everything that follows is the same every time.
    let mut next = 0;
    while let Some((id, attempt)) = batch.attempts.remove_next(&mut next) {
        let exchange = Exchange::from_missing_line(remote.status != RemoteStatus::Failed);
        collector.queue_settlement(id, attempt, exchange).await?;
    }
    collector.settle_group().await?;
    asking.run.hooks.reached(Point::BatchCollected);
    let message = remote.errors.first().map(|error| format!("{}: {}", error.code, error.message));
    batch.end(asking, message).await?;
    let done = counted(collector.collected.ends.len() as u64, "page");
    tracing::info!("batch {} is collected: {done} done", remote.id);
    Ok(collector.collected)
}

/// What the files of a batch hold.
#[derive(Clone, Copy, Debug, Default)]
struct Content {
    /// Something was read.
    is_read: bool,
    /// A line of a batch was among it.
    has_lines: bool,
}

impl Content {
    /// Whether it can be the result of a batch: a gateway's page is not.
    fn is_plausible(self) -> bool {
        self.has_lines || !self.is_read
    }
}

fn no_results(remote: &RemoteBatch) -> BatchFault {
    BatchFault::transient(format!("the files of batch {} hold no results", remote.id))
}

/// Settles the attempts of a batch.
struct Collector<'a> {
    asking: &'a Asking<'a>,
    /// The attempts to settle with the next commit.
    settlements: Vec<(Attempt, Settlement)>,
    collected: Collected,
}

impl Collector<'_> {
    /// Reads the provider's files line by line. The outer error is the provider's, the inner one
    /// the store's.
    async fn read_files(
        &mut self,
        batch: &mut Batch,
        remote: &RemoteBatch,
    ) -> Result<Result<Content, StoreError>, BatchFault> {
        let mut content = Content::default();
        let batches = self.asking.endpoint.batches();
        let files = [(&remote.output_file, remote.completed > 0), (&remote.error_file, false)];
        for (file, has_results) in
            files.into_iter().filter_map(|(file, has_results)| Some((file.as_ref()?, has_results)))
        {
            let mut lines = match self.unless_ending(batches.lines(file)).await {
                Ok(lines) => lines,
                Err(BatchFault::NotFound(message)) => {
                    tracing::warn!("the provider does not have a file of batch {}: {message}", remote.id);
                    continue;
                }
                Err(fault) => return Err(fault),
            };
            let mut is_empty = true;
            while let Some(text) = self.unless_ending(lines.next()).await? {
                (content.is_read, is_empty) = (true, false);
                let Some(line) = batches.read_line(&text) else { continue };
                content.has_lines = true;
                // A line that comes twice finds its attempt taken.
                let Some((id, attempt)) = batch.attempts.remove(&line.custom_id) else { continue };
                let outgoing = attempt.sent.as_ref().map(|sent| &sent.outgoing);
                let exchange = self.asking.endpoint.judge_line(&line, &attempt.request, outgoing);
                if let Err(error) = self.queue_settlement(id, attempt, exchange).await {
                    return Ok(Err(error));
                }
            }
            // Executed requests are billed. An empty download must not cause a second bill for their pages.
            if is_empty && has_results {
                return Err(no_results(remote));
            }
        }
        Ok(Ok(content))
    }

    /// The result of a call, unless the run ends first.
    async fn unless_ending<T>(&self, call: impl Future<Output = Result<T, BatchFault>>) -> Result<T, BatchFault> {
        tokio::select! {
            result = call => result,
            () = self.asking.run.shutdown.requested() => {
                Err(BatchFault::transient("the run ends"))
            }
        }
    }

    /// A batch without any result: a full queue is transient, a bad line is an error of its page, anything else ends
    /// the run.
    async fn settle_failed_batch(&mut self, batch: &mut Batch, remote: &RemoteBatch) -> Result<(), StoreError> {
        let full = remote.errors.iter().find_map(|error| Some((&error.message, error.full_queue?)));
        if let Some((message, queue)) = full {
            tracing::warn!("batch {} failed: {message}", remote.id);
            self.collected.full_queue = Some(queue);
            let mut next = 0;
            while let Some((id, attempt)) = batch.attempts.remove_next(&mut next) {
                let exchange = Exchange::from_full_queue(message.clone());
                self.queue_settlement(id, attempt, exchange).await?;
            }
            return Ok(());
        }
        let mut is_explained = false;
        for BatchError { code, message, line, .. } in &remote.errors {
            let Some((id, attempt)) = line.and_then(|line| batch.attempts.remove_number(line)) else { continue };
            is_explained = true;
            let exchange = Exchange::from_rejected_line(format!("{code}: {message}"));
            self.queue_settlement(id, attempt, exchange).await?;
        }
        if !is_explained {
            let message = match remote.errors.first() {
                Some(error) => format!("batch {} failed: {}: {}", remote.id, error.code, error.message),
                None => format!("batch {} failed, and the provider gives no reason", remote.id),
            };
            let hint = "look at the batch at the provider; nothing of it was billed";
            let refusal = ProviderRefusal::of_all(message, hint);
            self.asking.run.shutdown.request(RunOutcome::ProviderRefused(refusal));
        }
        Ok(())
    }

    /// Judges the result of one attempt, and settles it with others. What it shows about the endpoint counts at once: it only
    /// concerns requests of the next batch.
    async fn queue_settlement(
        &mut self,
        id: AttemptId,
        mut attempt: Attempt,
        exchange: Exchange,
    ) -> Result<(), StoreError> {
        let Asking { run, .. } = self.asking;
        let retry = &run.job.retry;
        let form = match &attempt.sent {
            Some(sent) => learn_form(self.asking, &exchange, sent.outgoing.form, false),
            // Another run sent it. What the error asks for is changed if requests do not have it now.
            None => {
                match learn_form(self.asking, &exchange, self.asking.endpoint.outgoing(&attempt.request).form, false) {
                    FormChange::Exhausted(change)
                        if change != CapabilityChange::OutputFactor && attempt.state.tries() < retry.attempts =>
                    {
                        FormChange::AlreadyMade
                    }
                    form => form,
                }
            }
        };
        let settlement = attempt.judge(id, &exchange, form, retry, run.clock.wall_ms());
        adapt(self.asking, &attempt, &exchange, &settlement.charge, form).await?;
        let is_confirmed = !settlement.charge.is_estimated
            && attempt.before.reserved.is_some_and(|reserved| settlement.charge.budget <= reserved);
        self.collected.confirmed += u64::from(attempt.sent.is_none() && is_confirmed);
        // The next batch is wait enough.
        attempt.state.finish_wait(Duration::ZERO);
        self.settlements.push((attempt, settlement));
        if self.settlements.len() >= GROUP { self.settle_group().await } else { Ok(()) }
    }

    async fn settle_group(&mut self) -> Result<(), StoreError> {
        if self.settlements.is_empty() {
            return Ok(());
        }
        let run = self.asking.run;
        let settled = std::mem::take(&mut self.settlements);
        let settlements = settled.iter().map(|(_, settlement)| settlement.clone()).collect();
        run.store.settle_batch_attempts(settlements).await?;
        run.hooks.reached(Point::BatchCollecting);
        // An answer is durable before it is counted.
        for (attempt, settlement) in settled {
            telemetry::record_attempt(run, &attempt, &settlement, None, &tracing::Span::none());
            if matches!(next_step(&attempt.state, &run.job.retry), Step::Done) {
                self.collected.ends.push(PageEnd::Done(first_error(&attempt.state, settlement.at_ms)));
            } else {
                self.collected.unfinished.push(((attempt.page, attempt.questions.id), attempt.state));
            }
        }
        Ok(())
    }
}
