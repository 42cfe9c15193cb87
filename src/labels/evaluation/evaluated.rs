//! The measurements of a job.

use super::agreement::Agreement;
use super::contradictions::Contradiction;
use super::gates::GateResult;
use super::misfits::MisfitGroup;
use super::splits::Splits;
use super::task_result::TaskResult;
use crate::base::ids::PageId;
use crate::base::money::Pico;
use crate::base::sanitize::one_line;
use crate::base::units::{counted, grouped};
use crate::labels::sampling::stated::StatedTotal;
use crate::labels::sampling::task_sample::DrawSummary;
use crate::labels::sampling::truth_kind::TruthKind;
use crate::labels::truth::fault::TruthFault;
use crate::labels::wording::{short_text, shown_warning};
use serde_json::Value;

/// Shares of all pages that a sample may stand for without a note: a sample of random size varies.
const MIN_SHARE: f64 = 0.8;
const MAX_SHARE: f64 = 1.25;
/// Maximum number of labels in a note.
const MAX_NAMED: usize = 10;

/// The truth that was used.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TruthSummary {
    /// Where it comes from, such as the path of the file.
    pub(crate) source: String,
    /// Rows of the file, pages with a value in a column, or pages with human answers.
    pub(crate) rows: u64,
    /// Pages of the job with truth.
    pub(crate) matched: u64,
    /// Those that were drawn with a known probability.
    pub(crate) sampled: u64,
    /// Those that are measured.
    pub(crate) measured: u64,
    /// What they show about the other pages.
    pub(crate) kind: TruthKind,
    /// How many pages those that were drawn stand for: the sum of one divided by their probabilities. About
    /// `job_pages`, unless the sample is not finished, or was drawn from other pages. `None`: not a sample.
    pub(crate) stands_for: Option<f64>,
    /// All selected pages of the job: if pages were drawn, different ones.
    pub(crate) job_pages: u64,
    /// Selected pages that are not counted, because they equal one that is.
    pub(crate) copies: u64,
    /// Those of `job_pages` that no draw can contain, because their files could not be opened. 0 if no measure is about all
    /// pages.
    pub(crate) unopened: u64,
    /// Pages with truth that the expression did not select.
    pub(crate) not_selected: u64,
    /// Human answers whose reviewer had seen the model's.
    pub(crate) shown: u64,
    /// Answers that are not counted because they were imported without the statement that they are blind.
    pub(crate) imported: u64,
    /// Blind answers that are not counted because another one to the same page belongs to a sample, and they do not.
    pub(crate) undrawn: u64,
    /// Files with several pages that a truth file without page numbers is about: page 1 was assumed.
    pub(crate) assumed_first: u64,
    /// Files with rows that contradict each other because the truth file has no page numbers.
    pub(crate) contradicted_files: u64,
    /// How far pairs of reviewers agree.
    pub(crate) agreements: Vec<Agreement>,
    /// Tasks whose answers decide which pages are selected.
    pub(crate) filtered_tasks: Vec<String>,
    /// Whether they count.
    pub(crate) counts_shown: bool,
    /// Blind answers that were changed after the model's answer was seen: what was answered first counts, or what was
    /// answered last if `counts_shown`.
    pub(crate) changed: u64,
    /// Tasks with drawn pages, and the answers that do not count.
    pub(crate) samples: Vec<SampledTask>,
    /// Tasks whose stated probabilities contradict the job, so that their pages are not a valid sample.
    pub(crate) no_samples: Vec<(String, StatedTotal)>,
    /// By task with a sample: labels of the manifest that no drawn page has in truth or answer.
    pub(crate) unseen_labels: Vec<(String, Vec<String>)>,
    /// Columns that are not used.
    pub(crate) ignored: Vec<String>,
    /// What can't be used.
    pub(crate) faults: Vec<TruthFault>,
    /// Values that their tasks do not allow, which count as wrong.
    pub(crate) misfits: Vec<MisfitGroup>,
    /// Equal pages with different truths.
    pub(crate) contradictions: Vec<Contradiction>,
    /// The parts of the truth.
    pub(crate) splits: Option<Splits>,
}

