//! What can be typed.

use crate::base::units::{parse_duration, parse_share, parse_time};
use crate::simulator::{BatchFault, Fault};
use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;
use std::time::Duration;

/// Label folders of document images with a vision model, in bulk.
///
/// Exit codes: 0 done, 1 internal error, 2 wrong input, 3 pages failed, 4 budget reached,
/// 5 provider refuses, 6 provider unavailable, 8 storage error, 9 deadline reached,
/// 130/143 interrupted. After a run that stopped early the same command goes on where it stopped.
#[derive(Debug, Parser)]
#[command(name = "docmill", version, max_term_width = 100)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) global: Global,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Global {
    /// Say more; twice for everything.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Say only what is wrong.
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
    /// Form of log lines on stderr.
    #[arg(long, global = true, value_enum, default_value_t = LogFormat::Text)]
    pub(crate) log_format: LogFormat,
    /// Progress on stderr: a bar on a terminal, a line every 30 s elsewhere.
    #[arg(long, global = true, value_enum, default_value_t = ProgressKind::Auto)]
    pub(crate) progress: ProgressKind,
    /// Colours in log lines.
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
    /// Ask what is not answered, write rows and report.
    Run(Run),
    /// Show what a run would ask, cost and take, and why; sends nothing.
    Plan(Plan),
    /// Check the manifest and its inputs; sends nothing.
    Check(JobArgs),
    /// Ask one page now, and show everything.
    Try(Try),
    /// Write the outputs again from the store.
    Export(Export),
    /// Show what runs cost, from the store.
    Report(Report),
    /// Look after the store: check, backup, salvage, prune, stats.
    Store(Store),
    /// Write a manifest to start from.
    Init(Init),
    /// Serve the simulator: an OpenAI-compatible API on loopback.
    Simulate(Simulate),
    /// Print the JSON Schema of manifests.
    Schema,
    /// Write what would be sent of files, with size, bytes and tokens.
    Prepare(Prepare),
    /// What a run starts to decode pages apart from itself.
    #[command(name = DECODE, hide = true)]
    Decode,
}

/// The name of the command that is a decoder process.
pub(crate) const DECODE: &str = "decode-pages";

#[derive(Debug, ClapArgs)]
pub(crate) struct JobArgs {
    /// The manifest.
    pub(crate) job: PathBuf,
    /// A value for ${NAME} in the manifest; outranks the environment.
    #[arg(long = "var", value_name = "NAME=VALUE", value_parser = parse_var)]
    pub(crate) vars: Vec<(String, String)>,
    /// The store's file; outranks the manifest.
    #[arg(long, value_name = "FILE", env = "DOCMILL_STORE")]
    pub(crate) store: Option<PathBuf>,
}

