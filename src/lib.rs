//! docmill labels folders of document images with a vision model, in bulk.
//!
//! A program can embed it: a [`Session`] offers what the commands that take a job offer.
//!
//! ```standalone_crate
//! use docmill::{Environment, Error, Job, RunOptions, Session, Signal};
//! use std::process::ExitCode;
//! use std::time::Duration;
//!
//! fn main() -> ExitCode {
//!     // Pages are decoded in separate processes, which run this program again.
//!     if let Some(exit_code) = docmill::serve_decoder() {
//!         return exit_code;
//!     }
//! #   let folder = tempfile::tempdir().unwrap();
//! #   std::env::set_current_dir(folder.path()).unwrap();
//! #   let pages = concat!(env!("CARGO_MANIFEST_DIR"), "/sample_data/pages");
//! #   std::fs::write("job.yaml", format!("version: 1\nname: example\ninput: {{folder: {pages}}}\n\
//! #       provider: {{simulator: {{}}, model: m}}\non_error: {{max_failed: 5%}}\n\
//! #       tasks: {{kind: {{classify: {{labels: [letter, invoice], other: true}}}}}}\n\
//! #       output: {{csv: rows.csv}}\n")).unwrap();
//!     if let Err(error) = label_pages() {
//!         eprintln!("error: {error}");
//!         return ExitCode::from(error.exit_code());
//!     }
//!     ExitCode::SUCCESS
//! }
//!
//! fn label_pages() -> Result<(), Error> {
//!     let environment = Environment::of_process();
//!     let session = Session::open(Job::load("job.yaml", &[], &environment)?, environment);
//!     let report = std::thread::scope(|scope| {
//!         let run = scope.spawn(|| session.run(&RunOptions::default()));
//!         while !run.is_finished() {
//!             let now = session.progress().snapshot();
//!             println!("{} of {} pages, {} failed", now.done, now.found, now.failed);
//!             if now.failed > 100 {
//!                 session.canceller().cancel(Signal::Terminate);
//!             }
//!             std::thread::sleep(Duration::from_millis(200));
//!         }
//!         run.join().expect("a run does not panic")
//!     })?;
//!     println!("{}", report.to_text());
//! #   assert_eq!(report.outcome(), "complete", "{}", report.to_text());
//! #   assert!(report.pages().ok > 40 && std::path::Path::new("rows.csv").exists());
//!     Ok(())
//! }
//! ```
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
#[cfg_attr(not(feature = "internal"), allow(dead_code, reason = "some functions are for tests only"))]
mod eval;
mod export;
mod labels;
mod manifest;
mod media;
mod pipeline;
mod prepare;
mod provider;
mod report;
mod review;
mod select;
mod session;
mod simulator;
mod source;
mod store;
mod task;

pub use session::{
    Alternative, AnswerFormat, Bound, Budget, BudgetLeft, Canceller, DiffAsking, DiffQuery, DiffReport, DiffSide,
    Environment, Error, EvalOptions, EvalReport, ExportedAnswers, Filter, GateMeasure, GateSpec, HistoryRun,
    ImportOptions, ImportedAnswers, Job, JobCheck, LATENCY_BOUNDS, LeftOut, ListedFile, OPENMETRICS_CONTENT_TYPE,
    OutputFile, Outputs, PageCounts, Plan, PlanQuery, ProbeKind, ProbePlan, ProbeQuery, Progress, ProgressHandle,
    Projection, Quote, QuotedReasoning, Range, RedrawnPage, RedrawnPages, ReportQuery, RetrySelection, ReviewOptions,
    ReviewOrder, RowFormat, RowSelection, RowsForm, RowsQuery, RowsShown, RunHistory, RunOptions, RunReport, Session,
    SettingChange, Shard, ShardPlan, Signal, Stability, TimeEstimate, TimeLeft, TriedAnswer, TriedAttempt, TriedPage,
    Trouble, TroubleKind, TruthChoice, TryObserver, UnreportedRun, WaitReason, WrittenContent, WrittenFile,
    budgets_of_store, history_to_json, history_to_text, parse_last_success, plan_to_json, post_event,
    render_unreported_prometheus, report_from_store, serve_decoder,
};

#[doc(hidden)]
pub use cli::main;

/// The modules below the session, for the crate's own tests, benchmarks and fuzz targets. Not part of the
/// public API: anything in it may change in any release.
#[cfg(feature = "internal")]
#[doc(hidden)]
pub mod internal {
    macro_rules! expose {
        ($($module:ident),*) => { $(pub mod $module { pub use crate::$module::*; })* };
    }
    expose!(
        base, catalog, eval, export, manifest, media, pipeline, prepare, provider, report, review, select, simulator,
        source, store, task
    );
}
