//! The command-line arguments.

use super::answers_args::Answers;
use super::arg_values::{Format, ReportFormat, parse_sample, parse_var};
use super::caller_args::Caller;
use super::completions_args::{Completions, Man};
use super::diff_args::Diff;
use super::eval_args::Eval;
use super::help;
pub(crate) use super::job_args::{JobArgs, ShardArgs};
use super::merge_args::Merge;
use super::models_args::Models;
use super::review_args::Review;
use super::rows_args::Rows;
use super::runs_args::Runs;
use super::simulate_args::Simulate;
use crate::base::shard::MAX_SHARDS;
use crate::base::units::{parse_duration, parse_time};
use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;
use std::time::Duration;

/// Label folders of document images with a vision model, in bulk.
///
/// Exit codes: 0 done, 1 internal error, 2 wrong input, 3 pages failed, 4 budget reached,
/// 5 provider refuses, 6 provider unavailable, 7 quality gate failed, 8 storage error, 9 deadline reached or pages
/// pending, 10 batches pending (`run --once`), 130/143 interrupted. After a run that stopped early, the same command continues where it stopped.
#[derive(Debug, Parser)]
#[command(name = "docmill", version, max_term_width = 100, after_help = help::DOCMILL)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) global: Global,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Global {
    /// Print more log lines; repeat (-vv) for all.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Print only errors.
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
    /// Format of log lines on stderr.
    #[arg(long, global = true, value_enum, default_value_t = LogFormat::Text)]
    pub(crate) log_format: LogFormat,
    /// Progress on stderr: a bar on a terminal, otherwise a line every `--progress-interval`.
    #[arg(long, global = true, value_enum, default_value_t = ProgressKind::Auto)]
    pub(crate) progress: ProgressKind,
    /// Interval between the lines of `--progress plain`.
    #[arg(long, global = true, value_name = "TIME", default_value = "30s", value_parser = parse_duration)]
    pub(crate) progress_interval: Duration,
    /// Whether log lines are coloured.
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto)]
    pub(crate) color: Color,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    Text,
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ProgressKind {
    Auto,
    Bar,
    Plain,
    Off,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Send pages that have no answer, then write the rows and the report.
    Run(Run),
    /// Show what a run would send, what it would cost, and how long it would take; sends nothing.
    Plan(Plan),
    /// Merge the stores of shards, then write the rows and the report; sends nothing.
    Merge(Merge),
    /// Check the manifest and its inputs; sends nothing.
    #[command(after_help = help::CHECK)]
    Check(JobArgs),
    /// Send one page now and show every detail.
    Try(Try),
    /// Write the outputs again, from the store.
    Export(Export),
    /// Show rows in the terminal, from the store.
    Rows(Rows),
    /// Compare answers to the same pages: two manifests, models or runs.
    Diff(Diff),
    /// Write human answers to a file, or store those of a file.
    Answers(Answers),
    /// List the runs of a job: outcome, pages, cost, and what changed in the manifest.
    Runs(Runs),
    /// Show what runs cost, from the store.
    Report(Report),
    /// Measure how good the stored answers are, against truth; sends nothing.
    Eval(Eval),
    /// Label pages in a browser, to create truth; with --show, correct the model's answers.
    Review(Review),
    /// Maintain the store: check, backup, salvage, prune, stats.
    Store(Store),
    /// Write a manifest to start from.
    Init(Init),
    /// Run the simulator: an OpenAI-compatible API on loopback.
    Simulate(Simulate),
    /// List the models and prices that docmill knows; sends nothing.
    Models(Models),
    /// Print the JSON Schema of manifests.
    #[command(after_help = help::SCHEMA)]
    Schema,
    /// Print the completions of a shell.
    Completions(Completions),
    /// Write the manual pages.
    Man(Man),
    /// Write the images that would be sent, and print their size, bytes and tokens.
    Prepare(Prepare),
    /// The decoder process, which a run starts.
    #[command(name = DECODE, hide = true)]
    Decode,
}

/// The name of the command that is a decoder process.
pub(crate) const DECODE: &str = crate::session::environment::DECODER_ARGUMENT;

/// Which done pages are sent again.
#[derive(Debug, ClapArgs)]
#[group(skip)]
pub(crate) struct Again {
    /// Retry pages that ended with these statuses.
    #[arg(long, value_name = "KINDS", value_enum, value_delimiter = ',', group = "again")]
    pub(crate) retry: Vec<Retry>,
    /// Send every page again, including those with valid answers.
    #[arg(long, group = "again")]
    pub(crate) refresh: bool,
    /// Of these pages send only those whose rows match, such as 'kind = "invoice" and cost_usd > 0.01' (docs/select.md).
    #[arg(long = "where", value_name = "EXPRESSION")]
    pub(crate) filter: Option<String>,
}

