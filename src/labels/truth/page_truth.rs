//! What is known of one page.

use super::cell::{is_empty, read_answer, read_cell};
use super::columns::Target;
use super::task_spec::TaskSpec;
use crate::base::units::parse_share;
use serde_json::Value;

/// What is known of one page.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct PageTruth {
    /// By task: the values of its leaves; empty: nothing is known.
    pub(crate) tasks: Vec<Vec<Option<Value>>>,
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

    /// The probability with which the page was drawn for a task; `None`: it was not drawn.
    pub(crate) fn probability(&self, task: usize) -> Option<f64> {
        self.drawn.get(task).copied().unwrap_or(self.sampled_with)
    }

    /// Adds the truth in a cell.
    ///
    /// # Errors
    /// Why it can't be read, in words. Nothing is added then.
    pub(crate) fn add_cell(&mut self, tasks: &[TaskSpec], target: &Target, cell: &Value) -> Result<(), String> {
        let (Some(task), Some(known)) = (tasks.get(target.task), self.tasks.get_mut(target.task)) else {
            return Ok(());
        };
        let in_task = |message: String| format!("{}: {message}", target.name);
        let values = match target.leaf {
            None => read_answer(&task.shape, &task.leaves, cell).map_err(in_task)?,
            Some(at) => {
                let mut values = vec![None; task.leaves.len()];
                if let (Some(leaf), Some(slot)) = (task.leaves.get(at), values.get_mut(at)) {
                    *slot = read_cell(&leaf.shape, cell).map_err(in_task)?;
                }
                values
            }
        };
        if values.iter().all(Option::is_none) {
            return Ok(());
        }
        if known.is_empty() {
            *known = values;
            return Ok(());
        }
        for (slot, value) in known.iter_mut().zip(values) {
            *slot = slot.take().or(value);
        }
        Ok(())
    }

    /// Adds the probability with which the page was drawn, as a number or in percent.
    ///
    /// # Errors
    /// Why it can't be read, in words.
    pub(crate) fn set_probability(&mut self, cell: &Value) -> Result<(), String> {
        if is_empty(cell) {
            return Ok(());
        }
        let number = match cell {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => parse_share(text).ok(),
            _ => None,
        };
        let probability = number.filter(|number| *number > 0.0 && *number <= 1.0);
        self.sampled_with = probability;
        probability
            .map(|_| ())
            .ok_or_else(|| format!("sampled_with: expected a probability above 0 and at most 1, found {cell}"))
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
        for (at, (known, other)) in self.tasks.iter_mut().zip(other.tasks).enumerate() {
            if other.is_empty() || self.contradicted.contains(&at) {
                continue;
            }
            let is_different = known
                .iter()
                .zip(&other)
                .any(|(known, other)| matches!((known, other), (Some(one), Some(other)) if one != other));
            if is_different {
                differs = true;
                known.clear();
                self.contradicted.push(at);
            } else if known.is_empty() {
                *known = other;
            } else {
                for (slot, value) in known.iter_mut().zip(other) {
                    *slot = slot.take().or(value);
                }
            }
        }
        self.split = self.split.take().or(other.split);
        self.sampled_with = self.sampled_with.or(other.sampled_with);
        differs
    }
}
