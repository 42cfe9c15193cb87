//! The options of the simulator.

use super::batch_fault::BatchFault;
use super::faults::Fault;
use crate::base::simulator_profile::SimulatorProfile;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// The options of the simulator. By default it answers every request at once and without faults.
#[derive(Clone, Debug)]
pub struct Options {
    /// Port on 127.0.0.1. 0: any free port.
    pub port: u16,
    /// The family of models or the server that is played.
    pub profile: SimulatorProfile,
    /// Time before each reply.
    pub latency: Duration,
    /// Seed of answers and faults.
    pub seed: u64,
    /// Share of requests that get a fault, 0 to 1.
    pub faults: f64,
    /// The faults to choose from. Empty: all that a page survives.
    pub kinds: Vec<Fault>,
    /// A fault for every request.
    pub always: Option<Fault>,
    /// Completions before `always` begins.
    pub after: u64,
    /// Limit on requests per minute. `None`: no limit.
    pub requests_per_minute: Option<u64>,
    /// Limit on tokens per minute. `None`: no limit.
    pub tokens_per_minute: Option<u64>,
    /// Changes of both limits: from this time since the start on, the limits are this share of
    /// the given ones, such as `(60 s, 0.5)`. In the order of their times.
    pub limit_steps: Vec<(Duration, f64)>,
    /// Seconds of allowance that may be used at once. OpenAI's limits allow 60.
    pub bucket_seconds: f64,
    /// The only valid API key. `None`: every key is valid, and none is needed.
    pub key: Option<String>,
    /// The names of the models. Empty: those of the profile; by default every name is a model.
    pub models: Vec<String>,
    /// Whether replies carry `usage`.
    pub usage: bool,
    /// Whether replies carry rate-limit headers.
    pub headers: bool,
    /// Whether `response_format` may be `json_schema`.
    pub json_schema: bool,
    /// Whether replies are streamed when the request has no `stream`, as on Qubrid.
    pub stream_by_default: bool,
    /// Time from the creation of a batch to its results. A provider takes up to a day.
    pub batch_time: Duration,
    /// Once it is set, batches end at once, whatever their time: for tests that decide when.
    pub ends_batches: Arc<AtomicBool>,
    /// Faults of the first batches, in the order of their creation.
    pub batch_faults: Vec<BatchFault>,
    /// Limit on prompt tokens in unfinished batches. `None`: no limit.
    pub batch_queue: Option<u64>,
    /// The model whose rule bills images. `None`: the requested model.
    pub bill_as: Option<String>,
    /// Factor of image tokens.
    pub bill_times: f64,
    /// Factor of all tokens of the replies after the first `bill_jump_after`.
    pub bill_jump: f64,
    /// Replies that are billed as they should be, before `bill_jump` begins.
    pub bill_jump_after: u64,
    /// Time after which the server ends. `None`: never.
    pub lifetime: Option<Duration>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            port: 0,
            profile: SimulatorProfile::default(),
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
            ends_batches: Arc::default(),
            batch_faults: Vec::new(),
            batch_queue: None,
            bill_as: None,
            bill_times: 1.0,
            bill_jump: 1.0,
            bill_jump_after: 0,
            lifetime: None,
        }
    }
}
