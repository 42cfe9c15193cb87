//! Measures the answers to one task.

use super::collect::labels_of;
use super::compare::compare_values;
use super::measured::{Measured, TaskPage};
use super::suspects::Disagreement;
use super::task_result::{FieldResult, LabelResult, TaskResult};
use crate::eval::{
    Classification, Design, Estimate, FieldMatch, LabelMetrics, Labeled, Tagged, Tagging, Term, estimate_ratio,
    measure_classification, measure_field, measure_tags,
};
use crate::labels::sampling::truth_kind::TruthKind;
use crate::labels::truth::task_spec::TaskSpec;
use crate::task::Shape;
use serde_json::Value;
use std::collections::{BTreeSet, HashMap};

/// The measurements of a task, and where answer and truth differ.
pub(crate) fn measure_task(
    task: &TaskSpec,
    position: usize,
    measured: &Measured<'_>,
) -> (TaskResult, Vec<Disagreement>) {
    let pages = measured.of_task(position);
    let answered: Vec<usize> = (0..pages.len()).filter(|at| pages[*at].answer.is_some()).collect();
    let all = measured.design(position, &pages);
    let design = all.subset(&answered);
    let mut result = TaskResult {
        name: task.name.clone(),
        kind: task.kind(),
        truth_kind: measured.kind_of(position),
        n: answered.len() as u64,
        clusters: design.cluster_count() as u64,
        ..TaskResult::default()
    };
    for page in &pages {
        let known = page.page.tasks.get(position).and_then(Option::as_ref);
        if let Some(Err(reason)) = known.map(|known| &known.answer) {
            *result.unanswered.entry(reason.name()).or_default() += 1;
        }
    }
    let disagreements = match task.shape.required() {
        Shape::Choice(_) | Shape::Tags { .. } => {
            let labels = measured.labels(task, position);
            measure_labels(&mut result, task, &labels, &pages, &answered, &all)
        }
        _ => measure_values(&mut result, task, &pages, &answered, &all),
    };
    result.effective_n = result.accuracy.map_or(0.0, |accuracy| accuracy.effective_n);
    (result, disagreements)
}

