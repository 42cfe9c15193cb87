//! Spend: what a run asked, what it cost, what the store saved. Reads only the store's
//! records; never touches the network or an image.
//!
//! - [`spend`]: attempts, added up exactly
//! - [`pages`]: pages by status and label; [`part`]: parts and histograms
//! - [`summary`]: the whole report; [`json`], [`text`], [`html`] with [`plot`]: its forms

mod exposition;
mod html;
mod json;
mod pages;
mod part;
mod plot;
mod spend;
mod summary;
mod text;

pub use exposition::failed_exposition;
pub use pages::{LabelCount, PageLine, Pages};
pub use part::{Histogram, Part};
pub use spend::{Line, Spend};
pub use summary::{Billing, Report, spend_of_runs};
