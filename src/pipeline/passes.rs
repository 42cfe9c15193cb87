//! The passes of a run over its input: until nothing is left to ask, or the run ends.

use super::asking::adaptation::store_what_was_learned;
use super::asking::dispatch::{AskedPages, ask_pages};
use super::asking::elsewhere::{POLL_INTERVAL, PagesElsewhere};
use super::asking::stage::{Asking, NoObserver};
use super::batch::delivery::{BatchDelivery, Delivered};
use super::control::context::RunContext;
use super::control::dependencies::Dependencies;
use super::control::error::PipelineError;
use super::control::options::RunOptions;
use super::control::run_outcome::RunOutcome;
use super::control::runtime::AskingRuntime;
use super::model::ready_page::ReadyPage;
use super::results::finalize::{Conclusion, InputSeen, conclude};
use super::scan::near_duplicates::find_near_duplicates;
use super::scan::page_filter::PageFilter;
use super::scan::pass::{PagesToAsk, ScanPass, ScanPurpose, ScanSeen, question_sets_of};
use super::scan::sample::sample_pages;
use super::scan::threads::ScanThreads;
use crate::base::ids::PageId;
use crate::base::units::counted;
use crate::report::Report;
use crate::source::{Entries, HostLimits};
use crate::store::{BaseStore, StoreError};
use std::collections::HashSet;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// Time before the next pass when the last one made no progress.
const PASS_INTERVAL: Duration = Duration::from_millis(500);

/// How often a run asks everything while pages are pending that another run has found.
const MAX_ROUNDS: u32 = 20;

/// The passes of a run over its input. A round is as many passes as it takes until nothing is left to ask.
pub(crate) struct Passes<'a> {
    /// The run.
    pub run: &'a Arc<RunContext>,
    /// The client, the clock and the decoder.
    pub dependencies: &'a Dependencies,
    /// The caller's options.
    pub options: &'a RunOptions,
    /// Which pages are sent again; `None`: all that the options name.
    pub filter: Option<Arc<PageFilter>>,
    /// The store whose answers count, too.
    pub base: Option<Arc<BaseStore>>,
    /// What each host of URLs allows.
    pub hosts: Arc<HostLimits>,
}

/// What a pass leaves to be done.
struct PassLeft {
    /// Pages that another process is asking.
    elsewhere: PagesElsewhere,
    /// Results of batches.
    delivered: Delivered,
}

