//! A provider's report about its rate limits, in any dialect.

use std::time::Duration;

/// One rate limit, as the headers of a reply have it. They do not state how long the window of the limit is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LimitHeaders {
    /// The limit: requests or tokens in some window; more than 0.
    pub limit: u64,
    /// Requests or tokens that may be sent at once now.
    pub remaining: u64,
    /// Time until the limit is fully replenished; `None` if it is not reported.
    pub reset: Option<Duration>,
}

/// The state of one rate limit, as replies report it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReportedLimit {
    /// Requests or tokens allowed per minute; more than 0.
    pub per_minute: u64,
    /// Requests or tokens that may be sent at once now.
    pub remaining: u64,
    /// Time until the limit is fully replenished.
    pub reset: Duration,
}

/// The rate limits that the headers of one reply report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RateLimitHeaders {
    /// The limit on requests; `None` if it is not reported.
    pub requests: Option<LimitHeaders>,
    /// The limit on tokens; `None` if it is not reported.
    pub tokens: Option<LimitHeaders>,
}

/// What a rate limit limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitKind {
    /// Requests.
    Requests,
    /// Tokens.
    Tokens,
}

/// The rate limit that a request exceeded, as the error reports it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExceededLimit {
    /// What it limits.
    pub kind: LimitKind,
    /// The limit per minute; `None` if the error does not name it.
    pub per_minute: Option<u64>,
}