/// Measures a task whose answers are labels: one a page, or several. `labels`: those of the manifest and, after them,
/// those that only the truth has.
fn measure_labels(
    result: &mut TaskResult,
    task: &TaskSpec,
    labels: &[String],
    pages: &[TaskPage<'_>],
    answered: &[usize],
    all: &Design,
) -> Vec<Disagreement> {
    let numbers: HashMap<&str, usize> = labels.iter().enumerate().map(|(at, label)| (label.as_str(), at)).collect();
    let set = |value: &Value| -> BTreeSet<usize> {
        labels_of(value).filter_map(|label| numbers.get(label)).copied().collect()
    };
    let sets: Vec<Tagged> = pages
        .iter()
        .map(|page| Tagged {
            truth: page.truth.first().and_then(Option::as_ref).map(set).unwrap_or_default(),
            answer: page.answer.map(set),
        })
        .collect();
    let compared: Vec<Tagged> = answered.iter().map(|at| sets[*at].clone()).collect();
    let design = all.subset(answered);
    let (of_answered, of_all) = match task.shape.required() {
        Shape::Choice(_) => {
            let measures = measure_classification(labels.len(), &one_label(&compared), &design);
            result.weighted_f1 = measures.weighted_f1.map(|estimate| estimate.value);
            result.kappa = measures.kappa;
            let counts = measures.confusion.counts();
            result.confusion = counts.iter().map(|row| row.iter().map(|count| *count as u64).collect()).collect();
            (measures.into(), measure_classification(labels.len(), &one_label(&sets), all).into())
        }
        _ => {
            let measures = measure_tags(labels.len(), &compared, &design);
            result.micro_f1 = measures.micro_f1.map(|estimate| estimate.value);
            result.jaccard = measures.jaccard.map(|estimate| estimate.value);
            (measures.into(), measure_tags(labels.len(), &sets, all).into())
        }
    };
    put_labels(result, task, labels, of_answered, of_all);
    for page in &compared {
        let answer = page.answer.as_ref();
        for label in page.truth.iter().filter(|label| answer.is_some_and(|answer| answer.contains(label))) {
            result.labels[*label].right += 1;
        }
    }
    let is_right = |page: &Tagged| page.answer.as_ref() == Some(&page.truth);
    result.right = compared.iter().filter(|page| is_right(page)).count() as u64;
    let wrong = answered.iter().filter(|at| !is_right(&sets[**at]));
    wrong.map(|at| Disagreement::whole(&pages[*at])).collect()
}

/// Pages with one label each.
fn one_label(pages: &[Tagged]) -> Vec<Labeled> {
    let first = |labels: &BTreeSet<usize>| labels.first().copied();
    let page =
        |page: &Tagged| Some(Labeled { truth: first(&page.truth)?, answer: page.answer.as_ref().and_then(first) });
    pages.iter().filter_map(page).collect()
}

/// What measures of one label and of several labels a page have in common.
struct LabelMeasures {
    accuracy: Option<Estimate>,
    macro_f1: Option<Estimate>,
    labels: Vec<LabelMetrics>,
}

impl From<Classification> for LabelMeasures {
    fn from(measures: Classification) -> Self {
        Self { accuracy: measures.accuracy, macro_f1: measures.macro_f1, labels: measures.labels }
    }
}

impl From<Tagging> for LabelMeasures {
    fn from(measures: Tagging) -> Self {
        Self { accuracy: measures.accuracy, macro_f1: measures.macro_f1, labels: measures.tags }
    }
}

/// Puts measures of the pages with an answer, and of all pages.
fn put_labels(
    result: &mut TaskResult,
    task: &TaskSpec,
    labels: &[String],
    of_answered: LabelMeasures,
    of_all: LabelMeasures,
) {
    (result.accuracy, result.accuracy_of_all) = (of_answered.accuracy, of_all.accuracy);
    (result.macro_f1, result.macro_f1_of_all) = (of_answered.macro_f1, of_all.macro_f1);
    let in_manifest = task.labels().map_or(0, <[String]>::len);
    if result.truth_kind == TruthKind::Sample {
        // A label that no drawn page has may be frequent enough to occur in the job.
        let open = |mean: Option<Estimate>, labels: &[LabelMetrics]| {
            let seen = labels.iter().filter(|label| label.f1.is_some()).count();
            let unseen = labels.iter().take(in_manifest).filter(|label| label.f1.is_none()).count();
            mean.map(|mean| mean.with_unseen_parts(seen, unseen))
        };
        result.macro_f1 = open(result.macro_f1, &of_answered.labels);
        result.macro_f1_of_all = open(result.macro_f1_of_all, &of_all.labels);
        let unseen = labels.iter().zip(&of_all.labels).take(in_manifest).filter(|(_, known)| known.f1.is_none());
        result.unseen_labels = unseen.map(|(label, _)| label.clone()).collect();
    }
    let measures = of_answered.labels.into_iter().zip(of_all.labels);
    let label = |(at, (label, (metrics, of_all))): (usize, (&String, (LabelMetrics, LabelMetrics)))| LabelResult {
        label: label.clone(),
        is_unknown: at >= in_manifest,
        n: metrics.n as u64,
        truths: of_all.n as u64,
        predicted: metrics.predicted as u64,
        precision: metrics.precision,
        recall: metrics.recall,
        f1: metrics.f1,
        f1_of_all: of_all.f1,
        ..LabelResult::default()
    };
    result.labels = labels.iter().zip(measures).enumerate().map(label).collect();
}

fn measure_values(
    result: &mut TaskResult,
    task: &TaskSpec,
    pages: &[TaskPage<'_>],
    answered: &[usize],
    all: &Design,
) -> Vec<Disagreement> {
    let mut disagreements = Vec::new();
    // By page, then by leaf; `None`: no truth, or no answer.
    let matches: Vec<Vec<Option<FieldMatch>>> = pages
        .iter()
        .map(|page| {
            let known = task.leaves.iter().zip(page.truth);
            known
                .map(|(leaf, truth)| {
                    let (truth, answer) = (truth.as_ref()?, page.answer?);
                    let answer = leaf.value(answer);
                    let found = compare_values(&leaf.shape, truth, &answer);
                    if !found.normalized {
                        disagreements.push(Disagreement::of_field(
                            page,
                            leaf.name(),
                            truth.clone(),
                            answer,
                            found.similarity,
                        ));
                    }
                    Some(found)
                })
                .collect()
        })
        .collect();
    let are_all = |page: &[Option<FieldMatch>], is_right: fn(&FieldMatch) -> bool| page.iter().flatten().all(is_right);
    let terms = |is_right: fn(&FieldMatch) -> bool| -> Vec<Term> {
        let counts = |(page, found): (&TaskPage<'_>, &Vec<Option<FieldMatch>>)| {
            Term::one(page.answer.is_some() && are_all(found, is_right))
        };
        pages.iter().zip(&matches).map(counts).collect()
    };
    let design = all.subset(answered);
    let of_answered =
        |terms: &[Term]| estimate_ratio(&answered.iter().map(|at| terms[*at]).collect::<Vec<_>>(), &design);
    let (normalized, exact) = (terms(|found| found.normalized), terms(|found| found.exact));
    result.accuracy = of_answered(&normalized);
    result.accuracy_of_all = estimate_ratio(&normalized, all);
    result.exact = of_answered(&exact);
    result.right = normalized.iter().filter(|term| term.part > 0.0).count() as u64;
    for (at, leaf) in task.leaves.iter().enumerate() {
        let known: Vec<usize> =
            answered.iter().copied().filter(|page| matches[*page].get(at).is_some_and(Option::is_some)).collect();
        let found: Vec<Option<FieldMatch>> =
            known.iter().map(|page| matches[*page].get(at).copied().flatten()).collect();
        let measures = measure_field(&found, &all.subset(&known));
        let anls = measures.anls.filter(|_| *leaf.shape.required() == Shape::Text).map(|estimate| estimate.value);
        if leaf.path.is_empty() {
            result.anls = anls;
        } else {
            let (exact, normalized) = (measures.exact, measures.normalized);
            let right = found.iter().flatten().filter(|found| found.normalized).count() as u64;
            result.fields.push(FieldResult {
                name: leaf.name(),
                n: known.len() as u64,
                right,
                exact,
                normalized,
                anls,
            });
        }
    }
    disagreements
}
