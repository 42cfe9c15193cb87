//! What goes into the store and comes out of it.

pub(crate) mod attempts;
pub(crate) mod batches;
pub(crate) mod pages;
