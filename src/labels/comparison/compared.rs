//! The result of a comparison.

use crate::base::ids::PageId;
use crate::base::money::Pico;
use crate::labels::history::SettingChange;
use crate::labels::sampling::stated::StatedTotal;
use crate::labels::sampling::task_sample::DrawSummary;
use crate::labels::sampling::truth_kind::TruthKind;
use serde_json::Value;
use std::collections::BTreeMap;

/// Why a difference has no interval: the bootstrap needs more clusters ([`crate::eval::paired_bootstrap`]).
pub(crate) const NO_INTERVAL: &str = "no interval: fewer than 8 different files";

/// Minimum number of billed pages for an expected cost of others.
const MIN_PRICED: u64 = 3;

/// Among which pages of the job two sets of answers are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Extent {
    /// All.
    #[default]
    Job,
    /// Those that match an expression.
    Filter,
    /// Those of a sample.
    Sample,
}

/// Two sets of answers to the same pages.
#[derive(Clone, Debug, Default)]
pub(crate) struct Comparison {
    /// Name of the job.
    pub(crate) job: String,
    /// What the earlier answers are, in words.
    pub(crate) old_name: String,
    /// What the later answers are, in words.
    pub(crate) new_name: String,
    /// The settings in which the manifests differ.
    pub(crate) changes: Vec<SettingChange>,
    /// Which pages of the job were selected.
    pub(crate) extent: Extent,
    /// Pages of the job that were selected.
    pub(crate) selected: u64,
    /// Of these, pages with answers on both sides to a task.
    pub(crate) pages: u64,
    /// The tasks of both sides.
    pub(crate) tasks: Vec<TaskComparison>,
    /// Names of tasks that only one side has, or that have another form.
    pub(crate) not_compared: Vec<String>,
    /// Of the compared pages, those that were asked every task on both sides: the pages whose cost is compared.
    pub(crate) priced: u64,
    /// Cost of the earlier answers to these pages, each as one bill; `None`: unknown.
    pub(crate) old_cost: Option<Pico>,
    /// Cost of the later answers to them; `None`: unknown.
    pub(crate) new_cost: Option<Pico>,
    /// Expected cost of asking every page of the job anew with the later settings; `None`: unknown.
    pub(crate) full_cost: Option<Pico>,
    /// Where the truth comes from; `None`: there is none.
    pub(crate) truth: Option<String>,
    /// Human answers of the truth whose reviewer had seen the model's.
    pub(crate) truth_shown: u64,
    /// What can't be used of the truth.
    pub(crate) truth_faults: Vec<String>,
    /// What the pages with truth show about the others.
    pub(crate) truth_kind: TruthKind,
    /// The first pages with another answer.
    pub(crate) changed: Vec<ChangedPage>,
    /// All pages with another answer.
    pub(crate) changed_pages: u64,
}

impl Comparison {
    /// The expected cost of `pages` pages with the later settings, from the cost of the compared ones; `None`: there are too few.
    pub(crate) fn measured_cost(&self, pages: u64) -> Option<Pico> {
        let cost = self.new_cost.filter(|_| self.priced >= MIN_PRICED)?;
        Some(cost.of_pages(pages, self.priced))
    }
}

/// The answers to one task.
#[derive(Clone, Debug, Default)]
pub(crate) struct TaskComparison {
    /// Its name.
    pub(crate) name: String,
    /// Its kind, as manifests name it.
    pub(crate) kind: &'static str,
    /// Pages with an answer on both sides.
    pub(crate) compared: u64,
    /// Of these, pages with the same answer.
    pub(crate) same: u64,
    /// Pages that were asked on both sides and have an answer only on the earlier one.
    pub(crate) only_old: u64,
    /// The same for the later one.
    pub(crate) only_new: u64,
    /// How often an answer has changed into another one, of tasks whose answers are words: from, to, number.
    pub(crate) flips: BTreeMap<(String, String), u64>,
    /// How many answers differ by member, of tasks with members.
    pub(crate) members: BTreeMap<String, u64>,
    /// Pages with human answers that do not count, since these pages were not drawn.
    pub(crate) left_out: u64,
    /// Why its pages with truth are not a valid sample, if their stated probabilities contradict the job.
    pub(crate) contradiction: Option<StatedTotal>,
    /// The draw of its human answers, if that is not a sample of the pages that there are now.
    pub(crate) outdated: Option<DrawSummary>,
    /// What its pages with truth show about the others.
    pub(crate) truth_kind: TruthKind,
    /// Both sides against truth; `None`: there is no truth for this task.
    pub(crate) truth: Option<PairedTruth>,
}

