//! Delivery by the provider's batches.

mod delivery;
mod outages;
