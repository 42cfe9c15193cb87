//! How stable the answers of a job are.

use super::error::Error;
use super::job::Job;
use crate::labels::probing::agreement::{ProbeReport, measure_agreement};
use crate::labels::probing::plan::{ProbePlan, ProbeQuery};
use crate::labels::probing::render::{render_json, render_text};
use crate::select::Filter;
use serde_json::Value;

/// Which pages of `job` are asked once more, and what that costs. `filter`: the expression of the query.
pub(crate) fn plan(job: &Job, query: &ProbeQuery, filter: Option<&Filter>, at_ms: i64) -> Result<ProbePlan, Error> {
    let reader = job.open_store()?.reader()?;
    Ok(ProbePlan::new(&reader, &job.manifest, &job.questions, query, filter, at_ms)?)
}

/// How often the answers that the store has agree.
pub(crate) fn measure(job: &Job, plan: &ProbePlan) -> Result<Stability, Error> {
    let reader = job.open_store()?.reader()?;
    Ok(Stability(measure_agreement(&reader, &job.manifest, &job.questions, plan)?))
}

/// How stable answers are.
#[derive(Clone, Debug)]
pub struct Stability(ProbeReport);

impl Stability {
    /// As text for a terminal with this many columns. `None`: for a file or another program, so that nothing is cut.
    #[must_use]
    pub fn to_text(&self, width: Option<usize>) -> String {
        render_text(&self.0, width.is_some())
    }

    /// As JSON. docs/quality.md documents the members.
    #[must_use]
    pub fn to_json(&self) -> Value {
        render_json(&self.0)
    }
}
