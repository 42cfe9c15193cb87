//! Pages by status and by label, what the store saved, which pages to look at.

use super::part::Histogram;
use super::spend::keep;
use crate::base::money::Pico;
use crate::store::{PageRecord, RunKey};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// How many of the dearest and of the failed pages are kept.
const KEPT: (usize, usize) = (10, 50);
/// The finest step of costs, in pico-dollars: a millionth of a dollar.
const FINEST: u64 = 1_000_000;

/// Pages of a job by status. `from_store` had their answers before the run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Pages {
    /// All rows.
    pub total: u64,
    /// Every task has a valid answer.
    pub ok: u64,
    /// A reply was never valid.
    pub invalid: u64,
    /// The model or a filter declined.
    pub refused: u64,
    /// Could not be read or asked.
    pub failed: u64,
    /// Not asked yet.
    pub pending: u64,
    /// Left out on purpose.
    pub skipped: u64,
    /// Share the answer of a page that they are like.
    pub near: u64,
    /// Answered without asking in the run.
    #[serde(skip)]
    pub from_store: u64,
    /// Asked in the run.
    #[serde(skip)]
    pub asked: u64,
    /// What the answers that were not asked again had cost; `None`: some price was unknown.
    #[serde(skip)]
    pub saved: Option<Pico>,
    /// What pages that are equal to others would have cost.
    #[serde(skip)]
    pub saved_by_duplicates: Option<Pico>,
    /// What all valid answers had cost, in pico-dollars, whoever asked them.
    value: Option<i64>,
    /// What equal pages would have cost, in pico-dollars.
    duplicate_value: Option<i64>,
    /// By task that gives labels, by label.
    pub by_label: BTreeMap<String, BTreeMap<String, LabelCount>>,
    /// What the pages that were asked cost, in pico-dollars.
    #[serde(skip)]
    pub costs: Histogram,
    /// The dearest of them.
    #[serde(skip)]
    pub dearest: Vec<PageLine>,
    /// The first that are failed, invalid or refused.
    #[serde(skip)]
    pub unusable_pages: Vec<PageLine>,
    /// Which tasks give labels: (place among the outcomes, name).
    #[serde(skip)]
    label_tasks: Vec<(usize, String)>,
}

/// Pages with a label.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabelCount {
    /// How many.
    pub pages: u64,
    /// What asking them for it cost, in pico-dollars.
    pub cost: i64,
}

/// A page to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageLine {
    /// The path below the input folder, or as the list has it.
    pub path: Vec<u8>,
    /// The page's number.
    pub page: u32,
    /// What it cost in the runs that are reported.
    pub cost: Pico,
    /// Attempts in these runs.
    pub attempts: u64,
    /// What went wrong, in words.
    pub error: Option<String>,
}

impl Pages {
    /// No page yet. `label_tasks`: which tasks give labels, by their place and name.
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

    /// Adds a page that stands as `status`, for a report on `runs`.
    pub fn add(&mut self, record: &PageRecord, status: &str, error: Option<&str>, runs: &[RunKey]) {
        self.total += 1;
        let count = match status {
            "ok" => &mut self.ok,
            "invalid" => &mut self.invalid,
            "refused" => &mut self.refused,
            "failed" => &mut self.failed,
            "skipped" => &mut self.skipped,
            _ => &mut self.pending,
        };
        *count += 1;
        self.near += u64::from(record.distance.is_some());
        let is_duplicate = record.duplicate_of.is_some();
        let is_asked = !is_duplicate && record.spend.iter().any(|spend| runs.contains(&spend.run));
        self.asked += u64::from(is_asked);
        let line = line(record, error, is_duplicate, runs);
        if is_asked {
            self.costs.add(u64::try_from(line.cost.0).unwrap_or(0), FINEST);
        }
        if matches!(status, "invalid" | "refused" | "failed") && self.unusable_pages.len() < KEPT.1 {
            self.unusable_pages.push(line.clone());
        }
        if line.cost > Pico::ZERO {
            keep(&mut self.dearest, line, KEPT.0, |line| line.cost.0);
        }
        self.labels(record, is_duplicate, runs);
        if status != "ok" {
            return;
        }
        self.from_store += u64::from(!is_asked);
        for spend in &record.spend {
            let add = |sum: Option<Pico>| sum.zip(spend.cost).map(|(sum, cost)| sum + cost);
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

    fn labels(&mut self, record: &PageRecord, is_duplicate: bool, runs: &[RunKey]) {
        for (at, task) in &self.label_tasks {
            let Some(value) = record.outcomes.get(*at).and_then(|outcome| outcome.as_ref()?.value.as_deref()) else {
                continue;
            };
            let labels: Vec<String> = match serde_json::from_str(value) {
                Ok(Value::String(label)) => vec![label],
                Ok(Value::Array(labels)) => {
                    labels.into_iter().filter_map(|label| Some(label.as_str()?.to_owned())).collect()
                }
                _ => Vec::new(),
            };
            let cost = if is_duplicate { 0 } else { task_cost(record, *at, runs).0 };
            let counts = self.by_label.entry(task.clone()).or_default();
            for label in labels {
                let count = counts.entry(label).or_default();
                count.pages += 1;
                count.cost += cost;
            }
        }
    }

    /// As a run keeps it for the next one.
    #[must_use]
    pub fn to_stored(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The pages of a run that found nothing changed since `stored` was kept.
    #[must_use]
    pub fn unchanged(stored: &str) -> Option<Self> {
        let mut pages: Self = serde_json::from_str(stored).ok()?;
        // Nothing was asked this time.
        pages.by_label.values_mut().flat_map(BTreeMap::values_mut).for_each(|label| label.cost = 0);
        let (saved, saved_by_duplicates) = (pages.value.map(Pico), pages.duplicate_value.map(Pico));
        Some(Self { from_store: pages.ok, saved, saved_by_duplicates, ..pages })
    }

    /// Pages that no one can use: failed, invalid or refused.
    #[must_use]
    pub fn unusable(&self) -> u64 {
        self.failed + self.invalid + self.refused
    }
}

fn line(record: &PageRecord, error: Option<&str>, is_duplicate: bool, runs: &[RunKey]) -> PageLine {
    let own = record.spend.iter().filter(|spend| !is_duplicate && runs.contains(&spend.run));
    PageLine {
        path: record.path.clone(),
        page: record.page,
        cost: own.clone().filter_map(|spend| spend.cost).sum(),
        attempts: own.count() as u64,
        error: error.map(str::to_owned),
    }
}

/// What asking a page for one of its tasks cost in these runs.
fn task_cost(record: &PageRecord, at: usize, runs: &[RunKey]) -> Pico {
    let Some(recipe) = record.recipes.get(at) else { return Pico::ZERO };
    let part = |spend: &crate::store::SpendRecord| {
        let place = spend.recipes.iter().position(|asked| asked == recipe)?;
        spend.cost?.split(spend.recipes.len()).nth(place)
    };
    record.spend.iter().filter(|spend| runs.contains(&spend.run)).filter_map(part).sum()
}
