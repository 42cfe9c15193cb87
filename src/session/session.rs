//! A session: a job and everything that can be done with it.

use super::answers::{self, ImportedAnswers};
use super::canceller::Canceller;
use super::check::{JobCheck, check_job, known_capabilities};
use super::diff::{DiffAsking, DiffReport, diff, prepare_diff};
use super::diff_query::DiffQuery;
use super::environment::Environment;
use super::error::{Error, WRONG_INPUT};
use super::evaluation::EvalReport;
use super::exporting;
use super::job::{Job, Outputs};
use super::listed_files::{ListedFile, list_files};
use super::merging;
use super::output_limit::output_limit_warning;
use super::plan_query::PlanQuery;
use super::probing::{self, Stability};
use super::progress::{ProgressHandle, RunLabels};
use super::provider::ConnectedProvider;
use super::rejected_settings::rejected_settings;
use super::renderer::check_renderer;
use super::reporting::{ReportQuery, report_from_store};
use super::retirement::retirement_warning;
use super::rows::{RowsForm, RowsQuery, RowsShown, show_rows};
use super::run_report::RunReport;
use super::running::run_in_time;
use super::runs::history_of_job;
use super::stated_price::{price_warnings, run_warnings};
use super::try_observer::{Forward, TriedAnswer, TryObserver};
use crate::base::clock::{Clock, SystemClock};
use crate::base::hooks::NoHooks;
use crate::base::ids::RunId;
use crate::base::random::{entropy, mix};
use crate::base::sanitize::one_line;
use crate::base::units::rfc3339;
use crate::export::RowFormat;
use crate::labels::answers::export::{AnswerFormat, ExportedAnswers};
use crate::labels::answers::import::ImportOptions;
use crate::labels::evaluation::EvalOptions;
use crate::labels::history::RunHistory;
use crate::labels::probing::plan::{ProbePlan, ProbeQuery};
use crate::pipeline::{
    self, Counters, Lease, LostRequests, Plan, PlanRequest, RetryScope, RetrySelection, RowSelection, RunOptions,
    Shutdown, questions_for_file,
};
use crate::review::{self, ReviewOptions, Serving};
use crate::select::{Filter, FilterColumns};
use crate::store::ReadStore;
use crate::task::Question;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A job and everything that can be done with it: run it, plan it, try a page, write its outputs
/// again, report its spend.
///
/// A session has one run id and runs once. Open another session for the next run; answers are in
/// the store, so nothing is paid for twice.
pub struct Session {
    job: Job,
    environment: Environment,
    clock: Arc<SystemClock>,
    run_id: RunId,
    seed: u64,
    shutdown: Shutdown,
    counters: Arc<Counters>,
    provider: Mutex<Option<ConnectedProvider>>,
}

impl Session {
    /// Opens a session. Nothing is sent, read or written yet.
    #[must_use]
    pub fn open(job: Job, environment: Environment) -> Self {
        let clock = Arc::new(SystemClock::new());
        let (run_id, seed) = new_run_id(&*clock);
        Self {
            job,
            environment,
            shutdown: Shutdown::new(clock.clone()),
            clock,
            run_id,
            seed,
            counters: Arc::new(Counters::default()),
            provider: Mutex::new(None),
        }
    }

    /// The job.
    #[must_use]
    pub fn job(&self) -> &Job {
        &self.job
    }

    /// The id of the session's run, such as `20261123T131805-3f9a1c0b7d42`.
    #[must_use]
    pub fn run_id(&self) -> &str {
        self.run_id.as_str()
    }

    /// Shows what the run has done so far.
    #[must_use]
    pub fn progress(&self) -> ProgressHandle {
        let (job, run_id) = (self.job.name().to_owned(), self.run_id.to_string());
        let run = RunLabels { job, run_id, model: self.job.model().to_owned(), shard: self.job.shard() };
        ProgressHandle::new(self.counters.clone(), run)
    }

    /// Limits until when the run may send requests, by [`Clock::since_boot`]. It is over after that time, unless the
    /// lease is extended.
    pub(crate) fn lease(&self, until: Duration) -> Lease {
        let lease = Lease::new(self.clock.clone(), until);
        self.shutdown.set_lease(lease.clone());
        lease
    }

    /// Ends the run early.
    #[must_use]
    pub fn canceller(&self) -> Canceller {
        Canceller(self.shutdown.clone())
    }

