//! The ledger: one SQLite file with entries, pages, recipes, answers, attempts and runs.
//! The only source of outputs and reports. No image bytes, no secrets.
//!
//! - [`schema`]: tables and migrations
//! - [`records`]: what goes in and comes out; no other stage's types
//! - [`command`], [`writer`]: one writer thread; commands in, acknowledged when durable
//! - [`runs`], [`entries`], [`attempts`], [`batches`] with [`batch_records`] and [`batch_handle`]: what the commands do; [`ledger`]: budget lines of
//!   one transaction
//! - [`reader`], [`rows`], [`tallies`]: read connections, in pages
//! - [`alive`]: which runs live, by a lock that the system releases
//!
//! # What survives
//! WAL with `synchronous=FULL`: what was acknowledged survives a crash of the process
//! and a loss of power. What was not acknowledged may be lost, whole commands at a time.

mod alive;
mod attempts;
mod batch_handle;
mod batch_records;
mod batches;
mod command;
mod entries;
mod error;
mod ledger;
mod reader;
mod records;
mod rows;
mod runs;
mod schema;
mod tallies;
mod writer;

pub use batch_records::{BatchAttempt, BatchChange, BatchRecord, BatchStart, BatchState};
pub use entries::Settling;
pub use error::StoreError;
pub use reader::Reader;
pub use records::{
    AttemptCharge, BudgetLine, EndpointFact, EntryChange, EntryRecord, FaultRecord, MarksRecord, NearRecord,
    OpenAttempt, Opened, Outcome, OutcomeStatus, Purpose, RecipeRecord, RunEnd, RunKeys, RunRecord, RunStart,
    Settlement, Standing, StoredPage, TaskKey, Tokens, Versions,
};
pub use rows::{PageRecord, SpendRecord, View};
pub use tallies::{AttemptRecord, AttemptState};
pub use writer::Store;