/// What is asked again.
#[derive(Debug, ClapArgs)]
pub(crate) struct Again {
    /// Ask again what ended so.
    #[arg(long, value_name = "KINDS", value_enum, value_delimiter = ',')]
    pub(crate) retry: Vec<Retry>,
    /// Ask everything again, valid answers too.
    #[arg(long)]
    pub(crate) refresh: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Run {
    #[command(flatten)]
    pub(crate) job: JobArgs,
    /// Ask at most N pages.
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<u64>,
    /// Ask only a sample of N pages, the same ones every time.
    #[arg(long, value_name = "N")]
    pub(crate) sample: Option<u64>,
    #[command(flatten)]
    pub(crate) again: Again,
    /// Ask only these tasks.
    #[arg(long = "task", value_name = "NAME")]
    pub(crate) tasks: Vec<String>,
    /// Most to spend in the budget's scope; outranks the manifest.
    #[arg(long, value_name = "USD")]
    pub(crate) budget_usd: Option<String>,
    /// Write a summary as JSON while and after running; `-`: to stdout at the end.
    #[arg(long, value_name = "FILE")]
    pub(crate) summary: Option<PathBuf>,
    /// Serve counters for Prometheus at http://ADDRESS/metrics while running, such as 127.0.0.1:9464.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) metrics: Option<std::net::SocketAddr>,
    /// Write the run's numbers at its end for Prometheus' textfile collector (`*.prom`).
    #[arg(long, value_name = "FILE")]
    pub(crate) metrics_file: Option<PathBuf>,
    /// How long a stop waits for what is in flight.
    #[arg(long, value_name = "TIME", default_value = "8s", value_parser = parse_duration)]
    pub(crate) grace: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Retry {
    Invalid,
    Refused,
    Failed,
    All,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Plan {
    #[command(flatten)]
    pub(crate) job: JobArgs,
    /// Look only at N files, the same ones every time, and say what they tell of all.
    #[arg(long, value_name = "N")]
    pub(crate) sample: Option<u64>,
    #[command(flatten)]
    pub(crate) again: Again,
    /// Form of the output.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Text,
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReportFormat {
    Text,
    Json,
    Html,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Try {
    #[command(flatten)]
    pub(crate) job: JobArgs,
    /// The file.
    pub(crate) image: PathBuf,
    /// Which page of it.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) page: u32,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Prepare {
    /// Files of any supported format.
    #[arg(required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// The folder for what would be sent.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Take model and image settings from this manifest.
    #[arg(long, value_name = "JOB", conflicts_with_all = ["model", "size", "detail", "min_side"])]
    pub(crate) job: Option<PathBuf>,
    /// A value for ${NAME} in the manifest.
    #[arg(long = "var", value_name = "NAME=VALUE", value_parser = parse_var)]
    pub(crate) vars: Vec<(String, String)>,
    /// The model, whose rule decides sizes and tokens.
    #[arg(long, default_value = "openai/gpt-4o-mini")]
    pub(crate) model: String,
    /// How many pixels are sent.
    #[arg(long, value_enum, default_value_t = SizeName::Standard)]
    pub(crate) size: SizeName,
    /// How closely the model looks.
    #[arg(long, value_enum, default_value_t = DetailName::High)]
    pub(crate) detail: DetailName,
    /// Shorter side that `--size economy` keeps, in pixels.
    #[arg(long, value_name = "PIXELS", value_parser = clap::value_parser!(u32).range(64..=4096))]
    pub(crate) min_side: Option<u32>,
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
pub(crate) struct Export {
    #[command(flatten)]
    pub(crate) job: JobArgs,
    /// Write only these: CSV here.
    #[arg(long, value_name = "FILE")]
    pub(crate) csv: Option<PathBuf>,
    /// Parquet here.
    #[arg(long, value_name = "FILE")]
    pub(crate) parquet: Option<PathBuf>,
    /// JSON Lines here.
    #[arg(long, value_name = "FILE")]
    pub(crate) jsonl: Option<PathBuf>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Report {
    /// The manifest; without it, the newest job of the store.
    pub(crate) job: Option<PathBuf>,
    /// A value for ${NAME} in the manifest.
    #[arg(long = "var", value_name = "NAME=VALUE", value_parser = parse_var)]
    pub(crate) vars: Vec<(String, String)>,
    /// The store's file (default: the manifest's, or .docmill/store.db).
    #[arg(long, value_name = "FILE", env = "DOCMILL_STORE")]
    pub(crate) store: Option<PathBuf>,
    /// Form of the output; `html`: one page that opens without network.
    #[arg(long, value_enum, default_value_t = ReportFormat::Text)]
    pub(crate) format: ReportFormat,
    /// Which runs: `latest` (the default), `all` (the default with --since or --until), or a run's id.
    #[arg(long, value_name = "WHICH")]
    pub(crate) run: Option<String>,
    /// Only attempts since this time (2026-11-23, or RFC 3339).
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub(crate) since: Option<i64>,
    /// Only attempts before this time.
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub(crate) until: Option<i64>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Store {
    #[command(subcommand)]
    pub(crate) command: StoreCommand,
    /// The manifest that names the store.
    #[arg(long, global = true, value_name = "JOB")]
    pub(crate) job: Option<PathBuf>,
    /// A value for ${NAME} in the manifest.
    #[arg(long = "var", global = true, value_name = "NAME=VALUE", value_parser = parse_var)]
    pub(crate) vars: Vec<(String, String)>,
    /// The store's file (default: the manifest's, or .docmill/store.db).
    #[arg(long, global = true, value_name = "FILE", env = "DOCMILL_STORE")]
    pub(crate) store: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum StoreCommand {
    /// Whether it is sound: every page of the file, and what has to hold among tables.
    Check,
    /// Copy it, as it is at one moment, also while runs write.
    Backup {
        /// A file that is not there yet.
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
    },
    /// Copy what can be read of a damaged one.
    Salvage {
        /// A file that is not there yet.
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
    },
    /// Take away old answers and attempts at pages that no job shows any more; if they come back, they are asked again.
    Prune {
        /// Their least age, such as `180d`.
        #[arg(long, value_name = "TIME", value_parser = parse_duration)]
        older_than: Duration,
        /// Only say what would be taken away.
        #[arg(long)]
        dry_run: bool,
    },
    /// What is in it.
    Stats {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Init {
    /// Where to write job.yaml.
    #[arg(default_value = ".")]
    pub(crate) dir: PathBuf,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Simulate {
    /// Port on 127.0.0.1; 0: any free one.
    #[arg(long, default_value_t = 8765)]
    pub(crate) port: u16,
    /// Time before each reply.
    #[arg(long, default_value = "0", value_parser = parse_duration)]
    pub(crate) latency: Duration,
    /// Decides answers and faults.
    #[arg(long, default_value_t = 0)]
    pub(crate) seed: u64,
    /// Requests per minute that are enforced.
    #[arg(long, value_name = "N")]
    pub(crate) requests_per_minute: Option<u64>,
    /// Tokens per minute that are enforced.
    #[arg(long, value_name = "N")]
    pub(crate) tokens_per_minute: Option<u64>,
    /// From a time on both limits are this share of what was said, such as 60s=50%; may be repeated, in order.
    #[arg(long, value_name = "TIME=SHARE", value_parser = parse_step)]
    pub(crate) limit_step: Vec<(Duration, f64)>,
    /// Seconds of allowance that may be used at once.
    #[arg(long, value_name = "SECONDS", default_value_t = 60.0)]
    pub(crate) bucket_seconds: f64,
    /// Share of attempts that meet a fault, such as 20%.
    #[arg(long, default_value = "0%", value_parser = parse_share)]
    pub(crate) faults: f64,
    /// Which faults (default: all that a page survives).
    #[arg(long, value_delimiter = ',', value_name = "NAMES")]
    pub(crate) fault_kinds: Vec<Fault>,
    /// A fault that every attempt meets.
    #[arg(long, value_name = "NAME")]
    pub(crate) always: Option<Fault>,
    /// Answers before `--always` begins.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) after: u64,
    /// The only key that is taken.
    #[arg(long, value_name = "KEY")]
    pub(crate) key: Option<String>,
    /// The only models that there are.
    #[arg(long = "model", value_name = "NAME")]
    pub(crate) models: Vec<String>,
    /// Replies without usage.
    #[arg(long)]
    pub(crate) no_usage: bool,
    /// Replies without rate-limit headers.
    #[arg(long)]
    pub(crate) no_headers: bool,
    /// Refuse `json_schema`, as older servers do.
    #[arg(long)]
    pub(crate) no_json_schema: bool,
    /// Stream when `stream` is absent, as Qubrid does.
    #[arg(long)]
    pub(crate) stream_by_default: bool,
    /// How long a batch takes: a provider's day, scaled.
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = parse_duration)]
    pub(crate) batch_time: Duration,
    /// What goes wrong with the first batches: none, expire, fail, missing, twice, unreadable.
    #[arg(long, value_delimiter = ',', value_name = "NAMES")]
    pub(crate) batch_faults: Vec<BatchFault>,
    /// Prompt tokens that may wait in batches.
    #[arg(long, value_name = "N")]
    pub(crate) batch_queue: Option<u64>,
    /// Bill images by the rule of this model, whichever is asked.
    #[arg(long, value_name = "MODEL")]
    pub(crate) bill_as: Option<String>,
    /// Multiply the tokens of images.
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0)]
    pub(crate) bill_times: f64,
    /// End by itself after this time.
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    pub(crate) lifetime: Option<Duration>,
}

fn parse_step(text: &str) -> Result<(Duration, f64), String> {
    let (time, share) = text.split_once('=').ok_or("write it as TIME=SHARE")?;
    let percent = share.strip_suffix('%').unwrap_or(share).parse::<f64>().map_err(|_| "a share such as 50% or 200%")?;
    Ok((parse_duration(time)?, percent / 100.0))
}

fn parse_var(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write it as NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}
