//! The sides of a comparison.

use super::job::Job;
use crate::labels::evaluation::TruthChoice;

/// The other side of a comparison.
#[derive(Clone, Debug)]
pub enum DiffSide {
    /// The answers to another manifest, which are the later ones.
    Job {
        /// The other job.
        job: Box<Job>,
        /// What it is, in words.
        name: String,
        /// Whether it is the same manifest with another model ([`Job::load_with_model`]).
        is_other_model: bool,
    },
    /// The answers that a run asked for (its id, or the beginning of it), which are the earlier ones.
    Run(String),
    /// Those of the latest earlier run with other recipes.
    Previous,
}

/// The sides of a comparison.
#[derive(Clone, Debug)]
pub struct DiffQuery {
    /// The other side.
    pub against: DiffSide,
    /// Only pages whose earlier rows match this expression.
    pub filter: Option<String>,
    /// Only a sample of this many of these pages: the same ones every time.
    pub sample: Option<u64>,
    /// The truth; `None`: no test.
    pub truth: Option<TruthChoice>,
    /// Only these tasks; empty: all.
    pub tasks: Vec<String>,
}
