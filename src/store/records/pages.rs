//! What goes into the store and comes out of it. Keys are small integers inside the
//! store; digests are what they stand for.

use crate::base::digest::Digest;
use crate::base::ids::{JobId, PageId, RecipeId, RecipeSetId, RunId, RunKey};
use crate::base::vocabulary::{ErrorKind, OutcomeStatus, RunOutcomeName};

/// A recipe: everything about an answer but the page.
#[derive(Clone, Debug)]
pub struct RecipeRecord {
    /// The task's name in this job. Not part of the recipe.
    pub task: String,
    /// Its key.
    pub hash: Digest,
    /// Its canonical JSON, to tell two recipes' differences.
    pub body: String,
}

/// A task of a run and the key of its recipe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskKey {
    /// The task's name.
    pub task: String,
    /// The recipe's key in this store.
    pub recipe_id: RecipeId,
}

/// What a run says of itself at its start.
#[derive(Clone, Debug)]
pub struct RunStart {
    /// The run's id, for people and file names.
    pub run_id: RunId,
    /// The job's identity.
    pub job: Digest,
    /// The job's name.
    pub job_name: String,
    /// The manifest as written, before variables.
    pub manifest: String,
    /// The model's name.
    pub model: String,
    /// The endpoint: a model at a provider.
    pub endpoint: String,
    /// The provider's id.
    pub provider: String,
    /// The job's recipes, in manifest order.
    pub recipes: Vec<RecipeRecord>,
    /// What else decides whether a file is settled: with another policy it is looked at
    /// again. Not part of any answer's key.
    pub policy: String,
    /// Wall time in milliseconds.
    pub at_ms: i64,
}

/// How a run ended.
#[derive(Clone, Debug)]
pub struct RunEnd {
    /// The run's key.
    pub run: RunKey,
    /// The outcome's name.
    pub outcome: RunOutcomeName,
    /// The exit code.
    pub exit_code: i32,
    /// Pages by status, as the report keeps them, for a next run that finds nothing changed.
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
    /// The tasks, in manifest order.
    pub tasks: Vec<TaskKey>,
    /// What the endpoint was found to take, as JSON.
    pub capabilities: Option<String>,
    /// What the endpoint was seen to bill, as JSON.
    pub calibration: Option<String>,
    /// Attempts of dead runs that were declared lost at this start.
    pub lost: u64,
    /// The ids of these runs.
    pub dead: Vec<RunId>,
}

/// What is remembered of an endpoint, as JSON.
#[derive(Clone, Debug)]
pub enum EndpointFact {
    /// What it takes.
    Capabilities(String),
    /// What it bills.
    Calibration(String),
}

/// A run, as it is stored.
#[derive(Clone, Debug)]
pub struct RunRecord {
    /// The run's key.
    pub run: RunKey,
    /// The run's id.
    pub run_id: RunId,
    /// The job's key.
    pub job: JobId,
    /// The job's name.
    pub job_name: String,
    /// The model's name.
    pub model: String,
    /// Wall time in milliseconds.
    pub started_ms: i64,
    /// Wall time in milliseconds; `None` while it runs, or when it died.
    pub ended_ms: Option<i64>,
    /// How it ended: an outcome and an exit code.
    pub outcome: Option<(RunOutcomeName, i32)>,
    /// The tasks, in manifest order.
    pub tasks: Vec<TaskKey>,
}

