//! One page's record as a row.

use super::columns::Columns;
use crate::base::money::Pico;
use crate::store::{ErrorKind, OutcomeStatus, PageRecord, PageStatus, RecipeId, SpendRecord, TaskOutcome};
use serde_json::{Map, Value};
use std::fmt::Write;

/// How a row stands: the worst of its tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// Left out on purpose.
    Skipped,
    /// Every task has a valid answer.
    Ok,
    /// Not asked yet.
    Pending,
    /// A reply was never valid.
    Invalid,
    /// The model or a filter declined.
    Refused,
    /// It could not be read or asked.
    Failed,
}

impl Status {
    /// As it stands in a row.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Skipped => "skipped",
            Self::Ok => "ok",
            Self::Pending => "pending",
            Self::Invalid => "invalid",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }

    fn of(outcome: Option<&TaskOutcome>) -> Self {
        match outcome.map(|outcome| outcome.status) {
            None => Self::Pending,
            Some(OutcomeStatus::Ok) => Self::Ok,
            Some(OutcomeStatus::Invalid) => Self::Invalid,
            Some(OutcomeStatus::Refused) => Self::Refused,
            Some(OutcomeStatus::Failed) => Self::Failed,
        }
    }
}

/// A row: one page.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The path below the input folder, as text.
    pub path: String,
    /// The page's number from 1; 0: the file could not be opened as pages.
    pub page: u32,
    /// The worst of its tasks.
    pub status: Status,
    /// The values of the list's other columns.
    pub carried: Vec<Value>,
    /// Per task the answer; null where there is none.
    pub answers: Vec<Value>,
    /// The model's name.
    pub model: String,
    /// Prompt tokens of all attempts for this page.
    pub input_tokens: u64,
    /// Of these, cached.
    pub cached_input_tokens: u64,
    /// Reply tokens.
    pub output_tokens: u64,
    /// What the attempts cost; `None` when the price was unknown.
    pub cost: Option<Pico>,
    /// How many attempts there were.
    pub attempts: u64,
    /// Time of the attempt that brought the last reply, in milliseconds.
    pub latency_ms: Option<u64>,
    /// When the last answer came, in milliseconds of wall time.
    pub answered_at_ms: Option<i64>,
    /// BLAKE3 of the file, hexadecimal.
    pub content_hash: Option<String>,
    /// The first path with the same content, or the path of the page that it is like.
    pub duplicate_of: Option<String>,
    /// Bits in which it differs from that one.
    pub distance: Option<u32>,
    /// What went wrong, from a closed list.
    pub error_kind: Option<String>,
    /// What went wrong, in words.
    pub error: Option<String>,
}

impl Row {
    /// The row of a page.
    #[must_use]
    pub fn new(record: &PageRecord, columns: &Columns) -> Self {
        let failed = record.fault.as_ref();
        let worst = record.outcomes.iter().map(|outcome| Status::of(outcome.as_ref())).max().unwrap_or(Status::Pending);
        let status = match &record.status {
            PageStatus::Faulty => Status::Failed,
            PageStatus::Skipped => Status::Skipped,
            // What the next run would do does not matter here: a failed task is failed, whether
            // it is asked again or not.
            PageStatus::Ask(_) | PageStatus::Done => worst,
        };
        let value = |outcome: &Option<TaskOutcome>| {
            let answer = outcome.as_ref().filter(|outcome| outcome.status == OutcomeStatus::Ok && failed.is_none());
            answer.and_then(|outcome| serde_json::from_str(outcome.value.as_deref()?).ok()).unwrap_or(Value::Null)
        };
        let (error_kind, error) = match failed {
            Some(fault) => (Some(fault.kind.to_string()), Some(fault.message.clone())),
            None => faults(record, columns),
        };
        let mut row = Self {
            path: display_path(&record.path),
            page: record.page,
            carried: carried(record, columns),
            status,
            answers: record.outcomes.iter().map(value).collect(),
            model: columns.model.clone(),
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
        // The first of equal pages carries what they cost.
        if record.duplicate_of.is_none() {
            record.spend.iter().for_each(|spend| row.add(spend, &record.recipes));
        }
        row
    }

    /// Adds the share of an attempt that was spent on this job's tasks.
    fn add(&mut self, spend: &SpendRecord, recipes: &[RecipeId]) {
        let ours: Vec<bool> = spend.recipes.iter().map(|recipe| recipes.contains(recipe)).collect();
        let share = |tokens: u64| -> u64 {
            let amount = Pico(i64::try_from(tokens).unwrap_or(i64::MAX));
            let parts = amount.split(ours.len()).zip(&ours).filter(|(_, ours)| **ours).map(|(part, _)| part);
            u64::try_from(parts.sum::<Pico>().0).unwrap_or(0)
        };
        self.input_tokens += share(spend.tokens.input);
        self.cached_input_tokens += share(spend.tokens.cached_input);
        self.output_tokens += share(spend.tokens.output);
        self.cost = match (self.cost, spend.cost) {
            (Some(sum), Some(cost)) => {
                Some(sum + cost.split(ours.len()).zip(&ours).filter(|(_, ours)| **ours).map(|(part, _)| part).sum())
            }
            _ => None,
        };
        self.attempts += 1;
        if spend.is_done {
            self.latency_ms = spend.latency_ms;
        }
    }
}

/// The values of today's columns: a list may have had others when it was read.
fn carried(record: &PageRecord, columns: &Columns) -> Vec<Value> {
    let mut values: Map<String, Value> =
        record.carried.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    columns.carried.iter().map(|column| values.remove(&column.name).unwrap_or_default()).collect()
}

/// The kind of the worst fault, and all faults with their tasks.
fn faults(record: &PageRecord, columns: &Columns) -> (Option<String>, Option<String>) {
    let mut words = String::new();
    let mut worst: Option<(Status, ErrorKind)> = None;
    for (outcome, (task, _)) in record.outcomes.iter().zip(&columns.tasks) {
        let status = Status::of(outcome.as_ref());
        let Some(fault) = outcome.as_ref().and_then(|outcome| outcome.fault.as_ref()) else {
            continue;
        };
        if worst.is_none_or(|(known, _)| status > known) {
            worst = Some((status, fault.kind));
        }
        let separator = if words.is_empty() { "" } else { "; " };
        let _ = write!(words, "{separator}{task}: {}", fault.message);
    }
    (worst.map(|(_, kind)| kind.to_string()), (!words.is_empty()).then_some(words))
}

/// A path as text: bytes that are not UTF-8 as `%XX`.
#[must_use]
pub fn display_path(path: &[u8]) -> String {
    let mut out = String::with_capacity(path.len());
    for chunk in path.utf8_chunks() {
        out.push_str(chunk.valid());
        for byte in chunk.invalid() {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests;
