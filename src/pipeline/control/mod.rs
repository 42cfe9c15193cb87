//! What a run is given and how it ends.

pub(crate) mod counters;
pub(crate) mod environment;
pub(crate) mod error_streak;
pub(crate) mod keys;
pub(crate) mod run_outcome;
pub(crate) mod shutdown;
