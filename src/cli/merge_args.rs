//! The arguments of `docmill merge`.

use super::caller_args::LineageArgs;
use super::help;
use super::job_args::JobArgs;
use clap::Args as ClapArgs;
use std::path::PathBuf;

#[derive(Debug, ClapArgs)]
#[command(after_help = help::MERGE)]
pub(crate) struct Merge {
    #[command(flatten)]
    pub(crate) job: JobArgs,
    /// Stores of the shards of the job, in any order. They are only read.
    #[arg(required = true, value_name = "STORE")]
    pub(crate) stores: Vec<PathBuf>,
    /// Merge although stores of shards are missing; the outputs are partial then.
    #[arg(long)]
    pub(crate) allow_missing: bool,
    /// Write a JSON summary, as `run` does; `-` prints it to stdout.
    #[arg(long, value_name = "FILE")]
    pub(crate) summary: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) lineage: LineageArgs,
}