#[derive(Debug, ClapArgs)]
#[command(after_help = help::RUN)]
pub(crate) struct Run {
    #[command(flatten)]
    pub(crate) job: JobArgs,
    /// Send at most N pages.
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<u64>,
    /// Send only a sample of N pages, always the same ones. (`plan --sample` counts files.)
    #[arg(long, value_name = "N")]
    pub(crate) sample: Option<u64>,
    #[command(flatten)]
    pub(crate) shard: ShardArgs,
    /// Store of an earlier merge (read-only). Pages with an answer in it are not sent again.
    #[arg(long, value_name = "FILE", requires = "shard")]
    pub(crate) base: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) again: Again,
    /// Ask only these tasks.
    #[arg(long = "task", value_name = "NAME")]
    pub(crate) tasks: Vec<String>,
    /// With `delivery: batch`: submit pending pages, collect finished batches and exit. Exit code 10 while a batch is in progress.
    #[arg(long)]
    pub(crate) once: bool,
    /// Maximum spend per `budget_scope`; overrides the manifest.
    #[arg(long, value_name = "USD")]
    pub(crate) budget_usd: Option<String>,
    /// Write a JSON summary when the run starts and when it ends, however it ends; `-` prints it to stdout at the end. May be a pipe or a device.
    #[arg(long, value_name = "FILE")]
    pub(crate) summary: Option<PathBuf>,
    /// Serve metrics for Prometheus at http://ADDRESS/metrics during the run, for example 127.0.0.1:9464.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) metrics: Option<std::net::SocketAddr>,
    /// Write metrics when the run starts and when it ends, for the textfile collector of Prometheus (`*.prom`).
    #[arg(long, value_name = "FILE")]
    pub(crate) metrics_file: Option<PathBuf>,
    /// Maximum time that a stop waits for requests in flight.
    #[arg(long, value_name = "TIME", default_value = "8s", value_parser = parse_duration)]
    pub(crate) grace: Duration,
    // Last: its heading would be that of what follows.
    #[command(flatten)]
    pub(crate) caller: Caller,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Retry {
    Invalid,
    Refused,
    Failed,
    /// Pages whose picture was incomplete, or is drawn in another way now.
    Redrawn,
    /// invalid, refused and failed.
    All,
}

