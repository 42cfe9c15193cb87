//! Labels that the manifest does not have, in one spelling. As with labels of the manifest, case, white space and quotes
//! do not matter.

use super::page_truth::PageTruth;
use super::task_spec::TaskSpec;
use crate::base::unicode::fold;
use serde_json::Value;
use std::collections::{HashMap, HashSet};

/// The first spelling of each label that the manifest does not have.
#[derive(Debug, Default)]
pub(crate) struct Spellings {
    /// By position of the task and folded label.
    first: HashMap<(usize, String), String>,
}

impl Spellings {
    /// Writes the labels of a page that the manifest does not have as they were written first.
    pub(crate) fn unify(&mut self, tasks: &[TaskSpec], truth: &mut PageTruth) {
        // Labels of the manifest have its spelling already.
        if truth.misfits.is_empty() {
            return;
        }
        for (at, (task, values)) in tasks.iter().zip(&mut truth.tasks).enumerate() {
            let Some(labels) = task.labels() else { continue };
            let mut write = |text: &mut String| {
                if !labels.contains(text) {
                    text.clone_from(self.first.entry((at, fold(text))).or_insert_with(|| text.clone()));
                }
            };
            for value in values.iter_mut().flatten() {
                match value {
                    Value::String(label) => write(label),
                    Value::Array(items) => {
                        for item in items.iter_mut() {
                            if let Value::String(label) = item {
                                write(label);
                            }
                        }
                        let mut seen = HashSet::new();
                        items.retain(|item| seen.insert(item.to_string()));
                    }
                    _ => {}
                }
            }
            let mut seen = HashSet::new();
            truth.misfits.retain_mut(|known| {
                if known.task == at {
                    write(&mut known.misfit.text);
                }
                known.task != at || seen.insert((known.misfit.leaf, known.misfit.text.clone()))
            });
        }
    }
}
