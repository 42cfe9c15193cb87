//! The pages that are measured, and how they were drawn.

use super::collect::labels_of;
use super::observation::Observation;
use super::page_clusters::PageGroups;
use crate::eval::Design;
use crate::labels::sampling::truth_kind::TruthKind;
use crate::labels::truth::task_spec::TaskSpec;
use serde_json::Value;
use std::collections::{BTreeSet, HashSet};

/// A page with truth for a task.
pub(crate) struct TaskPage<'a> {
    /// Its position among all pages with truth.
    pub(crate) at: usize,
    pub(crate) page: &'a Observation,
    pub(crate) truth: &'a [Option<Value>],
    /// `None`: the page has no answer.
    pub(crate) answer: Option<&'a Value>,
    /// The probability with which it was drawn for the task.
    pub(crate) sampled_with: Option<f64>,
}

/// The pages that are measured.
pub(crate) struct Measured<'a> {
    pub(crate) pages: &'a [Observation],
    /// Which of them are measured.
    pub(crate) is_measured: &'a [bool],
    pub(crate) groups: &'a PageGroups,
    /// By task: what its pages show about the others.
    pub(crate) kinds: &'a [TruthKind],
}

impl<'a> Measured<'a> {
    /// The pages with truth for the task at this position.
    pub(crate) fn of_task(&self, task: usize) -> Vec<TaskPage<'a>> {
        let measured = self.pages.iter().enumerate().zip(self.is_measured).filter(|(_, is_measured)| **is_measured);
        measured
            .filter_map(|((at, page), _)| {
                let known = page.tasks.get(task)?.as_ref()?;
                Some(TaskPage {
                    at,
                    page,
                    truth: &known.truth,
                    answer: known.answer.as_ref().ok(),
                    sampled_with: known.sampled_with,
                })
            })
            .collect()
    }

    /// The labels of a task: those of the manifest, then those that only the truth has.
    pub(crate) fn labels(&self, task: &TaskSpec, position: usize) -> Vec<String> {
        let mut labels = task.labels().unwrap_or_default().to_vec();
        let known: HashSet<&str> = task.labels().unwrap_or_default().iter().map(String::as_str).collect();
        let truth = self.of_task(position).into_iter().flat_map(|page| page.truth.iter().flatten());
        let unknown: BTreeSet<&str> = truth.flat_map(labels_of).filter(|label| !known.contains(label)).collect();
        labels.extend(unknown.into_iter().map(str::to_owned));
        labels
    }

    /// What the pages of the task at this position show about the others.
    pub(crate) fn kind_of(&self, task: usize) -> TruthKind {
        self.kinds.get(task).copied().unwrap_or(TruthKind::Selected)
    }

    /// The design of pages of a task: weights and clusters.
    pub(crate) fn design(&self, task: usize, pages: &[TaskPage<'_>]) -> Design {
        self.design_of(self.kind_of(task), pages)
    }

    /// The same for pages of several tasks.
    pub(crate) fn design_of(&self, kind: TruthKind, pages: &[TaskPage<'_>]) -> Design {
        let clusters: Vec<usize> =
            pages.iter().map(|page| self.groups.clusters.get(page.at).copied().unwrap_or(page.at)).collect();
        let probabilities: Option<Vec<f64>> = match kind {
            TruthKind::Sample => pages.iter().map(|page| page.sampled_with).collect(),
            TruthKind::All | TruthKind::Selected => None,
        };
        match probabilities.map(|probabilities| Design::sampled(&probabilities, clusters.clone())) {
            Some(Ok(design)) => design,
            _ => Design::clustered(clusters),
        }
    }
}
