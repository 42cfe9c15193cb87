//! The truth of one page.

use super::cell::is_empty;
use super::cell_truth::{CellTruth, Misfit, read_answer, read_cell, read_unfit};
use super::columns::Target;
use super::fault::FaultPlace;
use super::task_spec::TaskSpec;
use crate::base::json_text::JsonText;
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

/// The truth of one page.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct PageTruth {
    /// By task: the values of its leaves; empty: unknown.
    pub(crate) tasks: Vec<Vec<Option<Value>>>,
    /// Values that their tasks do not allow.
    pub(crate) misfits: Vec<PlacedMisfit>,
    /// The part of the truth that the page belongs to, such as `test`.
    pub(crate) split: Option<Box<str>>,
    /// The probability with which the page was drawn, in (0, 1]; `None`: it was not drawn.
    pub(crate) sampled_with: Option<f64>,
    /// By task: the same, where pages are drawn separately for each task. Empty: it is the same for all tasks.
    pub(crate) drawn: Vec<Option<f64>>,
    /// The positions of tasks whose rows contradict each other.
    contradicted: Vec<usize>,
}

impl PageTruth {
    /// The truth of all these tasks is unknown.
    pub(crate) fn unknown(tasks: usize) -> Self {
        Self { tasks: vec![Vec::new(); tasks], ..Self::default() }
    }

    /// Whether the truth of a task is known.
    pub(crate) fn has_any(&self) -> bool {
        self.tasks.iter().any(|task| !task.is_empty())
    }

    /// Whether rows contradict each other about a task.
    pub(crate) fn is_contradicted(&self) -> bool {
        !self.contradicted.is_empty()
    }

    /// The probability with which the page was drawn for a task; `None`: it was not drawn.
    pub(crate) fn probability(&self, task: usize) -> Option<f64> {
        self.drawn.get(task).copied().unwrap_or(self.sampled_with)
    }

    /// Adds the truth in a cell. Where it contradicts another column about the same value, the truth of the task is unknown.
    /// Returns what can't be compared, in words.
    pub(crate) fn add_cell(&mut self, tasks: &[TaskSpec], target: &Target, cell: &Value) -> Vec<String> {
        let Some(task) = tasks.get(target.task) else { return Vec::new() };
        let mut found = match target.leaf {
            None => read_answer(&task.shape, &task.leaves, cell),
            Some(at) => read_cell(&task.leaves, at, cell),
        };
        let mut faults = std::mem::take(&mut found.faults);
        if self.tasks.get(target.task).is_some_and(|known| contradict(known, &found.values)) {
            faults
                .push(format!("it contradicts another column of the task `{}`, which is not compared here", task.name));
            self.contradict_task(target.task);
        } else if !self.contradicted.contains(&target.task) {
            self.add(target.task, found);
        }
        faults.into_iter().map(|message| format!("{}: {message}", target.name)).collect()
    }

    /// Adds a human answer, as the store has it.
    pub(crate) fn add_answer(&mut self, tasks: &[TaskSpec], at: usize, answer: &JsonText, reviewer: &str) {
        let Some(task) = tasks.get(at) else { return };
        let answer = answer.value();
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

    /// Adds a statement about a task. Known values are kept.
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

    /// Statements about a task differ: its truth is unknown.
    fn contradict_task(&mut self, task: usize) {
        self.tasks.get_mut(task).into_iter().for_each(Vec::clear);
        self.misfits.retain(|misfit| misfit.task != task);
        self.contradicted.push(task);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::labels::truth::leaf::Leaf;
    use crate::task::{Field, Shape};
    use serde_json::json;

    /// A file may have a column of a task and others of its members.
    #[test]
    fn columns_about_the_same_value_agree_or_are_not_compared() {
        let field = |name: &str| Field { name: name.into(), description: None, shape: Shape::Number };
        let shape = Shape::Object(vec![field("amount"), field("tax")]);
        let tasks = [TaskSpec { name: "total".into(), position: 0, leaves: Leaf::list(&shape), shape }];
        let target = |leaf, name: &str| Target { task: 0, leaf, name: name.into() };
        let (whole, amount, tax) =
            (target(None, "total"), target(Some(0), "total__amount"), target(Some(1), "total__tax"));
        let object = json!({"amount": 1.5});
        for (cells, expected, faults) in [
            (vec![(&whole, object.clone()), (&amount, json!("1.50"))], vec![Some(json!(1.5)), None], 0),
            (
                vec![(&whole, object.clone()), (&amount, json!("")), (&tax, json!(2))],
                vec![Some(json!(1.5)), Some(json!(2))],
                0,
            ),
            (vec![(&whole, object.clone()), (&amount, json!("99")), (&tax, json!(2))], vec![], 1),
            (vec![(&amount, json!("99")), (&whole, object)], vec![], 1),
        ] {
            let mut truth = PageTruth::unknown(1);
            let found: Vec<String> =
                cells.iter().flat_map(|(target, cell)| truth.add_cell(&tasks, target, cell)).collect();
            assert_eq!((&truth.tasks[0], found.len()), (&expected, faults), "{cells:?} {found:?}");
            assert_eq!(truth.is_contradicted(), faults > 0, "{cells:?}");
        }
    }
}