#[derive(Debug, ClapArgs)]
#[command(after_help = help::PLAN)]
pub(crate) struct Plan {
    #[command(flatten)]
    pub(crate) job: JobArgs,
    /// Read only N files, always the same ones, and project the result to all files. (`run --sample` counts pages.)
    #[arg(long, value_name = "N", value_parser = parse_sample)]
    pub(crate) sample: Option<u64>,
    #[command(flatten)]
    pub(crate) again: Again,
    #[command(flatten)]
    pub(crate) shard: ShardArgs,
    /// Show also what each of N shards would do and cost.
    #[arg(long, value_name = "N", conflicts_with_all = ["sample", "shard", "files"], value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_SHARDS)))]
    pub(crate) shards: Option<u32>,
    /// Store of an earlier merge whose answers a run with `--base` takes over. Read only while the job has no store.
    #[arg(long, value_name = "FILE", conflicts_with = "files")]
    pub(crate) base: Option<PathBuf>,
    /// Exit with 4 if the expected cost is above this amount.
    #[arg(long, value_name = "USD")]
    pub(crate) max_usd: Option<String>,
    /// Exit with 4 if the rest of the budget is too small for all pages.
    #[arg(long)]
    pub(crate) fail_over_budget: bool,
    /// List every file instead: whether it is taken, or why it is left out; with `--format json`, one object per line.
    #[arg(long, conflicts_with = "sample")]
    pub(crate) files: bool,
    /// Output format.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

#[derive(Debug, ClapArgs)]
#[command(after_help = help::TRY)]
pub(crate) struct Try {
    #[command(flatten)]
    pub(crate) job: JobArgs,
    /// File with the page.
    pub(crate) image: PathBuf,
    /// Page number in the file.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) page: u32,
    /// Send the page although the store has valid answers for it.
    #[arg(long)]
    pub(crate) refresh: bool,
}

#[derive(Debug, ClapArgs)]
#[command(after_help = help::PREPARE)]
pub(crate) struct Prepare {
    /// Files in any supported format.
    #[arg(required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// Folder for the images.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Take the model and the image settings from this manifest.
    #[arg(long, value_name = "JOB", conflicts_with_all = ["model", "size", "detail", "min_side", "pdf_renderer"])]
    pub(crate) job: Option<PathBuf>,
    /// Value for ${NAME} in the manifest.
    #[arg(long = "var", value_name = "NAME=VALUE", value_parser = parse_var)]
    pub(crate) vars: Vec<(String, String)>,
    /// Model whose rule determines sizes and tokens.
    #[arg(long, default_value = "openai/gpt-4o-mini")]
    pub(crate) model: String,
    /// Size of the images.
    #[arg(long, value_enum, default_value_t = SizeName::Standard)]
    pub(crate) size: SizeName,
    /// Level of detail at which the model looks at images.
    #[arg(long, value_enum, default_value_t = DetailName::High)]
    pub(crate) detail: DetailName,
    /// Minimum length of the shorter side with `--size economy`, in pixels.
    #[arg(long, value_name = "PIXELS", value_parser = clap::value_parser!(u32).range(64..=4096))]
    pub(crate) min_side: Option<u32>,
    /// Renderer of the pages of PDFs.
    #[arg(long, value_enum, default_value_t = RendererName::Auto)]
    pub(crate) pdf_renderer: RendererName,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RendererName {
    Auto,
    Builtin,
    Pdftoppm,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SizeName {
    Full,
    Standard,
    Economy,
    Original,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum DetailName {
    Low,
    High,
}

#[derive(Debug, ClapArgs)]
#[command(after_help = help::EXPORT)]
pub(crate) struct Export {
    #[command(flatten)]
    pub(crate) job: JobArgs,
    /// Write CSV to this file; `-` is standard output. If an output is given here, the manifest's outputs are not written.
    #[arg(long, value_name = "FILE")]
    pub(crate) csv: Option<PathBuf>,
    /// Write Parquet to this file.
    #[arg(long, value_name = "FILE")]
    pub(crate) parquet: Option<PathBuf>,
    /// Write JSON Lines to this file; `-` is standard output.
    #[arg(long, value_name = "FILE")]
    pub(crate) jsonl: Option<PathBuf>,
    /// Write the model's answers even where a human answer exists (requires --csv, --parquet or --jsonl).
    #[arg(long)]
    pub(crate) model_only: bool,
    /// Write only pages whose rows match, such as 'kind = "invoice"' (docs/select.md); requires --csv, --parquet or --jsonl.
    #[arg(long = "where", value_name = "EXPRESSION")]
    pub(crate) filter: Option<String>,
    /// Write only a sample of N of these pages, always the same ones (requires --csv, --parquet or --jsonl).
    #[arg(long, value_name = "N")]
    pub(crate) sample: Option<u64>,
}

#[derive(Debug, ClapArgs)]
#[command(after_help = help::REPORT)]
pub(crate) struct Report {
    /// Manifest of the job; without it, the newest job in the store.
    pub(crate) job: Option<PathBuf>,
    /// Value for ${NAME} in the manifest.
    #[arg(long = "var", value_name = "NAME=VALUE", value_parser = parse_var)]
    pub(crate) vars: Vec<(String, String)>,
    /// File of the store (default: from the manifest, or .docmill/store.db).
    #[arg(long, value_name = "FILE", env = "DOCMILL_STORE")]
    pub(crate) store: Option<PathBuf>,
    /// Output format; `html` is a single page that works offline.
    #[arg(long, value_enum, default_value_t = ReportFormat::Text)]
    pub(crate) format: ReportFormat,
    /// Runs to include: `latest` (default), `all` (default with --since or --until), or the id of a run or its beginning (`docmill runs`).
    #[arg(long, value_name = "WHICH")]
    pub(crate) run: Option<String>,
    /// Include only attempts from this time on (2026-11-23 or RFC 3339).
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub(crate) since: Option<i64>,
    /// Include only attempts before this time.
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub(crate) until: Option<i64>,
    /// Show all budgets of the store instead: what is spent of each, and what is reserved.
    #[arg(long, conflicts_with_all = ["run", "since", "until"])]
    pub(crate) budgets: bool,
}

#[derive(Debug, ClapArgs)]
#[command(after_help = help::STORE)]
pub(crate) struct Store {
    #[command(subcommand)]
    pub(crate) command: StoreCommand,
    /// Manifest that names the store.
    #[arg(long, global = true, value_name = "JOB")]
    pub(crate) job: Option<PathBuf>,
    /// Value for ${NAME} in the manifest.
    #[arg(long = "var", global = true, value_name = "NAME=VALUE", value_parser = parse_var)]
    pub(crate) vars: Vec<(String, String)>,
    /// File of the store (default: from the manifest, or .docmill/store.db).
    #[arg(long, global = true, value_name = "FILE", env = "DOCMILL_STORE")]
    pub(crate) store: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum StoreCommand {
    /// Check the integrity of the store: the file, and the rules that hold between its tables.
    #[command(after_help = help::STORE_CHECK)]
    Check,
    /// Copy the store; works during runs.
    #[command(after_help = help::STORE_BACKUP)]
    Backup {
        /// New file; it must not exist.
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
    },
    /// Copy what is readable from a damaged store.
    #[command(after_help = help::STORE_SALVAGE)]
    Salvage {
        /// New file; it must not exist.
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
    },
    /// Delete old answers for pages that no job references. If the pages reappear, they are sent again.
    #[command(after_help = help::STORE_PRUNE)]
    Prune {
        /// Minimum age of what is deleted, for example `180d`.
        #[arg(long, value_name = "TIME", value_parser = parse_duration)]
        older_than: Duration,
        /// Only print what would be deleted.
        #[arg(long)]
        dry_run: bool,
    },
    /// Print the contents of the store.
    #[command(after_help = help::STORE_STATS)]
    Stats {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, ClapArgs)]
#[command(after_help = help::INIT)]
pub(crate) struct Init {
    /// Folder for job.yaml.
    #[arg(default_value = ".")]
    pub(crate) dir: PathBuf,
}
