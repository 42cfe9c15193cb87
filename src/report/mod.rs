//! Spend: what runs sent, what it cost, and what the store saved. Reads only the store's
//! records; never touches the network or an image.
//!
//! - [`part`], [`histogram`], [`top`]: sums, distributions and the greatest few
//! - [`provider_bill`]: what providers report to have charged
//! - [`spend`]: the spend of attempts, added up exactly
//! - [`pages`]: pages by status and label; [`failures`]: pages without an answer; [`redrawn`]: answers of earlier
//!   pictures
//! - [`summary`]: the whole report
//! - [`render`]: its forms; `sample`: a report for tests

mod failures;
mod histogram;
mod pages;
mod part;
mod provider_bill;
mod redrawn;
mod render;
mod spend;
mod summary;
mod top;

#[cfg(test)]
mod sample;

pub(crate) use failures::MORE_MEMORY_HINT;
pub use failures::{FailedPage, FailureCount, Failures};
pub use histogram::Histogram;
pub use pages::{LabelCount, Pages, ReportedPage};
pub use part::Part;
pub use provider_bill::ProviderBill;
pub use redrawn::{RedrawnPage, RedrawnPages};
pub use render::openmetrics;
pub use render::{
    PAGE_STYLE, UnreportedRun, parse_last_success, render_failures, render_html, render_json, render_prometheus,
    render_text, render_unreported_prometheus,
};
pub(crate) use render::{TextTable, format_usd, wrap};
pub use spend::{ServedName, SlowAttempt, Spend};
pub use summary::{Billing, Report, read_spend};