impl TruthSummary {
    /// What makes all numbers doubtful, in words.
    pub(crate) fn warning(&self) -> Option<String> {
        shown_warning(if self.counts_shown { self.shown } else { 0 })
    }

    /// The selected pages that pages with truth can be a sample of.
    pub(crate) fn reachable(&self) -> u64 {
        self.job_pages - self.unopened
    }

    /// How many pages a sample stands for, if that is not all of them. If the probabilities contradict the job, another note
    /// shows it.
    #[expect(clippy::cast_precision_loss, reason = "numbers of pages")]
    fn stands_for_line(&self) -> Option<String> {
        let pages = self.stands_for.filter(|pages| self.kind == TruthKind::Sample && *pages > 0.0)?;
        let all = self.reachable().max(1) as f64;
        if (MIN_SHARE..=MAX_SHARE).contains(&(pages / all)) {
            return None;
        }
        let (measured, expected) = (grouped(self.measured), self.measured as f64 * all / pages);
        Some(format!(
            "by their probabilities, the drawn pages stand for about {pages:.0} of {} pages, and {measured} of about {expected:.0} expected pages are there: check that the sample is complete, and that --where has the expression with which it was drawn",
            grouped(self.reachable())
        ))
    }

    /// What to know before the numbers are read, in words.
    pub(crate) fn notes(&self) -> Vec<String> {
        let mut notes: Vec<String> = self.changed_line().into_iter().collect();
        if self.imported > 0 {
            notes.push(format!(
                "{} left out: imported without `shown` = `false`, so they are not known to be blind; --include-shown counts them",
                are(self.imported, "human answer")
            ));
        }
        if self.copies > 0 {
            let copies = match self.copies {
                1 => "1 copy of one is".to_owned(),
                copies => format!("{} copies are", grouped(copies)),
            };
            notes.push(format!("pages were drawn among different ones: {copies} not counted"));
        }
        if self.unopened > 0 {
            notes.push(format!(
                "{} could not be opened, so no draw contains them: they count as wrong in \"no answer as wrong\" and in gates, and \
                 shares of labels are of the {} that could",
                counted(self.unopened, "page"),
                grouped(self.reachable())
            ));
        }
        if self.undrawn > 0 {
            notes.push(format!(
                "{} left out: they do not belong to the sample, and another answer to the same page does",
                are(self.undrawn, "blind answer")
            ));
        }
        let unused = self.rows.saturating_sub(self.matched + self.not_selected);
        if unused > 0 && !self.faults.is_empty() {
            let rows = counted(self.rows, "row");
            notes.push(format!(
                "{} of {rows} of the truth are not compared: the reasons are at the end of the report",
                grouped(unused)
            ));
        }
        if self.contradicted_files > 0 {
            notes.push(contradicted_files_line(self.contradicted_files));
        }
        if self.assumed_first > 0 {
            notes.push(format!(
                "the truth has no column `page`: of {} with several pages, page 1 is compared",
                counted(self.assumed_first, "file")
            ));
        }
        if self.kind == TruthKind::Selected && self.sampled > 0 && self.sampled < self.matched {
            notes.push(format!(
                "{} of {} with truth have no probability: --sampled measures those that were drawn",
                grouped(self.matched - self.sampled),
                counted(self.matched, "page")
            ));
        }
        notes.extend(self.stands_for_line());
        for (task, total) in &self.no_samples {
            notes.push(format!("{}: {}", one_line(task, 60), total.describe(self.not_selected > 0)));
        }
        for (task, labels) in &self.unseen_labels {
            let task = one_line(task, 60);
            let names: Vec<String> = labels.iter().take(MAX_NAMED).map(|label| short_text(label)).collect();
            let more = labels.len().saturating_sub(MAX_NAMED);
            let more = if more > 0 { format!(" and {} more", grouped(more as u64)) } else { String::new() };
            notes.push(format!(
                "{task}: no drawn page has {}{more}: the interval of macro F1 leaves their F1 open, from 0 to 1",
                names.join(", ")
            ));
        }
        for task in &self.filtered_tasks {
            let task = one_line(task, 60);
            notes.push(format!(
                "{task}: --where selects pages by the answer itself: recall and F1 are not valid for the other pages"
            ));
        }
        notes.extend(self.agreements.iter().filter(|agreement| agreement.is_poor()).map(Agreement::describe));
        notes
    }

