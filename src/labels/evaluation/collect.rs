//! One pass over the pages of a job: the pages with truth, and what all pages have in common. Memory grows with
//! the truth, not with the pages.

use super::agreement::{Agreement, ReviewerPairs};
use super::error::EvalError;
use super::observation::{Observation, TaskObservation, model_answer};
use super::spend::{SpendTotals, is_asked};
use super::truth_source::{KnownPage, SourceCounts, TruthSource};
use crate::base::ids::PageId;
use crate::base::path_text::display_path;
use crate::labels::page_cost::PageCosts;
use crate::labels::sampling::task_sample::TaskSample;
use crate::labels::truth::fault::TruthFault;
use crate::labels::truth::index::RowMatch;
use crate::labels::truth::task_spec::TaskSpec;
use crate::manifest::Job;
use crate::pipeline::{JobPage, STORED_VERSIONS, read_pages};
use crate::store::{Reader, StoreError};
use crate::task::Question;
use serde_json::Value;
use std::collections::{HashMap, HashSet};

/// What the pass found.
#[derive(Debug, Default)]
pub(crate) struct Collected {
    /// The pages with truth, in the order of the job.
    pub(crate) pages: Vec<Observation>,
    /// All pages that were selected: if pages were drawn, different ones.
    pub(crate) job_pages: u64,
    /// Selected pages that are not counted, because they equal one that is: drawn pages are different ones.
    pub(crate) copies: u64,
    /// Those of the selected pages that no draw can contain, and no human answer is about: of files that could not be
    /// opened. They are known to have no answer. 0 if the truth is not human answers: a file can be about them.
    pub(crate) unopened: u64,
    /// Pages with truth that were not selected.
    pub(crate) not_selected: u64,
    /// By task: how many of all selected pages are answered with each label.
    pub(crate) predicted: Vec<HashMap<String, u64>>,
    /// What the answers cost.
    pub(crate) spend: SpendTotals,
    /// Rows of the truth.
    pub(crate) rows: u64,
    /// Human answers whose reviewer had seen the model's: not counted, or counted if that was asked for.
    pub(crate) shown: u64,
    /// Answers that are not counted because they were imported without the statement that they are blind.
    pub(crate) imported: u64,
    /// Blind answers that are not counted because another one to the same page belongs to a sample, and they do not.
    pub(crate) undrawn: u64,
    /// Whether a row of the truth file has a value.
    pub(crate) has_values: bool,
    /// Files with several pages that a truth file without page numbers is about.
    pub(crate) assumed_first: u64,
    /// Whether any row of the truth file has a value after those that contradict each other were dropped.
    pub(crate) has_truth: bool,
    /// Files with rows that contradict each other because the truth file has no page numbers.
    pub(crate) contradicted_files: u64,
    /// By two reviewers and task: how far they agree.
    pub(crate) agreements: Vec<Agreement>,
    /// Blind answers of selected pages that were changed after the model's answer was seen.
    pub(crate) changed: u64,
    /// By task: its sample, and how many pages with other human answers do not count.
    pub(crate) samples: Vec<(TaskSample, u64)>,
    /// Columns of the truth file that are not used.
    pub(crate) ignored: Vec<String>,
    /// What can't be used of the truth.
    pub(crate) faults: Vec<TruthFault>,
    /// The path of a page of the job, as an example.
    pub(crate) example: Option<String>,
}

