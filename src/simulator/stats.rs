//! What the simulator saw: the evidence of tests.

use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Counters since the start.
#[derive(Debug, Default)]
pub(crate) struct Stats {
    pub(crate) requests: u64,
    pub(crate) answered: u64,
    pub(crate) rate_limited: u64,
    pub(crate) statuses: BTreeMap<u16, u64>,
    pub(crate) faults: BTreeMap<String, u64>,
    pub(crate) input_tokens: u64,
    pub(crate) cached_input_tokens: u64,
    pub(crate) output_tokens: u64,
    pub(crate) in_flight: u64,
    pub(crate) most_in_flight: u64,
    /// Files that were uploaded.
    pub(crate) files: u64,
    /// Batches that were created.
    pub(crate) batches: u64,
    /// Their requests that were executed.
    pub(crate) lines: u64,
    /// Batches by what they were told by.
    pub(crate) batch_keys: BTreeMap<String, u64>,
    /// Requests by the image's digest.
    pub(crate) pages: BTreeMap<String, u64>,
    /// The faults that each page met, in their order.
    pub(crate) met: BTreeMap<String, Vec<&'static str>>,
    /// Milliseconds since the start of the first and the last request.
    pub(crate) first_ms: Option<u64>,
    pub(crate) last_ms: u64,
}

impl Stats {
    pub(crate) fn to_json(&self) -> Value {
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
