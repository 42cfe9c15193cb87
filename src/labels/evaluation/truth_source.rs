//! The truth of a page, from any source.

use super::answers_of_task::AnswersOfTask;
use super::error::EvalError;
use super::options::TruthChoice;
use crate::base::json_text::JsonText;
use crate::base::path_text::display_path;
use crate::labels::sampling::human_samples::read_samples;
use crate::labels::sampling::task_sample::{Membership, TaskSample};
use crate::labels::truth::columns::{Target, find_target};
use crate::labels::truth::fault::{FaultPlace, TruthFault};
use crate::labels::truth::file::TruthFile;
use crate::labels::truth::index::{RowMatch, TruthIndex};
use crate::labels::truth::page_truth::PageTruth;
use crate::labels::truth::spellings::Spellings;
use crate::labels::truth::task_spec::TaskSpec;
use crate::manifest::Job;
use crate::pipeline::JobPage;
use crate::source::carried_columns;
use crate::store::Reader;
use serde_json::Value;

/// Carried columns that have the meaning that they have in a truth file.
const SPLIT: &str = "split";
const SAMPLED_WITH: &str = "sampled_with";

/// An open truth.
pub(crate) enum TruthSource {
    /// A file.
    File {
        /// Its rows.
        file: TruthFile,
        /// Which page a row is about.
        index: Box<TruthIndex>,
    },
    /// Carried columns.
    Columns {
        /// Which, and what they are about.
        targets: Vec<Target>,
        /// The labels that the manifest does not have.
        spellings: Spellings,
    },
    /// Human answers.
    Answers {
        /// Whether answers count whose reviewer had seen the model's.
        with_shown: bool,
        /// By task: which of them belong to its sample.
        samples: Vec<TaskSample>,
    },
}

/// The truth of a page.
#[derive(Debug)]
pub(crate) struct KnownPage {
    pub(crate) truth: PageTruth,
    /// The number of the page: that of the row, where the file could not be opened.
    pub(crate) page: u32,
    /// The row of a truth file.
    pub(crate) matched: Option<RowMatch>,
    /// In how many tasks a blind answer was changed after the model's answer was seen.
    pub(crate) changed: u64,
    /// In how many tasks the truth is a human answer whose reviewer had seen the model's.
    pub(crate) shown: u64,
}

/// What a source holds and does not hold.
#[derive(Debug, Default)]
pub(crate) struct SourceCounts {
    /// Rows of the file, pages with a value in a column, or pages with human answers.
    pub(crate) rows: u64,
    /// Human answers that are not counted because their reviewer had seen the model's.
    pub(crate) shown: u64,
    /// Answers that are not counted because they were imported without the statement that they are blind.
    pub(crate) imported: u64,
    /// Blind answers that are not counted because another one to the same page belongs to a sample, and they do not.
    pub(crate) undrawn: u64,
    /// By task: pages with human answers that do not belong to its sample.
    pub(crate) left_out: Vec<u64>,
    /// What can't be used.
    pub(crate) faults: Vec<TruthFault>,
}

impl SourceCounts {
    fn leave_out(&mut self, task: usize) {
        if self.left_out.len() <= task {
            self.left_out.resize(task + 1, 0);
        }
        self.left_out[task] += 1;
    }

    /// Counts a page, if its truth is known.
    fn known(&mut self, page: &JobPage, truth: PageTruth, (changed, shown): (u64, u64)) -> Vec<KnownPage> {
        if !truth.has_any() {
            return Vec::new();
        }
        self.rows += 1;
        vec![KnownPage { truth, page: page.record.page, matched: None, changed, shown }]
    }
}

impl TruthSource {
    /// Opens the truth. `all`: the names of all tasks of the job; `filter`: the expression that measured rows match.
    ///
    /// # Errors
    /// A file that can't be used, a column or task that does not exist, or a store that can't be read.
    pub(crate) fn open(
        choice: &TruthChoice,
        tasks: &[TaskSpec],
        all: &[&str],
        (reader, job, filter): (&Reader, &Job, Option<&str>),
    ) -> Result<Self, EvalError> {
        match choice {
            TruthChoice::File(path) => {
                let file = TruthFile::read(path, tasks, all).map_err(|reason| {
                    let hint = "a truth file has the columns `path`, `page` (optional) and one per task; docs/quality.md describes it";
                    EvalError::input_with_hint(format!("can't use the truth {}: {reason}", path.display()), hint)
                })?;
                let index = Box::new(TruthIndex::new(&file.rows));
                Ok(Self::File { file, index })
            }
            TruthChoice::Columns(pairs) => {
                let carried = carried_columns(&job.input).map_err(crate::pipeline::PipelineError::from)?;
                let mut targets: Vec<Target> = Vec::new();
                for (task, column) in pairs {
                    let target = find_target(task, tasks).ok_or_else(|| {
                        let message = format!("--truth-column {task}={column}: there is no measured task `{task}`");
                        EvalError::input_with_hint(message, format!("tasks: {}", all.join(", ")))
                    })?;
                    if !carried.iter().any(|known| known.name == *column) {
                        let known: Vec<&str> = carried.iter().map(|column| column.name.as_str()).collect();
                        let message = format!("--truth-column {task}={column}: the list carries no column `{column}`");
                        let hint = match known.as_slice() {
                            [] => "only a list with columns carries them; give a file with --truth".to_owned(),
                            known => format!("carried columns: {}", known.join(", ")),
                        };
                        return Err(EvalError::input_with_hint(message, hint));
                    }
                    let is_same = |known: &&Target| (known.task, known.leaf) == (target.task, target.leaf);
                    if let Some(first) = targets.iter().find(is_same) {
                        let message = format!("--truth-column gives `{task}` two columns: {}, {column}", first.name);
                        return Err(EvalError::input_with_hint(message, "name the one that holds the truth"));
                    }
                    targets.push(Target { name: column.clone(), ..target });
                }
                Ok(Self::Columns { targets, spellings: Spellings::default() })
            }
            TruthChoice::Answers { with_shown } => {
                let samples = read_samples(reader, job, tasks, *with_shown, filter);
                Ok(Self::Answers { with_shown: *with_shown, samples: samples? })
            }
        }
    }

