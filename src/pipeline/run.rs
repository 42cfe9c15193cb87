//! A run, from the first look at the input to the report.

use super::asking::admission::Admission;
use super::asking::dispatch::Progress;
use super::asking::page_loop::Context;
use super::batch::delivery::Batcher;
use super::control::counters::Counters;
use super::control::environment::{Environment, PipelineError, RunOptions};
use super::control::error_streak::Streak;
use super::control::keys::{budget_key, endpoint, run_start};
use super::control::run_outcome::RunOutcome;
use super::control::shutdown::Stop;
use super::model::question_set::{Askings, VERSIONS};
use super::results::finalize;
use super::scan::near_duplicates;
use super::scan::sample;
use super::scan::threads;
use super::scan::threads::{Intake, Purpose};
use crate::manifest::Job;
use crate::report::Report;
use crate::source::{Entries, HostLimits};
use crate::store::{PageId, Reader, RunEnd, RunKeys, Settling, Store, StoreError, network_file_system};
use crate::task::Question;
use std::cell::Cell;
use std::collections::HashSet;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::mpsc;

/// Time before looking again for what another process is asking.
const ELSEWHERE: Duration = Duration::from_millis(500);

/// Runs a job.
///
/// # Errors
/// When the input can't be searched, or the store or an output can't be read or written.
pub fn run(
    job: &Arc<Job>,
    questions: &Arc<[Question]>,
    environment: &Environment,
    options: &RunOptions,
    stop: &Stop,
    counters: &Arc<Counters>,
) -> Result<Report, PipelineError> {
    if let Some(unknown) = options.tasks.iter().find(|name| !questions.iter().any(|question| question.name == **name)) {
        let known: Vec<&str> = questions.iter().map(|question| question.name.as_str()).collect();
        return Err(PipelineError::NoTask { name: unknown.clone(), known: known.join(", ") });
    }
    if job.input.near_duplicates.is_some() && questions.iter().any(Question::is_template) {
        return Err(PipelineError::NearTemplates);
    }
    let entries = Entries::start(&job.input)?;
    let store = Store::open(&job.store, environment.clock.clone(), environment.hooks.clone())?;
    if let Some(kind) = network_file_system(&job.store) {
        tracing::warn!("the store is on {kind}, whose locks are not reliable; keep it on a local disk");
    }
    let started_ms = environment.clock.wall_ms();
    let keys = store.begin_run(run_start(job, questions, environment, started_ms))?;
    let run_id = &environment.run_id;
    let _span = tracing::info_span!("run", run_id, job = job.name, model = job.provider.model).entered();
    tracing::info!(event = "run_started", run_id, job = job.name, model = job.provider.model, store = %job.store.display(), "run started");
    if keys.lost > 0 {
        tracing::warn!("{} attempts of runs that died are counted as lost", keys.lost);
    }
    let flag = || Arc::new(AtomicBool::new(false));
    let (has_changes, has_seen_all) = (flag(), flag());
    let session = Session {
        job,
        questions,
        environment,
        options,
        stop,
        counters,
        store: &store,
        keys: &keys,
        started_ms,
        started: environment.clock.now(),
        has_changes,
        has_seen_all,
        host_limits: Arc::new(HostLimits::new(&job.input.fetch)),
    };
    let asked = session.ask(entries);
    let ended = asked.and_then(|()| session.conclude());
    let report = match ended {
        Ok(report) => report,
        // It was there when the run began.
        Err(PipelineError::Store(StoreError::Missing { path })) => {
            return Err(StoreError::Failed(format!("{} was removed", path.display())).into());
        }
        Err(error) => {
            // The run is over either way; the store may be what failed.
            let (outcome, at_ms) = ("storage_error".to_owned(), environment.clock.wall_ms());
            let _ = store.end_run(RunEnd { run: keys.run, outcome, exit_code: 8, pages: None, at_ms });
            return Err(error);
        }
    };
    store.close();
    let cost = report.total().map(|total| total.to_string());
    let (outcome, exit_code, pages) = (&report.outcome, report.exit_code, &report.pages);
    tracing::info!(
        event = "run_ended",
        run_id,
        outcome,
        exit_code,
        elapsed_ms = report.elapsed_ms,
        pages_ok = pages.ok,
        pages_asked = pages.asked,
        pages_pending = pages.pending,
        attempts = report.spend.sent,
        cost_usd = cost,
        "run ended"
    );
    Ok(report)
}

