//! Human answers to a file.

use super::answer_line::{AnswerLine, AnswerValue};
use super::cell::cell_text;
use super::csv_form::to_csv;
use super::label_studio::to_label_studio;
use super::locator::Locator;
use crate::base::ids::DecisionId;
use crate::export::human_value;
use crate::labels::sampling::human_samples::read_samples;
use crate::labels::sampling::task_sample::TaskSample;
use crate::labels::truth::task_spec::TaskSpec;
use crate::manifest::Job;
use crate::store::{DecisionRecord, NewDecision, Reader, StoreError};
use crate::task::{Question, Shape};
use serde_json::Value;

/// Decisions that are read at once.
const PAGE: usize = 1000;

/// A format of human answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnswerFormat {
    /// Comma-separated values.
    Csv,
    /// JSON of Label Studio.
    LabelStudio,
}

/// Human answers as a file.
#[derive(Clone, Debug, Default)]
pub struct ExportedAnswers {
    /// The bytes of the file.
    pub bytes: Vec<u8>,
    /// The number of answers in it.
    pub answers: u64,
    /// Those of them that rows don't show because they don't fit the job: which, and why.
    pub unfit: Vec<String>,
}

/// All human answers under the name of a job that were not withdrawn, in the order of paths, pages, tasks and times.
///
/// # Errors
/// When the store can't be read.
pub(crate) fn export_answers(
    reader: &Reader,
    job: &Job,
    questions: &[Question],
    format: AnswerFormat,
) -> Result<ExportedAnswers, StoreError> {
    let locator = Locator::new(reader, job, questions)?;
    let probabilities = Probabilities::read(reader, job, questions)?;
    let mut lines = Vec::new();
    let mut after = DecisionId(0);
    loop {
        let decisions = reader.all_decisions(&job.name, after, PAGE)?;
        let Some(last) = decisions.last() else { break };
        after = last.id;
        for record in decisions.iter().filter(|record| !record.is_withdrawn) {
            lines.push(line_of(&locator, &probabilities, questions, record)?);
        }
    }
    lines.sort_by(|(a, _, _), (b, _, _)| {
        let key = |line: &AnswerLine| {
            (line.path.clone(), line.page, line.task.clone(), line.decided_at_ms, line.reviewer.clone())
        };
        key(a).cmp(&key(b))
    });
    let describe = |(line, _, unfit): &(AnswerLine, Value, Option<String>)| {
        unfit.as_ref().map(|reason| format!("{}, page {}, `{}`: {reason}", line.path, line.page, line.task))
    };
    let unfit = lines.iter().filter_map(describe).collect();
    let lines: Vec<(AnswerLine, Value)> = lines.into_iter().map(|(line, value, _)| (line, value)).collect();
    let bytes = match format {
        AnswerFormat::Csv => {
            let has_questions =
                questions.iter().any(Question::is_template) || lines.iter().any(|(line, _)| line.question.is_some());
            to_csv(&lines, has_questions)
        }
        AnswerFormat::LabelStudio => {
            let is_labels = |task: &str| {
                let shape = questions.iter().find(|question| question.name == task).map(|question| &question.shape);
                matches!(shape.map(Shape::required), Some(Shape::Choice(_) | Shape::Tags { .. }))
            };
            format!("{:#}\n", to_label_studio(&lines, &is_labels)).into_bytes()
        }
    };
    Ok(ExportedAnswers { answers: lines.len() as u64, bytes, unfit })
}

/// The probabilities with which decided pages belong to samples of the whole job, as they are measured: a draw that was
/// enlarged, or is not decided to its end, is another sample than the one that was begun.
struct Probabilities {
    tasks: Vec<TaskSpec>,
    /// Of blind answers, by task.
    blind: Vec<TaskSample>,
    /// Of all answers, by task.
    all: Vec<TaskSample>,
}

impl Probabilities {
    fn read(reader: &Reader, job: &Job, questions: &[Question]) -> Result<Self, StoreError> {
        let tasks = TaskSpec::list(questions, &[]).unwrap_or_default();
        let read = |with_shown| read_samples(reader, job, &tasks, with_shown, None);
        Ok(Self { blind: read(false)?, all: read(true)?, tasks })
    }

    /// The probability of a decision: as stored, unless its page belongs to a sample. What was stored with a decision on a
    /// drawn page is of the draw: it no longer holds once the job has other pages, or every page is decided. `is_in_job`: whether
    /// the job has its page.
    fn find(&self, decision: &NewDecision, is_in_job: bool) -> Option<f64> {
        let samples = if decision.shown.is_none() { &self.blind } else { &self.all };
        let task = self.tasks.iter().position(|task| task.name == decision.task);
        let sample = task.and_then(|task| samples.get(task));
        if sample.is_some_and(|sample| sample.is_census) {
            return is_in_job.then_some(1.0);
        }
        let sample = sample.filter(|sample| sample.draw.is_some());
        let is_outdated = |sample: &TaskSample| sample.is_outdated() && decision.draw.is_some();
        if sample
            .is_some_and(|sample| is_outdated(sample) || sample.is_outdated() && sample.contains(Some(&decision.page)))
        {
            return None;
        }
        sample.and_then(|sample| sample.pages.as_ref()?.get(&decision.page).copied()).or(decision.sampled_with)
    }
}

/// The line of a decision, its value, and why rows don't show it.
fn line_of(
    locator: &Locator<'_>,
    probabilities: &Probabilities,
    questions: &[Question],
    record: &DecisionRecord,
) -> Result<(AnswerLine, Value, Option<String>), StoreError> {
    let decision = &record.decision;
    let found = locator.describe(decision)?;
    let question = questions.iter().find(|question| question.name == decision.task);
    let mut value = decision.value.value();
    let unfit = match question {
        None => Some("the job has no such task".to_owned()),
        Some(question) => match human_value(&question.shape, &decision.value) {
            // Members are in the order of the task.
            Ok(fitting) => {
                value = fitting;
                (!found.is_asked).then(|| "it answers another question than the one that the job asks".to_owned())
            }
            Err(fault) => Some(fault.message),
        },
    };
    let unfit = unfit.or_else(|| (!found.is_in_job).then(|| "the job has no file with this content".to_owned()));
    let line = AnswerLine {
        place: String::new(),
        path: found.path,
        page: decision.page.page,
        task: decision.task.clone(),
        question: found.question,
        value: AnswerValue::Text(cell_text(&value, decision.value.as_str())),
        reviewer: Some(decision.reviewer.clone()),
        decided_at_ms: Some(decision.decided_at_ms),
        sampled_with: probabilities.find(decision, found.is_in_job),
        is_shown: Some(decision.shown.is_some()),
    };
    Ok((line, value, unfit))
}
