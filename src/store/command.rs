//! The messages that the writer takes and gives. This interface, not SQLite, is what the
//! rest of the program knows.

use super::error::StoreError;
use super::records::{EntryChange, OpenAttempt, Opened, Outcome, RunEnd, RunKeys, RunStart, Settlement, StoredPage};
use tokio::sync::oneshot;

/// What is wanted of the writer.
pub(super) enum Command {
    BeginRun(Box<RunStart>),
    EndRun(Box<RunEnd>),
    Entries { job: i64, changes: Vec<EntryChange> },
    SettleEntries { job: i64, set: i64, decoder_version: u32 },
    Open(Box<OpenAttempt>),
    Settle(Box<Settlement>),
    Outcomes { page: StoredPage, outcomes: Vec<(i64, Outcome)> },
    LoseOpen { run: i64, at_ms: i64 },
    Close,
    Capabilities { endpoint: String, capabilities: String },
}

/// What a command brought.
pub(super) enum Answer {
    Keys(RunKeys),
    Opened(Opened),
    Count(u64),
    Done,
}

/// A command and where its answer goes once it is durable.
pub(super) struct Message {
    pub(super) command: Command,
    pub(super) reply: oneshot::Sender<Result<Answer, StoreError>>,
}
