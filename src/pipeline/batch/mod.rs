//! Delivery through the provider's batches.

pub(crate) mod builder;
pub(crate) mod collect;
pub(crate) mod delivery;
pub(crate) mod fill;
pub(crate) mod lifecycle;
pub(crate) mod line_name;
pub(crate) mod poll;
pub(crate) mod resume;
