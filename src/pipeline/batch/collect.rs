//! What a batch brought: every line settles its page's attempt, in groups; what is settled
//! stays, so that collecting may break off anywhere and begin again.

use super::delivery::{Key, attempt_of};
use super::lifecycle::Flying;
use crate::base::hooks::Point;
use crate::pipeline::asking::attempt::{Attempt, first_fault};
use crate::pipeline::asking::page_loop::{Context, PageEnd};
use crate::pipeline::asking::page_state::{PageState, Step, next};
use crate::pipeline::asking::telemetry;
use crate::pipeline::control::run_outcome::RunOutcome;
use crate::provider::{BatchError, BatchFault, Exchange, Refusal, RemoteBatch, RemoteStatus};
use crate::store::{Settlement, StoreError};
use std::future::Future;

/// Lines that are settled in one commit.
const GROUP: usize = 256;

/// What a batch brought.
#[derive(Default)]
pub(crate) struct Collected {
    /// Pages that are settled.
    pub(crate) ended: Vec<PageEnd>,
    /// Pages that are to be asked again.
    pub(crate) unsettled: Vec<(Key, PageState)>,
    /// Prompt tokens that the provider lets wait, when that was the reason of its failure.
    pub(crate) queue: Option<u64>,
}

/// Collects a batch that has ended. What it brought comes back also when a file could not
/// be read to its end: then the batch is collected again.
pub(crate) async fn collect(
    context: &Context<'_>,
    flying: &mut Flying,
    remote: &RemoteBatch,
) -> Result<(Collected, Option<BatchFault>), StoreError> {
    let mut collected = Collected::default();
    let mut group = Group { context, settlements: Vec::new() };
    let batches = context.endpoint.batches();
    let (mut is_read, mut has_lines) = (false, false);
    for file in [&remote.output_file, &remote.error_file].into_iter().flatten() {
        let mut lines = match or_stop(context, batches.lines(file)).await {
            Ok(lines) => lines,
            // A file that is gone has no lines.
            Err(BatchFault::NotFound(message)) => {
                tracing::warn!("the provider does not know a file of batch {}: {message}", remote.id);
                continue;
            }
            Err(fault) => {
                group.settle().await?;
                return Ok((collected, Some(fault)));
            }
        };
        loop {
            let text = match or_stop(context, lines.next()).await {
                Ok(Some(text)) => text,
                Ok(None) => break,
                Err(fault) => {
                    group.settle().await?;
                    return Ok((collected, Some(fault)));
                }
            };
            is_read = true;
            let Some(line) = batches.read_line(&text) else { continue };
            has_lines = true;
            // A line that comes twice finds its page settled.
            let Some(item) = attempt_of(&line.custom_id).and_then(|attempt| flying.items.remove_entry(&attempt)) else {
                continue;
            };
            let exchange = context.endpoint.judge_line(&line, &item.1.wanted);
            group.take(item.0, item.1, exchange, &mut collected).await?;
        }
    }
    if is_read && !has_lines {
        // A gateway's page, or a file of something else: nothing is known from it.
        let message = format!("the files of batch {} hold no line of a batch", remote.id);
        return Ok((collected, Some(BatchFault::Transient { message, after: None })));
    }
    if remote.status == RemoteStatus::Failed {
        failed(&mut group, flying, remote, &mut collected).await?;
    }
    // In their order, so that what follows is the same every time.
    for attempt in flying.order.clone() {
        if let Some(item) = flying.items.remove(&attempt) {
            let exchange = Exchange::from_missing_line(remote.status != RemoteStatus::Failed);
            group.take(attempt, item, exchange, &mut collected).await?;
        }
    }
    group.settle().await?;
    context.hooks.at(Point::BatchCollected);
    let message = remote.errors.first().map(|error| format!("{}: {}", error.code, error.message));
    flying.end(context, message).await?;
    tracing::info!("batch {} is collected: {} pages are settled", remote.id, collected.ended.len());
    Ok((collected, None))
}

/// What is being read, unless the run ends first.
async fn or_stop<T>(
    context: &Context<'_>,
    reading: impl Future<Output = Result<T, BatchFault>>,
) -> Result<T, BatchFault> {
    tokio::select! {
        read = reading => read,
        () = context.stop.requested() => Err(BatchFault::Transient { message: "the run ends".into(), after: None }),
    }
}

/// A batch of which nothing was done: a full queue passes, a bad line is its page's fault,
/// everything else is everybody's.
async fn failed(
    group: &mut Group<'_>,
    flying: &mut Flying,
    remote: &RemoteBatch,
    collected: &mut Collected,
) -> Result<(), StoreError> {
    if let Some((message, queue)) = remote.errors.iter().find_map(|error| Some((&error.message, error.full_queue?))) {
        tracing::warn!("batch {} failed: {message}", remote.id);
        // Half of what was too much, when it does not say how much is not.
        collected.queue = Some(queue.max_tokens.unwrap_or(flying.tokens() / 2).max(1));
        for attempt in flying.order.clone() {
            if let Some(item) = flying.items.remove(&attempt) {
                let exchange = Exchange::from_full_queue(message.clone());
                group.take(attempt, item, exchange, collected).await?;
            }
        }
        return Ok(());
    }
    let mut is_explained = false;
    for BatchError { code, message, line, .. } in &remote.errors {
        let at = line.and_then(|line| usize::try_from(line).ok()?.checked_sub(1));
        let attempt = at.and_then(|at| flying.order.get(at)).copied();
        let Some((attempt, item)) = attempt.and_then(|attempt| flying.items.remove_entry(&attempt)) else { continue };
        is_explained = true;
        let exchange = Exchange::from_rejected_line(format!("{code}: {message}"));
        group.take(attempt, item, exchange, collected).await?;
    }
    if !is_explained {
        let message = remote.errors.first().map_or_else(
            || format!("batch {} failed, and the provider does not say why", remote.id),
            |error| format!("batch {} failed: {}: {}", remote.id, error.code, error.message),
        );
        let hint = "look at the batch at the provider; nothing of it was billed".to_owned();
        group.context.stop.request(RunOutcome::ProviderRefused(Refusal { message, hint }));
    }
    Ok(())
}

/// Settlements of one commit.
struct Group<'a> {
    context: &'a Context<'a>,
    settlements: Vec<Settlement>,
}

impl Group<'_> {
    async fn take(
        &mut self,
        id: i64,
        mut item: Attempt,
        exchange: Exchange,
        collected: &mut Collected,
    ) -> Result<(), StoreError> {
        let context = self.context;
        let settlement = item.take(context, id, &exchange).await?;
        telemetry::tell(context, &item, &settlement, &tracing::Span::none());
        let (charge, at_ms) = (settlement.charge, settlement.at_ms);
        self.settlements.push(settlement);
        item.learn(context, &exchange, &charge).await?;
        // The next batch is wait enough.
        item.state.rest(std::time::Duration::ZERO);
        if matches!(next(&item.state, &context.job.retry), Step::Settled) {
            collected.ended.push(PageEnd::Settled(first_fault(&item.state, at_ms)));
        } else {
            collected.unsettled.push(((item.page, item.asking.set), item.state));
        }
        if self.settlements.len() >= GROUP { self.settle().await } else { Ok(()) }
    }

    async fn settle(&mut self) -> Result<(), StoreError> {
        if self.settlements.is_empty() {
            return Ok(());
        }
        self.context.store.settle_many(std::mem::take(&mut self.settlements)).await?;
        self.context.hooks.at(Point::BatchCollecting);
        Ok(())
    }
}
