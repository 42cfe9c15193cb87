//! The arithmetic of measuring answers: metrics, intervals, tests. Functions of counts, weights and
//! cluster ids; no files, no manifest, no store. docs/statistics.md explains every number.
//!
//! - [`interval`]: estimates; [`proportion`]: intervals and bounds of a share; [`quantile`] and
//!   [`incomplete_beta`]: the distributions behind them
//! - [`clusters`]: pages that belong together; [`design`]: how pages were drawn; [`ratio`]: a share under a design
//! - [`confusion`], [`label_metrics`], [`macro_average`], [`kappa`], [`classification`]: one label a page
//! - [`tags`]: several; [`fields`]: values, compared by [`field_match`], [`decimal_text`], [`date_text`] and [`similarity`]

mod classification;
mod clusters;
mod confusion;
mod date_text;
mod decimal_text;
mod design;
mod field_match;
mod fields;
mod incomplete_beta;
mod interval;
mod kappa;
mod label_metrics;
mod macro_average;
mod proportion;
mod quantile;
mod ratio;
mod similarity;
mod tags;

pub use classification::{Classification, measure_classification};
pub use clusters::Clusters;
pub use confusion::{Confusion, Labeled};
pub use date_text::dates_of_text;
pub use decimal_text::Decimal;
pub use design::{Design, DesignFault};
pub use field_match::{FieldKind, FieldMatch, match_field};
pub use fields::{FieldMetrics, measure_field};
pub use interval::{CONFIDENCE, Estimate, Interval};
pub use kappa::{Kappa, cohens_kappa};
pub use label_metrics::LabelMetrics;
pub use proportion::{clopper_pearson, exact_lower_bound, wilson};
pub use ratio::{Term, estimate_ratio};
pub use similarity::text_similarity;
pub use tags::{Tagged, Tagging, measure_tags};
