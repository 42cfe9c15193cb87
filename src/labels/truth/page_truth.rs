//! What is known of one page.

use super::cell::is_empty;
use super::cell_truth::{CellTruth, Misfit, read_answer, read_cell, read_unfit};
use super::columns::Target;
use super::fault::FaultPlace;
use super::task_spec::TaskSpec;
use crate::labels::probability::read_probability;
use crate::task::check_value;
use serde_json::Value;

/// A value of the truth that its task does not allow, and where it is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PlacedMisfit {
    /// The position of the task.
    pub(crate) task: usize,
    /// The value.
    pub(crate) misfit: Misfit,
    /// Where it is; `None`: only the page is known.
    pub(crate) place: Option<FaultPlace>,
    /// Who gave it as an answer; `None`: it is not a human answer.
    pub(crate) reviewer: Option<Box<str>>,
}

/// What is known of one page.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct PageTruth {
    /// By task: the values of its leaves; empty: nothing is known.
    pub(crate) tasks: Vec<Vec<Option<Value>>>,
    /// Values that their tasks do not allow.
    pub(crate) misfits: Vec<PlacedMisfit>,
    /// The part of the truth that the page belongs to, such as `test`.
    pub(crate) split: Option<Box<str>>,
    /// The probability with which the page was drawn, in (0, 1]; `None`: it was not drawn.
    pub(crate) sampled_with: Option<f64>,
    /// By task: the same, where pages are drawn for each task by itself. Empty: it is the same for all tasks.
    pub(crate) drawn: Vec<Option<f64>>,
    /// The positions of tasks of which rows say different things.
    contradicted: Vec<usize>,
}

impl PageTruth {
    /// Nothing is known of any of these tasks.
    pub(crate) fn unknown(tasks: usize) -> Self {
        Self { tasks: vec![Vec::new(); tasks], ..Self::default() }
    }

    /// Whether something is known of a task.
    pub(crate) fn has_any(&self) -> bool {
        self.tasks.iter().any(|task| !task.is_empty())
    }

    /// Whether rows say different things of a task.
    pub(crate) fn is_contradicted(&self) -> bool {
        !self.contradicted.is_empty()
    }

    /// The probability with which the page was drawn for a task; `None`: it was not drawn.
    pub(crate) fn probability(&self, task: usize) -> Option<f64> {
        self.drawn.get(task).copied().unwrap_or(self.sampled_with)
    }

    /// Adds the truth in a cell. Returns what can't be compared, in words.
    pub(crate) fn add_cell(&mut self, tasks: &[TaskSpec], target: &Target, cell: &Value) -> Vec<String> {
        let Some(task) = tasks.get(target.task) else { return Vec::new() };
        let mut found = match target.leaf {
            None => read_answer(&task.shape, &task.leaves, cell),
            Some(at) => read_cell(&task.leaves, at, cell),
        };
        let faults = std::mem::take(&mut found.faults);
        self.add(target.task, found);
        faults.into_iter().map(|message| format!("{}: {message}", target.name)).collect()
    }

    /// Adds a human answer, as the store has it.
    pub(crate) fn add_answer(&mut self, tasks: &[TaskSpec], at: usize, answer: &str, reviewer: &str) {
        let Some(task) = tasks.get(at) else { return };
        let answer: Value = serde_json::from_str(answer).unwrap_or_default();
        let found = match check_value(&task.shape, &answer) {
            Ok(answer) => {
                let values = task.leaves.iter().map(|leaf| Some(leaf.value(&answer))).collect();
                CellTruth { values, ..CellTruth::default() }
            }
            // An answer is never empty.
            Err(fault) if is_empty(&answer) => read_unfit(&task.shape, &task.leaves, &Value::Null, fault.message),
            Err(_) => read_answer(&task.shape, &task.leaves, &answer),
        };
        let before = self.misfits.len();
        self.add(at, found);
        self.misfits.iter_mut().skip(before).for_each(|known| known.reviewer = Some(reviewer.into()));
    }

    /// Adds what is stated about a task. What is known already stays.
    fn add(&mut self, task: usize, found: CellTruth) {
        let Some(known) = self.tasks.get_mut(task) else { return };
        if found.values.iter().all(Option::is_none) {
            return;
        }
        let is_new = |leaf: usize| known.get(leaf).is_none_or(Option::is_none);
        let placed = |misfit| PlacedMisfit { task, misfit, place: None, reviewer: None };
        self.misfits.extend(found.misfits.into_iter().filter(|misfit| is_new(misfit.leaf)).map(placed));
        if known.is_empty() {
            *known = found.values;
            return;
        }
        for (slot, value) in known.iter_mut().zip(found.values) {
            *slot = slot.take().or(value);
        }
    }

    /// States where all of it is.
    pub(crate) fn set_place(&mut self, place: &FaultPlace) {
        self.misfits.iter_mut().for_each(|misfit| misfit.place = Some(place.clone()));
    }

    /// Adds the probability with which the page was drawn, as a number or in percent.
    ///
    /// # Errors
    /// Why it can't be read, in words.
    pub(crate) fn set_probability(&mut self, cell: &Value) -> Result<(), String> {
        if is_empty(cell) {
            return Ok(());
        }
        self.sampled_with = Some(read_probability(cell)?);
        Ok(())
    }

    /// Adds the name of the part that the page belongs to.
    pub(crate) fn set_split(&mut self, cell: &Value) {
        let text = match cell {
            Value::String(text) => text.trim().to_owned(),
            Value::Null => String::new(),
            other => other.to_string(),
        };
        self.split = (!text.is_empty()).then(|| text.into());
    }

    /// Adds the truth in another row about the same page. Where the rows contradict each other, the truth of the
    /// task is unknown. Returns whether they do.
    pub(crate) fn merge(&mut self, other: Self) -> bool {
        let mut differs = false;
        let mut misfits = other.misfits;
        for (at, (known, other)) in self.tasks.iter_mut().zip(other.tasks).enumerate() {
            if other.is_empty() || self.contradicted.contains(&at) {
                misfits.retain(|misfit| misfit.task != at);
                continue;
            }
            if contradict(known, &other) {
                differs = true;
                known.clear();
                self.contradicted.push(at);
                misfits.retain(|misfit| misfit.task != at);
                self.misfits.retain(|misfit| misfit.task != at);
            } else if known.is_empty() {
                *known = other;
            } else {
                let is_new = |leaf: usize| known.get(leaf).is_none_or(Option::is_none);
                misfits.retain(|misfit| misfit.task != at || is_new(misfit.misfit.leaf));
                for (slot, value) in known.iter_mut().zip(other) {
                    *slot = slot.take().or(value);
                }
            }
        }
        self.misfits.append(&mut misfits);
        self.split = self.split.take().or(other.split);
        self.sampled_with = self.sampled_with.or(other.sampled_with);
        differs
    }
}

/// Whether two truths of a task have different values of a leaf.
pub(crate) fn contradict(one: &[Option<Value>], other: &[Option<Value>]) -> bool {
    one.iter().zip(other).any(|pair| matches!(pair, (Some(one), Some(other)) if one != other))
}
