//! Delivery by the provider's batches.

mod delivery;
mod once;
mod outages;