    /// Reads keys and starts the simulator, if the job uses it. [`Session::run`] and
    /// [`Session::try_page`] do so themselves.
    ///
    /// # Errors
    /// When a key is missing or can't be read.
    pub fn connect(&self) -> Result<(), Error> {
        self.dependencies().map(|_| ())
    }

    /// A filter of the job's rows, from an expression such as `kind = "invoice" and cost_usd > 0.01`
    /// (docs/select.md).
    ///
    /// # Errors
    /// When the expression has a mistake, or the job's list can't be read.
    pub fn filter(&self, expression: &str) -> Result<Filter, Error> {
        let columns = pipeline::row_columns(&self.job.manifest, &self.job.questions)?;
        Filter::parse(expression, &FilterColumns::of_rows(&columns)).map_err(|error| Error::new(WRONG_INPUT, error))
    }

    /// Runs the job: asks every page that has no answer, and writes the outputs. Blocks until it is
    /// done; do not call it from an async task. A run that ends early is a report with an
    /// [`RunReport::error`], not an `Err`.
    ///
    /// After [`Canceller::cancel`], or when `limits.run_time` is over, it returns within the grace
    /// period and two seconds, whatever the store and the disks do. Threads that a file system or
    /// another process blocks are then abandoned.
    ///
    /// # Errors
    /// When the input can't be searched, the store or an output can't be read or written, or a run
    /// that was ended early could not finish everything in time.
    pub fn run(&self, options: &RunOptions) -> Result<RunReport, Error> {
        self.job.check_outputs(&[])?;
        let dependencies = self.dependencies()?;
        let mut job = self.job.manifest.clone();
        if let Some(provider) = &*self.provider.lock().unwrap_or_else(std::sync::PoisonError::into_inner) {
            provider.open_files.apply(&mut job.limits);
        }
        let (questions, options) = (self.job.questions.clone(), options.clone());
        let (shutdown, counters, grace) = (self.shutdown.clone(), self.counters.clone(), options.grace);
        let work = move || pipeline::run(&job.into(), &questions, &dependencies, &options, &shutdown, &counters);
        run_in_time(work, grace, &self.shutdown, &self.counters)
    }

    /// Merges stores of the job, such as those of its shards, into the job's store, and writes its outputs, as one run
    /// of the whole input would. Sends nothing, and needs no key. Merging again changes nothing; a merge that was
    /// killed is continued by the same call. `allow_missing`: stores of shards may be missing; the outputs are partial
    /// then.
    ///
    /// # Errors
    /// When the stores don't belong together, one is in use, a shard is missing, or a file can't be read or written.
    pub fn merge(&self, stores: &[PathBuf], allow_missing: bool) -> Result<RunReport, Error> {
        merging::merge(&self.job, stores, allow_missing, (self.clock.clone(), self.environment.decoder()))
    }

    /// What a run would ask and cost. Decodes no page, sends nothing and writes nothing. `sample`:
    /// reads this many files and projects the result to all.
    ///
    /// # Errors
    /// When the input can't be searched or the store can't be read.
    pub fn plan(&self, selection: RetrySelection, sample: Option<u64>) -> Result<Plan, Error> {
        self.plan_where(PlanQuery { selection, sample, ..PlanQuery::default() })
    }

    /// The same, for a part of the pages or for shards.
    ///
    /// # Errors
    /// As [`Session::plan`].
    pub fn plan_where(&self, query: PlanQuery<'_>) -> Result<Plan, Error> {
        let PlanQuery { selection, filter, sample, shards } = query;
        let job = &self.job.manifest;
        let reader = ReadStore::open_if_exists(&job.store)?.map(|store| store.reader()).transpose()?;
        Ok(pipeline::plan(&PlanRequest {
            job,
            questions: &self.job.questions,
            reader: reader.as_ref(),
            retry: RetryScope { selection, filter },
            sample,
            shards,
            at_ms: self.clock.wall_ms(),
            decoder: self.environment.decoder().clone(),
        })?)
    }

