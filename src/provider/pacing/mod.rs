//! When requests may be sent.

pub(crate) mod adaptive_rate;
pub(crate) mod cooldown;
pub(crate) mod limiter;
pub(crate) mod retry_after;
