//! What commands change.

pub(crate) mod attempts;
pub(crate) mod batches;
pub(crate) mod entries;
pub(crate) mod ledger;
pub(crate) mod runs;
