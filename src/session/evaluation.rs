//! How good the stored answers of a job are.

use super::error::Error;
use super::job::Job;
use crate::base::clock::Clock;
use crate::base::ids::{JobId, PageId};
use crate::labels::evaluation::{self, EvalOptions, Evaluation, WrongPage};
use crate::labels::page_cost::PageCosts;
use crate::labels::picture::Picture;
use crate::manifest::nearest_name;
use crate::pipeline::{PagePictures, PipelineError, stored_job};
use crate::prepare::DecoderCommand;
use crate::select::Filter;
use crate::store::{EntryRecord, Reader, StoreError};
use serde_json::Value;
use std::sync::Arc;

/// Longest side of the pictures in an HTML page, in pixels.
const PICTURE_SIDE: u32 = 420;

/// How good the stored answers of a job are.
pub struct EvalReport {
    evaluation: Evaluation,
    job: Job,
    decoder: DecoderCommand,
    clock: Arc<dyn Clock>,
}

impl EvalReport {
    /// Measures the answers of `job`. `filter`: which pages are measured.
    pub(crate) fn measure(
        job: &Job,
        filter: Option<&Filter>,
        options: &EvalOptions,
        decoder: DecoderCommand,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, Error> {
        let reader = job.open_store()?.reader()?;
        // A human answer must not decide which pages are measured.
        let selects = |page: &crate::pipeline::JobPage| filter.is_none_or(|filter| filter.matches(&page.model_row));
        // In one spelling, as draws have it.
        let options = &EvalOptions {
            filter: filter.map(ToString::to_string),
            filter_answers: filter.map(Filter::answered_tasks).unwrap_or_default(),
            ..options.clone()
        };
        let price = job.manifest.price_at(clock.wall_ms());
        let costs = PageCosts::new(Some(&reader), price, job.manifest.is_batch);
        let evaluation = evaluation::evaluate(&reader, &job.manifest, &job.questions, options, &costs, &selects)?;
        Ok(Self { evaluation, job: job.clone(), decoder, clock })
    }

    /// The report as text for a terminal with this many columns. `None`: for a file or another program, so that
    /// nothing is cut.
    #[must_use]
    pub fn to_text(&self, width: Option<usize>) -> String {
        evaluation::render_text(&self.evaluation, width)
    }

    /// Faults of the truth that do not prevent the comparison, one line each.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let truth = &self.evaluation.truth;
        let tasks = || self.job.questions.iter().map(|question| question.name.as_str());
        let columns = truth.ignored.iter().filter_map(|column| {
            let task = nearest_name(column, tasks())?;
            Some(format!("{task}: the column `{column}` fits no task and is not used. Did you mean `{task}`?"))
        });
        let misfits = truth.misfits.iter().map(evaluation::MisfitGroup::describe);
        columns.chain(misfits).chain(truth.contradictions.iter().map(evaluation::Contradiction::describe)).collect()
    }

    /// The report as JSON. docs/quality.md documents the members.
    #[must_use]
    pub fn to_json(&self) -> Value {
        evaluation::render_json(&self.evaluation)
    }

    /// The report as one HTML page with pictures of the wrong pages.
    ///
    /// # Errors
    /// When the store can't be read. A page that can't be drawn is shown without a picture.
    pub fn to_html(&self) -> Result<String, Error> {
        let reader = self.job.open_store()?.reader()?;
        let job = stored_job(&reader, &self.job.manifest)?.ok_or(PipelineError::NoRun)?;
        let mut page_pictures = PagePictures::new(&self.job.manifest, self.decoder.clone(), self.clock.clone());
        Ok(evaluation::render_html(&self.evaluation, &mut |page| draw(&reader, job, &mut page_pictures, page)))
    }

    /// The gates that failed, as an error with exit code 7; `None`: all thresholds are reached.
    #[must_use]
    pub fn failed_gates(&self) -> Option<Error> {
        let failed: Vec<_> = self.evaluation.gates.iter().filter(|gate| !gate.is_passed()).collect();
        let described: Vec<String> = failed.iter().map(|gate| gate.describe()).collect();
        let message = match described.as_slice() {
            [] => return None,
            [gate] => format!("quality gate failed: {gate}"),
            several => format!("{} quality gates failed:\n  {}", several.len(), several.join("\n  ")),
        };
        let hint = format!(
            "`docmill eval {} --format html` shows the wrong pages{}",
            self.job.manifest.path.display(),
            evaluation::more_truth_hint(&failed)
        );
        Some(Error::of_gates(message).with_hint(&hint))
    }
}

fn draw(reader: &Reader, job: JobId, page_pictures: &mut PagePictures, page: &WrongPage) -> Result<Picture, String> {
    let Some(id) = &page.id else { return Err("the file could not be read".to_owned()) };
    draw_page(reader, job, page_pictures, &page.path, id)
}

/// A picture of a page of a job.
pub(crate) fn draw_page(
    reader: &Reader,
    job: JobId,
    page_pictures: &mut PagePictures,
    path: &[u8],
    id: &PageId,
) -> Result<Picture, String> {
    let entry: Result<Option<EntryRecord>, StoreError> = reader.entry(job, path);
    let entry = entry.map_err(|error| error.to_string())?.ok_or("the file is no longer in the job")?;
    let drawn = page_pictures.make(entry.position(), id, PICTURE_SIDE).map_err(|fault| fault.to_string())?;
    Ok(Picture { jpeg: drawn.jpeg, width: drawn.width, height: drawn.height })
}
