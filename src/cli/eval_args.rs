//! The arguments of `docmill eval`.

use super::job_args::JobArgs;
use super::probe_args::StabilityArgs;
use crate::session::{GateMeasure, GateSpec};
use clap::{Args as ClapArgs, ValueEnum};
use std::path::PathBuf;

#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  docmill eval job.yaml --truth labels.csv                 how good the labels are
  docmill eval job.yaml --truth labels.csv --format html > eval.html
  docmill eval job.yaml --truth labels.csv --min-accuracy 0.9 --min-f1 invoice=0.8
  docmill eval job.yaml --truth-column kind=true_kind      a column of the input list
  docmill eval job.yaml                                    blind human answers in the store
  docmill eval job.yaml --rotate --dry-run                 does the order of labels matter? first the price

A truth file has the columns `path`, `page` (optional) and one per task; `split` and `sampled_with` are optional.
docs/quality.md explains how to make one, and what the numbers mean.")]
pub(crate) struct Eval {
    #[command(flatten)]
    pub(crate) job: JobArgs,
    /// File with the truth: CSV, TSV, JSON Lines or Parquet. Without it and --truth-column: human answers in the store.
    #[arg(long, value_name = "FILE", conflicts_with = "truth_columns")]
    pub(crate) truth: Option<PathBuf>,
    /// Column of the input list with the truth of a task.
    #[arg(long = "truth-column", value_name = "TASK=COLUMN", value_parser = parse_pair)]
    pub(crate) truth_columns: Vec<(String, String)>,
    /// Also count human answers whose reviewer had seen the model's answer.
    #[arg(long, conflicts_with_all = ["truth", "truth_columns"])]
    pub(crate) include_shown: bool,
    /// Measure only these tasks.
    #[arg(long = "task", value_name = "NAME")]
    pub(crate) tasks: Vec<String>,
    /// Measure only pages whose row matches, for example 'kind = "invoice"'.
    #[arg(long = "where", value_name = "EXPRESSION")]
    pub(crate) filter: Option<String>,
    /// Measure only this part of the truth, without pages that equal or resemble one of another part.
    #[arg(long, value_name = "NAME")]
    pub(crate) split: Option<String>,
    /// Measure only pages that were drawn at random (`sampled_with`).
    #[arg(long)]
    pub(crate) sampled: bool,
    /// Exit with 7 if the lower bound of the accuracy is below this threshold: 0.9, or kind=0.9 for one task.
    #[arg(long, value_name = "[TASK=]THRESHOLD", value_parser = parse_accuracy)]
    pub(crate) min_accuracy: Vec<GateSpec>,
    /// Exit with 7 if the lower bound of F1 is below this threshold: 0.8 for macro F1, invoice=0.8 or kind.invoice=0.8 for one label.
    #[arg(long, value_name = "[LABEL=]THRESHOLD", value_parser = parse_f1)]
    pub(crate) min_f1: Vec<GateSpec>,
    /// Output format; `html` is a single page with pictures of the wrong pages.
    #[arg(long, value_enum, default_value_t = EvalFormat::Text)]
    pub(crate) format: EvalFormat,
    #[command(flatten)]
    pub(crate) probe: StabilityArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum EvalFormat {
    Text,
    Json,
    Html,
}

fn parse_accuracy(text: &str) -> Result<GateSpec, String> {
    GateSpec::parse(GateMeasure::Accuracy, text)
}

fn parse_f1(text: &str) -> Result<GateSpec, String> {
    GateSpec::parse(GateMeasure::F1, text)
}

fn parse_pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((task, column)) if !task.trim().is_empty() && !column.trim().is_empty() => {
            Ok((task.trim().to_owned(), column.trim().to_owned()))
        }
        _ => Err(format!("`{text}` is not of the form TASK=COLUMN")),
    }
}
