//! The arguments of `docmill eval --rotate` and `--repeat`.

use super::arg_values::parse_sample;
use clap::Args as ClapArgs;

/// The size of the sample, unless it is given.
pub(crate) const DEFAULT_SAMPLE: u64 = 50;

#[derive(Debug, ClapArgs)]
#[command(next_help_heading = "Stability of answers")]
pub(crate) struct StabilityArgs {
    /// Ask a sample of pages again with every list of labels in another order, and report how many answers change. Shows the price first.
    #[arg(long, conflicts_with_all = ["repeat", "truth", "truth_columns", "include_shown", "split", "sampled", "min_accuracy", "min_f1"])]
    pub(crate) rotate: bool,
    /// Ask a sample of pages until each has N answers, and report how often they agree. Shows the price first.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(2..=20), conflicts_with_all = ["truth", "truth_columns", "include_shown", "split", "sampled", "min_accuracy", "min_f1"])]
    pub(crate) repeat: Option<u32>,
    /// Size of the sample for --rotate and --repeat: always the same pages of those that match --where [default: 50].
    #[arg(long, value_name = "N", value_parser = parse_sample)]
    pub(crate) sample: Option<u64>,
    /// Send the requests of --rotate or --repeat without confirmation.
    #[arg(long)]
    pub(crate) yes: bool,
    /// Only show what --rotate or --repeat would send and cost.
    #[arg(long, conflicts_with = "yes")]
    pub(crate) dry_run: bool,
}
