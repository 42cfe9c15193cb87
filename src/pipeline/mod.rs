//! The only place that knows all stages: makes the channels, starts the threads, decides
//! on stop and resume.
//!
//! A run: [`merge`] compares the walk with the store, [`worker`]s take files from the
//! [`queue`], read them and do the [`preparing`] of what is not answered, [`page`] asks
//! until [`next`] says that a page is settled, [`finish`] writes rows and report.
//!
//! - [`recipe`]: the keys of answers; [`asking`]: what is asked of an entry; [`standing`]:
//!   what is still to be asked; [`near`]: pages that share an answer
//! - [`batch`]: delivery by the provider's batches
//! - [`admission`]: one request at a time may go out; [`stop`]: nothing more may
//! - [`sending`]: what is ready goes out
//! - [`setup`]: what runs and trials begin with; [`sample`]: `--sample`
//! - [`calibrating`]: what the endpoint bills, learned and kept
//! - [`attempt`]: one attempt, whichever way it is delivered; [`telling`]: what is told of it
//! - [`charge`]: what an attempt cost
//! - [`outcome`]: how a run ends; [`streak`]: the same error again and again
//! - [`mod@plan`]: what a run would do; [`trial`]: one page, now

mod admission;
mod asking;
mod attempt;
mod batch;
mod calibrating;
mod charge;
mod counters;
mod environment;
mod finish;
mod intake;
mod merge;
mod near;
mod next;
mod outcome;
mod page;
mod plan;
mod preparing;
mod queue;
mod recipe;
mod run;
mod sample;
mod sending;
mod setup;
mod standing;
mod stop;
mod streak;
mod telling;
mod trial;
mod worker;

pub use counters::{Counters, LATENCY_BOUNDS, Snapshot, VERDICTS};
pub use environment::{Environment, PipelineError, RunOptions};
pub use finish::{billing, export, report, write_report};
pub use outcome::{Outcome, Signal};
pub use plan::{Alternative, Bound, Plan, Projection, Quote, Range, Room, plan};
pub use run::run;
pub use standing::Wish;
pub use stop::Stop;
pub use trial::{Trial, line_of, try_page};
