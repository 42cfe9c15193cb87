//! Pages whose truth may be wrong: the answer differs from it, and something speaks for the answer. Counts leave
//! out the page itself, so that an error is not evidence for itself.

use super::collect::labels_of;
use super::measured::{Measured, TaskPage};
use super::observation::Observation;
use super::task_result::{LabelResult, Suspect, TaskResult};
use crate::base::units::grouped;
use crate::eval::{Witnessed, suspected_truth};
use crate::labels::truth::task_spec::TaskSpec;
use crate::labels::wording::{short, short_text, with_page};
use crate::task::Shape;
use serde_json::Value;
use std::collections::{BTreeSet, HashMap};

/// Maximum number of suspects of a task.
const MAX_SUSPECTS: usize = 100;
/// Maximum number of different truths of one picture.
const MAX_TRUTHS: usize = 20;
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
    let same_pictures = SamePictures::new(task, position, measured, &disagreements);
    let odds = match task.shape.required() {
        Shape::Choice(_) => odds_of_labels(&result.labels, position, measured),
        _ => HashMap::new(),
    };
    let mut wrong_on_page: HashMap<usize, u32> = HashMap::new();
    for disagreement in &disagreements {
        *wrong_on_page.entry(disagreement.at).or_default() += 1;
    }
    let suspect = |found: Disagreement| {
        let page = measured.pages.get(found.at)?;
        let other = same_pictures.find_other_truth(task, &found);
        let is_contradicted = other.is_some();
        let unknown = unknown_label(result, &found);
        let is_unknown = unknown.is_some();
        let (score, reason) = match (task.shape.required(), other) {
            (Shape::Choice(_), other) => {
                let score = odds.get(&found.at).copied().unwrap_or(0.0);
                let reason = other.map(|(_, reason)| reason).or(unknown);
                (score, reason.unwrap_or_else(|| record_of_label(result, &found)))
            }
            (_, Some(other)) => other,
            (Shape::Tags { .. }, None) => score_of_tags(result, &found),
            _ => score_of_value(result, &found, wrong_on_page.get(&found.at).copied().unwrap_or(1)),
        };
        let Disagreement { field, truth, answer, .. } = found;
        Some(Suspect {
            path: page.shown_path(),
            page: page.page,
            field,
            truth,
            answer,
            score,
            reason,
            is_contradicted,
            is_unknown,
        })
    };
    let mut suspects: Vec<Suspect> = disagreements.into_iter().filter_map(suspect).collect();
    // Equally suspicious pages stay in the order of the job.
    suspects.sort_by(|one, other| other.score.total_cmp(&one.score));
    suspects.truncate(MAX_SUSPECTS);
    suspects
}

/// The probability that the truth of a page is wrong, by page. For ordering; its size depends on assumptions.
fn odds_of_labels(labels: &[LabelResult], position: usize, measured: &Measured<'_>) -> HashMap<usize, f64> {
    let numbers: HashMap<&str, usize> =
        labels.iter().enumerate().map(|(at, label)| (label.label.as_str(), at)).collect();
    let number = |value: &Value| numbers.get(value.as_str()?).copied();
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
    /// By picture and leaf: the different truths, and the first page with each.
    truths: HashMap<(usize, usize), Vec<(&'a Value, &'a Observation)>>,
    pictures: &'a [usize],
}

impl<'a> SamePictures<'a> {
    fn new(task: &TaskSpec, position: usize, measured: &Measured<'a>, disagreements: &[Disagreement]) -> Self {
        let (observations, pictures) = (measured.pages, measured.groups.pictures.as_slice());
        let wanted: BTreeSet<usize> =
            disagreements.iter().filter_map(|found| pictures.get(found.at)).copied().collect();
        let mut truths: HashMap<(usize, usize), Vec<(&Value, &Observation)>> = HashMap::new();
        let pages = observations.iter().zip(pictures).filter(|(_, picture)| wanted.contains(picture));
        for (page, picture) in pages {
            let Some(known) = page.tasks.get(position).and_then(Option::as_ref) else { continue };
            for (leaf, truth) in known.truth.iter().enumerate().take(task.leaves.len()) {
                let Some(truth) = truth else { continue };
                let known = truths.entry((*picture, leaf)).or_default();
                if known.len() < MAX_TRUTHS && known.iter().all(|(other, _)| *other != truth) {
                    known.push((truth, page));
                }
            }
        }
        Self { truths, pictures }
    }

