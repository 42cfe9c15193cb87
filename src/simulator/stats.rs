//! What the simulator saw: the evidence of tests.

use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Counters since the start.
#[derive(Debug, Default)]
pub(super) struct Stats {
    pub(super) requests: u64,
    pub(super) answered: u64,
    pub(super) rate_limited: u64,
    pub(super) statuses: BTreeMap<u16, u64>,
    pub(super) faults: BTreeMap<String, u64>,
    pub(super) input_tokens: u64,
    pub(super) cached_input_tokens: u64,
    pub(super) output_tokens: u64,
    pub(super) in_flight: u64,
    pub(super) most_in_flight: u64,
    /// Files that were uploaded.
    pub(super) files: u64,
    /// Batches that were created.
    pub(super) batches: u64,
    /// Their requests that were executed.
    pub(super) lines: u64,
    /// Batches by what they were told by.
    pub(super) batch_keys: BTreeMap<String, u64>,
    /// Requests by the image's digest.
    pub(super) pages: BTreeMap<String, u64>,
    /// The faults that each page met, in their order.
    pub(super) met: BTreeMap<String, Vec<&'static str>>,
    /// Milliseconds since the start of the first and the last request.
    pub(super) first_ms: Option<u64>,
    pub(super) last_ms: u64,
}

impl Stats {
    pub(super) fn to_json(&self) -> Value {
        let statuses: BTreeMap<String, u64> =
            self.statuses.iter().map(|(status, count)| (status.to_string(), *count)).collect();
        json!({
            "requests": self.requests,
            "answered": self.answered,
            "rate_limited": self.rate_limited,
            "statuses": statuses,
            "faults": self.faults,
            "tokens": {"input": self.input_tokens, "cached_input": self.cached_input_tokens, "output": self.output_tokens},
            "most_in_flight": self.most_in_flight,
            "first_ms": self.first_ms,
            "last_ms": self.last_ms,
            "files": self.files,
            "batches": self.batches,
            "lines": self.lines,
            "batch_keys": self.batch_keys,
            "pages": self.pages,
            "met": self.met,
        })
    }
}
