//! The ledger: one SQLite file with entries, pages, recipes, answers, attempts and runs.
//! The only source of outputs and reports. No image bytes, no secrets.
//!
//! - [`schema`]: tables and migrations
//! - [`records`], [`attempt_records`], [`batch_records`]: what goes in and comes out; no
//!   other stage's types
//! - [`command`], [`writer`]: one writer thread; commands in, acknowledged when durable
//! - [`runs`], [`entries`], [`attempts`], [`batches`] with [`batch_handle`]: what the commands do; [`ledger`]: budget lines of
//!   one transaction
//! - [`reader`], [`rows`], [`tallies`]: read connections, in pages
//! - [`inspect`], [`upkeep`]: is it sound, a copy, less of it; [`filesystem`]: where it lies
//! - [`alive`]: which runs live, by a lock that the system releases
//!
//! # What survives
//! WAL with `synchronous=FULL`: what was acknowledged survives a crash of the process
//! and a loss of power. What was not acknowledged may be lost, whole commands at a time.

pub(crate) mod error;
pub(crate) mod maintenance;
pub(crate) mod read;
pub(crate) mod records;
pub(crate) mod sqlite;
pub(crate) mod write;
pub(crate) mod writer;

// The ids and words of the records.
pub use crate::base::ids::{AttemptId, BatchId, JobId, PageId, RecipeId, RecipeSetId, RequestId, RunId, RunKey};
pub use crate::base::vocabulary::{
    AttemptPurpose, AttemptState, BatchState, ErrorKind, OutcomeStatus, RunOutcomeName, UsageSource, VerdictName,
};
pub use error::StoreError;
pub use maintenance::integrity::{Contents, check, contents};
pub use maintenance::upkeep::{Pruned, Salvaged, back_up, prune, salvage};
pub use read::attempt_reader::AttemptRecord;
pub use read::entry_cursor::EntryCursor;
pub use read::reader::Reader;
pub use read::rows::{PageRecord, SpendRecord, View};
pub use records::attempts::{AttemptCharge, BudgetLine, OpenAttempt, Opened, Settlement};
pub use records::batches::{BatchAttempt, BatchChange, BatchProgress, BatchRecord, BatchStart};
pub use records::pages::{
    EndpointFact, EntryChange, EntryRecord, FaultRecord, FeaturesRecord, NearRecord, RecipeRecord, RunEnd, RunKeys,
    RunRecord, RunStart, Standing, TaskKey, TaskOutcome, Versions,
};
pub use sqlite::filesystem::network_file_system;
pub use write::entries::Settling;
pub use writer::thread::Store;
