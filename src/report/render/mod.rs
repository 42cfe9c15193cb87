//! Forms of a report. Each is a function over [`super::Report`].
//!
//! - [`text`]: a table for a terminal, laid out by [`text_table`]
//! - [`json`]: the report file and the summary
//! - [`html`]: one page, with the charts of [`plot`]
//! - [`prometheus`]: gauges for the textfile collector; [`openmetrics`]: the encoding, which
//!   the live metrics share
//! - [`mod@format`]: amounts of money as text

mod format;
mod html;
mod json;
pub mod openmetrics;
mod plot;
mod prometheus;
mod text;
mod text_table;

pub(crate) use format::format_usd;
pub use html::{PAGE_STYLE, render_html};
pub use json::render_json;
pub use prometheus::{UnreportedRun, parse_last_success, render_prometheus, render_unreported_prometheus};
pub use text::{render_failures, render_text};
pub(crate) use text_table::{TextTable, wrap};

#[cfg(test)]
mod tests;
