//! What a run has done, at one moment.

use super::run_pace::RunPace;
use super::trouble::Trouble;
use crate::base::vocabulary::VerdictName;

/// Upper bounds of [`Progress::latencies`] in milliseconds; the last bucket has none.
pub const LATENCY_BOUNDS: [u64; 11] = [100, 250, 500, 1000, 2500, 5000, 10_000, 20_000, 30_000, 60_000, 120_000];

/// What requests wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitReason {
    /// The end of a cooldown after a refusal or an outage.
    Cooldown = 1,
    /// The limit of requests per minute.
    RequestLimit = 2,
    /// The limit of tokens per minute.
    TokenLimit = 3,
}

impl WaitReason {
    /// The reason with this number; `None`: nothing is waited for.
    pub(crate) fn from_number(number: u8) -> Option<Self> {
        [Self::Cooldown, Self::RequestLimit, Self::TokenLimit].into_iter().find(|reason| *reason as u8 == number)
    }
}

/// The counters of a run at one moment.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    /// Known pages that the run has to look at. Files that have not changed and need nothing are left out. At most
    /// `--limit`.
    pub total: u64,
    /// Of these, finished.
    pub finished: u64,
    /// Whether `total` may still rise: the input is being counted, or has files of unknown length.
    pub is_minimum: bool,
    /// Estimated number of pages left to ask.
    pub left: u64,
    /// Whether the input is only listed or compared: nothing is asked in this pass over it.
    pub is_only_listing: bool,
    /// What requests wait for now.
    pub wait_reason: Option<WaitReason>,
    /// Why requests are not answered at the moment.
    pub trouble: Option<Trouble>,
    /// Pages found so far. A file counts as one page until it is opened.
    pub found: u64,
    /// Of these, done.
    pub done: u64,
    /// Pages asked and done in this run.
    pub asked: u64,
    /// Pages that ended without an answer: each counts once, however often the input is walked.
    pub failed: u64,
    /// Repeat attempts.
    pub retries: u64,
    /// Requests in flight.
    pub in_flight: u64,
    /// The spend so far, in pico-dollars (10^-12 USD); `None` if a price is unknown.
    pub cost_pico: Option<i64>,
    /// Whether requests wait for a rate limit or an outage.
    pub is_waiting: bool,
    /// Whether the walk is complete, so that `found` is final.
    pub is_walked: bool,
    /// Whether no more requests are sent: the run waits for those in flight, and ends.
    pub(crate) is_ending: bool,
    /// Whether the input is still being counted, so that `left` is too low.
    pub(crate) is_counting: bool,
    /// Pages that were asked, or are to be asked next.
    pub(crate) begun: u64,
    /// Pages of files that were opened and needed no request, in this pass over the input.
    pub(crate) unasked: u64,
    /// How fast requests may go out; `None`: not known, or the pages are delivered in batches.
    pub(crate) pace: Option<RunPace>,
    /// The mean latency of replies of earlier runs, in milliseconds.
    pub(crate) earlier_latency_ms: Option<u64>,
    /// Replies with answers, and the sum of their latencies in milliseconds. A refused connection has no latency to
    /// expect.
    pub(crate) answers: u64,
    pub(crate) answer_ms: u64,
    /// Attempts by verdict, in the order of [`VerdictName::ALL`].
    pub verdicts: [u64; VerdictName::ALL.len()],
    /// Tokens: input, cached input, output.
    pub tokens: [u64; 3],
    /// Attempts by latency, in the buckets of [`LATENCY_BOUNDS`].
    pub latencies: [u64; LATENCY_BOUNDS.len() + 1],
    /// The sum of latencies in milliseconds.
    pub latency_ms: u64,
}
