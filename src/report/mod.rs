//! Spend: what a run asked, what it cost, what the store saved. Reads only the store's
//! records; never touches the network or an image.
//!
//! - [`spend`]: attempts, added up exactly
//! - [`pages`]: pages by status
//! - [`summary`]: the whole report; [`json`], [`text`]: its two forms

mod json;
mod pages;
mod spend;
mod summary;
mod text;

pub use pages::Pages;
pub use spend::{Line, Spend, TaskSpend};
pub use summary::{Report, spend_of_runs};
