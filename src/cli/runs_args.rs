//! The arguments of `docmill runs`.

use super::arg_values::Format;
use super::help;
use super::job_args::JobArgs;
use clap::Args as ClapArgs;

#[derive(Debug, ClapArgs)]
#[command(after_help = help::RUNS)]
pub(crate) struct Runs {
    #[command(flatten)]
    pub(crate) job: JobArgs,
    /// Show at most the N newest runs.
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub(crate) limit: usize,
    /// Output format.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}
