//! Who a run is: its id, its keys in the store, the budget that it is charged to.

use crate::base::clock::Clock;
use crate::base::ids::{JobId, RunId, RunKey};
use crate::base::units::utc_day;
use crate::manifest::{BudgetScope, Job};
use crate::pipeline::model::question_set::policy;
use crate::pipeline::model::recipe::recipes;
use crate::store::{
    BudgetCounter, BudgetLine, BudgetPeriod, Reader, ReservationMultiples, RunKeys, RunStart, Store, StoreError,
};
use crate::task::Question;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// What a run is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RunPurpose {
    /// To ask the pages of the job.
    Job {
        /// Which done tasks are sent again, as text; `None`: none.
        selection: Option<String>,
    },
    /// To try something: a page, other questions, another model. It never replaces a run of the job.
    Try,
}

/// Who a run is.
#[derive(Debug)]
pub(crate) struct RunIdentity {
    /// The run's id, such as `20261123T131805-3f9a1c0b7d42`.
    pub(crate) run_id: RunId,
    /// Its keys in the store, and what the store knew at its start.
    pub(crate) keys: RunKeys,
    /// All questions of the job, in manifest order.
    pub(crate) questions: Arc<[Question]>,
    /// The renderers and fonts that are installed.
    pub(crate) renderers: String,
    /// When it began: wall time in milliseconds.
    pub(crate) started_ms: i64,
    /// When it began: monotonic.
    pub(crate) started: Duration,
    /// Ids given so far.
    ids: AtomicU64,
}

impl RunIdentity {
    /// Begins a run in the store.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn begin(
        job: &Job,
        questions: &Arc<[Question]>,
        run_id: &RunId,
        purpose: RunPurpose,
        renderers: String,
        store: &Store,
        clock: &dyn Clock,
    ) -> Result<Self, StoreError> {
        let started_ms = clock.wall_ms();
        let (is_try, selection) = match purpose {
            RunPurpose::Job { selection } => (false, selection),
            RunPurpose::Try => (true, None),
        };
        let keys = store.begin_run(RunStart {
            run_id: run_id.clone(),
            job: job.identity(),
            slots: job.slots().collect(),
            former: job.former_identity(),
            job_name: job.name.clone(),
            manifest: job.stored_source.clone(),
            settings: job.settings.to_text(),
            is_try,
            model: job.provider.model.clone(),
            endpoint: endpoint_id(job),
            provider: job.provider.id.clone(),
            recipes: recipes(job, questions),
            policy: policy(job, &renderers),
            selection,
            shows_notices: tracing::enabled!(tracing::Level::WARN),
            attempt_timeout: job.request.timeouts.attempt,
            shard: job.input.shard,
            at_ms: started_ms,
        })?;
        Ok(Self {
            run_id: run_id.clone(),
            keys,
            questions: questions.clone(),
            renderers,
            started_ms,
            started: clock.now(),
            ids: AtomicU64::new(0),
        })
    }

    /// An id that no other run and no other call gives.
    pub(crate) fn new_id(&self) -> String {
        format!("{}-{}", self.run_id, self.ids.fetch_add(1, Ordering::Relaxed))
    }

    /// The budget that attempts opened at `at_ms` (wall time) are charged to.
    pub(crate) fn budget(&self, job: &Job, at_ms: i64, multiples: ReservationMultiples) -> BudgetLine {
        BudgetLine { scope: budget_counter(job, &self.run_id, at_ms).to_string(), limit: job.limits.budget, multiples }
    }
}

/// The job in the store: of a list from standard input that of the newest run, apart from tries.
///
/// # Errors
/// When the store can't be read.
pub fn stored_job(reader: &Reader, job: &Job) -> Result<Option<JobId>, StoreError> {
    let keys = stored_jobs(reader, job)?;
    let [_, _, ..] = keys.as_slice() else { return Ok(keys.first().copied()) };
    let mut newest: Option<(bool, RunKey, JobId)> = None;
    for key in &keys {
        for run in reader.runs(Some(*key))? {
            newest = newest.max(Some((!run.is_try, run.run, *key)));
        }
    }
    Ok(newest.map(|(_, _, key)| key).or(keys.first().copied()))
}

/// The job in the store under each of its identities. Only a list from standard input has several: one for each
/// of the runs that read it at the same time.
///
/// # Errors
/// When the store can't be read.
pub fn stored_jobs(reader: &Reader, job: &Job) -> Result<Vec<JobId>, StoreError> {
    let Some(first) = reader.job(&job.identity())? else {
        // It is renamed when the next run begins.
        let former = job.former_identity();
        let known = former.map(|former| reader.job_of_manifest(&former, &job.stored_source)).transpose()?.flatten();
        return Ok(known.into_iter().collect());
    };
    let mut keys = vec![first];
    for slot in job.slots() {
        let Some(key) = reader.job(&slot)? else { break };
        keys.push(key);
    }
    Ok(keys)
}

/// The id under which the store keeps learned facts about an endpoint: a model at a provider.
pub(crate) fn endpoint_id(job: &Job) -> String {
    format!("{} {}", job.provider.id, job.provider.model)
}

/// What the budget of a job counts: everything under its name, for any input and provider. What the built-in simulator
/// bills is counted separately from money.
pub(crate) fn budget_counter(job: &Job, run_id: &RunId, at_ms: i64) -> BudgetCounter {
    BudgetCounter {
        period: match job.limits.budget_scope {
            BudgetScope::Run => BudgetPeriod::Run(run_id.clone()),
            BudgetScope::Day => BudgetPeriod::Day(utc_day(at_ms)),
            BudgetScope::Job => BudgetPeriod::Job,
        },
        is_simulated: job.provider.endpoint.is_simulated(),
        name: job.limits.budget_name.clone().unwrap_or_else(|| job.name.clone()),
    }
}
