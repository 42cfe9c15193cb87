//! Runs, the recipes that they ask, and the endpoints that they use.

use crate::base::digest::Digest;
use crate::base::exit_codes::INTERNAL;
use crate::base::ids::{JobId, RecipeId, RecipeSetId, RunId, RunKey, SettingsId};
use crate::base::json_text::JsonText;
use crate::base::shard::Shard;
use crate::base::vocabulary::RunOutcomeName;
use crate::store::page_status::RunBegin;
use std::time::Duration;

/// The outcome and the exit code of a run whose process died. Another process finds out.
pub const DIED_END: (RunOutcomeName, u8) = (RunOutcomeName::Died, INTERNAL);

/// A recipe: everything about an answer except the page.
#[derive(Clone, Debug)]
pub struct RecipeRecord {
    /// The name of the task in this job. Not part of the recipe.
    pub task: String,
    /// The digest of `body`: the identity of the recipe.
    pub hash: Digest,
    /// The recipe as canonical JSON, so that two recipes can be compared.
    pub body: JsonText,
}

/// A task of a run and its recipe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskKey {
    /// The name of the task.
    pub task: String,
    /// The recipe.
    pub recipe_id: RecipeId,
}

/// The record of a run when it starts.
#[derive(Clone, Debug)]
pub struct RunStart {
    /// The id of the run.
    pub run_id: RunId,
    /// The identity of the job.
    pub job: Digest,
    /// Further identities of the job. The run takes the first one that no live run has, so that inputs
    /// which are not the same do not mix.
    pub slots: Vec<Digest>,
    /// The identity that earlier versions gave the job. Its record is taken over if it was stored for the
    /// same manifest.
    pub former: Option<Digest>,
    /// The name of the job.
    pub job_name: String,
    /// The manifest as written, before variables are replaced.
    pub manifest: String,
    /// The settings as canonical JSON, with variables replaced and without secrets.
    pub settings: String,
    /// Whether the run only tries something: it never replaces a run, and its settings are not those of the job.
    pub is_try: bool,
    /// The name of the model.
    pub model: String,
    /// The endpoint: a model of a provider.
    pub endpoint: String,
    /// The id of the provider.
    pub provider: String,
    /// The recipes of the job, in the order of the manifest.
    pub recipes: Vec<RecipeRecord>,
    /// What decides, apart from recipes, whether a file is done. Under another policy
    /// every file is read again. Not part of the key of an answer.
    pub policy: String,
    /// Which done tasks are sent again, as text; `None`: none. A run with the same selection
    /// continues one that was not completed.
    pub selection: Option<String>,
    /// Whether the user sees the message of a migration of the store.
    pub shows_notices: bool,
    /// How long an attempt of the run may take. Other processes wait no longer for it.
    pub attempt_timeout: Duration,
    /// The shard of the input that it runs; `None`: all of it. A store belongs to one shard, or to none.
    pub shard: Option<Shard>,
    /// Wall time in milliseconds.
    pub at_ms: i64,
}

/// The end of a run.
#[derive(Clone, Debug)]
pub struct RunEnd {
    /// The run.
    pub run: RunKey,
    /// How it ended.
    pub outcome: RunOutcomeName,
    /// The exit code.
    pub exit_code: u8,
    /// Whether everything was asked that its options select: a later run with the same options begins
    /// anew instead of continuing this one.
    pub is_finished: bool,
    /// Page counts in the form of the report, for a next run that finds nothing changed.
    pub pages: Option<String>,
    /// Wall time in milliseconds.
    pub at_ms: i64,
}

/// The keys that a run works with.
#[derive(Clone, Debug)]
pub struct RunKeys {
    /// The run.
    pub run: RunKey,
    /// The job.
    pub job: JobId,
    /// The set of all recipes of the job.
    pub set: RecipeSetId,
    /// The tasks, in the order of the manifest.
    pub tasks: Vec<TaskKey>,
    /// Where the run begins in the history of the store.
    pub begin: RunBegin,
    /// The run that this one continues: it sends again what that run did not reach.
    pub continues: Option<RunId>,
    /// What a migration of the store has changed, for the user. Each is given to one run.
    pub notices: Vec<String>,
    /// The known capabilities of the endpoint, as JSON.
    pub capabilities: Option<String>,
    /// The observed image billing of the endpoint, as JSON.
    pub calibration: Option<String>,
    /// Open attempts of dead runs that were marked lost when this run started.
    pub lost: u64,
    /// The ids of these dead runs.
    pub dead: Vec<RunId>,
}

/// A learned fact about an endpoint, as JSON.
#[derive(Clone, Debug)]
pub enum EndpointFact {
    /// Which request features it supports. Other processes learn about the same endpoint.
    Capabilities {
        /// What this process has learned.
        learned: String,
        /// Combines stored and learned facts. An error: the stored facts are damaged.
        merge: fn(stored: &str, learned: &str) -> Result<String, String>,
    },
    /// How many tokens it bills for images.
    Calibration(String),
}

/// A stored run.
#[derive(Clone, Debug)]
pub struct RunRecord {
    /// The run.
    pub run: RunKey,
    /// The id of the run.
    pub run_id: RunId,
    /// The job.
    pub job: JobId,
    /// The name of the job.
    pub job_name: String,
    /// The name of the model.
    pub model: String,
    /// Wall time in milliseconds.
    pub started_ms: i64,
    /// Wall time in milliseconds; `None` while it runs.
    pub ended_ms: Option<i64>,
    /// When it last showed that it is alive: wall time in milliseconds.
    pub heartbeat_ms: i64,
    /// How it ended, and the exit code. `None` while it runs.
    pub outcome: Option<(RunOutcomeName, u8)>,
    /// The tasks, in the order of the manifest.
    pub tasks: Vec<TaskKey>,
    /// The shard of the input that it ran; `None`: all of it.
    pub shard: Option<Shard>,
    /// The settings; `None`: an earlier version did not keep them.
    pub settings: Option<SettingsId>,
    /// Whether the run only tried something, such as one page.
    pub is_try: bool,
}
