//! Delivery by the provider's batches.

mod delivery;
mod once;
mod other_providers;
#[cfg(unix)]
mod other_runs;
mod outages;
