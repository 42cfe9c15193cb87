//! Pages whose truth may be wrong: the answer differs from it, and something speaks for the answer. Counts leave
//! out the page itself, so that an error does not speak for itself.

use super::collect::labels_of;
use super::measured::{Measured, TaskPage};
use super::observation::Observation;
use super::task_result::{Suspect, TaskResult};
use crate::eval::{Witnessed, suspected_truth};
use crate::labels::truth::task_spec::TaskSpec;
use crate::labels::wording::{short, with_page};
use crate::task::Shape;
use serde_json::Value;
use std::collections::{BTreeSet, HashMap};

/// Maximum number of suspects of a task.
const MAX_SUSPECTS: usize = 100;
/// How many pages a share of few pages is worth at most: with none it is a half.
const PRIOR: f64 = 0.5;

/// A page whose answer differs from its truth.
#[derive(Clone, Debug)]
pub(crate) struct Disagreement {
    /// Its position among all pages with truth.
    at: usize,
    /// The member of an object; empty: the whole answer.
    field: String,
    truth: Value,
    answer: Value,
    /// How similar both are, from 0 to 1.
    similarity: f64,
}

impl Disagreement {
    /// A page whose whole answer differs.
    pub(crate) fn whole(page: &TaskPage<'_>) -> Self {
        let truth = page.truth.first().cloned().flatten().unwrap_or_default();
        Self {
            at: page.at,
            field: String::new(),
            truth,
            answer: page.answer.cloned().unwrap_or_default(),
            similarity: 0.0,
        }
    }

    /// A page on which a value differs.
    pub(crate) fn of_field(page: &TaskPage<'_>, field: String, truth: Value, answer: Value, similarity: f64) -> Self {
        Self { at: page.at, field, truth, answer, similarity }
    }
}

/// Ranks disagreements: the most suspicious truth first.
///
/// - `classify`: the odds that the truth is wrong ([`suspected_truth`]), as a probability.
/// - Other tasks: another page that looks the same has another truth, so one of both is wrong.
/// - `tag`: for each tag on which truth and answer differ, how often such an answer is right.
/// - Values: how often the value is right on other pages, how similar both are, and whether the rest of the
///   page is right.
pub(crate) fn rank_suspects(
    task: &TaskSpec,
    position: usize,
    measured: &Measured<'_>,
    result: &TaskResult,
    disagreements: Vec<Disagreement>,
) -> Vec<Suspect> {
    let same_pictures = SamePictures::new(position, measured, &disagreements);
    let odds = match task.shape.required() {
        Shape::Choice(labels) => odds_of_labels(labels, position, measured),
        _ => HashMap::new(),
    };
    let mut wrong_on_page: HashMap<usize, u32> = HashMap::new();
    for disagreement in &disagreements {
        *wrong_on_page.entry(disagreement.at).or_default() += 1;
    }
    let suspect = |found: Disagreement| {
        let page = measured.pages.get(found.at)?;
        let other = same_pictures.find_other_truth(task, &found);
        let (score, reason) = match (task.shape.required(), other) {
            (Shape::Choice(_), other) => {
                let score = odds.get(&found.at).copied().unwrap_or(0.0);
                (score, other.map_or_else(|| record_of_label(result, &found), |(_, reason)| reason))
            }
            (_, Some(other)) => other,
            (Shape::Tags { .. }, None) => score_of_tags(result, &found),
            _ => score_of_value(result, &found, wrong_on_page.get(&found.at).copied().unwrap_or(1)),
        };
        let Disagreement { field, truth, answer, .. } = found;
        Some(Suspect { path: page.shown_path(), page: page.page, field, truth, answer, score, reason })
    };
    let mut suspects: Vec<Suspect> = disagreements.into_iter().filter_map(suspect).collect();
    // Equally suspicious pages stay in the order of the job.
    suspects.sort_by(|one, other| other.score.total_cmp(&one.score));
    suspects.truncate(MAX_SUSPECTS);
    suspects
}

/// The probability that the truth of a page is wrong, by page. For ordering; its size depends on assumptions.
fn odds_of_labels(labels: &[String], position: usize, measured: &Measured<'_>) -> HashMap<usize, f64> {
    let number = |value: &Value| labels.iter().position(|label| Some(label.as_str()) == value.as_str());
    let pages = measured.of_task(position);
    let known: Vec<(usize, Witnessed)> = pages
        .iter()
        .filter_map(|page| {
            let truth = page.truth.first()?.as_ref().and_then(number)?;
            let alike = measured.groups.pictures.get(page.at).copied()?;
            Some((page.at, Witnessed { truth, answers: vec![page.answer.and_then(number)], alike }))
        })
        .collect();
    let (places, pages): (Vec<usize>, Vec<Witnessed>) = known.into_iter().unzip();
    let found = suspected_truth(labels.len(), &pages);
    found
        .iter()
        .filter_map(|suspect| Some((*places.get(suspect.page)?, 1.0 / (1.0 + (-suspect.score).exp()))))
        .collect()
}