/// A file, or a line of a list, as the latest walk of the job found it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryRecord {
    /// The line of the list, from 1; 0: the input is a folder.
    pub line: u64,
    /// The path below the input folder, or as the list has it.
    pub path: Vec<u8>,
    /// Size in bytes.
    pub size: u64,
    /// Last change of the content, nanoseconds; 0: not to be trusted.
    pub modified_ns: i64,
    /// Last change of the record, nanoseconds.
    pub changed_ns: i64,
    /// The file's number.
    pub inode: u64,
    /// The digest of its bytes; `None` when it could not be read.
    pub content: Option<Digest>,
    /// Pages in it; 0 when it could not be opened as pages.
    pub page_count: u32,
    /// The pages that the job means, ascending; `None`: all.
    pub selected: Option<Vec<u32>>,
    /// Why it could not be read.
    pub fault: Option<FaultRecord>,
    /// The values of the list's other columns, as a JSON object.
    pub carried: Option<String>,
    /// The recipe set of its pages, when that is not the job's.
    pub set: Option<RecipeSetId>,
    /// The recipe set under which all its pages are settled.
    pub settled_set: Option<RecipeSetId>,
}

impl EntryRecord {
    /// Where it stands in the order of a job's entries.
    #[must_use]
    pub fn place(&self) -> (u64, &[u8]) {
        (self.line, &self.path)
    }

    /// The pages that the job means; `[0]` when it could not be opened as pages.
    pub fn pages(&self) -> impl Iterator<Item = u32> + '_ {
        let all = match (&self.selected, self.page_count) {
            (_, 0) => 0..1,
            (Some(_), _) => 0..0,
            (None, count) => 1..count.saturating_add(1),
        };
        let some = self.selected.iter().filter(|_| self.page_count > 0).flatten().copied();
        all.chain(some)
    }
}

/// A kind of fault and words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaultRecord {
    /// As `error_kind` shows it.
    pub kind: ErrorKind,
    /// Words for people.
    pub message: String,
}

/// A difference between the walk and the store.
#[derive(Clone, Debug)]
pub enum EntryChange {
    /// A new or changed file.
    Put(EntryRecord),
    /// A file that was only listed: kept as it was known, unless it has changed.
    Listed(EntryRecord),
    /// A file that is gone, by its line and path.
    Gone(u64, Vec<u8>),
    /// A page without a picture: (page, decoder version, fault).
    PageFault(PageId, u32, FaultRecord),
    /// What a look at a page told: (page, version, marks).
    Features(PageId, u32, FeaturesRecord),
}

/// A page that is like another of the job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NearRecord {
    /// The page.
    pub page: PageId,
    /// The other, which is asked.
    pub like: PageId,
    /// Bits in which they differ.
    pub distance: u32,
}

/// What a look at a page told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeaturesRecord {
    /// Whether there is nothing on it.
    pub is_blank: bool,
    /// Shared, but for a few bits, by pictures of the same page.
    pub fingerprint: [u8; 32],
}

/// The stored outcome of one task on one page.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskOutcome {
    /// How it stands.
    pub status: OutcomeStatus,
    /// The answer as canonical JSON; null with `ok` means that the model said so.
    pub value: Option<String>,
    /// Why there is none.
    pub fault: Option<FaultRecord>,
    /// Whether the fault may pass: a later run asks again.
    pub is_passing: bool,
    /// Runs that ended with a fault that may pass.
    pub runs: u32,
    /// Wall time in milliseconds.
    pub at_ms: i64,
}

/// Runs after which a fault that may pass is final.
pub(crate) const MOST_RUNS: u32 = 3;

impl TaskOutcome {
    /// Whether only the user's wish asks again.
    #[must_use]
    pub fn is_final(&self) -> bool {
        !self.is_passing || self.runs >= MOST_RUNS
    }
}

/// How a page stands.
#[derive(Clone, Debug, Default)]
pub struct Standing {
    /// Why it has no picture, under this decoder.
    pub fault: Option<FaultRecord>,
    /// What a look at it told, under this version of looking.
    pub marks: Option<FeaturesRecord>,
    /// Per recipe that was asked about.
    pub outcomes: Vec<Option<TaskOutcome>>,
}

/// Versions under which what is stored of pictures counts.
#[derive(Clone, Copy, Debug)]
pub struct Versions {
    /// Of decoding.
    pub decoder: u32,
    /// Of looking at pictures.
    pub marks: u32,
}
