//! One pass over the pages of both sides. Memory grows with the truth, not with the pages.

use super::compare_tasks::{SharedTask, flips, is_same, shared_tasks};
use super::compared::{AnswerChange, ChangedPage, Comparison, Extent, TaskComparison};
use super::paired::{TruthPair, cluster_key, compare_with_truth};
use crate::base::ids::PageId;
use crate::base::money::Pico;
use crate::eval::Design;
use crate::labels::evaluation::EvalError;
use crate::labels::evaluation::observation::model_answer;
use crate::labels::evaluation::truth_source::{SourceCounts, TruthSource};
use crate::labels::page_cost::PageCosts;
use crate::labels::sampling::stated::{StatedTotal, find_contradiction};
use crate::labels::sampling::task_sample::TaskSample;
use crate::labels::sampling::truth_kind::TruthKind;
use crate::labels::truth::index::RowMatch;
use crate::labels::truth::leaf::Leaf;
use crate::labels::truth::page_truth::PageTruth;
use crate::labels::truth::task_spec::TaskSpec;
use crate::pipeline::{JobPage, PagePair, PageSide, PipelineError, RowSide, read_page_pairs};
use crate::select::Filter;
use crate::store::StoreError;
use serde_json::Value;
use std::collections::{HashMap, HashSet};

/// Maximum number of changed pages that are kept.
const MAX_CHANGED: usize = 200;

/// The comparison's inputs.
pub(crate) struct CompareOptions<'a> {
    /// Only pages whose earlier rows match.
    pub(crate) filter: Option<&'a Filter>,
    /// Only these pages; `None`: all.
    pub(crate) pages: Option<&'a HashSet<PageId>>,
    /// Only these tasks; empty: all.
    pub(crate) tasks: &'a [String],
    /// What answers cost: the earlier and the later ones.
    pub(crate) costs: (&'a PageCosts<'a>, &'a PageCosts<'a>),
}

/// A page with truth.
struct TruthPage {
    id: PageId,
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
        costs: options.costs,
        comparison: Comparison {
            tasks: tasks.iter().map(|task| new_task(&task.spec)).collect(),
            not_compared,
            extent: match (options.pages, options.filter) {
                (Some(_), _) => Extent::Sample,
                (None, Some(_)) => Extent::Filter,
                (None, None) => Extent::Job,
            },
            old_cost: Some(Pico::ZERO),
            new_cost: Some(Pico::ZERO),
            ..Comparison::default()
        },
        truth: Vec::new(),
        truth_of_pages: HashSet::new(),
        unopened: 0,
        contradictions: source.iter().flat_map(|source| source.samples()).map(|known| known.contradiction).collect(),
    };
    let mut counts = SourceCounts::default();
    // A draw among the rows of an expression is a draw of the current matches only if their number is the same.
    let is_within = |sample: &TaskSample| sample.draw.as_ref().is_some_and(|draw| draw.selection.is_some());
    let mut samples: Vec<TaskSample> = source.as_ref().map_or(&[][..], TruthSource::samples).to_vec();
    let counts_pages = samples.iter().any(is_within);
    let mut matching: HashSet<PageId> = HashSet::new();
    read_page_pairs(old, new, &mut |pair| {
        // Also of pages that are not chosen, whose truth would otherwise seem to belong to no page. Human answers are
        // about the content: those of an equal page are the same.
        let is_repeated = pair.is_duplicate && matches!(source, Some(TruthSource::Answers { .. }));
        let is_selected = options.filter.is_none_or(|filter| filter.matches(&pair.old.row));
        let is_in_sample = options.pages.is_none_or(|pages| pages.contains(&pair.id));
        let known = source.as_mut().filter(|_| !is_repeated).and_then(|source| {
            let (row, record) = (pair.old.row.clone(), pair.old.record.clone());
            let page = JobPage { record, questions: Vec::new(), row: row.clone(), model_row: row };
            source.truth_of(&page, &specs, (&mut counts, is_selected && is_in_sample)).into_iter().next()
        });
        if !is_selected {
            return Ok(());
        }
        matching.extend(Some(pair.id).filter(|id| counts_pages && id.page > 0));
        if !is_in_sample {
            return Ok(());
        }
        let (truth, matched, shown) =
            known.map_or((None, None, 0), |known| (Some(known.truth), known.matched, known.shown));
        if !pair.is_duplicate {
            pass.add(&pair)?;
        }
        // Equal pages count once in the tests, whichever row of the truth is about them.
        let is_counted = pair.is_duplicate && pass.truth_of_pages.contains(&pair.id);
        if let Some(truth) = truth.filter(|truth| truth.has_any() && !is_counted) {
            pass.comparison.truth_shown += shown;
            pass.add_truth(&pair, truth, matched);
        }
        Ok::<(), PipelineError>(())
    })?;
    for (result, left_out) in pass.comparison.tasks.iter_mut().zip(counts.left_out) {
        result.left_out = left_out;
    }
    samples.iter_mut().for_each(|sample| sample.set_matching(matching.len() as u64));
    pass.forget_outdated(samples);
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
    costs: (&'a PageCosts<'a>, &'a PageCosts<'a>),
    comparison: Comparison,
    truth: Vec<TruthPage>,
    truth_of_pages: HashSet<PageId>,
    /// Selected pages that no human answer is about, because their files could not be opened.
    unopened: u64,
    /// By task: why pages with human answers are not a valid sample, if their stated probabilities are of several.
    contradictions: Vec<Option<StatedTotal>>,
}

