//! The messages that the writer takes and gives. This interface, not SQLite, is what the
//! rest of the program knows.

use crate::store::error::StoreError;
use crate::store::records::attempts::{OpenAttempt, Opened, Settlement};
use crate::store::records::batches::{BatchChange, BatchStart};
use crate::store::records::pages::{
    EndpointFact, EntryChange, NearRecord, PageId, RecipeRecord, RunEnd, RunKeys, RunStart, TaskKey, TaskOutcome,
};
use crate::store::write::entries::Settling;
use tokio::sync::oneshot;

/// What is wanted of the writer.
pub(crate) enum Command {
    BeginRun(Box<RunStart>),
    EndRun(Box<RunEnd>),
    Entries { job: i64, changes: Vec<EntryChange> },
    Near { job: i64, near: Vec<NearRecord> },
    SettleEntries { job: i64, settling: Settling },
    Define { recipes: Vec<RecipeRecord>, policy: String },
    Open(Box<OpenAttempt>),
    Settle(Box<Settlement>),
    Outcomes { page: PageId, outcomes: Vec<(i64, TaskOutcome)> },
    LoseOpen { run: i64, at_ms: i64 },
    Close,
    OpenMany(Vec<OpenAttempt>),
    SettleMany(Vec<Settlement>),
    BeginBatch(Box<BatchStart>),
    ChangeBatch(Box<BatchChange>),
    WithdrawBatch(i64),
    AdoptBatches { run: i64, provider: String },
    Remember { endpoint: String, fact: EndpointFact },
}

/// What a command brought.
pub(crate) enum Answer {
    Keys(RunKeys),
    Opened(Opened),
    OpenedMany(Vec<Opened>),
    Batch(i64),
    Count(u64),
    Defined { set: i64, tasks: Vec<TaskKey> },
    Done,
}

/// A command and where its answer goes once it is durable.
pub(crate) struct Message {
    pub(crate) command: Command,
    pub(crate) reply: oneshot::Sender<Result<Answer, StoreError>>,
}
