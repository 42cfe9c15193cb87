//! One pass over the pages of both sides. Memory grows with the truth, not with the pages.

use super::compare_tasks::{SharedTask, flips, is_same, shared_tasks};
use super::compared::{AnswerChange, ChangedPage, Comparison, TaskComparison};
use super::paired::{TruthPair, cluster_key, compare_with_truth};
use crate::base::ids::PageId;
use crate::base::money::Pico;
use crate::eval::Design;
use crate::labels::evaluation::EvalError;
use crate::labels::evaluation::observation::model_answer;
use crate::labels::evaluation::truth_source::{SourceCounts, TruthSource};
use crate::labels::truth::index::RowMatch;
use crate::labels::truth::page_truth::PageTruth;
use crate::labels::truth::task_spec::TaskSpec;
use crate::pipeline::{JobPage, PagePair, PipelineError, RowSide, read_page_pairs};
use crate::select::Filter;
use serde_json::Value;
use std::collections::{HashMap, HashSet};

/// Maximum number of changed pages that are kept.
const MAX_CHANGED: usize = 200;

/// What is compared.
pub(crate) struct CompareOptions<'a> {
    /// Only pages whose earlier rows match.
    pub(crate) filter: Option<&'a Filter>,
    /// Only these pages; `None`: all.
    pub(crate) pages: Option<&'a HashSet<PageId>>,
    /// Only these tasks; empty: all.
    pub(crate) tasks: &'a [String],
}

/// A page with truth.
struct TruthPage {
    cluster: Vec<u8>,
    /// By task: the probability with which it was drawn.
    sampled_with: Vec<Option<f64>>,
    matched: Option<RowMatch>,
    /// By task.
    truth: Vec<Vec<Option<Value>>>,
    /// By task: the earlier and the later answer, if it was asked on both sides.
    answers: Vec<Option<(Option<Value>, Option<Value>)>>,
}

/// Opens the truth of tasks; `Ok(None)`: there is none.
pub(crate) type OpenTruth<'a> = dyn Fn(&[TaskSpec]) -> Result<Option<TruthSource>, EvalError> + 'a;

/// Compares two sides. `open_truth`: the truth of these tasks; `Ok(None)`: there is none.
///
/// # Errors
/// When a store can't be read, or the truth can't be used.
pub(crate) fn compare(
    old: &RowSide<'_>,
    new: &RowSide<'_>,
    options: &CompareOptions<'_>,
    open_truth: &OpenTruth<'_>,
) -> Result<Comparison, EvalError> {
    let (tasks, not_compared) = shared_tasks(&old.columns.tasks, &new.columns.tasks, options.tasks);
    let specs: Vec<TaskSpec> = tasks.iter().map(|task| task.spec.clone()).collect();
    let mut source = open_truth(&specs)?;
    let mut pass = Pass {
        tasks: &tasks,
        comparison: Comparison {
            tasks: tasks.iter().map(|task| new_task(&task.spec)).collect(),
            not_compared,
            old_cost: Some(Pico::ZERO),
            new_cost: Some(Pico::ZERO),
            ..Comparison::default()
        },
        truth: Vec::new(),
        is_contradictory: source
            .as_ref()
            .is_some_and(|source| source.samples().iter().any(|known| known.is_contradictory)),
    };
    let mut counts = SourceCounts::default();
    read_page_pairs(old, new, &mut |pair| {
        // Also of pages that are not chosen, whose truth would otherwise seem to be about no page.
        let known = source.as_mut().and_then(|source| {
            let (row, record) = (pair.old.row.clone(), pair.old.record.clone());
            let page = JobPage { record, questions: Vec::new(), row: row.clone(), model_row: row };
            source.truth_of(&page, &specs, &mut counts).into_iter().next()
        });
        let is_chosen = options.pages.is_none_or(|pages| pages.contains(&pair.id));
        if !is_chosen || options.filter.is_some_and(|filter| !filter.matches(&pair.old.row)) {
            return Ok(());
        }
        let (truth, matched) = known.map_or((None, None), |known| (Some(known.truth), known.matched));
        pass.add(&pair, truth, matched);
        Ok::<(), PipelineError>(())
    })?;
    let mut faults = counts.faults;
    if let Some(TruthSource::File { file, index }) = &source {
        faults.extend(file.faults.iter().cloned());
        faults.extend(index.faults(&file.rows));
        pass.truth.retain(|page| page.matched.is_none_or(|matched| index.stands(matched)));
    }
    pass.comparison.truth_faults = faults.iter().map(ToString::to_string).collect();
    Ok(pass.finish())
}

fn new_task(spec: &TaskSpec) -> TaskComparison {
    TaskComparison { name: spec.name.clone(), kind: spec.kind(), ..TaskComparison::default() }
}

struct Pass<'a> {
    tasks: &'a [SharedTask],
    comparison: Comparison,
    truth: Vec<TruthPage>,
    /// Whether the stated probabilities are of several samples.
    is_contradictory: bool,
}

