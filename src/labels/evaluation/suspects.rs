//! Pages whose truth may be wrong: the answer differs from it, and something speaks for the answer. Counts leave
//! out the page itself, so that an error does not speak for itself.

use super::collect::labels_of;
use super::measured::TaskPage;
use super::observation::Observation;
use super::task_result::{Suspect, TaskResult};
use super::text::short;
use crate::labels::truth::task_spec::TaskSpec;
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
/// - Another page that looks the same has another truth: one of both is wrong.
/// - `classify`: how often such an answer is right, and how rarely this truth gets this answer. A mistake that the
///   model makes again and again is its own.
/// - `tag`: the same, for each tag on which they differ.
/// - Values: how often the value is right on other pages, how similar both are, and whether the rest of the
///   page is right.
pub(crate) fn rank_suspects(
    task: &TaskSpec,
    position: usize,
    pages: &[Observation],
    pictures: &[usize],
    result: &TaskResult,
    disagreements: Vec<Disagreement>,
) -> Vec<Suspect> {
    let same_pictures = SamePictures::new(position, pages, pictures, &disagreements);
    let mut wrong_on_page: HashMap<usize, u32> = HashMap::new();
    for disagreement in &disagreements {
        *wrong_on_page.entry(disagreement.at).or_default() += 1;
    }
    let suspect = |disagreement: Disagreement| {
        let page = pages.get(disagreement.at)?;
        let (score, reason) = match same_pictures.find_other_truth(task, &disagreement) {
            Some(found) => found,
            None => match task.shape.required() {
                Shape::Choice(_) => score_of_label(result, &disagreement),
                Shape::Tags { .. } => score_of_tags(result, &disagreement),
                _ => score_of_value(result, &disagreement, wrong_on_page.get(&disagreement.at).copied().unwrap_or(1)),
            },
        };
        let Disagreement { field, truth, answer, .. } = disagreement;
        Some(Suspect { path: page.shown_path(), page: page.page, field, truth, answer, score, reason })
    };
    let mut suspects: Vec<Suspect> = disagreements.into_iter().filter_map(suspect).collect();
    // Equally suspicious pages stay in the order of the job.
    suspects.sort_by(|one, other| other.score.total_cmp(&one.score));
    suspects.truncate(MAX_SUSPECTS);
    suspects
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
    fn new(
        position: usize,
        observations: &'a [Observation],
        pictures: &'a [usize],
        disagreements: &[Disagreement],
    ) -> Self {
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
            format!(
                "{} looks the same and has the truth {}",
                super::text::with_page(&page.shown_path(), page.page),
                short(truth)
            )
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

fn score_of_label(result: &TaskResult, found: &Disagreement) -> (f64, String) {
    let at = |value: &Value| result.labels.iter().position(|label| Some(label.label.as_str()) == value.as_str());
    let (Some(truth), Some(answer)) = (at(&found.truth), at(&found.answer)) else { return (0.0, String::new()) };
    let count = |row: usize, column: usize| {
        result.confusion.get(row).and_then(|row| row.get(column)).copied().unwrap_or_default()
    };
    let (right, confused) = (count(answer, answer), count(truth, answer).saturating_sub(1));
    let answers = result.labels[answer].predicted.saturating_sub(1);
    let truths = result.labels[truth].n.saturating_sub(1);
    let score = share_without(right, answers) * (1.0 - share_without(confused, truths));
    let label = short(&found.answer);
    (score, format!("{right} of {answers} other answers `{label}` are right"))
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