    /// What a plan warns of: the model is retired soon, or was, so that a run of many nights fails; the model rejects
    /// settings of the manifest, or needs a higher output limit than the manifest sets; a stated price has changed
    /// its meaning since an earlier version, or is not the listed price of the model at its host; or columns of files with
    /// labels are not used.
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn warnings(&self) -> Result<Vec<String>, Error> {
        let retirement = retirement_warning(&self.job.manifest, self.clock.wall_ms());
        let rejected = rejected_settings(&self.job.manifest);
        let prices = price_warnings(&self.job.manifest, self.clock.wall_ms());
        let output = output_limit_warning(&self.job, known_capabilities(&self.job.manifest)?);
        let unused = self.job.manifest.warnings.iter().cloned();
        Ok(unused.chain(retirement).chain(rejected).chain(output).chain(prices).collect())
    }

    /// Whether a run without pages is a success.
    #[must_use]
    pub fn may_be_empty(&self) -> bool {
        self.job.manifest.input.may_be_empty()
    }

    /// Those of [`Session::warnings`] about prices that a run shows. With the model of the run before, a price that is
    /// not the listed one was agreed on.
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn run_warnings(&self) -> Result<Vec<String>, Error> {
        Ok(run_warnings(&self.job.manifest, self.clock.wall_ms())?)
    }

    /// Lists the files of the input in its order: which are taken, which are left out, and why. Returns
    /// how many are taken and how many are left out. Reads no page, except for the first bytes of files
    /// with `input.detect: content`.
    ///
    /// # Errors
    /// When the input can't be searched.
    pub fn list_files(&self, on_file: &mut dyn FnMut(&ListedFile)) -> Result<(u64, u64), Error> {
        list_files(&self.job.manifest.input, on_file)
    }

    /// Checks the input and the settings of the job. Sends nothing.
    ///
    /// # Errors
    /// When the input can't be searched.
    pub fn check(&self) -> Result<JobCheck, Error> {
        check_job(&self.job, &self.environment, self.clock.wall_ms())
    }

    /// Asks one page at once: a file and the page's number from 1. Its attempts and answers are
    /// stored like those of a run. Tasks that have a valid answer in the store are asked only with
    /// `refresh`.
    ///
    /// # Errors
    /// When the page or the store can't be read, or the provider refuses.
    pub fn try_page(
        &self,
        file: &Path,
        page: u32,
        refresh: bool,
        observer: &dyn TryObserver,
    ) -> Result<Vec<TriedAnswer>, Error> {
        let mut job = self.job.manifest.clone();
        // One page is asked at once, however the job delivers many.
        job.is_batch = false;
        let mut questions = self.job.questions.clone();
        if questions.iter().any(Question::is_template) {
            questions = questions_for_file(&job, &questions, file)?.ok_or_else(|| {
                let message = format!("{} is not in the list, whose columns the questions name", file.display());
                Error::new(WRONG_INPUT, message).with_hint("try a file of the list")
            })?;
        }
        let dependencies = self.dependencies()?;
        let answers = pipeline::try_page(
            (&Arc::new(job), &questions),
            &dependencies,
            (&self.shutdown, &self.counters),
            pipeline::PageToTry { file, number: page, refresh },
            &|tried| observer.on_start(tried),
            &Forward(observer),
        )?;
        Ok(answers.into_iter().map(TriedAnswer::from).collect())
    }

    /// Why the session ended early, such as a refusal during [`Session::try_page`].
    #[must_use]
    pub fn early_end(&self) -> Option<Error> {
        Error::from_outcome(&self.shutdown.outcome()?, LostRequests::default())
    }

    /// Writes the outputs again from the store. Sends nothing and reads no page. Returns the files.
    ///
    /// # Errors
    /// When a file is one that the job uses, the store has no run of the job, or a file can't be written.
    pub fn export(&self, instead: &Outputs) -> Result<Vec<PathBuf>, Error> {
        exporting::export(&self.job, instead, self.clock.wall_ms())
    }

    /// The id of the first run of the job, while it is in progress: the store does not have all pages yet.
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn first_run(&self) -> Result<Option<String>, Error> {
        exporting::first_run(&self.job, self.clock.wall_ms())
    }

    /// Whether no run of the job has reached the end of its input yet, as after a first run that was interrupted: there
    /// may be pages that are not in the store.
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn is_partly_listed(&self) -> Result<bool, Error> {
        exporting::is_partly_listed(&self.job)
    }

