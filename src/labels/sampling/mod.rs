//! What counts as a probability sample. These rules are only here.
//!
//! - [`mod@reach`]: which decisions belong to a sample that was drawn, finished or not
//! - [`blind_answer`]: which of several answers is truth
//! - [`stated`]: samples whose probabilities are stated page by page, as in files
//! - [`task_sample`]: the sample of a task; [`human_samples`]: those that the store has
//! - [`truth_kind`]: what measured pages show about the others

pub(crate) mod blind_answer;
pub(crate) mod human_samples;
pub(crate) mod reach;
pub(crate) mod stated;
pub(crate) mod task_sample;
pub(crate) mod truth_kind;
