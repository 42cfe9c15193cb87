//! What the simulator is told.

use super::faults::{BatchFault, Fault};
use std::time::Duration;

/// What the simulator is told. The default answers everything at once, correctly.
#[derive(Clone, Debug)]
pub struct Options {
    /// Port on 127.0.0.1; 0: any free one.
    pub port: u16,
    /// Time before each reply.
    pub latency: Duration,
    /// Decides answers and faults.
    pub seed: u64,
    /// Share of attempts that meet a fault, 0 to 1.
    pub faults: f64,
    /// Which faults; empty: all of them.
    pub kinds: Vec<Fault>,
    /// A fault that every attempt meets.
    pub always: Option<Fault>,
    /// Requests that are answered before `always` begins.
    pub after: u64,
    /// Requests per minute that are enforced.
    pub requests_per_minute: Option<u64>,
    /// Tokens per minute that are enforced.
    pub tokens_per_minute: Option<u64>,
    /// What is left of both limits from a time since the start on: `(60 s, 0.5)`.
    pub limit_steps: Vec<(Duration, f64)>,
    /// Seconds of allowance that the limits' buckets hold; OpenAI's hold a minute's.
    pub bucket_seconds: f64,
    /// The only key that is taken; `None`: any or none.
    pub key: Option<String>,
    /// The only models that there are; empty: any.
    pub models: Vec<String>,
    /// Whether replies carry `usage`.
    pub usage: bool,
    /// Whether replies carry rate-limit headers.
    pub headers: bool,
    /// Whether `json_schema` is taken.
    pub json_schema: bool,
    /// Whether replies are streamed when `stream` is absent, as Qubrid does.
    pub stream_by_default: bool,
    /// How long a batch takes: a provider's day, scaled.
    pub batch_time: Duration,
    /// What goes wrong with the first batches, one after the other.
    pub batch_faults: Vec<BatchFault>,
    /// Prompt tokens that may wait in batches.
    pub batch_queue: Option<u64>,
    /// The model whose rule images are billed by, instead of the one that is asked.
    pub bill_as: Option<String>,
    /// What image tokens are multiplied by.
    pub bill_times: f64,
    /// Longest life, after which it ends by itself; `None`: for ever.
    pub lifetime: Option<Duration>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            port: 0,
            latency: Duration::ZERO,
            seed: 0,
            faults: 0.0,
            kinds: Vec::new(),
            always: None,
            after: 0,
            requests_per_minute: None,
            tokens_per_minute: None,
            limit_steps: Vec::new(),
            bucket_seconds: 60.0,
            key: None,
            models: Vec::new(),
            usage: true,
            headers: true,
            json_schema: true,
            stream_by_default: false,
            batch_time: Duration::from_secs(2),
            batch_faults: Vec::new(),
            batch_queue: None,
            bill_as: None,
            bill_times: 1.0,
            lifetime: None,
        }
    }
}