pub(crate) struct Session<'a> {
    pub(crate) job: &'a Arc<Job>,
    pub(crate) questions: &'a Arc<[Question]>,
    pub(crate) environment: &'a Environment,
    pub(crate) options: &'a RunOptions,
    pub(crate) stop: &'a Stop,
    pub(crate) counters: &'a Arc<Counters>,
    pub(crate) store: &'a Store,
    pub(crate) keys: &'a RunKeys,
    pub(crate) started_ms: i64,
    /// The same, monotonic.
    pub(crate) started: Duration,
    pub(crate) has_changes: Arc<AtomicBool>,
    pub(crate) has_seen_all: Arc<AtomicBool>,
    pub(crate) host_limits: Arc<HostLimits>,
}

impl Session<'_> {
    /// Asks everything that is to be asked. Passes over the input until nothing is being
    /// asked by another process any more.
    fn ask(&self, entries: Entries) -> Result<(), PipelineError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| PipelineError::Internal(error.to_string()))?;
        let context = self.context();
        let mut entries = Some(entries);
        let mut first = || entries.take().map_or_else(|| Entries::start(&self.job.input), Ok);
        if let Some(bits) = self.job.input.near_duplicates {
            runtime.block_on(self.record(Purpose::Look, first()?))?;
            near_duplicates::decide(self.job, self.store, self.keys, bits, self.stop)?;
        }
        let mut sample = None;
        if let Some(count) = self.options.sample {
            runtime.block_on(self.record(Purpose::Record, first()?))?;
            sample = Some(sample::lowest(&Reader::open(self.store.path())?, self.keys.job, count)?);
        }
        // Batches that were left behind are collected, however this job is delivered.
        let mut batcher = Batcher::new(&context, self.job.batch, self.keys.job)?;
        let mut progress = Progress { streak: Streak::new(self.job.on_error.stop_after), asked: 0 };
        loop {
            let (elsewhere, has_moved) =
                runtime.block_on(self.pass(&context, first()?, sample.clone(), &mut progress, &mut batcher))?;
            if elsewhere == 0 || self.stop.is_requested() {
                return Ok(runtime.block_on(context.keep_what_was_learned())?);
            }
            // Closed or not, the next pass sees it.
            let wait = match self.job.is_batch {
                _ if has_moved => Duration::ZERO,
                true => self.job.batch.poll,
                false => ELSEWHERE,
            };
            let _ = runtime.block_on(context.admission.pause(wait));
            runtime.block_on(batcher.adopt())?;
        }
    }

    /// A pass over the input that asks nothing.
    async fn record(&self, purpose: Purpose, entries: Entries) -> Result<(), PipelineError> {
        let intake = self.intake(None, purpose, HashSet::new());
        let (mut ready, threads) = threads::start(&intake, entries)?;
        tokio::select! {
            () = async { while ready.recv().await.is_some() {} } => {}
            () = self.overtime() => {}
        }
        drop(ready);
        threads.join(self.stop);
        Ok(())
    }

    /// Asks for the end when the run's time is over; never completes.
    async fn overtime(&self) {
        match self.job.limits.run_time.map(|limit| limit.saturating_sub(self.elapsed())) {
            Some(left) => self.environment.clock.sleep(left).await,
            None => std::future::pending().await,
        }
        self.stop.request(RunOutcome::DeadlineReached);
        std::future::pending::<()>().await;
    }

    fn context(&self) -> Context<'_> {
        let environment = self.environment;
        let (job, clock) = (self.job, environment.clock.clone());
        let endpoint = Rc::new(endpoint(job, environment, self.keys));
        Context {
            job,
            endpoint: endpoint.clone(),
            admission: Admission::new(
                clock.clone(),
                environment.seed,
                self.stop.clone(),
                self.counters.clone(),
                endpoint,
                job.limits.budget.is_some(),
            ),
            store: self.store.clone(),
            run: self.keys.run,
            run_id: environment.run_id.clone(),
            budget_key: budget_key(job),
            calibrations: self.keys.calibration.clone(),
            ids: Cell::new(0),
            clock,
            hooks: environment.hooks.clone(),
            stop: self.stop.clone(),
            counters: self.counters.clone(),
            on_text: &|_| {},
            on_exchange: &|_, _, _| {},
        }
    }

    fn intake(&self, sample: Option<HashSet<PageId>>, purpose: Purpose, under_way: HashSet<PageId>) -> Arc<Intake> {
        self.counters.found.store(0, Ordering::Relaxed);
        self.counters.done.store(0, Ordering::Relaxed);
        self.has_seen_all.store(false, Ordering::Relaxed);
        let is_wanted =
            |name: &str| self.options.tasks.is_empty() || self.options.tasks.iter().any(|task| task == name);
        Arc::new(Intake {
            job: self.job.clone(),
            keys: self.keys.clone(),
            store: self.store.clone(),
            clock: self.environment.clock.clone(),
            stop: self.stop.clone(),
            counters: self.counters.clone(),
            wish: self.options.wish,
            wanted: self.keys.tasks.iter().map(|task| is_wanted(&task.task)).collect(),
            started_ms: self.started_ms,
            sample,
            under_way,
            purpose,
            askings: Askings::new(self.job.clone(), self.questions.clone(), self.keys, self.store.clone()),
            decoder: self.environment.decoder.clone(),
            host_limits: self.host_limits.clone(),
            // Which pages are like others is decided anew each time.
            looks_at_settled: self.options.wish.is_any() || self.job.input.near_duplicates.is_some(),
            is_asking: AtomicBool::new(true),
            has_changes: self.has_changes.clone(),
            has_seen_all: self.has_seen_all.clone(),
        })
    }

    /// One pass over the input; how many pages were being asked elsewhere.
    async fn pass(
        &self,
        context: &Context<'_>,
        entries: Entries,
        sample: Option<HashSet<PageId>>,
        progress: &mut Progress,
        batcher: &mut Batcher<'_>,
    ) -> Result<(u64, bool), PipelineError> {
        let under_way = batcher.under_way();
        let intake = self.intake(sample, Purpose::Ask, under_way);
        let (ready, threads) = threads::start(&intake, entries)?;
        let asked = async {
            if self.job.is_batch {
                return self.deliver(batcher, ready, &intake, progress).await;
            }
            let elsewhere = self.ask_pages(context, ready, &intake, progress).await;
            // What is still in batches of other runs comes when they end.
            let nothing = mpsc::channel(1).1;
            let (again, has_moved) = self.deliver(batcher, nothing, &intake, progress).await?;
            Ok((elsewhere + again, has_moved))
        };
        let elsewhere = tokio::select! {
            elsewhere = asked => elsewhere,
            () = self.overtime() => Ok((0, false)),
        };
        intake.is_asking.store(false, Ordering::Relaxed);
        threads.join(self.stop);
        elsewhere
    }

    fn elapsed(&self) -> Duration {
        // Monotonic: a clock that is set is no time that has passed.
        self.environment.clock.now().saturating_sub(self.started)
    }

    /// Writes rows and report from what the store has now.
    fn conclude(&self) -> Result<Report, PipelineError> {
        let clock = &self.environment.clock;
        self.store.lose_open(self.keys.run, clock.wall_ms())?;
        let has_changes = self.has_changes.load(Ordering::Relaxed);
        if has_changes {
            let input = &self.job.input;
            self.store.settle_entries(
                self.keys.job,
                Settling {
                    set: self.keys.set,
                    versions: VERSIONS,
                    skips_blank: input.skip_blank,
                    skips_near: input.near_duplicates.is_some(),
                },
            )?;
        }
        let seen = finalize::Seen { has_changes, has_all: self.has_seen_all.load(Ordering::Relaxed) };
        let options = self.options;
        let is_partial = options.limit.is_some() || options.sample.is_some() || !options.tasks.is_empty();
        let ending = self.stop.ending();
        let (mut report, outcome) =
            finalize::conclude(self.job, self.questions, self.environment, self.keys, seen, |pages| {
                ending.unwrap_or_else(|| finalize::outcome_of(self.job, pages, is_partial))
            })?;
        self.store.end_run(RunEnd {
            run: self.keys.run,
            outcome: outcome.name().to_owned(),
            exit_code: outcome.exit_code().into(),
            pages: Some(report.pages.to_stored()),
            at_ms: clock.wall_ms(),
        })?;
        report.started_ms = self.started_ms;
        report.elapsed_ms = i64::try_from(self.elapsed().as_millis()).unwrap_or(i64::MAX);
        if let Some(path) = &self.job.output.report {
            finalize::write_report(&report, path, &*self.environment.hooks)?;
        }
        self.stop.request(outcome);
        Ok(report)
    }
}
