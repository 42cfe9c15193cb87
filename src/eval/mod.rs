//! The arithmetic of measuring answers: metrics, intervals, tests. Functions of counts, weights and
//! cluster ids; no files, no manifest, no store. docs/statistics.md explains every number.
//!
//! - [`interval`]: estimates; [`proportion`]: intervals and bounds of a share; [`quantile`] and
//!   [`incomplete_beta`]: their distributions
//! - [`clusters`]: pages that belong together; [`design`]: how pages were drawn; [`ratio`]: a share under a design
//! - [`confusion`], [`label_metrics`], [`macro_average`], [`kappa`], [`classification`]: one label a page
//! - [`prevalence`]: how often a label occurs in all pages; [`anytime`]: an interval that may be looked at all the time
//! - [`mcnemar`], [`bootstrap`] with [`point_scores`]: whether two sets of answers differ
//! - [`suspects`]: pages whose truth may be wrong
//! - [`tags`]: several; [`fields`]: values, compared by [`field_match`], [`decimal_text`], [`date_text`] and [`similarity`]

mod anytime;
mod bootstrap;
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
mod mcnemar;
mod point_scores;
mod prevalence;
mod proportion;
mod quantile;
mod ratio;
mod similarity;
mod suspects;
mod tags;

pub use anytime::anytime_interval;
pub use bootstrap::{Difference, paired_bootstrap};
pub use classification::{Classification, measure_classification};
pub use clusters::Clusters;
pub use confusion::{Confusion, Labeled};
pub use date_text::dates_of_text;
pub use decimal_text::Decimal;
pub use design::{Design, DesignFault};
pub use field_match::{FieldKind, FieldMatch, is_readable, is_same_amount, is_same_day, match_field};
pub use fields::{FieldMetrics, measure_field};
pub use interval::{CONFIDENCE, Estimate, Interval};
pub use kappa::{Kappa, cohens_kappa};
pub use label_metrics::{LabelMetrics, Presence};
pub use mcnemar::mcnemar_p;
pub use point_scores::macro_f1;
pub use prevalence::{Prevalence, Unlabeled, estimate_prevalence};
pub use proportion::{clopper_pearson, exact_lower_bound, wilson};
pub use ratio::{Term, estimate_ratio};
pub use similarity::text_similarity;
pub use suspects::{Suspect, Witnessed, suspected_truth};
pub use tags::{Tagged, Tagging, measure_tags};
