//! The command-line arguments of `docmill review`.

use super::arg_values::parse_sample;
use super::help;
use super::job_args::JobArgs;
use crate::base::units::parse_duration;
use clap::{Args as ClapArgs, ValueEnum};
use std::time::Duration;

#[derive(Debug, ClapArgs)]
#[command(after_help = help::REVIEW)]
pub(crate) struct Review {
    #[command(flatten)]
    pub(crate) job: JobArgs,
    /// Port on 127.0.0.1 (default: any that is free).
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    pub(crate) port: u16,
    /// Only print the address; do not open a browser.
    #[arg(long)]
    pub(crate) no_open: bool,
    /// Name that is stored with decisions (default: your login name).
    #[arg(long, value_name = "NAME")]
    pub(crate) reviewer: Option<String>,
    /// Show the model's and other reviewers' answers before you decide, to correct them. By default they are hidden
    /// until you decide, to create truth.
    #[arg(long)]
    pub(crate) show: bool,
    /// Order of the pages at first.
    #[arg(long, value_enum, default_value_t = Order::Random)]
    pub(crate) order: Order,
    /// Review only a sample of N pages, always the same ones, to measure all pages by them. The draw is stored, and
    /// decisions refer to it. With --where: N of the rows that match.
    #[arg(long, value_name = "N", value_parser = parse_sample)]
    pub(crate) sample: Option<u64>,
    /// Review only pages whose rows match, such as 'kind = "invoice" and cost_usd > 0.01' (docs/select.md).
    #[arg(long = "where", value_name = "EXPRESSION")]
    pub(crate) filter: Option<String>,
    /// Task that is shown at first (default: the first one).
    #[arg(long, value_name = "NAME")]
    pub(crate) task: Option<String>,
    /// Exit after this time without a request.
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    pub(crate) idle: Option<Duration>,
}

/// The order of pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Order {
    /// As `--sample` draws them; always the same.
    Random,
    /// By the model's answer.
    Label,
    /// Answers that may be wrong first.
    Suspected,
    /// Pages first on which reviewers or the model disagree.
    Disagreement,
    /// The most expensive first.
    Cost,
}