/// Truths of pages that look like pages with disagreements.
struct SamePictures<'a> {
    /// By picture: the pages.
    pages: HashMap<usize, Vec<usize>>,
    pictures: &'a [usize],
    observations: &'a [Observation],
    position: usize,
}

impl<'a> SamePictures<'a> {
    fn new(position: usize, measured: &Measured<'a>, disagreements: &[Disagreement]) -> Self {
        let (observations, pictures) = (measured.pages, measured.groups.pictures.as_slice());
        let wanted: BTreeSet<usize> =
            disagreements.iter().filter_map(|found| pictures.get(found.at)).copied().collect();
        let mut pages: HashMap<usize, Vec<usize>> = HashMap::new();
        for (at, picture) in pictures.iter().enumerate().filter(|(_, picture)| wanted.contains(picture)) {
            pages.entry(*picture).or_default().push(at);
        }
        Self { pages, pictures, observations, position }
    }

    /// Whether another page that looks the same has another truth: the score and the reason.
    fn find_other_truth(&self, task: &TaskSpec, found: &Disagreement) -> Option<(f64, String)> {
        let leaf = task.leaves.iter().position(|leaf| leaf.name() == found.field)?;
        let same = self.pages.get(self.pictures.get(found.at)?)?;
        let others = same.iter().filter(|at| **at != found.at).filter_map(|at| {
            let page = self.observations.get(*at)?;
            let truth = page.tasks.get(self.position)?.as_ref()?.truth.get(leaf)?.as_ref()?;
            (*truth != found.truth).then_some((page, truth))
        });
        let others: Vec<(&Observation, &Value)> = others.take(1000).collect();
        let describe = |page: &Observation, truth: &Value| {
            format!("{} looks the same and has the truth {}", with_page(&page.shown_path(), page.page), short(truth))
        };
        if let Some((page, truth)) = others.iter().find(|(_, truth)| **truth == found.answer) {
            return Some((1.0, describe(page, truth)));
        }
        others.first().map(|(page, truth)| (0.99, describe(page, truth)))
    }
}

/// A share of pages without one of them, smoothed.
#[expect(clippy::cast_precision_loss, reason = "numbers of pages")]
fn share_without(part: u64, whole: u64) -> f64 {
    (part as f64 + PRIOR) / (whole as f64 + 2.0 * PRIOR)
}

/// How reliable the answered label is on other pages.
fn record_of_label(result: &TaskResult, found: &Disagreement) -> String {
    let metrics = result.labels.iter().find(|label| Some(label.label.as_str()) == found.answer.as_str());
    let (right, answers) = metrics.map_or((0, 0), |label| (label.right, label.predicted.saturating_sub(1)));
    format!("{right} of {answers} other answers `{}` are right", short(&found.answer))
}

fn score_of_tags(result: &TaskResult, found: &Disagreement) -> (f64, String) {
    let truth: BTreeSet<&str> = labels_of(&found.truth).collect();
    let answer: BTreeSet<&str> = labels_of(&found.answer).collect();
    let mut score = 1.0;
    let mut reasons = Vec::new();
    for tag in truth.symmetric_difference(&answer) {
        let Some(metrics) = result.labels.iter().find(|label| label.label == *tag) else { continue };
        let right = metrics.right;
        if answer.contains(tag) {
            let others = metrics.predicted.saturating_sub(1);
            score *= share_without(right, others);
            reasons.push(format!("{right} of {others} other answers with `{tag}` are right"));
        } else {
            let others = metrics.n.saturating_sub(1);
            score *= share_without(right, others);
            reasons.push(format!("{right} of {others} other pages with `{tag}` are answered with it"));
        }
    }
    (score, reasons.join("; "))
}

fn score_of_value(result: &TaskResult, found: &Disagreement, wrong_on_page: u32) -> (f64, String) {
    let field = result.fields.iter().find(|field| field.name == found.field);
    let (n, right) = field.map_or((result.n, result.right), |field| (field.n, field.right));
    let others = n.saturating_sub(1);
    let right = right.min(others);
    let score = share_without(right, others) * f64::midpoint(1.0, found.similarity) / f64::from(wrong_on_page.max(1));
    let similar = if found.similarity > 0.0 { ", and both are similar" } else { "" };
    (score, format!("{right} of {others} other values are right{similar}"))
}
