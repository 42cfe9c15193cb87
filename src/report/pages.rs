//! Pages by status and by label, the amount saved by the store, and the pages to look at.

use super::failures::Failures;
use super::histogram::Histogram;
use super::redrawn::RedrawnPages;
use super::top::insert_top;
use crate::base::ids::{RecipeId, RunKey};
use crate::base::money::Pico;
use crate::base::vocabulary::{ErrorKind, RowStatus};
use crate::catalog::RequestPrice;
use crate::store::{PageRecord, SpendRecord};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// Maximum number of most expensive pages in a report.
const MAX_EXPENSIVE: usize = 10;
/// Maximum number of failed, invalid and refused pages in a report.
const MAX_UNUSABLE: usize = 50;
/// Lowest bound of the cost histogram, in pico-dollars: a millionth of a dollar.
const MIN_COST_BOUND: u64 = 1_000_000;

/// The pages of a job. A run stores the serialized members for later runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Pages {
    /// All rows.
    pub total: u64,
    /// Rows with status `ok`.
    pub ok: u64,
    /// Rows with status `invalid`.
    pub invalid: u64,
    /// Rows with status `refused`.
    pub refused: u64,
    /// Rows with status `failed`.
    pub failed: u64,
    /// Rows with status `pending`.
    pub pending: u64,
    /// Rows with status `skipped`.
    pub skipped: u64,
    /// Pages that share the answers of a near duplicate.
    #[serde(rename = "near")]
    pub near_duplicates: u64,
    /// Pages that are identical to an earlier one and share its answers.
    #[serde(skip_serializing_if = "is_zero")]
    pub duplicates: u64,
    /// Pages with status `ok` that share the answers of an identical page or of a near duplicate.
    #[serde(skip_serializing_if = "is_zero")]
    pub sharing: u64,
    /// Pages with status `failed`, `invalid` or `refused`, by the kind of their error.
    #[serde(skip_serializing_if = "has_none")]
    pub failures: Failures,
    /// Pages whose answers are of an earlier picture that was incomplete or looked different.
    #[serde(skip_serializing_if = "RedrawnPages::is_empty")]
    pub redrawn: RedrawnPages,
    /// Pages with status `ok` that were not sent in the reported runs. They include those that share an answer.
    #[serde(skip)]
    pub from_store: u64,
    /// Pages that were sent in the reported runs.
    #[serde(skip)]
    pub asked: u64,
    /// What asking again would cost now for the answers that came from the store; `None` if a price
    /// is unknown.
    #[serde(skip)]
    pub saved: Option<Pico>,
    /// The same for the answers that duplicates share.
    #[serde(skip)]
    pub saved_by_duplicates: Option<Pico>,
    /// What asking all valid answers again would cost now, in pico-dollars.
    value: Option<i64>,
    /// What asking the pages of duplicates again would cost now, in pico-dollars.
    duplicate_value: Option<i64>,
    /// Counts by task and label, for tasks whose answers are labels.
    pub by_label: BTreeMap<String, BTreeMap<String, LabelCount>>,
    /// Cost of the pages that were sent, in pico-dollars.
    #[serde(skip)]
    pub costs: Histogram,
    /// The most expensive of these pages.
    #[serde(skip)]
    pub most_expensive: Vec<ReportedPage>,
    /// The first pages with status `failed`, `invalid` or `refused`.
    #[serde(skip)]
    pub unusable_pages: Vec<ReportedPage>,
    /// Tasks whose answers are labels: position and name.
    #[serde(skip)]
    label_tasks: Vec<(usize, String)>,
    /// The price now. `None`: what the answers cost when they were asked counts.
    #[serde(skip)]
    price: Option<RequestPrice>,
}

/// Pages with a label.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabelCount {
    /// Number of pages.
    pub pages: u64,
    /// Cost of these answers in the reported runs, in pico-dollars.
    pub cost: i64,
}

/// A page that a report lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportedPage {
    /// Path relative to the input folder, or as the list has it.
    pub path: Vec<u8>,
    /// Page number.
    pub page: u32,
    /// Cost in the reported runs.
    pub cost: Pico,
    /// Attempts in the reported runs.
    pub attempts: u64,
    /// Error message.
    pub error: Option<String>,
}

