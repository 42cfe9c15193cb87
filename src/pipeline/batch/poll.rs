//! Every batch is brought as far as it goes; what stands in the way is waited for, or ends
//! the run.

use super::collect::collect;
use super::delivery::{Batcher, Delivered, Listener};
use super::lifecycle::{Flying, Look};
use crate::pipeline::control::run_outcome::RunOutcome;
use crate::provider::BatchFault;
use crate::store::{BatchState, StoreError};
use std::time::Duration;

impl Batcher<'_> {
    /// Brings every batch as far as it goes now.
    pub(crate) async fn look(
        &mut self,
        delivered: &mut Delivered,
        listener: &mut Listener<'_>,
    ) -> Result<(), StoreError> {
        let mut wait = self.bounds.poll;
        let mut at = 0;
        while at < self.flying.len() {
            let queued: u64 = self.flying.iter().filter(|other| other.is_queued()).map(Flying::tokens).sum();
            let has_room = self.queue.is_none_or(|most| queued == 0 || queued + self.flying[at].tokens() <= most);
            let stop = self.context.stop.clone();
            let looked = tokio::select! {
                looked = self.flying[at].advance(self.context, has_room) => looked?,
                () = stop.requested() => return Ok(()),
            };
            match looked {
                Look::Working => {
                    self.failing_since = None;
                    at += 1;
                }
                Look::Waits => at += 1,
                // Its pages are asked anew: nothing of it was submitted.
                Look::Gone => {
                    delivered.again += self.flying[at].pages() as u64;
                    let batch = self.flying.remove(at).batch();
                    self.context.store.withdraw_batch(batch).await?;
                }
                Look::Again => self.failing_since = None,
                Look::Ended(remote) => {
                    let (collected, fault) = collect(self.context, &mut self.flying[at], &remote).await?;
                    delivered.has_moved = true;
                    collected.ended.into_iter().for_each(&mut *listener.on_end);
                    self.unsettled.extend(collected.unsettled);
                    if let Some(fault) = fault {
                        wait = wait.max(self.fault(&fault));
                        at += 1;
                        continue;
                    }
                    self.failing_since = None;
                    let ended = self.flying.remove(at);
                    match collected.queue {
                        Some(limit) => self.queue_is_full(limit, ended.tokens()).await,
                        None => self.full_since = None,
                    }
                }
                // Nothing of it was sent, and never will be: its pages are asked anew.
                Look::Fault(fault @ BatchFault::Refused(_)) if self.flying[at].state() == BatchState::Filled => {
                    self.fault(&fault);
                    let refused = self.flying.remove(at);
                    refused.remove_file();
                    self.context.store.withdraw_batch(refused.batch()).await?;
                }
                Look::Fault(fault) => {
                    wait = wait.max(self.fault(&fault));
                    at += 1;
                }
            }
        }
        self.next_look = self.context.clock.now() + wait;
        Ok(())
    }

    /// A batch was refused because the provider's queue is full: batches become smaller,
    /// and go out when others have ended.
    async fn queue_is_full(&mut self, limit: u64, refused: u64) {
        let is_alone = !self.flying.iter().any(Flying::is_queued);
        // What fits by our count does not by theirs.
        let limit = if is_alone && refused <= limit { refused * 3 / 4 } else { limit };
        let known = self.queue.map_or(limit, |known| known.min(limit)).max(1);
        if self.queue != Some(known) {
            tracing::warn!("the provider lets {known} prompt tokens wait at once: batches are kept below that");
        }
        self.queue = Some(known);
        let now = self.context.clock.now();
        let since = *self.full_since.get_or_insert(now);
        if now.saturating_sub(since) > self.context.job.retry.max_wait {
            let message = "its queue of batches has no room".to_owned();
            self.context.stop.request(RunOutcome::ProviderUnavailable(message));
        }
        if is_alone {
            // It may be others that fill it. A stop is seen by whoever looks next.
            let _ = self.context.admission.pause(self.bounds.poll).await;
        }
    }

    /// A call that did not do its work: waits, or ends the run; how long to wait.
    fn fault(&mut self, fault: &BatchFault) -> Duration {
        let (message, after) = match fault {
            BatchFault::Refused(refusal) => {
                self.context.stop.request(RunOutcome::ProviderRefused(refusal.clone()));
                return Duration::ZERO;
            }
            BatchFault::Transient { message, after } => (message, *after),
            BatchFault::NotFound(message) => (message, None),
        };
        if self.context.stop.is_requested() {
            return Duration::ZERO;
        }
        tracing::warn!("batches: {message}; going on later");
        let now = self.context.clock.now();
        let since = *self.failing_since.get_or_insert(now);
        if now.saturating_sub(since) > self.context.job.retry.max_wait {
            self.context.stop.request(RunOutcome::ProviderUnavailable(message.clone()));
        }
        after.unwrap_or_default().min(self.context.job.retry.max_wait)
    }
}
