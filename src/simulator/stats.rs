//! Counters of what the simulator received and sent (`GET /stats`). Tests use them as evidence.

use super::bill::TokenBill;
use super::request_log::{RequestLog, SeenRequest};
use crate::base::digest::Digest;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Counters since the start.
#[derive(Debug, Default)]
pub(crate) struct Stats {
    /// Chat requests.
    pub(crate) requests: u64,
    /// Completions that were billed.
    pub(crate) answered: u64,
    /// Requests that were throttled.
    pub(crate) rate_limited: u64,
    /// Replies by HTTP status.
    pub(crate) statuses: BTreeMap<u16, u64>,
    /// Faults by name.
    pub(crate) faults: BTreeMap<String, u64>,
    /// Tokens that were billed.
    pub(crate) tokens: TokenBill,
    /// The billed cost, in pico-dollars.
    pub(crate) cost: u64,
    /// The first chat requests.
    pub(crate) log: RequestLog,
    /// Chat requests without a reply yet.
    pub(crate) in_flight: u64,
    pub(crate) max_in_flight: u64,
    /// Files that were uploaded.
    pub(crate) files: u64,
    /// Batches that were created.
    pub(crate) batches: u64,
    /// Times that batches were listed.
    pub(crate) batch_lists: u64,
    /// Requests of batches that were executed.
    pub(crate) lines: u64,
    /// Batches by their metadata.
    pub(crate) batch_keys: BTreeMap<String, u64>,
    /// Requests by the digest of their image.
    pub(crate) pages: BTreeMap<String, u64>,
    /// The names of the faults by the digest of the image, in the order of the requests.
    pub(crate) met: BTreeMap<String, Vec<&'static str>>,
    /// Milliseconds from the start to the first chat request.
    pub(crate) first_ms: Option<u64>,
    /// Milliseconds from the start to the last chat request.
    pub(crate) last_ms: u64,
}

impl Stats {
    /// Counts a chat request that arrived `elapsed_ms` after the start.
    pub(crate) fn begin_request(&mut self, elapsed_ms: u64) {
        self.requests += 1;
        self.in_flight += 1;
        self.max_in_flight = self.max_in_flight.max(self.in_flight);
        self.first_ms.get_or_insert(elapsed_ms);
        self.last_ms = elapsed_ms;
    }

    /// Counts a request for a page; the number of earlier ones.
    pub(crate) fn count_page(&mut self, image: &Digest) -> u64 {
        let count = self.pages.entry(image.to_string()).or_default();
        *count += 1;
        *count - 1
    }

    /// Counts a fault of a request for a page.
    pub(crate) fn count_fault(&mut self, image: &Digest, fault: &'static str) {
        *self.faults.entry(fault.to_owned()).or_default() += 1;
        self.met.entry(image.to_string()).or_default().push(fault);
    }

    /// Counts a completion and its cost in pico-dollars.
    pub(crate) fn count_bill(&mut self, bill: &TokenBill, cost: u64) {
        self.answered += 1;
        self.tokens.add(bill);
        self.cost += cost;
    }

    /// Keeps what a request asked for and what it got.
    pub(crate) fn keep_request(&mut self, request: SeenRequest) {
        self.log.add(request);
    }

    pub(crate) fn to_json(&self) -> Value {
        let statuses: BTreeMap<String, u64> =
            self.statuses.iter().map(|(status, count)| (status.to_string(), *count)).collect();
        json!({
            "requests": self.requests,
            "answered": self.answered,
            "rate_limited": self.rate_limited,
            "statuses": statuses,
            "faults": self.faults,
            "tokens": self.tokens.to_json(),
            "cost_pico_usd": self.cost,
            "most_in_flight": self.max_in_flight,
            "first_ms": self.first_ms,
            "last_ms": self.last_ms,
            "files": self.files,
            "batches": self.batches,
            "batch_lists": self.batch_lists,
            "lines": self.lines,
            "batch_keys": self.batch_keys,
            "pages": self.pages,
            "met": self.met,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_counted_by_their_image() {
        let (mut stats, one, other) = (Stats::default(), Digest::compute(b"one"), Digest::compute(b"other"));
        assert_eq!([stats.count_page(&one), stats.count_page(&other), stats.count_page(&one)], [0, 0, 1]);
        stats.count_fault(&one, "500");
        stats.count_fault(&one, "slow");
        let json = stats.to_json();
        assert_eq!((&json["pages"][one.to_string()], &json["pages"][other.to_string()]), (&json!(2), &json!(1)));
        assert_eq!(json["met"], json!({one.to_string(): ["500", "slow"]}));
    }

    #[test]
    fn the_maximum_in_flight_stays() {
        let mut stats = Stats::default();
        for elapsed_ms in [5, 7, 9] {
            stats.begin_request(elapsed_ms);
        }
        stats.in_flight -= 3;
        stats.begin_request(12);
        let json = stats.to_json();
        assert_eq!([&json["requests"], &json["most_in_flight"]], [4, 3]);
        assert_eq!([&json["first_ms"], &json["last_ms"]], [5, 12]);
    }
}
