//! Pages that are answered wrongly, and the share of pages that are right in every measured task.

use super::evaluated::{Mistake, WrongPage};
use super::measured::{Measured, TaskPage};
use super::observation::Observation;
use super::right_answer::is_right_value;
use crate::eval::{Term, estimate_ratio};
use crate::labels::sampling::truth_kind::TruthKind;
use crate::labels::truth::task_spec::TaskSpec;
use serde_json::Value;

/// Maximum number of pages that are kept.
const MAX_PAGES: usize = 200;

/// The mistakes.
#[derive(Debug)]
pub(crate) struct WrongPages {
    /// Pages with mistakes, most mistakes first.
    pub(crate) pages: Vec<WrongPage>,
    /// The number of all of them.
    pub(crate) count: u64,
    /// The share of measured pages that are right in every measured task.
    pub(crate) correct_share: f64,
    /// How many pages are asked for each page that is right; `None`: none is right.
    pub(crate) asked_per_right: Option<f64>,
}

/// Finds the measured pages that are answered wrongly. A page without an answer is wrong.
pub(crate) fn find_wrong_pages(tasks: &[TaskSpec], measured: &Measured<'_>) -> WrongPages {
    let mut pages = Vec::new();
    let mut found = WrongPages { pages: Vec::new(), count: 0, correct_share: 0.0, asked_per_right: None };
    let mut terms = Vec::new();
    let kind = TruthKind::of_tasks(measured.kinds.iter().copied());
    for (at, page) in measured.pages.iter().enumerate() {
        if measured.is_measured.get(at) != Some(&true) {
            continue;
        }
        let mistakes: Vec<Mistake> =
            tasks.iter().enumerate().flat_map(|(position, task)| mistakes(task, position, page)).collect();
        terms.push(Term::one(mistakes.is_empty()));
        pages.push(TaskPage { at, page, truth: &[], answer: None, sampled_with: page.sampled_with });
        if mistakes.is_empty() {
            continue;
        }
        found.count += 1;
        found.pages.push(wrong_page(page, mistakes));
        if found.pages.len() >= MAX_PAGES * 2 {
            keep_worst(&mut found.pages);
        }
    }
    keep_worst(&mut found.pages);
    let design = measured.design_of(kind, &pages);
    found.correct_share = estimate_ratio(&terms, &design).map_or(0.0, |estimate| estimate.value);
    let sum = |counts: &dyn Fn(usize) -> bool| -> f64 {
        design.weights().iter().enumerate().filter(|(at, _)| counts(*at)).map(|(_, weight)| weight).sum()
    };
    let (asked, right) = (sum(&|at| pages[at].page.is_asked), sum(&|at| terms[at].part > 0.0));
    // Where no measured page was asked, because all are copies, others of the job were.
    let asked = if asked > 0.0 { asked } else { sum(&|_| true) };
    found.asked_per_right = (right > 0.0).then(|| asked / right);
    found
}

fn keep_worst(pages: &mut Vec<WrongPage>) {
    // Equally bad pages stay in the order of the job.
    pages.sort_by_key(|page| std::cmp::Reverse(page.mistakes.len()));
    pages.truncate(MAX_PAGES);
}

fn wrong_page(page: &Observation, mistakes: Vec<Mistake>) -> WrongPage {
    WrongPage { path: page.path.clone(), shown_path: page.shown_path(), page: page.page, id: page.id, mistakes }
}

fn mistakes(task: &TaskSpec, position: usize, page: &Observation) -> Vec<Mistake> {
    let Some(known) = page.tasks.get(position).and_then(Option::as_ref) else { return Vec::new() };
    let mistake = |field: String, truth: Value, answer: Result<Value, &'static str>| Mistake {
        task: task.name.clone(),
        field,
        truth,
        answer,
    };
    let answer = match &known.answer {
        Ok(answer) => answer,
        Err(reason) => {
            let truth = task.leaves.iter().zip(&known.truth).find_map(|(_, truth)| truth.clone());
            return vec![mistake(String::new(), truth.unwrap_or_default(), Err(reason.name()))];
        }
    };
    let leaves = task.leaves.iter().zip(&known.truth);
    leaves
        .filter_map(|(leaf, truth)| {
            let (truth, answer) = (truth.as_ref()?, leaf.value(answer));
            (!is_right_value(&leaf.shape, truth, &answer)).then(|| mistake(leaf.name(), truth.clone(), Ok(answer)))
        })
        .collect()
}
