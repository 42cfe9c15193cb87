//! How frequent a label is among all pages: an estimate from the answers of all pages, corrected by the pages with
//! truth (PPI++). Only for a probability sample.

use super::collect::Collected;
use super::measured::Measured;
use super::task_result::TaskResult;
use crate::labels::truth::task_spec::TaskSpec;

/// Adds the prevalence of each label.
pub(crate) fn add_prevalences(
    _result: &mut TaskResult,
    _task: &TaskSpec,
    _position: usize,
    _measured: &Measured<'_>,
    _collected: &Collected,
) {
}