/// Reads the pages of a job. `costs`: what their answers cost; `selects`: whether a page is measured.
///
/// # Errors
/// When the store can't be read or has no run of the job.
pub(crate) fn collect(
    reader: &Reader,
    job: &Job,
    questions: &[Question],
    tasks: &[TaskSpec],
    (mut source, costs): (TruthSource, &PageCosts<'_>),
    selects: &dyn Fn(&JobPage) -> bool,
) -> Result<Collected, EvalError> {
    let mut collected = Collected { predicted: vec![HashMap::new(); tasks.len()], ..Collected::default() };
    let mut counts = SourceCounts::default();
    let mut matches: Vec<Option<RowMatch>> = Vec::new();
    let mut fault: Option<StoreError> = None;
    let mut first_page: Option<Vec<u8>> = None;
    let mut pairs = ReviewerPairs::default();
    // Each different page was drawn with its probability, regardless of the number of its copies.
    let is_drawn = source.samples().iter().any(|sample| sample.pages.is_some());
    let is_human = matches!(source, TruthSource::Answers { .. });
    let mut different: HashSet<PageId> = HashSet::new();
    let is_within = |sample: &TaskSample| sample.draw.as_ref().is_some_and(|draw| draw.selection.is_some());
    let counts_pages = source.samples().iter().any(is_within);
    let mut matching: HashSet<PageId> = HashSet::new();
    read_pages(reader, job, questions, &mut |page| {
        let is_selected = selects(page);
        collected.example.get_or_insert_with(|| display_path(&page.record.path));
        if is_selected {
            matching.extend(page.record.id.filter(|id| counts_pages && id.page > 0));
            fault = collected.spend.add(page, costs).err().or(fault.take());
            if page.record.id.is_some_and(|id| is_drawn && !different.insert(id)) {
                collected.copies += 1;
                return;
            }
            collected.unopened += u64::from(is_human && page.record.id.is_none_or(|id| id.page == 0));
            collected.add_page(page, tasks);
        }
        let known = source.truth_of(page, tasks, (&mut counts, is_selected));
        if is_selected && is_human {
            pairs.add(page, tasks);
        }
        // Pages of a file are consecutive.
        if let [first] = known.as_slice()
            && first.page == 1
        {
            first_page = Some(page.record.path.clone());
        } else if page.record.page > 1 && first_page.take_if(|path| *path == page.record.path).is_some() {
            collected.assumed_first += 1;
        }
        if !is_selected {
            collected.not_selected += known.len() as u64;
            return;
        }
        for known in known {
            collected.changed += known.changed;
            collected.shown += known.shown;
            match fingerprint(reader, page) {
                Ok(fingerprint) => {
                    matches.push(known.matched);
                    collected.pages.push(observe(page, tasks, known, fingerprint));
                }
                Err(error) => fault = Some(error),
            }
        }
    })?;
    if let Some(error) = fault {
        return Err(error.into());
    }
    collected.leave_out_answered_unopened();
    collected.shown += counts.shown;
    (collected.rows, collected.faults) = (counts.rows, counts.faults);
    (collected.imported, collected.undrawn) = (counts.imported, counts.undrawn);
    collected.agreements = pairs.agreements(tasks);
    collected.samples =
        source.samples().iter().cloned().zip(counts.left_out.into_iter().chain(std::iter::repeat(0))).collect();
    collected.samples.iter_mut().for_each(|(sample, _)| sample.set_matching(matching.len() as u64));
    collected.forget_outdated();
    if let TruthSource::File { file, index } = source {
        let mut stands = matches.iter().map(|matched| matched.is_none_or(|matched| index.stands(matched)));
        collected.pages.retain(|_| stands.next().unwrap_or(true));
        collected.rows = file.row_count;
        (collected.has_values, collected.has_truth) = (file.has_values, file.has_truth());
        collected.contradicted_files = file.contradicted_files();
        if file.has_page_numbers {
            collected.assumed_first = 0;
        }
        collected.ignored = file.ignored;
        collected.faults = file.faults;
        collected.faults.extend(index.faults(&file.rows));
        collected.faults.sort();
    } else {
        collected.assumed_first = 0;
    }
    Ok(collected)
}

impl Collected {
    /// Whether the job has no page.
    pub(crate) fn is_without_pages(&self) -> bool {
        self.example.is_none()
    }

    /// Human answers from a file can be about pages that could not be opened. These pages have truth then, and if one has a
    /// probability, the sample that it is of can contain all of them.
    fn leave_out_answered_unopened(&mut self) {
        let answered = self.pages.iter().filter(|page| page.id.is_none_or(|id| id.page == 0));
        let is_drawn = answered.clone().any(Observation::is_drawn);
        self.unopened = if is_drawn { 0 } else { self.unopened.saturating_sub(answered.count() as u64) };
    }

    /// Pages of a draw that is not a sample of the pages that there are now were drawn with no known probability.
    fn forget_outdated(&mut self) {
        for (task, (sample, _)) in self.samples.iter().enumerate().filter(|(_, (sample, _))| sample.is_outdated()) {
            for page in self.pages.iter_mut().filter(|page| sample.contains(page.id.as_ref())) {
                page.sampled_with = None;
                if let Some(Some(known)) = page.tasks.get_mut(task) {
                    known.sampled_with = None;
                }
            }
        }
    }

    /// Keeps only truth on pages that were drawn with a known probability.
    pub(crate) fn keep_drawn(&mut self) {
        for page in &mut self.pages {
            for known in &mut page.tasks {
                *known = known.take().filter(|known| known.sampled_with.is_some());
            }
        }
        self.pages.retain(|page| page.tasks.iter().any(Option::is_some));
    }

    /// The selected pages that pages with truth can be a sample of.
    pub(crate) fn reachable(&self) -> u64 {
        self.job_pages - self.unopened
    }

    /// Counts a selected page.
    fn add_page(&mut self, page: &JobPage, tasks: &[TaskSpec]) {
        self.job_pages += 1;
        for (task, counts) in tasks.iter().zip(&mut self.predicted) {
            if task.labels().is_none() {
                continue;
            }
            let Ok(answer) = model_answer(&page.record, task.position) else { continue };
            for label in labels_of(&answer) {
                // Most labels are known already.
                match counts.get_mut(label) {
                    Some(count) => *count += 1,
                    None => _ = counts.insert(label.to_owned(), 1),
                }
            }
        }
    }
}

/// The labels of an answer: one, or those of a list.
pub(crate) fn labels_of(answer: &Value) -> impl Iterator<Item = &str> {
    let list = answer.as_array().map_or(std::slice::from_ref(answer), Vec::as_slice);
    list.iter().filter_map(Value::as_str)
}

fn observe(page: &JobPage, tasks: &[TaskSpec], known: KnownPage, fingerprint: Option<[u8; 32]>) -> Observation {
    let record = &page.record;
    let probabilities: Vec<Option<f64>> = (0..tasks.len()).map(|at| known.truth.probability(at)).collect();
    let task = |((task, truth), sampled_with): ((&TaskSpec, Vec<Option<Value>>), Option<f64>)| {
        let answer = || model_answer(record, task.position);
        (!truth.is_empty()).then(|| TaskObservation { truth, sampled_with, answer: answer() })
    };
    Observation {
        path: record.path.clone(),
        page: known.page,
        content: record.content,
        // The page of a file that could not be opened is that of the row.
        id: record.id.filter(|id| id.page > 0),
        is_asked: is_asked(page),
        fingerprint,
        split: known.truth.split,
        sampled_with: known.truth.sampled_with,
        misfits: known.truth.misfits,
        tasks: tasks.iter().zip(known.truth.tasks).zip(probabilities).map(task).collect(),
    }
}

/// The fingerprint of a page, if it is stored.
fn fingerprint(reader: &Reader, page: &JobPage) -> Result<Option<[u8; 32]>, StoreError> {
    let Some(id) = &page.record.id else { return Ok(None) };
    let known = reader.stored_page(None, id, &[], STORED_VERSIONS)?;
    Ok(known.features.map(|features| features.fingerprint))
}
