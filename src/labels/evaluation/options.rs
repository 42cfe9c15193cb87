//! The subject and the truth of an evaluation.

use super::gates::GateSpec;
use std::path::PathBuf;

/// Where the truth comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TruthChoice {
    /// A file with the columns `path`, `page`, and one per task.
    File(PathBuf),
    /// Carried columns of the input list: the task (or a member of its answers) and the column.
    Columns(Vec<(String, String)>),
    /// Human answers in the store.
    Answers {
        /// Whether answers count whose reviewer had seen the model's.
        with_shown: bool,
    },
}

/// The options of an evaluation.
#[derive(Clone, Debug)]
pub struct EvalOptions {
    /// The truth.
    pub truth: TruthChoice,
    /// Only these tasks; empty: all with truth.
    pub tasks: Vec<String>,
    /// Only pages for which this expression holds.
    pub filter: Option<String>,
    /// The positions of the tasks whose answers it is about.
    pub filter_answers: Vec<usize>,
    /// Only this part of the truth.
    pub split: Option<String>,
    /// Only pages that were drawn with a known probability.
    pub only_sampled: bool,
    /// Thresholds that must be reached.
    pub gates: Vec<GateSpec>,
}