impl Pages {
    /// No pages yet. `label_tasks` are the tasks whose answers are labels: position and name.
    #[must_use]
    pub fn new(label_tasks: Vec<(usize, String)>) -> Self {
        let zero = Some(Pico::ZERO);
        Self {
            saved: zero,
            saved_by_duplicates: zero,
            value: Some(0),
            duplicate_value: Some(0),
            label_tasks,
            ..Self::default()
        }
    }

    /// The same, with the price that asking has now.
    #[must_use]
    pub fn with_price(self, price: Option<RequestPrice>) -> Self {
        Self { price, ..self }
    }

    /// Adds a page, with the status and the error of its row and the human answers that it shows (one per task, or
    /// none at all), to a report on `runs`.
    pub fn add(
        &mut self,
        record: &PageRecord,
        (status, error): (RowStatus, Option<(ErrorKind, &str)>),
        human: &[Option<Value>],
        runs: &[RunKey],
    ) {
        self.count_status(status);
        self.near_duplicates += u64::from(record.distance.is_some());
        let is_duplicate = record.duplicate_of.is_some();
        self.duplicates += u64::from(is_duplicate && record.distance.is_none());
        self.sharing += u64::from(is_duplicate && status == RowStatus::Ok);
        if let Some((kind, error)) = error.filter(|_| status.is_unusable()) {
            self.failures.add(&record.path, record.page, kind, error);
        }
        if let Some(reason) = &record.wrong_picture {
            self.redrawn.add(&record.path, record.page, reason);
        }
        let is_asked = !is_duplicate && record.spend.iter().any(|spend| runs.contains(&spend.run));
        self.asked += u64::from(is_asked);
        let page = reported_page(record, error.map(|(_, error)| error), is_duplicate, runs);
        if is_asked {
            self.costs.add(u64::try_from(page.cost.0).unwrap_or(0), MIN_COST_BOUND);
        }
        if status.is_unusable() && self.unusable_pages.len() < MAX_UNUSABLE {
            self.unusable_pages.push(page.clone());
        }
        if page.cost > Pico::ZERO {
            insert_top(&mut self.most_expensive, page, MAX_EXPENSIVE, |page| page.cost.0);
        }
        self.count_labels(record, human, is_duplicate, runs);
        if status == RowStatus::Ok {
            self.from_store += u64::from(!is_asked);
            self.add_value(record, is_duplicate, is_asked);
        }
    }

    fn count_status(&mut self, status: RowStatus) {
        self.total += 1;
        let count = match status {
            RowStatus::Ok => &mut self.ok,
            RowStatus::Invalid => &mut self.invalid,
            RowStatus::Refused => &mut self.refused,
            RowStatus::Failed => &mut self.failed,
            RowStatus::Skipped => &mut self.skipped,
            RowStatus::Pending => &mut self.pending,
        };
        *count += 1;
    }

    fn count_labels(&mut self, record: &PageRecord, human: &[Option<Value>], is_duplicate: bool, runs: &[RunKey]) {
        for (position, task) in &self.label_tasks {
            let outcome = record.outcomes.get(*position).and_then(Option::as_ref);
            let model = || outcome?.value.clone();
            let human = human.get(*position).and_then(Option::as_ref).cloned();
            let Some(value) = human.or_else(model) else { continue };
            let cost = if is_duplicate { 0 } else { task_cost(record, *position, runs).0 };
            let counts = self.by_label.entry(task.clone()).or_default();
            for label in labels(value) {
                let count = counts.entry(label).or_default();
                count.pages += 1;
                count.cost += cost;
            }
        }
    }

    /// Adds what asking a page again would cost: the newest reply to each of its tasks, once.
    fn add_value(&mut self, record: &PageRecord, is_duplicate: bool, is_asked: bool) {
        for spend in newest_replies(record) {
            let cost = self.price.map(|price| price.expected_cost(spend.tokens)).or(spend.cost);
            let add = |sum: Option<Pico>| sum.zip(cost).map(|(sum, cost)| sum + cost);
            if is_duplicate {
                self.saved_by_duplicates = add(self.saved_by_duplicates);
                self.duplicate_value = self.saved_by_duplicates.map(|saved| saved.0);
                continue;
            }
            self.value = add(self.value.map(Pico)).map(|value| value.0);
            if !is_asked {
                self.saved = add(self.saved);
            }
        }
    }

