//! The ledger: one SQLite file with entries, pages, recipes, answers, human answers, attempts and runs. It is
//! the only source of outputs and reports. It holds no image bytes and no secrets.
//!
//! - [`mod@store`]: [`Store`], the handle for writing; [`read_store`]: [`ReadStore`], for commands
//!   that only read; both give [`Reader`]s
//! - [`page_status`]: the rule that decides the action for a page
//! - [`records`]: what goes in and comes out; [`error`]: why the store cannot be used
//! - [`writer`]: one writer thread; commands in, answers once they are durable
//! - [`mod@write`]: what the commands change
//! - [`read`]: the read connection, which reads long lists in pages
//! - [`sqlite`]: the file: schema, migrations, values, locks
//! - [`batch_files`]: the request files of batches beside the store
//! - [`mod@merge`]: merging stores
//! - [`maintenance`]: check, contents, backup, salvage, prune
//!
//! The contract that any implementation has to keep is tested in `tests/it/store/contract`.
//!
//! ARCHITECTURE.md has the order of imports. No other stage sees SQLite.
//!
//! # Durability
//! The store uses WAL with `synchronous=FULL`: what a method of [`Store`] wrote survives a crash of
//! the process and a loss of power once the method has returned. What it had not returned from
//! may be lost, but only whole commands at a time.

mod batch_files;
pub(crate) mod error;
pub(crate) mod maintenance;
pub(crate) mod merge;
pub(crate) mod page_status;
pub(crate) mod read;
mod read_store;
pub(crate) mod records;
pub(crate) mod sqlite;
#[expect(clippy::module_inception, reason = "the file of the type `Store`")]
mod store;
pub(crate) mod write;
pub(crate) mod writer;

// The ids and words of the records, for tests: the crate itself imports them from `base`.
#[cfg(feature = "internal")]
pub use crate::base::ids::{
    AttemptId, AttemptName, BatchId, DecisionId, JobId, PageId, RecipeId, RecipeSetId, RequestId, Revision, RunId,
    RunKey, SettingsId,
};
#[cfg(feature = "internal")]
pub use crate::base::shard::Shard;
#[cfg(feature = "internal")]
pub use crate::base::vocabulary::{
    AttemptPurpose, AttemptState, BatchState, DrawRule, ErrorKind, OutcomeStatus, RunOutcomeName, UsageSource,
    VerdictName,
};
pub use error::StoreError;
pub use maintenance::backup::back_up;
pub use maintenance::content_rules::ContentRules;
pub use maintenance::contents::{Contents, contents};
pub use maintenance::integrity::check;
pub use maintenance::prune::{Pruned, prune};
pub use maintenance::salvage::{Salvaged, salvage};
pub use merge::base_store::{BaseBudget, BaseStore};
pub use merge::merge::merge;
pub use merge::merged_job::{Merged, MergedJob};
pub use page_status::{
    OutcomeFacts, PageFacts, PageStatus, RetrySelection, RunBegin, TaskSelection, TasksToAsk, decide,
};
pub use read::entry_cursor::EntryCursor;
pub use read::reader::Reader;
pub use read_store::ReadStore;
pub use records::attempts::{
    AskedElsewhere, AttemptCharge, AttemptRecord, BatchElsewhere, BatchHolder, BudgetLine, OpenAttempt, Opened,
    ServedRecord, Settlement,
};
pub use records::batches::{BatchAttempt, BatchChange, BatchProgress, BatchRecord, BatchStart, EarlierAttempts};
pub use records::budgets::{BudgetCounter, BudgetPeriod, BudgetRecord};
pub use records::decisions::{DecisionOrder, DecisionRecord, NewDecision, current_decision, decision_order};
pub use records::draws::{DrawRecord, NewDraw};
pub use records::entries::{EntryChange, EntryRecord};
pub use records::pages::{
    FaultRecord, FeaturesRecord, NearDuplicate, OutdatedPage, PageFaultRecord, Redrawn, RereadFile, SkipRule,
    StoredPage, TaskOutcome, Versions,
};
pub use records::reservation_multiples::ReservationMultiples;
pub use records::rows::{PageRecord, RowOptions, SpendRecord};
pub use records::runs::{DIED_END, EndpointFact, RecipeRecord, RunEnd, RunKeys, RunRecord, RunStart, TaskKey};
pub use records::shown_answers::ShownAnswer;
pub use sqlite::filesystem::{check_writable as check_store_writable, network_file_system};
pub(crate) use sqlite::migrations::latest as latest_version;
pub use store::Store;
pub use write::done_entries::DoneRule;

#[cfg(test)]
mod tests;
