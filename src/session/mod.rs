//! The public face of the crate: everything that can be done with a job.
//!
//! - [`job`]: a manifest that was loaded and checked; [`environment`]: what the process gives
//! - [`mod@session`]: run, plan, try, export, report; [`check`]: checks before anything is sent
//! - [`running`]: a run that ends in time; [`canceller`]: its end on request; [`exporting`]: the outputs again;
//!   [`reporting`]: reports from a store
//! - [`answers`]: human answers, to files and from them
//! - [`overwriting`]: files that must not be overwritten
//! - [`listed_files`]: the files of the input, taken or not; [`list_faults`]: faults that show only when the list is read
//! - [`merging`]: merging the stores of shards
//! - [`rows`]: rows in the terminal
//! - [`plan_query`]: what is planned
//! - [`progress`]: counters while it runs; [`run_report`]: the result of a run
//! - [`diff`]: the effect of a change of the manifest; [`diff_query`]: the sides of a comparison; [`diff_sides`]: both
//!   sides
//! - [`runs`]: the runs of a store; [`sharding`]: a job as one shard of its input
//! - [`try_observer`]: what a tried page shows
//! - [`probing`]: how stable answers are
//! - [`provider`], [`secrets`]: the way to the provider, and its keys
//! - [`retirement`]: models that are about to be retired; [`rejected_settings`]: settings that a model rejects;
//!   [`output_limit`]: an output limit without room for reasoning; [`stated_price`]: what may be wrong with a price
//! - [`renderer`]: whether the renderer of PDFs is installed
//! - [`budgets`]: the budgets of a store
//! - [`evaluation`]: how good the answers are
//! - [`open_files`]: how many connections the limit on open files leaves
//! - [`event_post`]: events about a run, for other servers
//! - [`error`]: errors with hints and exit codes

pub(crate) mod answers;
pub(crate) mod budgets;
pub(crate) mod canceller;
pub(crate) mod check;
pub(crate) mod diff;
pub(crate) mod diff_query;
pub(crate) mod diff_sides;
pub(crate) mod environment;
pub(crate) mod error;
pub(crate) mod evaluation;
pub(crate) mod event_post;
pub(crate) mod exporting;
pub(crate) mod job;
pub(crate) mod list_faults;
pub(crate) mod listed_files;
pub(crate) mod merging;
pub(crate) mod open_files;
pub(crate) mod output_limit;
pub(crate) mod overwriting;
pub(crate) mod plan_query;
pub(crate) mod probing;
pub(crate) mod progress;
pub(crate) mod provider;
pub(crate) mod rejected_settings;
pub(crate) mod renderer;
pub(crate) mod reporting;
pub(crate) mod retirement;
pub(crate) mod rows;
pub(crate) mod run_report;
pub(crate) mod running;
pub(crate) mod runs;
pub(crate) mod secrets;
#[expect(clippy::module_inception, reason = "the folder is named after its main type")]
pub(crate) mod session;
pub(crate) mod sharding;
pub(crate) mod stated_price;
pub(crate) mod try_observer;

pub use answers::ImportedAnswers;
pub use budgets::{Budget, budgets_of_store};
pub use canceller::Canceller;
pub use check::JobCheck;
pub use diff::{DiffAsking, DiffReport};
pub use diff_query::{DiffQuery, DiffSide};
pub use environment::{Environment, serve_decoder};
pub use error::Error;
pub use evaluation::EvalReport;
pub use event_post::post_event;
pub use job::{Job, Outputs};
pub use listed_files::ListedFile;
pub use overwriting::{WrittenContent, WrittenFile};
pub use plan_query::PlanQuery;
pub use probing::Stability;
pub use progress::ProgressHandle;
pub use reporting::{ReportQuery, report_from_store};
pub use rows::{RowsForm, RowsQuery, RowsShown};
pub use run_report::{PageCounts, RunReport};
pub use session::Session;
pub use try_observer::{TriedAnswer, TriedAttempt, TryObserver};

// What stages below define and callers see.
pub use crate::base::output_file::OutputFile;
pub use crate::base::shard::Shard;
pub use crate::export::RowFormat;
pub use crate::labels::answers::export::{AnswerFormat, ExportedAnswers};
pub use crate::labels::answers::import::ImportOptions;
pub use crate::labels::evaluation::{EvalOptions, GateMeasure, GateSpec, TruthChoice};
pub use crate::labels::history::{HistoryRun, RunHistory, SettingChange, history_to_json, history_to_text};
pub use crate::labels::probing::kind::ProbeKind;
pub use crate::labels::probing::plan::{ProbePlan, ProbeQuery};
pub use crate::pipeline::{
    Alternative, Bound, BudgetLeft, LATENCY_BOUNDS, Plan, Progress, Projection, Quote, QuotedReasoning, Range,
    RetrySelection, RowSelection, RunOptions, ShardPlan, Signal, TimeEstimate, TimeLeft, TriedPage, Trouble,
    TroubleKind, WaitReason, plan_to_json,
};
pub use crate::report::openmetrics::CONTENT_TYPE as OPENMETRICS_CONTENT_TYPE;
pub use crate::report::{RedrawnPage, RedrawnPages, UnreportedRun, parse_last_success, render_unreported_prometheus};
pub use crate::review::{ReviewOptions, ReviewOrder};
pub use crate::select::Filter;
pub use crate::source::LeftOut;
