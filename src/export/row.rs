//! One page as a row.

use super::spec::RowSpec;
use crate::base::ids::RecipeId;
use crate::base::json_text::JsonText;
use crate::base::money::Pico;
use crate::base::path_text::display_path;
use crate::base::vocabulary::{AnswerSource, ErrorKind, OutcomeStatus, RowStatus};
use crate::store::{PageRecord, PageStatus, SpendRecord, TaskOutcome};
use serde_json::Value;
use std::fmt::Write;

/// One page as a row.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Path relative to the input folder, or as the list has it. See [`display_path`].
    pub path: String,
    /// Page number from 1; 0 if the file could not be opened as pages.
    pub page: u32,
    /// Worst status of the tasks.
    pub status: RowStatus,
    /// Values of the carried columns.
    pub carried: Vec<Value>,
    /// One answer per task; null if there is none.
    pub answers: Vec<Value>,
    /// Who gave each answer; `None`: there is none.
    pub sources: Vec<Option<AnswerSource>>,
    /// Name of the model.
    pub model: String,
    /// Prompt tokens of all attempts for this page and the job's tasks.
    pub input_tokens: u64,
    /// The part of `input_tokens` that the provider had cached.
    pub cached_input_tokens: u64,
    /// Reply tokens of these attempts.
    pub output_tokens: u64,
    /// Cost of these attempts; `None` if the price of one was unknown.
    pub cost: Option<Pico>,
    /// Number of these attempts.
    pub attempts: u64,
    /// Latency of the attempt that returned the last reply, in milliseconds.
    pub latency_ms: Option<u64>,
    /// Time of the last outcome, in milliseconds since 1970.
    pub answered_at_ms: Option<i64>,
    /// BLAKE3 hash of the file, hexadecimal.
    pub content_hash: Option<String>,
    /// First path with the same content, or path of the near duplicate whose answers this page shares.
    pub duplicate_of: Option<String>,
    /// Number of fingerprint bits that differ from that page.
    pub distance: Option<u32>,
    /// Kind of the worst error.
    pub error_kind: Option<ErrorKind>,
    /// Messages of all errors, with the names of the tasks.
    pub error: Option<String>,
}

impl Row {
    /// Builds the row of a page with the model's answers.
    #[must_use]
    pub fn new(record: &PageRecord, spec: &RowSpec) -> Self {
        Self::with_human_answers(record, spec, &[])
    }

    /// Builds the row of a page, with human answers instead of the model's: one per task, or none at all.
    #[must_use]
    pub fn with_human_answers(record: &PageRecord, spec: &RowSpec, human: &[Option<Value>]) -> Self {
        let human =
            HumanAnswers { by_task: human, is_complete: !human.is_empty() && human.iter().all(Option::is_some) };
        let (error_kind, error) = errors(record, spec, human);
        let (answers, sources) = answers(record, human);
        let mut row = Self {
            path: display_path(&record.path),
            page: record.page,
            status: row_status(record, human),
            carried: carried_values(record, spec),
            answers,
            sources,
            model: spec.model.clone(),
            input_tokens: 0,
            cached_input_tokens: 0,
            output_tokens: 0,
            cost: Some(Pico::ZERO),
            attempts: 0,
            latency_ms: None,
            answered_at_ms: record.outcomes.iter().flatten().map(|outcome| outcome.at_ms).max(),
            content_hash: record.content.map(|content| content.to_string()),
            duplicate_of: record.duplicate_of.as_deref().map(display_path),
            distance: record.distance,
            error_kind,
            error,
        };
        // The cost of identical pages is shown once, in the row of the first.
        if record.duplicate_of.is_none() {
            record.spend.iter().for_each(|spend| row.add_spend(spend, &record.recipes));
        }
        row
    }

    /// Adds the share of an attempt that was spent on the job's tasks.
    fn add_spend(&mut self, spend: &SpendRecord, recipes: &[RecipeId]) {
        let is_own: Vec<bool> = spend.recipes.iter().map(|recipe| recipes.contains(recipe)).collect();
        let own_share = |amount: Pico| -> Pico {
            let parts = amount.split(is_own.len()).zip(&is_own);
            parts.filter(|(_, is_own)| **is_own).map(|(part, _)| part).sum()
        };
        let own_tokens = |tokens: u64| -> u64 {
            let share = own_share(Pico(i64::try_from(tokens).unwrap_or(i64::MAX)));
            u64::try_from(share.0).unwrap_or(0)
        };
        self.input_tokens += own_tokens(spend.tokens.input);
        self.cached_input_tokens += own_tokens(spend.tokens.cached_input);
        self.output_tokens += own_tokens(spend.tokens.output);
        self.cost = self.cost.zip(spend.cost).map(|(sum, cost)| sum + own_share(cost));
        self.attempts += 1;
        if spend.is_done {
            self.latency_ms = spend.latency_ms;
        }
    }
}

