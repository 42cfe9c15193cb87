//! What is known of a page, wherever the truth comes from.

use super::error::EvalError;
use super::options::TruthChoice;
use crate::base::path_text::display_path;
use crate::labels::truth::columns::{Target, find_target};
use crate::labels::truth::fault::TruthFault;
use crate::labels::truth::file::TruthFile;
use crate::labels::truth::index::{RowMatch, TruthIndex};
use crate::labels::truth::page_truth::PageTruth;
use crate::labels::truth::task_spec::TaskSpec;
use crate::manifest::Input;
use crate::pipeline::JobPage;
use crate::source::carried_columns;
use crate::store::DecisionRecord;
use crate::store::current_decision;
use serde_json::{Map, Value};

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
        index: TruthIndex,
    },
    /// Carried columns.
    Columns(Vec<Target>),
    /// Human answers.
    Answers {
        /// Whether answers count whose reviewer had seen the model's.
        with_shown: bool,
    },
}

/// What is known of a page.
#[derive(Debug)]
pub(crate) struct KnownPage {
    pub(crate) truth: PageTruth,
    /// The number of the page: that of the row, where the file could not be opened.
    pub(crate) page: u32,
    /// The row of a truth file.
    pub(crate) matched: Option<RowMatch>,
}

/// What a source holds and does not hold.
#[derive(Debug, Default)]
pub(crate) struct SourceCounts {
    /// Rows of the file, pages with a value in a column, or pages with human answers.
    pub(crate) rows: u64,
    /// Human answers whose reviewer had seen the model's: not counted, or counted if that was asked for.
    pub(crate) shown: u64,
    /// What can't be used.
    pub(crate) faults: Vec<TruthFault>,
}

impl SourceCounts {
    /// Counts a page, if something is known of it.
    fn known(&mut self, page: &JobPage, truth: PageTruth) -> Vec<KnownPage> {
        if !truth.has_any() {
            return Vec::new();
        }
        self.rows += 1;
        vec![KnownPage { truth, page: page.record.page, matched: None }]
    }
}

impl TruthSource {
    /// Opens the truth. `all`: the names of all tasks of the job.
    ///
    /// # Errors
    /// A file that can't be used, or a column or task that does not exist.
    pub(crate) fn open(
        choice: &TruthChoice,
        tasks: &[TaskSpec],
        all: &[&str],
        input: &Input,
    ) -> Result<Self, EvalError> {
        match choice {
            TruthChoice::File(path) => {
                let file = TruthFile::read(path, tasks, all).map_err(|reason| {
                    let hint = "a truth file has the columns `path`, `page` (optional) and one per task; docs/quality.md describes it";
                    EvalError::input_with_hint(format!("can't use the truth {}: {reason}", path.display()), hint)
                })?;
                let index = TruthIndex::new(&file.rows);
                Ok(Self::File { file, index })
            }
            TruthChoice::Columns(pairs) => {
                let carried = carried_columns(input).map_err(crate::pipeline::PipelineError::from)?;
                let mut targets = Vec::new();
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
                    targets.push(Target { name: column.clone(), ..target });
                }
                Ok(Self::Columns(targets))
            }
            TruthChoice::Answers { with_shown } => Ok(Self::Answers { with_shown: *with_shown }),
        }
    }

    /// What is known of a page of the job: nothing, or one row; of a file that could not be opened, the rows of its pages.
    pub(crate) fn truth_of(&mut self, page: &JobPage, tasks: &[TaskSpec], counts: &mut SourceCounts) -> Vec<KnownPage> {
        let path = || display_path(&page.record.path);
        match self {
            Self::File { file, index } => {
                let matches = index.find(&path(), page.record.page).into_iter();
                let known = matches.filter_map(|matched| {
                    let row = file.rows.get(matched.row)?;
                    Some(KnownPage { truth: row.truth.clone(), page: row.page, matched: Some(matched) })
                });
                known.filter(|known| known.truth.has_any()).collect()
            }
            Self::Columns(targets) => {
                let carried = page.record.carried.as_deref().and_then(|text| serde_json::from_str(text).ok());
                let values: Map<String, Value> = carried.unwrap_or_default();
                let mut truth = PageTruth::unknown(tasks.len());
                let mut fault = |message: String| {
                    counts.faults.push(TruthFault::of_page(&path(), page.record.page, message));
                };
                for target in targets {
                    let cell = values.get(&target.name).unwrap_or(&Value::Null);
                    truth.add_cell(tasks, target, cell).into_iter().for_each(&mut fault);
                }
                truth.set_split(values.get(SPLIT).unwrap_or(&Value::Null));
                let probability = values.get(SAMPLED_WITH).unwrap_or(&Value::Null);
                truth.set_probability(probability).unwrap_or_else(&mut fault);
                counts.known(page, truth)
            }
            Self::Answers { with_shown } => {
                let mut truth = PageTruth::unknown(tasks.len());
                let mut probabilities = Vec::new();
                for (at, task) in tasks.iter().enumerate() {
                    let question = page.questions.get(task.position).copied().flatten();
                    // Decisions on a page of which this one is a near duplicate are about the other page.
                    let own =
                        || page.record.decisions.iter().filter(|known| Some(known.decision.page) == page.record.id);
                    let counted = own().filter(|known| *with_shown || known.decision.shown.is_none());
                    let Some(record) = current_decision(counted, &task.name, question) else {
                        counts.shown += u64::from(current_decision(own(), &task.name, question).is_some());
                        continue;
                    };
                    counts.shown += u64::from(record.decision.shown.is_some());
                    truth.add_answer(tasks, at, &record.decision.value, &record.decision.reviewer);
                    // A page that was drawn stays drawn when another reviewer decides on it, too.
                    let is_of_task = |known: &&DecisionRecord| {
                        known.decision.task == task.name && known.decision.question == question
                    };
                    let counted = own().filter(|known| *with_shown || known.decision.shown.is_none());
                    let drawn = counted.filter(is_of_task).filter_map(|known| known.decision.sampled_with);
                    probabilities.push(drawn.reduce(f64::max));
                }
                // Of a page that was drawn for one task and corrected for another, nothing is known of the chance.
                truth.sampled_with =
                    probabilities.iter().copied().reduce(|one, other| one.filter(|_| one == other)).flatten();
                counts.known(page, truth)
            }
        }
    }
}
