//! Delivery by the provider's batches.

mod delivery;
mod once;
#[cfg(unix)]
mod other_runs;
mod outages;
