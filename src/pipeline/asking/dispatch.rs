//! Ready pages are asked concurrently, each in its own future. Memory is bounded by the number of pages and by the
//! bytes of their images.

use super::elsewhere::PagesElsewhere;
use super::page_loop::ask_page;
use super::stage::Asking;
use crate::base::ids::{PageId, RecipeSetId};
use crate::export::{Targets, withdraw_parts};
use crate::pipeline::control::context::RunContext;
use crate::pipeline::control::error_streak::ErrorStreak;
use crate::pipeline::control::options::RunOptions;
use crate::pipeline::control::run_outcome::RunOutcome;
use crate::pipeline::model::ready_page::{PageEnd, ReadyPage};
use crate::pipeline::scan::pass::ScanSeen;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use std::collections::HashSet;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

/// Maximum number of bytes of prepared images that are held at once.
const MAX_BYTES: usize = 256 << 20;
/// Pages that are held beyond the maximum in flight: they wait for a slot or for their next attempt.
const SPARE_PAGES: usize = 8;

/// Counts over all passes of a run.
pub(crate) struct AskedPages {
    error_streak: ErrorStreak,
    /// Pages that were asked.
    count: u64,
    limit: Option<u64>,
    /// Whether the run has to look for pages beyond the limit: of those that are sent again, only reading on shows whether
    /// any are left.
    looks_for_more: bool,
}

impl AskedPages {
    /// Nothing was asked yet.
    pub(crate) fn new(run: &RunContext, options: &RunOptions) -> Self {
        Self {
            error_streak: ErrorStreak::new(run.job.on_error.stop_after),
            count: 0,
            limit: options.limit,
            looks_for_more: options.selection.is_any(),
        }
    }

    /// How many more pages may be asked.
    pub(crate) fn left(&self) -> u64 {
        self.limit.map_or(u64::MAX, |limit| limit.saturating_sub(self.count))
    }

    /// Counts pages that are asked from now on. Before the first one, the finished parts of an earlier run of this shard are
    /// withdrawn, so that they do not count as this run's if it is killed.
    pub(crate) async fn begin_pages(&mut self, run: &RunContext, pages: u64) {
        if self.count == 0 && pages > 0 {
            withdraw_earlier_parts(run).await;
        }
        self.count += pages;
        run.counters.add_begun(pages);
    }

    /// Counts the end of a page. The same error again and again ends the run.
    pub(crate) fn count_end(&mut self, run: &RunContext, end: PageEnd) {
        let PageEnd::Done(error) = end else { return };
        run.counters.add_asked(error.is_some());
        if let (Some(pages), Some(error)) = (self.error_streak.add(error.as_ref().map(|error| error.kind)), error) {
            run.shutdown.request(RunOutcome::SameError { kind: error.kind, message: error.message, pages });
        }
    }
}

/// Withdraws the parts of an earlier run of a shard, beside the asking thread. A fault ends the run.
async fn withdraw_earlier_parts(run: &RunContext) {
    let job = run.job.clone();
    let withdrawn = spawn_blocking(move || withdraw_parts(&Targets::of_job(&job, &job.output))).await;
    match withdrawn {
        Ok(Ok(())) => {}
        Ok(Err(error)) => run.shutdown.request(RunOutcome::StorageError(error.to_string())),
        Err(error) => run.shutdown.request(RunOutcome::InternalError(error.to_string())),
    }
}

/// Asks the pages that come out of `ready`, until there are no more or the run ends. Returns the
/// pages that another process is asking.
pub(crate) async fn ask_pages(
    asking: &Asking<'_>,
    mut ready: mpsc::Receiver<ReadyPage>,
    seen: &ScanSeen,
    asked: &mut AskedPages,
) -> PagesElsewhere {
    let run = asking.run;
    let max_pages = run.job.limits.concurrency.max() as usize + SPARE_PAGES;
    let mut held = HeldPages::default();
    let mut elsewhere = PagesElsewhere::default();
    let mut futures = FuturesUnordered::new();
    let (mut is_open, mut is_ending) = (asked.left() > 0 || asked.looks_for_more, false);
    // No more pages are taken. The workers continue listing files.
    let take_no_more = |ready: &mut mpsc::Receiver<ReadyPage>| {
        seen.stop_taking_pages();
        ready.close();
        false
    };
    if !is_open {
        take_no_more(&mut ready);
    }
    // An end that is not immediate waits for the replies, which their timeout bounds.
    let grace = run.shutdown.grace_over();
    tokio::pin!(grace);
    while is_open || !futures.is_empty() {
        let has_space = futures.len() < max_pages && (held.bytes < MAX_BYTES || futures.is_empty());
        tokio::select! {
            biased;
            () = run.shutdown.requested(), if !is_ending => {
                run.counters.set_ending();
                // Pages that are only prepared are dropped.
                (is_open, is_ending) = (take_no_more(&mut ready), true);
            }
            Some((page, bytes, questions, end)) = futures.next(), if !futures.is_empty() => {
                held.remove(page, bytes);
                match end {
                    PageEnd::Elsewhere => elsewhere.add(page.0, questions),
                    end => asked.count_end(run, end),
                }
            }
            next = ready.recv(), if is_open && has_space => {
                let Some(next) = next else { is_open = false; continue };
                let (page, bytes) = ((next.page, next.questions.id), next.prepared.bytes.len());
                // The same page is being asked already: its row finds the answer by its key.
                if held.has(page) {
                    run.counters.add_done();
                    continue;
                }
                if asked.left() == 0 {
                    // Pages are left: this one is dropped.
                    is_open = take_no_more(&mut ready);
                    continue;
                }
                held.add(page, bytes);
                let questions = next.questions.clone();
                futures.push(async move { (page, bytes, questions, ask_page(asking, next).await) });
                asked.begin_pages(run, 1).await;
                if asked.left() == 0 && !asked.looks_for_more {
                    is_open = take_no_more(&mut ready);
                }
            }
            () = &mut grace => break,
        }
    }
    elsewhere
}

/// Pages that are being asked. The same page with other questions is another page.
#[derive(Default)]
struct HeldPages {
    keys: HashSet<(PageId, RecipeSetId)>,
    bytes: usize,
}

impl HeldPages {
    fn has(&self, page: (PageId, RecipeSetId)) -> bool {
        self.keys.contains(&page)
    }

    /// Adds a page that is not there.
    fn add(&mut self, page: (PageId, RecipeSetId), bytes: usize) {
        self.keys.insert(page);
        self.bytes += bytes;
    }

    fn remove(&mut self, page: (PageId, RecipeSetId), bytes: usize) {
        self.keys.remove(&page);
        self.bytes -= bytes;
    }
}
