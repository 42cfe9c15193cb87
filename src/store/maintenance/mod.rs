//! Checking, copying and pruning a store.

pub(crate) mod integrity;
pub(crate) mod upkeep;