    /// Writes the rows to a stream as CSV or JSON Lines, from the store. Returns how many pages are
    /// pending.
    ///
    /// # Errors
    /// When the store has no run of the job, or the stream can't be written.
    pub fn export_stream(
        &self,
        format: RowFormat,
        selection: RowSelection<'_>,
        out: impl Write + Send + 'static,
    ) -> Result<u64, Error> {
        let job = &self.job.manifest;
        let reader = self.job.open_store()?.reader()?;
        Ok(pipeline::export_stream(&reader, job, &self.job.questions, format, selection, Box::new(out))?)
    }

    /// Shows rows: writes them to a stream, from the store.
    ///
    /// # Errors
    /// When a column does not exist, the store has no run of the job, or the stream can't be written.
    pub fn rows(
        &self,
        query: &RowsQuery,
        form: RowsForm,
        out: impl Write + Send + 'static,
    ) -> Result<RowsShown, Error> {
        show_rows(&self.job, query, form, Box::new(out))
    }

    /// Which pages would be asked once more, to see how stable their answers are, and what that would cost: a
    /// sample of the pages with answers, always the same ones. Sends nothing.
    ///
    /// # Errors
    /// When the store has no run of the job or can't be read, or the query does not fit the job.
    pub fn plan_probe(&self, query: &ProbeQuery) -> Result<ProbePlan, Error> {
        let filter = query.filter.as_deref().map(|text| self.filter(text)).transpose()?;
        probing::plan(&self.job, query, filter.as_ref(), self.clock.wall_ms())
    }

    /// Asks the pages of a plan that have not been asked before, within the job's budget. Rows never show their
    /// answers. An end before that, such as a reached budget, is [`Session::early_end`].
    ///
    /// # Errors
    /// When the store can't be written, or a key is missing.
    pub fn ask_probes(&self, plan: &ProbePlan) -> Result<(), Error> {
        if plan.requests() == 0 {
            return Ok(());
        }
        let dependencies = self.dependencies()?;
        let (options, ending) = (RunOptions::default(), (&self.shutdown, &self.counters));
        Ok(pipeline::ask_probes(&self.job.manifest, &plan.variants, &plan.pages, &dependencies, &options, ending)?)
    }

    /// How often the answers to the pages of a plan agree, from the store.
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn stability(&self, plan: &ProbePlan) -> Result<Stability, Error> {
        probing::measure(&self.job, plan)
    }

    /// All human answers of the job as a file, from the store. It includes those that no longer fit the job.
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn export_answers(&self, format: AnswerFormat) -> Result<ExportedAnswers, Error> {
        answers::export(&self.job, format)
    }

    /// Writes human answers to a file.
    ///
    /// # Errors
    /// When the file is one that the job uses, or can't be written.
    pub fn write_answers(&self, answers: &ExportedAnswers, path: &Path) -> Result<(), Error> {
        answers::write(&self.job, answers, path)
    }

    /// Stores the human answers of a file: CSV as [`Session::export_answers`] writes it, or JSON of Label Studio. Either
    /// all of them are stored and durable, or none. Importing a file again changes nothing.
    ///
    /// # Errors
    /// When the store can't be read or written, no run of the job has looked at its input, or a line can't be
    /// imported.
    pub fn import_answers(&self, bytes: &[u8], options: &ImportOptions) -> Result<ImportedAnswers, Error> {
        answers::import(&self.job, bytes, options, self.clock.clone())
    }

    /// The name under which people answer who don't state another one: that of the user. `None`: it is unknown, and
    /// people would share any other name.
    #[must_use]
    pub fn default_reviewer(&self) -> Option<String> {
        let names = ["USER", "LOGNAME", "USERNAME"].into_iter();
        let known = names.filter_map(|name| self.environment.variable(name)).map(|name| one_line(&name, 60));
        known.into_iter().find(|name| !name.is_empty())
    }

    /// The newest `limit` runs of the job, and what changed in the manifest before each.
    ///
    /// # Errors
    /// When the store can't be read or has no run of the job.
    pub fn history(&self, limit: usize) -> Result<RunHistory, Error> {
        history_of_job(&self.job, limit)
    }

    /// The pages of a sample that `diff` compares and that have no later answer yet, with their price; `None`: no
    /// sample is requested. Sends nothing.
    ///
    /// # Errors
    /// When the store can't be read, or a side does not exist.
    pub fn prepare_diff(&self, query: &DiffQuery) -> Result<Option<DiffAsking>, Error> {
        prepare_diff(&self.job, &self.environment, query)
    }

