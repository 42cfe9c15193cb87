//! The arguments of `docmill simulate`.

use super::arg_values::parse_step;
use super::help;
use crate::base::simulator_profile::SimulatorProfile;
use crate::base::units::{parse_duration, parse_share};
use crate::simulator::{BatchFault, Fault};
use clap::Args as ClapArgs;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use std::time::Duration;

#[derive(Debug, ClapArgs)]
#[command(after_help = help::SIMULATE)]
pub(crate) struct Simulate {
    /// Port on 127.0.0.1; 0 selects a free one.
    #[arg(long, default_value_t = 8765)]
    pub(crate) port: u16,
    /// Family of models or server to play: what it rejects, how it reasons, bills and replies.
    #[arg(long, value_name = "NAME", default_value = "default", value_parser = parse_profile())]
    pub(crate) profile: SimulatorProfile,
    /// Latency of each reply.
    #[arg(long, default_value = "0", value_parser = parse_duration)]
    pub(crate) latency: Duration,
    /// Seed of answers and faults.
    #[arg(long, default_value_t = 0)]
    pub(crate) seed: u64,
    /// Enforced limit of requests per minute.
    #[arg(long, value_name = "N")]
    pub(crate) requests_per_minute: Option<u64>,
    /// Enforced limit of tokens per minute.
    #[arg(long, value_name = "N")]
    pub(crate) tokens_per_minute: Option<u64>,
    /// From a time on, multiply both limits by a share, for example 60s=50%; may be repeated, in order.
    #[arg(long, value_name = "TIME=SHARE", value_parser = parse_step)]
    pub(crate) limit_step: Vec<(Duration, f64)>,
    /// Size of the rate-limit buckets, in seconds of the limit.
    #[arg(long, value_name = "SECONDS", default_value_t = 60.0)]
    pub(crate) bucket_seconds: f64,
    /// Share of attempts with a fault, for example 20%.
    #[arg(long, default_value = "0%", value_parser = parse_share)]
    pub(crate) faults: f64,
    /// Kinds of faults (default: all that a page can survive).
    #[arg(long, value_delimiter = ',', value_name = "NAMES")]
    pub(crate) fault_kinds: Vec<Fault>,
    /// Fault of every attempt.
    #[arg(long, value_name = "NAME")]
    pub(crate) always: Option<Fault>,
    /// Number of successful replies before `--always` applies.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) after: u64,
    /// The only API key that is accepted.
    #[arg(long, value_name = "KEY")]
    pub(crate) key: Option<String>,
    /// The only models that exist (default: those of the profile, or any name).
    #[arg(long = "model", value_name = "NAME")]
    pub(crate) models: Vec<String>,
    /// Omit usage from replies.
    #[arg(long)]
    pub(crate) no_usage: bool,
    /// Omit rate-limit headers.
    #[arg(long)]
    pub(crate) no_headers: bool,
    /// Reject `json_schema`, as older servers do.
    #[arg(long)]
    pub(crate) no_json_schema: bool,
    /// Stream if the request has no `stream` member, as Qubrid does.
    #[arg(long)]
    pub(crate) stream_by_default: bool,
    /// Duration of a batch.
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = parse_duration)]
    pub(crate) batch_time: Duration,
    /// Faults of the first batches: none, expire, fail, missing, twice, unreadable, empty.
    #[arg(long, value_delimiter = ',', value_name = "NAMES")]
    pub(crate) batch_faults: Vec<BatchFault>,
    /// Maximum prompt tokens in the batch queue.
    #[arg(long, value_name = "N")]
    pub(crate) batch_queue: Option<u64>,
    /// Bill images by the rule of this model, whichever model is requested.
    #[arg(long, value_name = "MODEL")]
    pub(crate) bill_as: Option<String>,
    /// Multiply image tokens by this factor.
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0)]
    pub(crate) bill_times: f64,
    /// Multiply all tokens that later replies bill by this factor.
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0)]
    pub(crate) bill_jump: f64,
    /// Number of replies before `--bill-jump` begins.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) bill_jump_after: u64,
    /// Stop after this time.
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    pub(crate) lifetime: Option<Duration>,
}

/// Accepts the names of profiles. Lists them in the help, and suggests one for another name.
fn parse_profile() -> impl TypedValueParser<Value = SimulatorProfile> {
    PossibleValuesParser::new(SimulatorProfile::NAMES).map(|name| SimulatorProfile::parse(&name).unwrap_or_default())
}
