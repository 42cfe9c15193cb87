//! The arguments of `docmill diff`.

use super::arg_values::{ReportFormat, parse_price, parse_sample};
use super::job_args::JobArgs;
use clap::{ArgGroup, Args as ClapArgs, ValueEnum};
use std::path::PathBuf;

#[derive(Debug, ClapArgs)]
#[command(group = ArgGroup::new("side").required(true))]
#[command(after_help = "\
Examples:
  docmill diff job.yaml --model openai/gpt-4o --sample 100 --yes  would another model answer otherwise, and what would it cost?
  docmill diff job.yaml --recipe previous --sample 100 --yes      after a change of the manifest
  docmill diff job.yaml --against other.yaml --truth labels.csv  which of both is right more often?
  docmill diff job.yaml --run 20261123T06 --format html > diff.html

Without --sample nothing is sent: stored answers are compared. A sample is a trial: rows, outputs and reports leave it
out, and no later run pays for its answers again. docs/quality.md explains the numbers.")]
pub(crate) struct Diff {
    #[command(flatten)]
    pub(crate) job: JobArgs,
    /// Compare with the answers to this manifest, which are the new ones.
    #[arg(long, value_name = "FILE", group = "side")]
    pub(crate) against: Option<PathBuf>,
    /// Compare with the answers that a run asked for, which are the old ones: its id, or the beginning of it.
    #[arg(long, value_name = "ID", group = "side")]
    pub(crate) run: Option<String>,
    /// Compare with the answers of another model, which are the new ones.
    #[arg(long, value_name = "NAME", group = "side")]
    pub(crate) model: Option<String>,
    /// The price of that model in USD per million tokens of prompts and of replies, such as 0.15,0.60 (default: from the
    /// built-in list).
    #[arg(long, value_name = "INPUT,OUTPUT", requires = "model", value_parser = parse_price)]
    pub(crate) price: Option<(f64, f64)>,
    /// Compare with the answers of the latest run that had other recipes than the manifest, which are the old ones.
    #[arg(long, value_enum, group = "side")]
    pub(crate) recipe: Option<Recipe>,
    /// Ask for the new answers to a sample of N pages, always the same ones, and compare these. The price is shown first.
    #[arg(long, value_name = "N", value_parser = parse_sample)]
    pub(crate) sample: Option<u64>,
    /// Only pages whose old row matches, such as 'kind = "invoice"' (docs/select.md).
    #[arg(long = "where", value_name = "EXPRESSION")]
    pub(crate) filter: Option<String>,
    /// Compare only these tasks.
    #[arg(long = "task", value_name = "NAME")]
    pub(crate) tasks: Vec<String>,
    /// Test both against the truth in this file: CSV, TSV, JSON Lines or Parquet.
    #[arg(long, value_name = "FILE")]
    pub(crate) truth: Option<PathBuf>,
    /// Test both against human answers in the store: blind ones, or all.
    #[arg(long, value_enum, conflicts_with = "truth")]
    pub(crate) answers: Option<Answers>,
    /// Maximum spend per `budget_scope`; overrides the manifest.
    #[arg(long, value_name = "USD", requires = "sample")]
    pub(crate) budget_usd: Option<String>,
    /// Send the sample without confirmation.
    #[arg(long, requires = "sample")]
    pub(crate) yes: bool,
    /// Only show what asking the sample would cost.
    #[arg(long, requires = "sample", conflicts_with = "yes")]
    pub(crate) dry_run: bool,
    /// Output format; `html` is a single page with pictures of the pages that changed.
    #[arg(long, value_enum, default_value_t = ReportFormat::Text)]
    pub(crate) format: ReportFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Recipe {
    /// That of the latest earlier run whose recipes differ.
    Previous,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Answers {
    /// Those whose reviewer had not seen the model's answer.
    Blind,
    /// Also those whose reviewer had.
    All,
}