/// The human answers that a row shows.
#[derive(Clone, Copy)]
struct HumanAnswers<'a> {
    by_task: &'a [Option<Value>],
    /// Whether every task has one.
    is_complete: bool,
}

impl<'a> HumanAnswers<'a> {
    fn of_task(self, position: usize) -> Option<&'a Value> {
        self.by_task.get(position)?.as_ref()
    }
}

/// The status of a page's row. It does not matter whether the next run asks a task again.
fn row_status(record: &PageRecord, human: HumanAnswers<'_>) -> RowStatus {
    if human.is_complete {
        return RowStatus::Ok;
    }
    match record.status {
        PageStatus::Faulty => RowStatus::Failed,
        PageStatus::Skipped => RowStatus::Skipped,
        PageStatus::Ask(_) | PageStatus::Done => {
            let tasks = record.outcomes.iter().enumerate().map(|(position, outcome)| match human.of_task(position) {
                Some(_) => RowStatus::Ok,
                None => task_status(outcome.as_ref()),
            });
            tasks.max().unwrap_or(RowStatus::Pending)
        }
    }
}

fn task_status(outcome: Option<&TaskOutcome>) -> RowStatus {
    match outcome.map(|outcome| outcome.status) {
        None => RowStatus::Pending,
        Some(OutcomeStatus::Ok) => RowStatus::Ok,
        Some(OutcomeStatus::Invalid) => RowStatus::Invalid,
        Some(OutcomeStatus::Refused) => RowStatus::Refused,
        Some(OutcomeStatus::Failed) => RowStatus::Failed,
    }
}

/// One answer per task, and who gave it. The model has no answers to a page with an error.
fn answers(record: &PageRecord, human: HumanAnswers<'_>) -> (Vec<Value>, Vec<Option<AnswerSource>>) {
    let model = |outcome: &Option<TaskOutcome>| {
        outcome.as_ref().filter(|outcome| outcome.status == OutcomeStatus::Ok)?.value.clone()
    };
    let answer = |(position, outcome)| {
        if let Some(value) = human.of_task(position) {
            return (value.clone(), Some(AnswerSource::Human));
        }
        let value: Option<Value> = if record.fault.is_some() { None } else { model(outcome) };
        let source = value.is_some().then_some(AnswerSource::Model);
        (value.unwrap_or_default(), source)
    };
    record.outcomes.iter().enumerate().map(answer).unzip()
}

/// The values of the current carried columns. The list may have had other columns when it was read.
fn carried_values(record: &PageRecord, spec: &RowSpec) -> Vec<Value> {
    let mut values = record.carried.as_ref().map(JsonText::members).unwrap_or_default();
    spec.carried.iter().map(|column| values.remove(&column.name).unwrap_or_default()).collect()
}

/// The columns `error_kind` and `error`: the kind of the worst error, and the messages of all. A task with a
/// human answer has none.
fn errors(record: &PageRecord, spec: &RowSpec, human: HumanAnswers<'_>) -> (Option<ErrorKind>, Option<String>) {
    if human.is_complete {
        return (None, None);
    }
    if let Some(fault) = &record.fault {
        return (Some(fault.kind), Some(fault.message.clone()));
    }
    let mut messages = String::new();
    let mut worst: Option<(RowStatus, ErrorKind)> = None;
    for (position, (outcome, (task, _))) in record.outcomes.iter().zip(&spec.tasks).enumerate() {
        if human.of_task(position).is_some() {
            continue;
        }
        let status = task_status(outcome.as_ref());
        let Some(fault) = outcome.as_ref().and_then(|outcome| outcome.fault.as_ref()) else {
            continue;
        };
        if worst.is_none_or(|(known, _)| status > known) {
            worst = Some((status, fault.kind));
        }
        let separator = if messages.is_empty() { "" } else { "; " };
        let _ = write!(messages, "{separator}{task}: {}", fault.message);
    }
    (worst.map(|(_, kind)| kind), (!messages.is_empty()).then_some(messages))
}

#[cfg(test)]
mod tests;
