//! The arguments of `docmill rows`.

use super::help;
use super::job_args::JobArgs;
use clap::{Args as ClapArgs, ValueEnum};

#[derive(Debug, ClapArgs)]
#[command(after_help = help::ROWS)]
pub(crate) struct Rows {
    #[command(flatten)]
    pub(crate) job: JobArgs,
    /// Only pages whose rows match, such as 'kind = "invoice" and cost_usd > 0.01' (docs/select.md).
    #[arg(long = "where", value_name = "EXPRESSION")]
    pub(crate) filter: Option<String>,
    /// Columns to show, such as path,kind,total.amount; '*' for all.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub(crate) columns: Vec<String>,
    /// Only pages with status failed, invalid or refused.
    #[arg(long)]
    pub(crate) failed: bool,
    /// Only a sample of N of these pages, always the same ones.
    #[arg(long, value_name = "N")]
    pub(crate) sample: Option<u64>,
    /// Show at most N rows.
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<u64>,
    /// Show only the model's answers, even where a human answer exists.
    #[arg(long)]
    pub(crate) model_only: bool,
    /// Output format; json is one object per line.
    #[arg(long, value_enum, default_value_t = RowsFormat::Text)]
    pub(crate) format: RowsFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RowsFormat {
    Text,
    Json,
    Csv,
}
