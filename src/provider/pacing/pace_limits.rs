//! How fast requests may go out to an endpoint, as numbers from which times are estimated.

/// What bounds the pace of requests.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PaceLimits {
    /// Requests per minute, stated or learned; `None`: no limit is known.
    pub requests_per_minute: Option<f64>,
    /// The same for tokens.
    pub tokens_per_minute: Option<f64>,
    /// Maximum number of requests in flight while nothing is throttled.
    pub concurrency: u32,
    /// What `concurrency` may grow to.
    pub max_concurrency: u32,
    /// How it grows.
    pub growth: ConcurrencyGrowth,
}

/// How the number of requests in flight grows while requests wait for a slot.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ConcurrencyGrowth {
    /// By one after this many rounds of replies.
    Rounds(u32),
    /// It doubles with each round of replies.
    Doubling,
    /// By this share per second.
    PerSecond(f64),
}
