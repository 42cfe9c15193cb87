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

pub(crate) mod asking;
pub(crate) mod batch;
pub(crate) mod control;
pub(crate) mod model;
pub(crate) mod plan;
pub(crate) mod results;
pub(crate) mod run;
pub(crate) mod scan;
pub(crate) mod try_page;

pub use control::counters::{Counters, LATENCY_BOUNDS, Snapshot, VERDICTS};
pub use control::environment::{Environment, PipelineError, RunOptions};
pub use control::run_outcome::{RunOutcome, Signal};
pub use control::shutdown::Stop;
pub use model::page_status::Wish;
pub use plan::planning::{Alternative, Bound, Plan, Projection, Quote, Range, Room, plan};
pub use results::finalize::{billing, export, report, write_report};
pub use run::run;
pub use try_page::{Trial, line_of, try_page};
