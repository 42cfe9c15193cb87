//! How frequent a label is among all pages: the answers of all pages, corrected by the errors that the pages with
//! truth show. Only for a probability sample. Where every page has truth, it is known. Files that could not be opened are
//! left out where none of their pages can be drawn: their labels are unknown.

use super::collect::{Collected, labels_of};
use super::measured::{Measured, TaskPage};
use super::task_result::{PrevalenceResult, TaskResult};
use crate::eval::{Interval, Presence, Unlabeled, estimate_prevalence};
use crate::labels::sampling::truth_kind::TruthKind;
use crate::labels::truth::task_spec::TaskSpec;
use serde_json::Value;

/// Adds the prevalence of each label.
pub(crate) fn add_prevalences(
    result: &mut TaskResult,
    task: &TaskSpec,
    position: usize,
    measured: &Measured<'_>,
    collected: &Collected,
) {
    let Some(predicted) = collected.predicted.get(position).filter(|_| task.labels().is_some()) else { return };
    let kind = measured.kind_of(position);
    if kind == TruthKind::Selected {
        return;
    }
    let pages = measured.of_task(position);
    let design = measured.design(position, &pages);
    for label in &mut result.labels {
        let has = |value: Option<&Value>| value.is_some_and(|value| labels_of(value).any(|known| known == label.label));
        let presence = |page: &TaskPage<'_>| Presence {
            truth: has(page.truth.first().and_then(Option::as_ref)),
            answer: has(page.answer),
        };
        let sample: Vec<Presence> = pages.iter().map(presence).collect();
        if kind == TruthKind::All {
            label.prevalence = known_prevalence(&sample);
            continue;
        }
        let of_sample = sample.iter().filter(|page| page.answer).count();
        let of_all = predicted.get(&label.label).copied().unwrap_or_default();
        let others = Unlabeled {
            pages: to_usize(collected.reachable()).saturating_sub(sample.len()),
            predicted: to_usize(of_all).saturating_sub(of_sample),
        };
        label.prevalence = estimate_prevalence(&sample, &design, others)
            .map(|found| PrevalenceResult { value: found.value, interval: found.interval });
    }
}

/// The prevalence of a label among pages that all have truth.
#[expect(clippy::cast_precision_loss, reason = "a number of pages")]
fn known_prevalence(pages: &[Presence]) -> Option<PrevalenceResult> {
    let value = pages.iter().filter(|page| page.truth).count() as f64 / pages.len() as f64;
    (!pages.is_empty()).then_some(PrevalenceResult { value, interval: Interval { low: value, high: value } })
}

fn to_usize(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}
