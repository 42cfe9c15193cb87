//! Replies in any dialect.
//!
//! - [`exchange`]: one attempt and its result
//! - [`reply`]: a model's reply; [`repetition`]: one that repeats itself; [`served`]: who gave it
//! - [`batch`]: a batch as the provider reports it
//! - [`sse`]: server-sent events

pub(crate) mod batch;
pub(crate) mod exchange;
pub(crate) mod repetition;
pub(crate) mod reply;
pub(crate) mod served;
pub(crate) mod sse;