impl Pass<'_> {
    /// Adds a page. Equal pages have one answer, so they are added once.
    fn add(&mut self, pair: &PagePair) -> Result<(), StoreError> {
        let mut changes = Vec::new();
        let mut is_compared = false;
        self.comparison.selected += 1;
        self.unopened += u64::from(pair.id.page == 0);
        for (task, result) in self.tasks.iter().zip(&mut self.comparison.tasks) {
            let (old, new) = answers(pair, task);
            let is_asked_twice = is_asked_twice(pair, task);
            match (&old, &new) {
                (Some(old), Some(new)) => {
                    is_compared = true;
                    compare_answers(task, result, (old, new), &mut changes);
                }
                (Some(_), None) => result.only_old += u64::from(is_asked_twice),
                (None, Some(_)) => result.only_new += u64::from(is_asked_twice),
                (None, None) => {}
            }
        }
        if is_compared {
            self.comparison.pages += 1;
            self.add_cost(pair)?;
        }
        if !changes.is_empty() {
            self.comparison.changed_pages += 1;
            if self.comparison.changed.len() < MAX_CHANGED {
                let (path, page) = (pair.old.record.path.clone(), pair.old.record.page);
                self.comparison.changed.push(ChangedPage { id: pair.id, path, page, changes });
            }
        }
        Ok(())
    }

    /// Adds what both sides cost, if the page was asked every task on both.
    fn add_cost(&mut self, pair: &PagePair) -> Result<(), StoreError> {
        if [&pair.old, &pair.new].into_iter().any(|side| side.record.outcomes.iter().any(Option::is_none)) {
            return Ok(());
        }
        let (old, new) = self.costs;
        let (old, new) = (old.of_page(&pair.old.record)?, new.of_page(&pair.new.record)?);
        let comparison = &mut self.comparison;
        let add = |sum: Option<Pico>, cost: Option<Pico>| sum.zip(cost).map(|(sum, cost)| sum + cost);
        comparison.priced += 1;
        comparison.old_cost = add(comparison.old_cost, old);
        comparison.new_cost = add(comparison.new_cost, new);
        Ok(())
    }

    /// Adds the truth of a page.
    fn add_truth(&mut self, pair: &PagePair, truth: PageTruth, matched: Option<RowMatch>) {
        let record = &pair.old.record;
        self.truth_of_pages.insert(pair.id);
        // Changed pages show the truth.
        let is_shown = |page: &&mut ChangedPage| page.id == pair.id;
        if let Some(page) = self.comparison.changed.iter_mut().rev().find(is_shown) {
            add_known_values(self.tasks, &truth, &mut page.changes);
        }
        let answers = self.tasks.iter().map(|task| is_asked_twice(pair, task).then(|| answers(pair, task)));
        self.truth.push(TruthPage {
            id: pair.id,
            cluster: cluster_key(&record.path, record.content),
            sampled_with: (0..self.tasks.len()).map(|at| truth.probability(at)).collect(),
            matched,
            answers: answers.collect(),
            truth: truth.tasks,
        });
    }

    /// Pages of a draw that is not a sample of the pages that there are now were drawn with no known probability.
    fn forget_outdated(&mut self, samples: Vec<TaskSample>) {
        for (at, (sample, task)) in samples.into_iter().zip(&mut self.comparison.tasks).enumerate() {
            if !sample.is_outdated() {
                continue;
            }
            for page in self.truth.iter_mut().filter(|page| sample.contains(Some(&page.id))) {
                page.sampled_with.get_mut(at).into_iter().for_each(|probability| *probability = None);
            }
            task.outdated = sample.draw;
        }
    }

    /// What the pages with truth for a task show about the others, as in `docmill eval`, and why they are not a valid
    /// sample if their probabilities contradict the job; `None`: there are none.
    fn truth_kind(&self, at: usize) -> Option<(TruthKind, Option<StatedTotal>)> {
        let known = self.truth.iter().filter(|page| page.truth.get(at).is_some_and(|truth| !truth.is_empty()));
        let probabilities: Vec<Option<f64>> = known.map(|page| page.sampled_with.get(at).copied().flatten()).collect();
        let stated = || probabilities.iter().flatten().copied().collect::<Vec<f64>>();
        let selected = self.comparison.selected;
        let (contradiction, selected) = match self.contradictions.get(at) {
            Some(contradiction) => (*contradiction, selected - self.unopened),
            None => (find_contradiction(&stated(), selected), selected),
        };
        let kind = TruthKind::of_pages(probabilities.iter().copied(), selected, contradiction.is_some());
        (!probabilities.is_empty()).then(|| (kind, contradiction.filter(|_| kind == TruthKind::Selected)))
    }

    fn finish(mut self) -> Comparison {
        if self.comparison.priced == 0 {
            (self.comparison.old_cost, self.comparison.new_cost) = (None, None);
        }
        let kinds: Vec<Option<(TruthKind, Option<StatedTotal>)>> =
            (0..self.tasks.len()).map(|at| self.truth_kind(at)).collect();
        self.comparison.truth_kind = TruthKind::of_tasks(kinds.iter().flatten().map(|(kind, _)| *kind));
        for (task, kind) in self.comparison.tasks.iter_mut().zip(kinds) {
            (task.truth_kind, task.contradiction) = kind.unwrap_or_default();
        }
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
            // Otherwise the pages represent only themselves.
            let is_sample = self.comparison.tasks.get(at).is_some_and(|task| task.truth_kind == TruthKind::Sample);
            let design =
                match probabilities.filter(|_| is_sample).map(|known| Design::sampled(&known, of_pairs.clone())) {
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

/// The earlier and the later answer to a task.
fn answers(pair: &PagePair, task: &SharedTask) -> (Option<Value>, Option<Value>) {
    (model_answer(&pair.old.record, task.old).ok(), model_answer(&pair.new.record, task.new).ok())
}

/// Whether a task was asked on both sides.
fn is_asked_twice(pair: &PagePair, task: &SharedTask) -> bool {
    let is_asked = |side: &PageSide, position: usize| side.record.outcomes.get(position).is_some_and(Option::is_some);
    is_asked(&pair.old, task.old) && is_asked(&pair.new, task.new)
}

/// Compares two answers to a task.
fn compare_answers(
    task: &SharedTask,
    result: &mut TaskComparison,
    (old, new): (&Value, &Value),
    changes: &mut Vec<AnswerChange>,
) {
    let spec = &task.spec;
    result.compared += 1;
    let count = changes.len();
    for leaf in &spec.leaves {
        let (old, new) = (leaf.value(old), leaf.value(new));
        if is_same(&leaf.shape, &old, &new) {
            continue;
        }
        let name = leaf.name();
        if name.is_empty() {
            for flip in flips(&leaf.shape, &old, &new) {
                *result.flips.entry(flip).or_default() += 1;
            }
        } else {
            *result.members.entry(name).or_default() += 1;
        }
        changes.push(AnswerChange { what: place_of(spec, leaf), old, new, truth: None });
    }
    result.same += u64::from(changes.len() == count);
}

/// Adds the truth to the changes of a page.
fn add_known_values(tasks: &[SharedTask], truth: &PageTruth, changes: &mut [AnswerChange]) {
    for (task, known) in tasks.iter().zip(&truth.tasks) {
        for (leaf, value) in task.spec.leaves.iter().zip(known) {
            let what = place_of(&task.spec, leaf);
            if let Some(change) = changes.iter_mut().find(|change| change.what == what && change.truth.is_none()) {
                change.truth.clone_from(value);
            }
        }
    }
}

/// The task, or a member of its answers.
fn place_of(spec: &TaskSpec, leaf: &Leaf) -> String {
    match leaf.name() {
        name if name.is_empty() => spec.name.clone(),
        name => format!("{}.{name}", spec.name),
    }
}
