//! Delivery by the provider's batches.
//!
//! - [`delivery`]: drives the others, step by step
//! - [`fill`]: pages into the file of a batch; [`builder`]: that file
//! - [`lines`]: the lines of the files, and their attempts
//! - [`poll`]: batches on their way; [`lifecycle`]: one of them; [`collect`]: its results
//! - [`resume`]: batches of earlier runs
//! - [`queue_limit`]: the provider's queue; [`unfinished`]: pages that must be sent again

pub(crate) mod builder;
pub(crate) mod collect;
pub(crate) mod delivery;
pub(crate) mod fill;
pub(crate) mod lifecycle;
pub(crate) mod lines;
pub(crate) mod poll;
pub(crate) mod queue_limit;
pub(crate) mod resume;
pub(crate) mod unfinished;
