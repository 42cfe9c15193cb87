//! The command line: parse, call, print. The only place that prints and handles signals.
//!
//! Data goes to stdout, everything else to stderr. [`program`] starts a command; commands with a
//! job use [`crate::session`] alone.
//!
//! - [`program`]: reads the arguments and starts a command; [`args`]: the arguments of all commands; [`job_args`],
//!   [`caller_args`]: those of commands with a job, and for callers that are programs; [`arg_values`]: values that are not of
//!   a standard type; [`help`]: examples
//! - [`load`]: sessions from arguments
//! - [`init`], [`check`], [`plan`], [`prepare`], [`try_page`], [`run`], [`export`], [`merge`], [`report`], [`runs`], [`rows`],
//!   [`diff`], [`review`], [`eval`], [`probe`], [`answers`], [`models`], [`store`], [`schema`], [`simulate`], [`man`],
//!   [`completions`], [`version`]: the commands; `probe` is `docmill eval --rotate` and `--repeat`
//! - [`answers_args`], [`completions_args`], [`diff_args`], [`eval_args`], [`merge_args`], [`models_args`], [`probe_args`],
//!   [`review_args`], [`rows_args`], [`runs_args`], [`simulate_args`]: their arguments
//! - [`confirm`]: asks before requests whose price was shown; [`signals`]: what ends a run early; [`lease`]: until when
//!   another program lets it run; [`parent`]: the process that started it
//! - [`exit`]: failures as messages and exit codes; [`out`]: standard output; [`log`], [`text_lines`]: lines on stderr
//! - [`progress`], [`status_line`]: progress on stderr; [`trouble_log`]: which troubles are worth a line
//! - [`run_end`]: the end of a run that has a report
//! - [`run_record`]: what is reported about a run to other programs: [`record_file`], [`short_record`]: in a file;
//!   [`metrics`]: over HTTP; [`followers`]: to an OpenLineage server ([`lineage`]) or a Dagster step ([`dagster_pipes`]);
//!   `traces`: by OTLP

pub(crate) mod answers;
pub(crate) mod answers_args;
pub(crate) mod arg_values;
pub(crate) mod args;
pub(crate) mod caller_args;
pub(crate) mod check;
pub(crate) mod completions;
pub(crate) mod completions_args;
pub(crate) mod confirm;
pub(crate) mod dagster_pipes;
pub(crate) mod diff;
pub(crate) mod diff_args;
pub(crate) mod eval;
pub(crate) mod eval_args;
pub(crate) mod exit;
pub(crate) mod export;
pub(crate) mod followers;
pub(crate) mod help;
pub(crate) mod init;
pub(crate) mod job_args;
pub(crate) mod lease;
pub(crate) mod lineage;
pub(crate) mod load;
pub(crate) mod log;
pub(crate) mod man;
pub(crate) mod merge;
pub(crate) mod merge_args;
pub(crate) mod metrics;
pub(crate) mod models;
pub(crate) mod models_args;
pub(crate) mod out;
pub(crate) mod parent;
pub(crate) mod plan;
pub(crate) mod prepare;
pub(crate) mod probe;
pub(crate) mod probe_args;
pub(crate) mod program;
pub(crate) mod progress;
pub(crate) mod record_file;
pub(crate) mod report;
pub(crate) mod review;
pub(crate) mod review_args;
pub(crate) mod rows;
pub(crate) mod rows_args;
pub(crate) mod run;
pub(crate) mod run_end;
pub(crate) mod run_record;
pub(crate) mod runs;
pub(crate) mod runs_args;
pub(crate) mod schema;
pub(crate) mod short_record;
pub(crate) mod signals;
pub(crate) mod simulate;
pub(crate) mod simulate_args;
pub(crate) mod status_line;
pub(crate) mod store;
pub(crate) mod text_lines;
#[cfg(feature = "otlp")]
pub(crate) mod traces;
pub(crate) mod trouble_log;
pub(crate) mod try_page;
pub(crate) mod version;

pub use program::main;