impl Passes<'_> {
    /// Asks everything and ends the run. While other runs of the job find more files, it asks these, too:
    /// rows that are pending would not be complete.
    ///
    /// # Errors
    /// As [`super::run::run`].
    pub(crate) fn go_to_end(&self, mut entries: Entries) -> Result<(Report, RunOutcome), PipelineError> {
        let (mut before, mut has_helped, mut round) = (None, true, 0);
        loop {
            round += 1;
            let seen = self.ask_everything(entries)?;
            let may_go_on = has_helped && round < MAX_ROUNDS && !self.options.once;
            match conclude(self.run, self.dependencies, self.options, seen, may_go_on)? {
                Conclusion::Ended(report, outcome) => return Ok((*report, outcome)),
                Conclusion::Pending(pages) => {
                    tracing::info!("still pending: {}; looking at the input again", counted(pages, "page"));
                    // After a round that leaves as many, another one is the last.
                    has_helped = before.is_none_or(|before| pages < before);
                    before = Some(pages);
                }
            }
            entries = Entries::start(&self.run.job.input)?;
        }
    }

    /// Asks all open pages: passes over the input until nothing is left to ask or the run ends.
    fn ask_everything(&self, entries: Entries) -> Result<InputSeen, PipelineError> {
        let run = self.run;
        let runtime = AskingRuntime::new()?;
        let asking = Asking::new(run, &self.dependencies.client, &NoObserver)?;
        // The duration of batches is unknown.
        if !run.job.is_batch {
            asking.admission.show_pace();
        }
        let mut seen = InputSeen::default();
        let mut entries = Some(entries);
        let mut walk = || entries.take().map_or_else(|| Entries::start(&run.job.input), Ok);
        if let Some(bits) = run.job.input.near_duplicates {
            runtime.block_on(self.record(ScanPurpose::Inspect, walk()?, &mut seen))?;
            let keys = &run.identity.keys;
            let job = (keys.job, keys.tasks.as_slice(), run.job.input.skip_blank);
            find_near_duplicates(&run.store, job, (bits, &run.identity.renderers), &|| run.shutdown.is_requested())?;
        }
        let mut sample = None;
        if let Some(count) = self.options.sample {
            runtime.block_on(self.record(ScanPurpose::Record, walk()?, &mut seen))?;
            sample = Some(self.sample(count)?);
        }
        // Batches of earlier runs are collected, however this job is delivered.
        let mut delivery = BatchDelivery::new(&asking, self.options.once)?;
        runtime.block_on(async { Ok(delivery.resume().await?) })?;
        let mut asked = AskedPages::new(run, self.options);
        loop {
            let left = runtime.block_on(self.ask_once(
                &asking,
                walk()?,
                sample.clone(),
                &mut asked,
                &mut delivery,
                &mut seen,
            ))?;
            let has_more = runtime.block_on(async {
                tokio::select! {
                    has_more = self.wait_for_more(&asking, left, &mut delivery) => has_more,
                    never = self.deadline() => match never {},
                }
            })?;
            if !has_more || run.shutdown.is_requested() {
                runtime.block_on(async { Ok(store_what_was_learned(&asking).await?) })?;
                return Ok(seen);
            }
        }
    }

    /// A sample of the pages that are selected.
    fn sample(&self, count: u64) -> Result<HashSet<PageId>, StoreError> {
        let (reader, job) = (self.run.store.reader()?, self.run.identity.keys.job);
        let sets = question_sets_of(self.run);
        sample_pages(&reader, job, count, &mut |entry, page| match &self.filter {
            None => Ok(true),
            Some(filter) => {
                let questions = sets.for_entry(entry.carried.as_ref(), &reader)?;
                filter.selects(&reader, job, entry, page, (&questions.recipes, &questions.questions))
            }
        })
    }

    /// A pass over the input that asks nothing.
    async fn record(&self, purpose: ScanPurpose, entries: Entries, seen: &mut InputSeen) -> Result<(), PipelineError> {
        let pass = Arc::new(ScanPass::new(self.run, self.options, purpose));
        let (mut ready, threads) = self.start(&pass, entries)?;
        tokio::select! {
            () = async { while ready.recv().await.is_some() {} } => {}
            never = self.deadline() => match never {},
        }
        drop(ready);
        threads.join(&self.run.shutdown);
        seen.add(&pass.seen);
        Ok(())
    }

    /// A pass over the input that asks pages.
    async fn ask_once(
        &self,
        asking: &Asking<'_>,
        entries: Entries,
        sample: Option<HashSet<PageId>>,
        asked: &mut AskedPages,
        delivery: &mut BatchDelivery<'_>,
        seen: &mut InputSeen,
    ) -> Result<PassLeft, PipelineError> {
        let pass = ScanPass::new(self.run, self.options, ScanPurpose::Ask);
        let pages = PagesToAsk { sample, filter: self.filter.clone(), in_batches: delivery.page_ids() };
        let pass = Arc::new(ScanPass { pages, base: self.base.clone(), ..pass });
        let (ready, threads) = self.start(&pass, entries)?;
        let asking_all = async {
            if self.run.job.is_batch {
                let delivered = self.deliver(delivery, ready, &pass.seen, asked).await?;
                return Ok(PassLeft { elsewhere: PagesElsewhere::default(), delivered });
            }
            let elsewhere = ask_pages(asking, ready, &pass.seen, asked).await;
            // Batches of other runs are collected when they end.
            let no_pages = mpsc::channel(1).1;
            let delivered = self.deliver(delivery, no_pages, &pass.seen, asked).await?;
            Ok(PassLeft { elsewhere, delivered })
        };
        let left = tokio::select! {
            left = asking_all => left,
            never = self.deadline() => match never {},
        };
        seen.stopped_asking = !pass.seen.takes_pages();
        pass.seen.stop_taking_pages();
        threads.join(&self.run.shutdown);
        seen.add(&pass.seen);
        left
    }

    fn start(
        &self,
        pass: &Arc<ScanPass>,
        entries: Entries,
    ) -> Result<(mpsc::Receiver<ReadyPage>, ScanThreads), PipelineError> {
        self.run.counters.begin_pass(pass.purpose == ScanPurpose::Ask);
        let (decoder, is_partial) = (&self.dependencies.decoder, self.options.is_partial());
        ScanThreads::start(self.run, pass, entries, &self.hosts, decoder, is_partial)
    }

    /// Delivers pages in batches, until every batch has ended or the run ends.
    async fn deliver(
        &self,
        delivery: &mut BatchDelivery<'_>,
        mut ready: mpsc::Receiver<ReadyPage>,
        seen: &ScanSeen,
        asked: &mut AskedPages,
    ) -> Result<Delivered, PipelineError> {
        delivery.begin_pass(asked.left());
        while let Some(step) = delivery.step(&mut ready).await? {
            asked.begin_pages(self.run, step.taken).await;
            step.ends.into_iter().for_each(|end| asked.count_end(self.run, end));
            // Pages that are not sent in batches were all taken, or stopped, before.
            if step.is_full && self.run.job.is_batch {
                seen.stop_taking_pages();
            }
        }
        if self.run.shutdown.is_requested() {
            seen.stop_taking_pages();
        }
        Ok(delivery.end_pass())
    }

    /// Waits until another pass makes sense. Returns whether it does. Meanwhile pages that other processes
    /// ask are polled, and batches of processes that have ended are taken over.
    async fn wait_for_more(
        &self,
        asking: &Asking<'_>,
        left: PassLeft,
        delivery: &mut BatchDelivery<'_>,
    ) -> Result<bool, PipelineError> {
        let PassLeft { mut elsewhere, delivered } = left;
        elsewhere.append(delivered.elsewhere);
        let (mut pages_to_ask, has_progressed) = (delivered.again, delivered.has_progressed);
        loop {
            pages_to_ask += elsewhere.poll(asking, self.options).await?;
            let taken_over = delivery.take_over(elsewhere.take_stalled()).await?;
            if self.options.once {
                let goes_on = taken_over > 0 || pages_to_ask > 0 && has_progressed;
                if pages_to_ask > 0 && !goes_on {
                    delivery.leave();
                }
                // What other processes ask is not waited for.
                return Ok(goes_on);
            }
            if pages_to_ask > 0 && !has_progressed {
                let wait = if self.run.job.is_batch { self.run.job.batch.poll } else { PASS_INTERVAL };
                // The end of the run is noticed by the next pass.
                let _ = self.run.pause(wait).await;
            }
            if pages_to_ask > 0
                || taken_over > 0
                || elsewhere.is_empty()
                || self.run.pause(POLL_INTERVAL).await.is_err()
            {
                return Ok(pages_to_ask > 0 || taken_over > 0);
            }
        }
    }

    /// Requests the end of the run when `limits.run_time` is over. Never completes.
    async fn deadline(&self) -> Infallible {
        match self.run.job.limits.run_time {
            Some(limit) => self.run.clock.sleep(limit.saturating_sub(self.run.elapsed())).await,
            None => std::future::pending().await,
        }
        self.run.shutdown.request(RunOutcome::DeadlineReached);
        std::future::pending().await
    }
}
