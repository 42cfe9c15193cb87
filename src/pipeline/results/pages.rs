//! The pages of a job with everything that the store has of them, for measuring and reviewing answers.

use super::job_rows::{JobRows, ReadRow, columns_of_job, known_recipes};
use crate::base::digest::Digest;
use crate::export::Row;
use crate::manifest::Job;
use crate::pipeline::control::error::PipelineError;
use crate::pipeline::control::identity::stored_job;
use crate::store::{PageRecord, Reader};
use crate::task::Question;

/// A page of a job.
#[derive(Clone, Debug)]
pub struct JobPage {
    /// What the store has of it.
    pub record: PageRecord,
    /// By task: what decisions on the task have as [`NewDecision::question`]; `None` for questions with the same
    /// text for every page. Empty stands for `None` for all.
    ///
    /// [`NewDecision::question`]: crate::store::NewDecision::question
    pub questions: Vec<Option<Digest>>,
    /// Its row, with human answers.
    pub row: Row,
    /// Its row with the model's answers alone.
    pub model_row: Row,
}

/// Calls `on_page` with every page of a job, in the order of its rows.
///
/// # Errors
/// When there is no run of the job in the store, or the store can't be read.
pub fn read_pages(
    reader: &Reader,
    job: &Job,
    questions: &[Question],
    on_page: &mut dyn FnMut(&JobPage),
) -> Result<(), PipelineError> {
    let key = stored_job(reader, job)?.ok_or(PipelineError::NoRun)?;
    let columns = columns_of_job(job, questions, &known_recipes(reader, job, questions)?)?;
    let rows = JobRows::of_job(reader, key, job, questions);
    rows.read_pages(&columns, &|| false, &mut |ReadRow { record, questions, human, row }| {
        let model_row = if human.is_empty() { row.clone() } else { Row::new(&record, &columns) };
        on_page(&JobPage { record, questions: questions.to_vec(), row, model_row });
        Ok(())
    })
}
