//! Pages that are ready are sent: each at once, or in the provider's batches.

use super::page_loop::{Context, PageEnd, Ready};
use crate::pipeline::batch::delivery::{Batcher, Listener};
use crate::pipeline::control::counters::Counters;
use crate::pipeline::control::environment::PipelineError;
use crate::pipeline::control::error_streak::Streak;
use crate::pipeline::control::run_outcome::RunOutcome;
use crate::pipeline::run::Session;
use crate::pipeline::scan::threads::Intake;
use crate::store::PageId;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use std::collections::HashSet;
use std::sync::atomic::Ordering;
use tokio::sync::mpsc;

/// Most bytes of prepared images that are held at once.
const MOST_BYTES: usize = 256 << 20;
/// Pages that are held beyond those in flight: they wait for a place, or to be asked again.
const SPARE_PAGES: usize = 8;

/// What is counted over all passes of a run.
pub(crate) struct Progress {
    pub(crate) streak: Streak,
    pub(crate) asked: u64,
}

impl Session<'_> {
    pub(crate) async fn ask_pages(
        &self,
        context: &Context<'_>,
        mut ready: mpsc::Receiver<Ready>,
        intake: &Intake,
        progress: &mut Progress,
    ) -> u64 {
        let most = self.job.limits.max_concurrency as usize + SPARE_PAGES;
        let mut under_way = FuturesUnordered::new();
        // The same page with other questions is another.
        let (mut pages, mut bytes, mut elsewhere) = (HashSet::<(PageId, i64)>::new(), 0_usize, 0);
        let (mut is_open, mut is_stopped) = (self.options.limit.is_none_or(|limit| progress.asked < limit), false);
        if !is_open {
            intake.is_asking.store(false, Ordering::Relaxed);
            ready.close();
        }
        let grace = self.grace();
        tokio::pin!(grace);
        while is_open || !under_way.is_empty() {
            let has_room = under_way.len() < most && (bytes < MOST_BYTES || under_way.is_empty());
            tokio::select! {
                biased;
                () = self.stop.requested(), if !is_stopped => {
                    // What is only prepared is dropped; the workers go on listing.
                    intake.is_asking.store(false, Ordering::Relaxed);
                    (is_open, is_stopped) = (false, true);
                    ready.close();
                }
                Some((page, size, end)) = under_way.next(), if !under_way.is_empty() => {
                    pages.remove(&page);
                    bytes -= size;
                    elsewhere += u64::from(end == PageEnd::Elsewhere);
                    self.count(end, progress);
                }
                next = ready.recv(), if is_open && has_room => {
                    let Some(next) = next else { is_open = false; continue };
                    // The same content is under way: its row finds the answer by its key.
                    let (page, size) = ((next.page, next.asking.set), next.prepared.bytes.len());
                    if !pages.insert(page) {
                        continue;
                    }
                    bytes += size;
                    under_way.push(async move { (page, size, context.settle(next).await) });
                    progress.asked += 1;
                    if self.options.limit.is_some_and(|limit| progress.asked >= limit) {
                        intake.is_asking.store(false, Ordering::Relaxed);
                        is_open = false;
                        ready.close();
                    }
                }
                () = &mut grace => break,
            }
        }
        elsewhere
    }

    /// As [`Self::ask_pages`], by the provider's batches.
    pub(crate) async fn deliver(
        &self,
        batcher: &mut Batcher<'_>,
        mut ready: mpsc::Receiver<Ready>,
        intake: &Intake,
        progress: &mut Progress,
    ) -> Result<(u64, bool), PipelineError> {
        let most = self.options.limit.map_or(u64::MAX, |limit| limit.saturating_sub(progress.asked));
        let on_full = || intake.is_asking.store(false, Ordering::Relaxed);
        let mut on_end = |end| self.count(end, progress);
        let mut listener = Listener { on_full: &on_full, on_end: &mut on_end };
        let delivered = batcher.deliver(&mut ready, most, &mut listener).await?;
        progress.asked += delivered.taken;
        Ok((delivered.again, delivered.has_moved))
    }

    /// Completes when a stop has waited long enough for what is in flight. A stop that is
    /// not urgent waits for the replies, which their time-out bounds.
    async fn grace(&self) {
        self.stop.hurried().await;
        self.environment.clock.sleep(self.options.grace).await;
    }

    fn count(&self, end: PageEnd, progress: &mut Progress) {
        let PageEnd::Settled(fault) = end else { return };
        Counters::add(&self.counters.done);
        Counters::add(&self.counters.asked);
        if fault.is_some() {
            Counters::add(&self.counters.failed);
        }
        let kind = fault.as_ref().map(|(kind, _)| kind.as_str());
        if let (Some(pages), Some((kind, message))) = (progress.streak.add(kind), &fault) {
            self.stop.request(RunOutcome::SameError { kind: kind.clone(), message: message.clone(), pages });
        }
    }
}
