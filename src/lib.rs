//! docmill labels folders of document images with a vision model, in bulk.
//!
//! `ARCHITECTURE.md` describes the crate: the folder tree is the data path.

// Without `internal` nothing of a module is reachable.
#![cfg_attr(feature = "internal", warn(unreachable_pub))]
#![cfg_attr(
    not(feature = "internal"),
    allow(unused_imports, reason = "each module lists all its items, also those that only tests use")
)]

mod base;
mod catalog;
mod cli;
mod export;
mod manifest;
mod media;
mod pipeline;
mod prepare;
mod provider;
mod report;
mod session;
mod simulator;
mod source;
mod store;
mod task;

pub use session::{
    Alternative, Bound, Canceller, Environment, Error, Headroom, Job, JobCheck, LATENCY_BOUNDS,
    OPENMETRICS_CONTENT_TYPE, Outputs, PageCounts, Plan, Progress, ProgressHandle, Projection, Quote, Range,
    ReportQuery, RetrySelection, RunOptions, RunReport, Session, Signal, TriedAnswer, TriedAttempt, TriedPage,
    TryObserver, plan_to_json, report_from_store, serve_decoder,
};

#[doc(hidden)]
pub use cli::main;

/// The modules of the crate, for its own tests, benchmarks and fuzz targets. Not part of the
/// public API: anything in it may change in any release.
#[cfg(feature = "internal")]
#[doc(hidden)]
pub mod internal {
    macro_rules! expose {
        ($($module:ident),*) => { $(pub mod $module { pub use crate::$module::*; })* };
    }
    expose!(
        base, catalog, export, manifest, media, pipeline, prepare, provider, report, simulator, source, store, task
    );
}
