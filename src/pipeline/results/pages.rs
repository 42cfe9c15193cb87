//! The pages of a job with everything that the store has of them, for measuring and reviewing answers.

use super::job_rows::{JobRows, ReadRow};
use super::row_columns::columns_of_job;
use crate::base::digest::Digest;
use crate::base::ids::JobId;
use crate::base::json_text::JsonText;
use crate::export::{Row, RowSpec};
use crate::manifest::Job;
use crate::pipeline::control::error::PipelineError;
use crate::pipeline::control::identity::stored_job;
use crate::pipeline::model::question_set::rendered_questions;
use crate::pipeline::model::recipe::known_recipes;
use crate::store::{PageRecord, Reader};
use crate::task::Question;
use std::sync::Arc;

/// A page of a job.
#[derive(Clone, Debug)]
pub struct JobPage {
    /// What the store has of it.
    pub record: PageRecord,
    /// By task: what decisions on the task have as [`NewDecision::question`]; `None` for questions with the same
    /// text for every page. Empty means `None` for all.
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
    rows.read_pages(&columns, &|| false, &mut |read| {
        on_page(&JobPage::new(read, &columns));
        Ok(())
    })
}

impl JobPage {
    fn new(ReadRow { line: _, record, questions, human, row }: ReadRow<'_>, columns: &RowSpec) -> Self {
        let model_row = if human.is_empty() { row.clone() } else { Row::new(&record, columns) };
        Self { record, questions: questions.to_vec(), row, model_row }
    }
}

/// Finds single pages of a job, for callers that need a few of many.
pub struct PageLookup {
    reader: Reader,
    job: Arc<Job>,
    questions: Arc<[Question]>,
    key: JobId,
    columns: RowSpec,
}

impl PageLookup {
    /// Opens the pages of a job.
    ///
    /// # Errors
    /// When there is no run of the job in the store, or the store can't be read.
    pub fn open(reader: Reader, job: Arc<Job>, questions: Arc<[Question]>) -> Result<Self, PipelineError> {
        let key = stored_job(&reader, &job)?.ok_or(PipelineError::NoRun)?;
        let columns = columns_of_job(&job, &questions, &known_recipes(&reader, &job, &questions)?)?;
        Ok(Self { reader, job, questions, key, columns })
    }

    /// The store.
    #[must_use]
    pub fn reader(&self) -> &Reader {
        &self.reader
    }

    /// The job in the store.
    #[must_use]
    pub fn key(&self) -> JobId {
        self.key
    }

    /// The columns of its rows.
    #[must_use]
    pub fn columns(&self) -> &RowSpec {
        &self.columns
    }

    /// A page of the entry at `position` (line and path); `None`: the job no longer has it.
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn page(&self, position: (u64, &[u8]), page: u32) -> Result<Option<JobPage>, PipelineError> {
        let Some(entry) = self.reader.entry_at(self.key, position)? else { return Ok(None) };
        let rows = JobRows::of_job(&self.reader, self.key, &self.job, &self.questions);
        let mut found = None;
        rows.read_page(&self.columns, (&entry, page), &mut |read| found = Some(JobPage::new(read, &self.columns)))?;
        Ok(found)
    }

    /// By task: the digest of the question for a line of a list with these carried values, as
    /// [`JobPage::questions`] has them.
    #[must_use]
    pub fn question_digests(&self, carried: Option<&JsonText>) -> Box<[Option<Digest>]> {
        let questions = rendered_questions(&self.questions, carried);
        questions.iter().map(Question::rendered_digest).collect()
    }
}