    /// What counts of the blind answers that were changed later, in words; `None`: none was.
    fn changed_line(&self) -> Option<String> {
        let changed = match self.changed {
            0 => return None,
            1 => "1 blind answer was changed after the model's answer was seen".to_owned(),
            count => format!("{} blind answers were changed after the model's answer was seen", grouped(count)),
        };
        Some(match (self.counts_shown, self.changed) {
            (true, 1) => format!("{changed}: the changed one counts (--include-shown)"),
            (true, _) => format!("{changed}: the changed ones count (--include-shown)"),
            (false, 1) => format!("{changed}: the first answer counts; --include-shown counts the changed one"),
            (false, _) => format!("{changed}: the first answers count; --include-shown counts the changed ones"),
        })
    }
}

/// That rows of a truth need the numbers of pages, in words. `files`: how many have rows that contradict each other.
pub(crate) fn contradicted_files_line(files: u64) -> String {
    let files = counted(files, "file");
    format!(
        "the truth has no column `page`, and rows about {files} contradict each other: values that differ are not used"
    )
}

/// A number of things that are something.
fn are(count: u64, noun: &str) -> String {
    format!("{} {}", counted(count, noun), if count == 1 { "is" } else { "are" })
}

/// How the pages of a task were drawn, according to the store.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SampledTask {
    /// The name of the task.
    pub(crate) name: String,
    /// How far its draw is decided.
    pub(crate) draw: Option<DrawSummary>,
    /// Pages with other human answers to it, which do not count.
    pub(crate) left_out: u64,
    /// Expressions among whose rows pages were drawn. They are not a sample of other rows.
    pub(crate) other_selections: Vec<String>,
}

/// A page that is answered wrongly, for people to look at.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct WrongPage {
    /// The path of its file, in the bytes of the input.
    pub(crate) path: Vec<u8>,
    /// The path, as rows show it.
    pub(crate) shown_path: String,
    /// The number of the page.
    pub(crate) page: u32,
    /// The page in the store; `None`: its file could not be read.
    pub(crate) id: Option<PageId>,
    /// The faults, by task.
    pub(crate) mistakes: Vec<Mistake>,
}

/// A wrong answer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Mistake {
    /// The task.
    pub(crate) task: String,
    /// The member of an object; empty: the whole answer.
    pub(crate) field: String,
    /// The truth.
    pub(crate) truth: Value,
    /// The answer, or why there is none.
    pub(crate) answer: Result<Value, &'static str>,
}

/// The measurements of a job.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Evaluation {
    /// The name of the job.
    pub(crate) job: String,
    /// The model.
    pub(crate) model: String,
    /// The truth.
    pub(crate) truth: TruthSummary,
    /// By task with truth.
    pub(crate) tasks: Vec<TaskResult>,
    /// The share of measured pages that are answered correctly in all measured tasks.
    pub(crate) correct_pages: f64,
    /// The cost of 1,000 pages; `None`: unknown.
    pub(crate) per_1000: Option<Pico>,
    /// The cost of 1,000 pages that are answered correctly in all measured tasks; `None`: unknown.
    pub(crate) per_1000_correct: Option<Pico>,
    /// The gates.
    pub(crate) gates: Vec<GateResult>,
    /// Pages that are answered wrongly, worst first; not all of them.
    pub(crate) wrong: Vec<WrongPage>,
    /// The number of all pages that are answered wrongly.
    pub(crate) wrong_pages: u64,
}