    /// Asks the pages of a sample that have no later answer, in the session of [`DiffAsking::job`]. Rows, reports and
    /// the history of the job leave it out; a run with that manifest does not pay for the answers again. An end before
    /// that, such as a reached budget, is [`Session::early_end`].
    ///
    /// # Errors
    /// When the store can't be written, or a key is missing.
    pub fn ask_sample(&self, asking: &DiffAsking) -> Result<(), Error> {
        let dependencies = self.dependencies()?;
        self.counters.set_limit(asking.to_ask());
        let (options, ending) = (RunOptions::default(), (&self.shutdown, &self.counters));
        let (job, questions) = (&self.job.manifest, std::slice::from_ref(&self.job.questions));
        Ok(pipeline::ask_probes(job, questions, asking.pages_to_ask(), &dependencies, &options, ending)?)
    }

    /// Compares stored answers to the same pages. Sends nothing.
    ///
    /// # Errors
    /// When the store can't be read, a side does not exist, or the truth can't be used.
    pub fn diff(&self, query: &DiffQuery) -> Result<DiffReport, Error> {
        diff(&self.job, &self.environment, query)
    }

    /// The report on runs of the job, from the store alone.
    ///
    /// # Errors
    /// When the store can't be read or has no such run.
    pub fn report(&self, query: &ReportQuery) -> Result<RunReport, Error> {
        report_from_store(&self.job.manifest.store, Some(&self.job), query)
    }

    /// Measures how good the stored answers are, against truth. Sends nothing and opens no page.
    ///
    /// # Errors
    /// When the store can't be read or has no run of the job, or the options don't fit the job or the truth.
    pub fn evaluate(&self, options: &EvalOptions) -> Result<EvalReport, Error> {
        let filter = options.filter.as_deref().map(|text| self.filter(text)).transpose()?;
        let (decoder, clock) = (self.environment.decoder().clone(), self.clock.clone());
        EvalReport::measure(&self.job, filter.as_ref(), options, decoder, clock)
    }

    /// Serves a page on loopback on which people see pages beside their labels, decide and correct. Blocks until
    /// [`Session::canceller`] ends it, or no request has come for [`ReviewOptions::idle`]. `on_ready` gets the address,
    /// which one browser can open once.
    ///
    /// # Errors
    /// When the store has no run of the job, a task does not exist, or the port is in use.
    pub fn review(&self, options: ReviewOptions, on_ready: &mut dyn FnMut(&str)) -> Result<(), Error> {
        check_renderer(self.job.manifest.image.pdf_renderer, &self.environment)?;
        let options = ReviewOptions { reviewer: answers::reviewer_name(&options.reviewer)?, ..options };
        let serving = Serving {
            clock: self.clock.clone(),
            decoder: self.environment.decoder(),
            on_ready,
            is_stopped: &|| self.shutdown.is_requested(),
        };
        Ok(review::review(&Arc::new(self.job.manifest.clone()), &self.job.questions, options, serving)?)
    }

    fn dependencies(&self) -> Result<pipeline::Dependencies, Error> {
        check_renderer(self.job.manifest.image.pdf_renderer, &self.environment)?;
        let mut provider = self.provider.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let connected = match provider.take() {
            Some(connected) => connected,
            None => ConnectedProvider::connect(&self.job.manifest, &self.environment)?,
        };
        let client = provider.insert(connected).client.clone();
        Ok(pipeline::Dependencies {
            clock: self.clock.clone(),
            hooks: Arc::new(NoHooks),
            seed: self.seed,
            run_id: self.run_id.clone(),
            client,
            decoder: self.environment.decoder().clone(),
        })
    }
}

/// A run's id: its time, human-readable, and twelve random digits. And a seed. Both are new also for runs that
/// begin at the same time in containers, where every process has the same id.
fn new_run_id(clock: &dyn Clock) -> (RunId, u64) {
    let seed = entropy();
    let digits: String = rfc3339(clock.wall_ms()).chars().take(19).filter(|c| !matches!(c, '-' | ':')).collect();
    (RunId::new(format!("{digits}-{:012x}", seed & 0xffff_ffff_ffff)), mix(seed))
}