impl Pass<'_> {
    fn add(&mut self, pair: &PagePair, truth: Option<PageTruth>, matched: Option<RowMatch>) {
        let mut changes = Vec::new();
        let mut is_compared = false;
        let mut asked = Vec::new();
        self.comparison.selected += 1;
        for (at, task) in self.tasks.iter().enumerate() {
            let is_asked = |record: &crate::store::PageRecord, position: usize| {
                record.outcomes.get(position).is_some_and(Option::is_some)
            };
            let old = model_answer(&pair.old.record, task.old).ok();
            let new = model_answer(&pair.new.record, task.new).ok();
            let both_asked = is_asked(&pair.old.record, task.old) && is_asked(&pair.new.record, task.new);
            let Some(result) = self.comparison.tasks.get_mut(at) else { continue };
            match (&old, &new) {
                (Some(old), Some(new)) => {
                    is_compared = true;
                    let known = truth.as_ref().and_then(|truth| truth.tasks.get(at)).map_or(&[][..], Vec::as_slice);
                    compare_answers(task, result, (old, new), known, &mut changes);
                }
                (Some(_), None) => result.only_old += u64::from(both_asked),
                (None, Some(_)) => result.only_new += u64::from(both_asked),
                (None, None) => {}
            }
            asked.push(both_asked.then_some((old, new)));
        }
        if is_compared {
            let comparison = &mut self.comparison;
            comparison.pages += 1;
            let add = |sum: Option<Pico>, cost: Option<Pico>| sum.zip(cost).map(|(sum, cost)| sum + cost);
            comparison.old_cost = add(comparison.old_cost, pair.old.row.cost);
            comparison.new_cost = add(comparison.new_cost, pair.new.row.cost);
        }
        let record = &pair.old.record;
        if let Some(truth) = truth.filter(PageTruth::has_any) {
            self.truth.push(TruthPage {
                cluster: cluster_key(&record.path, record.content),
                sampled_with: (0..self.tasks.len()).map(|at| truth.probability(at)).collect(),
                matched,
                truth: truth.tasks,
                answers: asked,
            });
        }
        if !changes.is_empty() {
            self.comparison.changed_pages += 1;
            if self.comparison.changed.len() < MAX_CHANGED {
                let (path, page) = (record.path.clone(), record.page);
                self.comparison.changed.push(ChangedPage { id: pair.id, path, page, changes });
            }
        }
    }

    fn finish(mut self) -> Comparison {
        let is_drawn = |page: &TruthPage| {
            let known = page.truth.iter().zip(&page.sampled_with).filter(|(truth, _)| !truth.is_empty());
            known.fold(true, |all, (_, probability)| all && probability.is_some())
        };
        self.comparison.is_sample = !self.is_contradictory && !self.truth.is_empty() && self.truth.iter().all(is_drawn);
        let mut numbers: HashMap<&[u8], usize> = HashMap::new();
        let clusters: Vec<usize> = self
            .truth
            .iter()
            .map(|page| {
                let next = numbers.len();
                *numbers.entry(&page.cluster).or_insert(next)
            })
            .collect();
        for (at, task) in self.tasks.iter().enumerate() {
            let pairs: Vec<TruthPair> = self
                .truth
                .iter()
                .enumerate()
                .filter_map(|(position, page)| {
                    let truth = page.truth.get(at).filter(|truth| !truth.is_empty())?.clone();
                    let (old, new) = page.answers.get(at)?.clone()?;
                    Some(TruthPair { at: position, truth, old, new })
                })
                .collect();
            let of_pairs: Vec<usize> = pairs.iter().map(|pair| clusters[pair.at]).collect();
            let probabilities: Option<Vec<f64>> =
                pairs.iter().map(|pair| self.truth[pair.at].sampled_with.get(at).copied().flatten()).collect();
            let design = match probabilities.map(|known| Design::sampled(&known, of_pairs.clone())) {
                Some(Ok(design)) => design,
                _ => Design::clustered(of_pairs),
            };
            if let Some(result) = self.comparison.tasks.get_mut(at) {
                result.truth = compare_with_truth(&task.spec, &pairs, &design);
            }
        }
        self.comparison
    }
}

/// Compares two answers to a task. `truth`: the values of its leaves that are known.
fn compare_answers(
    task: &SharedTask,
    result: &mut TaskComparison,
    (old, new): (&Value, &Value),
    truth: &[Option<Value>],
    changes: &mut Vec<AnswerChange>,
) {
    let spec = &task.spec;
    result.compared += 1;
    let count = changes.len();
    for (at, leaf) in spec.leaves.iter().enumerate() {
        let (old, new) = (leaf.value(old), leaf.value(new));
        if is_same(&leaf.shape, &old, &new) {
            continue;
        }
        let name = leaf.name();
        let what = if name.is_empty() { spec.name.clone() } else { format!("{}.{name}", spec.name) };
        if name.is_empty() {
            for flip in flips(&leaf.shape, &old, &new) {
                *result.flips.entry(flip).or_default() += 1;
            }
        } else {
            *result.members.entry(name).or_default() += 1;
        }
        changes.push(AnswerChange { what, old, new, truth: truth.get(at).cloned().flatten() });
    }
    result.same += u64::from(changes.len() == count);
}
