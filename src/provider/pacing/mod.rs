//! When requests may be sent to one endpoint.
//!
//! - [`endpoint_pacing`]: all of it, as an endpoint owns it
//! - [`limiter`]: requests and tokens per minute; [`limit`]: one of the two
//! - [`limit_window`]: for how long a reported limit is; [`window_burst`]: requests that show it
//! - [`request_quota`]: a fixed number of requests per minute
//! - [`token_bucket`]: a bucket whose rate can change
//! - [`adaptive_rate`]: follows a limit that the manifest does not state
//! - [`cooldown`]: waits while the provider throttles; [`concurrency_limit`]: how many requests may be in flight
//! - [`pace_limits`]: the pace that results, for estimates
//! - [`retry_after`]: the delay that a reply's headers ask for; [`retry_text`]: the same in messages

pub(crate) mod adaptive_rate;
pub(crate) mod concurrency_limit;
pub(crate) mod cooldown;
pub(crate) mod endpoint_pacing;
pub(crate) mod limit;
pub(crate) mod limit_window;
pub(crate) mod limiter;
pub(crate) mod pace_limits;
pub(crate) mod request_quota;
pub(crate) mod retry_after;
pub(crate) mod retry_text;
pub(crate) mod token_bucket;
pub(crate) mod window_burst;
