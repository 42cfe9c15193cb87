//! Measures the answers to one task.

use super::collect::labels_of;
use super::compare::compare_values;
use super::measured::{Measured, TaskPage};
use super::suspects::Disagreement;
use super::task_result::{FieldResult, LabelResult, TaskResult};
use crate::eval::{
    Design, FieldMatch, LabelMetrics, Labeled, Tagged, Term, estimate_ratio, measure_classification, measure_field,
    measure_tags,
};
use crate::labels::truth::task_spec::TaskSpec;
use crate::task::Shape;
use serde_json::Value;
use std::collections::{BTreeSet, HashMap};

/// What was measured of a task, and where answer and truth differ.
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
        Shape::Choice(labels) => measure_labels(&mut result, labels, &pages, &answered, &all),
        Shape::Tags { labels, .. } => measure_tag_sets(&mut result, labels, &pages, &answered, &all),
        _ => measure_values(&mut result, task, &pages, &answered, &all),
    };
    result.effective_n = result.accuracy.map_or(0.0, |accuracy| accuracy.effective_n);
    (result, disagreements)
}

fn measure_labels(
    result: &mut TaskResult,
    labels: &[String],
    pages: &[TaskPage<'_>],
    answered: &[usize],
    all: &Design,
) -> Vec<Disagreement> {
    let numbers = numbers_of(labels);
    let number = |value: &Value| value.as_str().and_then(|label| numbers.get(label)).copied();
    // The truth was checked against the labels; answers are of the current labels, too.
    let labeled: Vec<Labeled> = pages
        .iter()
        .map(|page| Labeled {
            truth: page.truth.first().and_then(Option::as_ref).and_then(number).unwrap_or(0),
            answer: page.answer.and_then(number),
        })
        .collect();
    let compared: Vec<Labeled> = answered.iter().map(|at| labeled[*at]).collect();
    let measures = measure_classification(labels.len(), &compared, &all.subset(answered));
    let of_all = measure_classification(labels.len(), &labeled, all);
    result.accuracy = measures.accuracy;
    result.accuracy_of_all = of_all.accuracy;
    result.macro_f1 = measures.macro_f1;
    result.macro_f1_of_all = of_all.macro_f1;
    result.weighted_f1 = measures.weighted_f1.map(|estimate| estimate.value);
    result.kappa = measures.kappa;
    let counts = measures.confusion.counts();
    result.labels = label_results(labels, &measures.labels, &of_all.labels, |at| counts[at][at]);
    result.right = result.labels.iter().map(|label| label.right).sum();
    result.confusion = counts.iter().map(|row| row.iter().map(|count| *count as u64).collect()).collect();
    let wrong = answered.iter().filter(|at| !labeled[**at].is_right());
    wrong.map(|at| Disagreement::whole(&pages[*at])).collect()
}

fn measure_tag_sets(
    result: &mut TaskResult,
    labels: &[String],
    pages: &[TaskPage<'_>],
    answered: &[usize],
    all: &Design,
) -> Vec<Disagreement> {
    let numbers = numbers_of(labels);
    let tags = |value: &Value| -> BTreeSet<usize> {
        labels_of(value).filter_map(|label| numbers.get(label)).copied().collect()
    };
    let tagged: Vec<Tagged> = pages
        .iter()
        .map(|page| Tagged {
            truth: page.truth.first().and_then(Option::as_ref).map(tags).unwrap_or_default(),
            answer: page.answer.map(tags),
        })
        .collect();
    let compared: Vec<Tagged> = answered.iter().map(|at| tagged[*at].clone()).collect();
    let measures = measure_tags(labels.len(), &compared, &all.subset(answered));
    let of_all = measure_tags(labels.len(), &tagged, all);
    result.accuracy = measures.accuracy;
    result.accuracy_of_all = of_all.accuracy;
    result.macro_f1 = measures.macro_f1;
    result.macro_f1_of_all = of_all.macro_f1;
    result.micro_f1 = measures.micro_f1.map(|estimate| estimate.value);
    result.jaccard = measures.jaccard.map(|estimate| estimate.value);
    let is_right = |page: &&Tagged| page.answer.as_ref() == Some(&page.truth);
    let has = |page: &Tagged, tag: usize| {
        page.truth.contains(&tag) && page.answer.as_ref().is_some_and(|answer| answer.contains(&tag))
    };
    let count = |tag: usize| compared.iter().filter(|page| has(page, tag)).count();
    result.labels = label_results(labels, &measures.tags, &of_all.tags, count);
    result.right = compared.iter().filter(is_right).count() as u64;
    let wrong = answered.iter().filter(|at| !is_right(&&tagged[**at]));
    wrong.map(|at| Disagreement::whole(&pages[*at])).collect()
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

fn numbers_of(labels: &[String]) -> HashMap<&str, usize> {
    labels.iter().enumerate().map(|(at, label)| (label.as_str(), at)).collect()
}

/// `right`: how many pages have the label at a position and are answered with it.
fn label_results(
    labels: &[String],
    answered: &[LabelMetrics],
    all: &[LabelMetrics],
    right: impl Fn(usize) -> usize,
) -> Vec<LabelResult> {
    let result = |(at, ((label, metrics), of_all)): (usize, ((&String, &LabelMetrics), &LabelMetrics))| LabelResult {
        label: label.clone(),
        n: metrics.n as u64,
        predicted: metrics.predicted as u64,
        right: right(at) as u64,
        precision: metrics.precision,
        recall: metrics.recall,
        f1: metrics.f1,
        prevalence: None,
        f1_of_all: of_all.f1,
    };
    labels.iter().zip(answered).zip(all).enumerate().map(result).collect()
}
