//! Stored answers compared with truth. The model's answers are measured, never the rows: a correction would
//! score itself.
//!
//! - [`options`]: the subject and the truth of an evaluation; [`error`]: why it fails
//! - [`truth_source`]: the truth of a page; [`observation`]: a page with its truth and answer
//! - [`mod@collect`]: one pass over the pages of the job; [`spend`]: what the answers cost
//! - [`page_clusters`]: pages that are not independent; [`splits`]: parts of the truth
//! - [`measured`]: the pages that are measured; [`compare`]: a value and its truth; [`right_answer`]: when an answer is
//!   right; [`mod@measure`]: a task; [`task_result`]: its measurements
//! - [`answers_of_task`]: which human answer is truth; [`mod@agreement`]: whether reviewers agree
//! - [`misfits`]: truth that its task does not allow; [`contradictions`]: different truths of equal pages
//! - [`prevalence`]: how frequent a label is among all pages
//! - [`suspects`]: truth that may be wrong; [`wrong_pages`]: pages to look at; [`gates`]: thresholds to reach
//! - [`evaluated`]: all of it; [`mod@evaluate`]: wires the parts together
//! - [`text`] with [`truth_text`], [`json`], [`html`]: its forms; [`confusion_chart`]: the confusion matrix as a picture

pub(crate) mod agreement;
pub(crate) mod answers_of_task;
pub(crate) mod collect;
pub(crate) mod compare;
pub(crate) mod confusion_chart;
pub(crate) mod contradictions;
pub(crate) mod error;
pub(crate) mod evaluate;
pub(crate) mod evaluated;
pub(crate) mod gates;
pub(crate) mod html;
pub(crate) mod json;
pub(crate) mod measure;
pub(crate) mod measured;
pub(crate) mod misfits;
pub(crate) mod observation;
pub(crate) mod options;
pub(crate) mod page_clusters;
pub(crate) mod prevalence;
pub(crate) mod right_answer;
pub(crate) mod spend;
pub(crate) mod splits;
pub(crate) mod suspects;
pub(crate) mod task_result;
pub(crate) mod text;
pub(crate) mod truth_source;
pub(crate) mod truth_text;
pub(crate) mod wrong_pages;

pub(crate) use contradictions::Contradiction;
pub(crate) use error::EvalError;
pub(crate) use evaluate::evaluate;
pub(crate) use evaluated::{Evaluation, WrongPage};
pub(crate) use gates::more_truth_hint;
pub use gates::{GateMeasure, GateSpec};
pub(crate) use html::render_html;
pub(crate) use json::render_json;
pub(crate) use misfits::MisfitGroup;
pub use options::{EvalOptions, TruthChoice};
pub(crate) use text::render_text;
