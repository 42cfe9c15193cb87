//! Spend: what a run asked, what it cost, what the store saved. Reads only the store's
//! records; never touches the network or an image.
//!
//! - [`spend`]: attempts, added up exactly
//! - [`pages`]: pages by status and label; [`part`]: parts and histograms
//! - [`summary`]: the whole report; [`json`], [`text`], [`html`] with [`plot`]: its forms

pub(crate) mod pages;
pub(crate) mod part;
pub(crate) mod render;
pub(crate) mod spend;
pub(crate) mod summary;

#[cfg(test)]
pub(crate) mod sample;

pub use pages::{LabelCount, PageLine, Pages};
pub use part::{Histogram, Part};
pub use render::prometheus::failed_exposition;
pub use spend::{Line, Spend};
pub use summary::{Billing, Report, spend_of_runs};
