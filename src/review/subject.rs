//! The subject of a review: a job with its pages, and which of them are reviewed.

use super::index::PageIndex;
use super::tasks::ReviewTask;
use crate::base::ids::DrawId;
use crate::base::json_text::JsonText;
use crate::manifest::Job;
use crate::pipeline::{PageLookup, PipelineError};
use crate::task::Question;
use std::sync::Arc;

/// A job with its pages.
pub(crate) struct ReviewSubject {
    /// The job.
    pub(crate) job: Arc<Job>,
    /// Its questions.
    pub(crate) questions: Arc<[Question]>,
    /// Its tasks.
    pub(crate) tasks: Vec<ReviewTask>,
    /// The names of its carried columns.
    pub(crate) columns: Vec<String>,
    /// Its pages.
    pub(crate) index: PageIndex,
}

impl ReviewSubject {
    /// Reads the keys of all pages.
    ///
    /// # Errors
    /// When the store can't be read.
    pub(crate) fn read(job: Arc<Job>, questions: Arc<[Question]>, lookup: &PageLookup) -> Result<Self, PipelineError> {
        let digests = |carried: Option<&JsonText>| lookup.question_digests(carried);
        let has_templates = questions.iter().any(Question::is_template);
        let index = PageIndex::read(lookup.reader(), lookup.key(), has_templates.then_some(&digests))?;
        let columns = lookup.columns().carried.iter().map(|column| column.name.clone()).collect();
        Ok(Self { tasks: ReviewTask::list(&job.tasks, &questions), job, questions, columns, index })
    }
}

/// The pages that are reviewed.
#[derive(Debug, Default)]
pub(crate) struct ReviewSelection {
    /// Their positions, in the order in which samples are drawn.
    pub(crate) drawn: Vec<u32>,
    /// By position: whether it is one of them.
    is_drawn: Vec<bool>,
    /// How many there are before a sample is drawn.
    pub(crate) pages: usize,
    /// The draw that these pages are; `None`: all are reviewed.
    pub(crate) draw: Option<Draw>,
}

impl ReviewSelection {
    /// No page.
    pub(crate) const NONE: Self = Self { drawn: Vec::new(), is_drawn: Vec::new(), pages: 0, draw: None };

    /// The pages at these positions, of `pages` before they were drawn.
    pub(crate) fn new(index: &PageIndex, drawn: Vec<u32>, pages: usize, draw: Option<Draw>) -> Self {
        let mut is_drawn = vec![false; index.len()];
        drawn.iter().filter_map(|at| usize::try_from(*at).ok()).for_each(|at| is_drawn[at] = true);
        Self { drawn, is_drawn, pages, draw }
    }

    /// Whether the page at a position is reviewed.
    pub(crate) fn has(&self, at: u32) -> bool {
        self.is_drawn.get(at as usize).copied().unwrap_or(false)
    }
}

/// A draw that the store has.
#[derive(Debug)]
pub(crate) struct Draw {
    /// Its id.
    pub(crate) id: DrawId,
    /// The probability with which each page was drawn.
    pub(crate) probability: f64,
    /// The probability that is stated with decisions.
    pub(crate) stated: Option<f64>,
}