    /// The JSON that a run stores for later runs.
    #[must_use]
    pub fn to_stored(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The pages of a run that found no change since an earlier run stored its own: all
    /// answers come from the store. `None`: they have to be counted again, because an early version has stored them
    /// without names.
    ///
    /// # Errors
    /// When docmill has never written `stored`.
    pub fn from_unchanged(stored: &str) -> Result<Option<Self>, serde_json::Error> {
        let members: Value = serde_json::from_str(stored)?;
        if members.is_array() {
            return Ok(None);
        }
        if members.get("total").is_none() {
            return Err(serde::de::Error::missing_field("total"));
        }
        let mut pages: Self = serde_json::from_value(members)?;
        pages.by_label.values_mut().flat_map(BTreeMap::values_mut).for_each(|label| label.cost = 0);
        let (saved, saved_by_duplicates) = (pages.value.map(Pico), pages.duplicate_value.map(Pico));
        Ok(Some(Self { from_store: pages.ok, saved, saved_by_duplicates, ..pages }))
    }

    /// Number of pages with status `failed`, `invalid` or `refused`.
    #[must_use]
    pub fn unusable(&self) -> u64 {
        self.failed + self.invalid + self.refused
    }

    /// Number of pages by status, in the order of reports.
    pub(crate) fn by_status(&self) -> [(RowStatus, u64); 6] {
        [
            (RowStatus::Ok, self.ok),
            (RowStatus::Invalid, self.invalid),
            (RowStatus::Refused, self.refused),
            (RowStatus::Failed, self.failed),
            (RowStatus::Pending, self.pending),
            (RowStatus::Skipped, self.skipped),
        ]
    }
}

/// Members without a value are left out, as earlier versions did.
fn is_zero(count: &u64) -> bool {
    *count == 0
}

fn has_none(failures: &Failures) -> bool {
    failures.first.is_empty()
}

fn reported_page(record: &PageRecord, error: Option<&str>, is_duplicate: bool, runs: &[RunKey]) -> ReportedPage {
    let own: Vec<&SpendRecord> =
        record.spend.iter().filter(|spend| !is_duplicate && runs.contains(&spend.run)).collect();
    ReportedPage {
        path: record.path.clone(),
        page: record.page,
        cost: own.iter().filter_map(|spend| spend.cost).sum(),
        attempts: own.len() as u64,
        error: error.map(str::to_owned),
    }
}

/// The newest replies that together answer every task of a page.
fn newest_replies(record: &PageRecord) -> Vec<&SpendRecord> {
    let mut answered: Vec<RecipeId> = Vec::new();
    let mut newest = Vec::new();
    for spend in record.spend.iter().rev().filter(|spend| spend.is_done) {
        let is_new = |recipe: &&RecipeId| record.recipes.contains(*recipe) && !answered.contains(*recipe);
        let new: Vec<RecipeId> = spend.recipes.iter().filter(is_new).copied().collect();
        if !new.is_empty() {
            answered.extend(new);
            newest.push(spend);
        }
    }
    newest
}

/// The labels in an answer: one text, or a list of texts.
fn labels(answer: Value) -> Vec<String> {
    match answer {
        Value::String(label) => vec![label],
        Value::Array(labels) => labels.into_iter().filter_map(|label| Some(label.as_str()?.to_owned())).collect(),
        _ => Vec::new(),
    }
}

/// Cost of a page's answers to one task in these runs.
fn task_cost(record: &PageRecord, task: usize, runs: &[RunKey]) -> Pico {
    let Some(recipe) = record.recipes.get(task) else { return Pico::ZERO };
    let share = |spend: &SpendRecord| {
        let position = spend.recipes.iter().position(|asked| asked == recipe)?;
        spend.cost?.split(spend.recipes.len()).nth(position)
    };
    record.spend.iter().filter(|spend| runs.contains(&spend.run)).filter_map(share).sum()
}

#[cfg(test)]
mod tests;
