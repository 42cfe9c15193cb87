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

mod alive;
mod attempt_records;
mod attempts;
mod batch_handle;
mod batch_records;
mod batches;
mod command;
mod entries;
mod error;
mod filesystem;
mod inspect;
mod ledger;
mod reader;
mod records;
mod rows;
mod runs;
mod schema;
mod tallies;
mod upkeep;
mod writer;

pub use attempt_records::{AttemptCharge, BudgetLine, OpenAttempt, Opened, Purpose, Settlement, Tokens};
pub use batch_records::{BatchAttempt, BatchChange, BatchProgress, BatchRecord, BatchStart, BatchState};
pub use entries::Settling;
pub use error::StoreError;
pub use filesystem::network_file_system;
pub use inspect::{Contents, check, contents};
pub use reader::Reader;
pub use records::{
    EndpointFact, EntryChange, EntryRecord, FaultRecord, MarksRecord, NearRecord, Outcome, OutcomeStatus, RecipeRecord,
    RunEnd, RunKeys, RunRecord, RunStart, Standing, StoredPage, TaskKey, Versions,
};
pub use rows::{PageRecord, SpendRecord, View};
pub use tallies::{AttemptRecord, AttemptState};
pub use upkeep::{Pruned, Salvaged, back_up, prune, salvage};
pub use writer::Store;