    /// By task: which human answers belong to its sample.
    pub(crate) fn samples(&self) -> &[TaskSample] {
        match self {
            Self::Answers { samples, .. } => samples,
            Self::File { .. } | Self::Columns { .. } => &[],
        }
    }

    /// The truth of a page of the job: nothing, or one row; for a file that could not be opened, the rows of its pages.
    /// `is_measured`: otherwise only the row counts, and what can't be used of it.
    pub(crate) fn truth_of(
        &mut self,
        page: &JobPage,
        tasks: &[TaskSpec],
        (counts, is_measured): (&mut SourceCounts, bool),
    ) -> Vec<KnownPage> {
        if is_measured {
            return self.find_truth(page, tasks, counts);
        }
        let mut unmeasured = SourceCounts::default();
        let known = self.find_truth(page, tasks, &mut unmeasured);
        counts.rows += unmeasured.rows;
        counts.faults.extend(unmeasured.faults);
        known
    }

    fn find_truth(&mut self, page: &JobPage, tasks: &[TaskSpec], counts: &mut SourceCounts) -> Vec<KnownPage> {
        let path = || display_path(&page.record.path);
        match self {
            Self::File { file, index } => {
                let matches = index.find(&path(), page.record.page).into_iter();
                let known = matches.filter_map(|matched| {
                    let row = file.rows.get(matched.row)?;
                    let (truth, matched) = (row.truth.clone(), Some(matched));
                    Some(KnownPage { truth, page: row.page, matched, changed: 0, shown: 0 })
                });
                known.filter(|known| known.truth.has_any()).collect()
            }
            Self::Columns { targets, spellings } => {
                let values = page.record.carried.as_ref().map(JsonText::members).unwrap_or_default();
                let mut truth = PageTruth::unknown(tasks.len());
                let mut fault = |message: String| {
                    counts.faults.push(TruthFault::of_page(&path(), page.record.page, message));
                };
                for target in targets {
                    let cell = values.get(&target.name).unwrap_or(&Value::Null);
                    truth.add_cell(tasks, target, cell).into_iter().for_each(&mut fault);
                }
                spellings.unify(tasks, &mut truth);
                truth.set_split(values.get(SPLIT).unwrap_or(&Value::Null));
                let probability = values.get(SAMPLED_WITH).unwrap_or(&Value::Null);
                if let Err(message) = truth.set_probability(probability) {
                    let place = FaultPlace::Page(path(), page.record.page);
                    counts.faults.push(TruthFault::of_cell(place, message));
                }
                counts.known(page, truth, (0, 0))
            }
            Self::Answers { with_shown, samples } => {
                let mut truth = PageTruth::unknown(tasks.len());
                truth.drawn = vec![None; tasks.len()];
                let (mut probabilities, mut changed, mut shown) = (Vec::new(), 0, 0);
                for (at, task) in tasks.iter().enumerate() {
                    let question = page.questions.get(task.position).copied().flatten();
                    // If this page is a near duplicate, decisions on the other page apply only to that page.
                    let own =
                        || page.record.decisions.iter().filter(|known| Some(known.decision.page) == page.record.id);
                    let truth_of_task = AnswersOfTask::new(own(), &task.name, question);
                    if !*with_shown {
                        counts.imported += u64::from(truth_of_task.has_imported());
                        counts.undrawn += u64::from(truth_of_task.has_undrawn());
                    }
                    let counted = if *with_shown { truth_of_task.latest() } else { truth_of_task.blind() };
                    let Some(record) = counted else {
                        counts.shown += u64::from(truth_of_task.latest().is_some());
                        continue;
                    };
                    let membership = samples.get(at).map(|sample| sample.membership(page.record.id.as_ref()));
                    let Some(Membership::Counts(probability)) = membership else {
                        counts.leave_out(at);
                        continue;
                    };
                    shown += u64::from(record.decision.shown.is_some());
                    changed += u64::from(truth_of_task.is_changed());
                    truth.add_answer(tasks, at, &record.decision.value, &record.decision.reviewer);
                    if let Some(slot) = truth.drawn.get_mut(at) {
                        *slot = probability;
                    }
                    probabilities.push(probability);
                }
                // Pages are drawn separately for each task.
                truth.sampled_with =
                    probabilities.iter().copied().reduce(|one, other| one.filter(|_| one == other)).flatten();
                counts.known(page, truth, (changed, shown))
            }
        }
    }
}