/// Both sides against truth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct PairedTruth {
    /// Pages with truth that were asked on both sides. A page without an answer is wrong.
    pub(crate) n: u64,
    /// Pages that both have right.
    pub(crate) both: u64,
    /// Pages that only the earlier answers have right.
    pub(crate) only_old: u64,
    /// Pages that only the later answers have right.
    pub(crate) only_new: u64,
    /// Two-sided p-value of McNemar's exact test.
    pub(crate) mcnemar_p: f64,
    /// The shares of right pages among all pages, where drawn pages stand for different numbers of them; `None`: each stands
    /// for as many.
    pub(crate) weighted: Option<ScoreDifference>,
    /// The difference of macro F1, later minus earlier, of tasks with labels.
    pub(crate) f1: Option<ScoreDifference>,
}

/// The difference of two scores on the same pages.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct ScoreDifference {
    /// The earlier score.
    pub(crate) old: f64,
    /// The later score.
    pub(crate) new: f64,
    /// The 95 % interval of the difference, by a paired bootstrap; `None`: the sample has no difference.
    pub(crate) interval: Option<(f64, f64)>,
    /// Its two-sided p-value.
    pub(crate) p: Option<f64>,
}

/// A page with another answer.
#[derive(Clone, Debug)]
pub(crate) struct ChangedPage {
    /// The page.
    pub(crate) id: PageId,
    /// The path of its file, in the bytes of the input.
    pub(crate) path: Vec<u8>,
    /// The number of the page.
    pub(crate) page: u32,
    /// What has changed.
    pub(crate) changes: Vec<AnswerChange>,
}

/// An answer that has changed.
#[derive(Clone, Debug)]
pub(crate) struct AnswerChange {
    /// The task, or a member of its answers, such as `total.amount`.
    pub(crate) what: String,
    /// The earlier value.
    pub(crate) old: Value,
    /// The later value.
    pub(crate) new: Value,
    /// The truth; `None`: unknown.
    pub(crate) truth: Option<Value>,
}

impl TaskComparison {
    /// The share of pages with the same answer; `None`: none was compared.
    #[expect(clippy::cast_precision_loss, reason = "a share of pages")]
    pub(crate) fn agreement(&self) -> Option<f64> {
        (self.compared > 0).then(|| self.same as f64 / self.compared as f64)
    }

    /// The changes, the most frequent first.
    pub(crate) fn most_frequent_flips(&self) -> Vec<(&str, &str, u64)> {
        let mut flips: Vec<(&str, &str, u64)> =
            self.flips.iter().map(|((from, to), n)| (from.as_str(), to.as_str(), *n)).collect();
        flips.sort_by_key(|(_, _, n)| std::cmp::Reverse(*n));
        flips
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_bills_say_what_others_cost() {
        for (priced, new_cost, expected) in [
            (0, Some(Pico::ZERO), None),
            (2, Some(Pico(20)), None),
            (3, Some(Pico(31)), Some(Pico(1033))),
            (3, None, None),
            (100, Some(Pico(500)), Some(Pico(500))),
        ] {
            let comparison = Comparison { priced, new_cost, ..Comparison::default() };
            assert_eq!(comparison.measured_cost(100), expected, "{priced} {new_cost:?}");
        }
    }
}