    /// Whether another page that looks the same has another truth: the score and the reason.
    fn find_other_truth(&self, task: &TaskSpec, found: &Disagreement) -> Option<(f64, String)> {
        let leaf = task.leaves.iter().position(|leaf| leaf.name() == found.field)?;
        let known = self.truths.get(&(*self.pictures.get(found.at)?, leaf))?;
        let describe = |page: &Observation, truth: &Value| {
            format!("{} looks the same and has the truth {}", with_page(&page.shown_path(), page.page), short(truth))
        };
        let mut others = known.iter().filter(|(truth, _)| **truth != found.truth);
        if let Some((truth, page)) = others.clone().find(|(truth, _)| **truth == found.answer) {
            return Some((1.0, describe(page, truth)));
        }
        others.next().map(|(truth, page)| (0.99, describe(page, truth)))
    }
}

/// A share of pages without one of them, smoothed.
#[expect(clippy::cast_precision_loss, reason = "numbers of pages")]
fn share_without(part: u64, whole: u64) -> f64 {
    (part as f64 + PRIOR) / (whole as f64 + 2.0 * PRIOR)
}

/// How often something is right on other pages: `right` of them, of `others`.
fn record(right: u64, others: u64, what: &str) -> String {
    match others {
        0 => format!("there are no other {what}"),
        1 if right == 1 => format!("the only other of the {what} is right"),
        1 => format!("the only other of the {what} is wrong"),
        _ => format!("{} of {} other {what} are right", grouped(right), grouped(others)),
    }
}

/// That no answer can have the truth.
fn unknown_label(result: &TaskResult, found: &Disagreement) -> Option<String> {
    let label = result.labels.iter().find(|label| Some(label.label.as_str()) == found.truth.as_str())?;
    label.is_unknown.then(|| format!("the manifest has no label `{}`", short(&found.truth)))
}

/// How reliable the answered label is on other pages.
fn record_of_label(result: &TaskResult, found: &Disagreement) -> String {
    let metrics = result.labels.iter().find(|label| Some(label.label.as_str()) == found.answer.as_str());
    let (right, others) = metrics.map_or((0, 0), |label| (label.right, label.predicted.saturating_sub(1)));
    record(right, others, &format!("answers `{}`", short(&found.answer)))
}

fn score_of_tags(result: &TaskResult, found: &Disagreement) -> (f64, String) {
    let truth: BTreeSet<&str> = labels_of(&found.truth).collect();
    let answer: BTreeSet<&str> = labels_of(&found.answer).collect();
    let mut score = 1.0;
    let mut reasons = Vec::new();
    for tag in truth.symmetric_difference(&answer) {
        let Some(metrics) = result.labels.iter().find(|label| label.label == *tag) else { continue };
        let (right, shown) = (metrics.right, short_text(tag));
        let (others, reason) = if metrics.is_unknown {
            (metrics.n.saturating_sub(1), format!("the manifest has no label `{shown}`"))
        } else if answer.contains(tag) {
            let others = metrics.predicted.saturating_sub(1);
            (others, record(right, others, &format!("answers with `{shown}`")))
        } else {
            let others = metrics.n.saturating_sub(1);
            (others, record(right, others, &format!("answers to pages with `{shown}`")))
        };
        score *= share_without(right, others);
        reasons.push(reason);
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
    (score, format!("{}{similar}", record(right, others, "values")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_record_of_an_answer_in_words() {
        for (right, others, expected) in [
            (0, 0, "there are no other answers `a`"),
            (0, 1, "the only other of the answers `a` is wrong"),
            (1, 1, "the only other of the answers `a` is right"),
            (0, 2, "0 of 2 other answers `a` are right"),
            (1200, 1234, "1,200 of 1,234 other answers `a` are right"),
        ] {
            assert_eq!(record(right, others, "answers `a`"), expected);
        }
    }
}
