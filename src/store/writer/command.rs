//! The messages that the writer takes and gives. This interface, not SQLite, is what the
//! rest of the program knows.

use crate::base::ids::{BatchId, JobId, PageId, RecipeId, RecipeSetId, RunKey};
use crate::store::error::StoreError;
use crate::store::records::attempts::{OpenAttempt, Opened, Settlement};
use crate::store::records::batches::{BatchChange, BatchStart};
use crate::store::records::pages::{
    EndpointFact, EntryChange, NearRecord, RecipeRecord, RunEnd, RunKeys, RunStart, TaskKey, TaskOutcome,
};
use crate::store::write::entries::Settling;
use tokio::sync::oneshot;

/// What is wanted of the writer.
pub(crate) enum Command {
    BeginRun(Box<RunStart>),
    EndRun(Box<RunEnd>),
    Entries { job: JobId, changes: Vec<EntryChange> },
    Near { job: JobId, near: Vec<NearRecord> },
    SettleEntries { job: JobId, settling: Settling },
    Define { recipes: Vec<RecipeRecord>, policy: String },
    Open(Box<OpenAttempt>),
    Settle(Box<Settlement>),
    Outcomes { page: PageId, outcomes: Vec<(RecipeId, TaskOutcome)> },
    LoseOpen { run: RunKey, at_ms: i64 },
    Close,
    OpenMany(Vec<OpenAttempt>),
    SettleMany(Vec<Settlement>),
    BeginBatch(Box<BatchStart>),
    ChangeBatch(Box<BatchChange>),
    WithdrawBatch(BatchId),
    AdoptBatches { run: RunKey, provider: String },
    Remember { endpoint: String, fact: EndpointFact },
}

/// What a command brought.
pub(crate) enum Answer {
    Keys(RunKeys),
    Opened(Opened),
    OpenedMany(Vec<Opened>),
    Batch(BatchId),
    Count(u64),
    Defined { set: RecipeSetId, tasks: Vec<TaskKey> },
    Done,
}

/// A command and where its answer goes once it is durable.
pub(crate) struct Message {
    pub(crate) command: Command,
    pub(crate) reply: oneshot::Sender<Result<Answer, StoreError>>,
}
