//! The arguments of `docmill answers`.

use super::help;
use super::job_args::JobArgs;
use clap::{Args as ClapArgs, Subcommand, ValueEnum};
use std::path::PathBuf;

#[derive(Debug, ClapArgs)]
#[command(after_help = help::ANSWERS)]
pub(crate) struct Answers {
    #[command(subcommand)]
    pub(crate) command: AnswersCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AnswersCommand {
    /// Write all human answers of the job, from the store.
    Export(AnswersExport),
    /// Store human answers from a file: all of them or, if one is wrong, none.
    Import(AnswersImport),
}

#[derive(Debug, ClapArgs)]
#[command(after_help = help::ANSWERS_EXPORT)]
pub(crate) struct AnswersExport {
    #[command(flatten)]
    pub(crate) job: JobArgs,
    /// Write CSV to this file; `-`, the default, is standard output.
    #[arg(long, value_name = "FILE")]
    pub(crate) csv: Option<PathBuf>,
    /// Format; `label-studio` is written to standard output.
    #[arg(long, value_enum, default_value_t = AnswersFormat::Csv)]
    pub(crate) format: AnswersFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum AnswersFormat {
    Csv,
    LabelStudio,
}

#[derive(Debug, ClapArgs)]
#[command(after_help = help::ANSWERS_IMPORT)]
pub(crate) struct AnswersImport {
    #[command(flatten)]
    pub(crate) job: JobArgs,
    /// CSV with the columns path, page, task, value, reviewer, decided_at, sampled_with and shown, or JSON of Label Studio; `-` is standard input.
    pub(crate) file: PathBuf,
    /// Who decided, where the file does not state it (default: your user name).
    #[arg(long, value_name = "NAME")]
    pub(crate) reviewer: Option<String>,
    /// Leave out lines with a path, a task or a label that the job does not have.
    #[arg(long)]
    pub(crate) skip_unknown: bool,
    /// Answers that state nothing about `shown` were given before the model's answer was seen.
    #[arg(long)]
    pub(crate) blind: bool,
}
