//! The decisions of a job in memory, to filter and order pages by them.

use crate::base::digest::Digest;
use crate::base::ids::{DecisionId, PageId};
use crate::base::json_text::JsonText;
use crate::export::human_value;
use crate::labels::sampling::blind_answer::{AnswerOrigin, find_blind_answer};
use crate::store::{DecisionOrder, DecisionRecord, Reader, StoreError, decision_order};
use crate::task::Shape;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Decisions that are read at once.
const BATCH: usize = 2000;

/// A decision that was not withdrawn.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Decision {
    /// Its id.
    pub(crate) id: DecisionId,
    /// The group of those that were made together.
    pub(crate) group: DecisionId,
    /// The position of the task.
    pub(crate) task: usize,
    /// The digest of the question, for questions that differ from line to line.
    pub(crate) question: Option<Digest>,
    /// The value in canonical form: in the form of the task, if it fits.
    pub(crate) value: JsonText,
    /// Who decided.
    pub(crate) reviewer: Box<str>,
    /// When: wall time in milliseconds.
    pub(crate) at_ms: i64,
    /// Whether the model's answer was shown.
    pub(crate) is_shown: bool,
    /// Whether it belongs to a sample: it refers to a draw, or states the probability of one.
    pub(crate) is_drawn: bool,
    /// Whether it fits the current task.
    pub(crate) fits: bool,
}

impl Decision {
    fn order_key(&self) -> DecisionOrder<'_> {
        decision_order(self.at_ms, &self.reviewer, self.id)
    }
}

/// Decisions that were made together, newest first in the strip.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Group {
    /// Its id.
    pub(crate) id: DecisionId,
    /// When: wall time in milliseconds.
    pub(crate) at_ms: i64,
    /// The pages and their decisions.
    pub(crate) decisions: Vec<(PageId, Decision)>,
}

/// The decisions of a job.
#[derive(Debug)]
pub(crate) struct Decisions {
    job: String,
    reviewer: String,
    tasks: Vec<(String, Shape)>,
    by_page: HashMap<PageId, Vec<Decision>>,
    /// The reviewer's own by time, group and id.
    own: BTreeSet<(i64, DecisionId, DecisionId, PageId)>,
    /// The last one that was read.
    last: DecisionId,
    /// Decisions on tasks that the job no longer has.
    orphans: BTreeSet<DecisionId>,
    /// Pages whose decisions have changed since [`Decisions::take_changed`].
    changed: Vec<PageId>,
}

impl Decisions {
    /// No decisions yet, of a job with these tasks, for this reviewer.
    pub(crate) fn new(job: &str, reviewer: &str, tasks: Vec<(String, Shape)>) -> Self {
        Self {
            job: job.to_owned(),
            reviewer: reviewer.to_owned(),
            tasks,
            by_page: HashMap::new(),
            own: BTreeSet::new(),
            last: DecisionId(0),
            orphans: BTreeSet::new(),
            changed: Vec::new(),
        }
    }

    /// Reads those that were stored since.
    ///
    /// # Errors
    /// When the store can't be read.
    pub(crate) fn read_new(&mut self, reader: &Reader) -> Result<(), StoreError> {
        loop {
            let records = reader.all_decisions(&self.job, self.last, BATCH)?;
            let Some(last) = records.last() else { return Ok(()) };
            self.last = last.id;
            records.into_iter().filter(|record| !record.is_withdrawn).for_each(|record| self.add(record));
        }
    }

    /// Takes over the current decisions on a page from the store: others may have withdrawn theirs.
    pub(crate) fn set_page(&mut self, page: &PageId, records: Vec<DecisionRecord>) {
        let known = self.by_page.remove(page).unwrap_or_default();
        for old in &known {
            self.own.remove(&(old.at_ms, old.group, old.id, *page));
        }
        records.into_iter().filter(|record| record.decision.page == *page).for_each(|record| self.put(record));
        if self.by_page.get(page).map(Vec::as_slice).unwrap_or_default() != known {
            self.changed.push(*page);
        }
    }

    /// Takes over a decision that was not withdrawn.
    pub(crate) fn add(&mut self, record: DecisionRecord) {
        self.changed.push(record.decision.page);
        self.put(record);
    }

    /// The pages whose decisions have changed since this was asked last.
    pub(crate) fn take_changed(&mut self) -> Vec<PageId> {
        std::mem::take(&mut self.changed)
    }

    fn put(&mut self, record: DecisionRecord) {
        let DecisionRecord { id, decision, group, .. } = record;
        let Some(task) = self.tasks.iter().position(|(name, _)| *name == decision.task) else {
            self.orphans.insert(id);
            return;
        };
        let checked = human_value(&self.tasks[task].1, &decision.value);
        let known = Decision {
            id,
            group,
            task,
            question: decision.question,
            fits: checked.is_ok(),
            value: checked.map_or(decision.value, |value| JsonText::canonical(&value)),
            at_ms: decision.decided_at_ms,
            is_shown: decision.shown.is_some(),
            is_drawn: decision.draw.is_some() || decision.sampled_with.is_some(),
            reviewer: decision.reviewer.into(),
        };
        let of_page = self.by_page.entry(decision.page).or_default();
        if of_page.iter().any(|other| other.id == id) {
            return;
        }
        if *known.reviewer == *self.reviewer {
            self.own.insert((known.at_ms, group, id, decision.page));
        }
        of_page.push(known);
        of_page.sort_by(|a, b| a.order_key().cmp(&b.order_key()));
    }

    /// Removes a decision that was withdrawn.
    pub(crate) fn withdraw(&mut self, page: &PageId, id: DecisionId) {
        self.changed.push(*page);
        if let Some(of_page) = self.by_page.get_mut(page) {
            of_page.retain(|known| {
                let stays = known.id != id;
                if !stays {
                    self.own.remove(&(known.at_ms, known.group, id, *page));
                }
                stays
            });
        }
    }

    /// Decisions on tasks that the job no longer has.
    pub(crate) fn orphans(&self) -> usize {
        self.orphans.len()
    }

    fn of_task(&self, page: &PageId, task: usize, question: Option<Digest>) -> impl Iterator<Item = &Decision> {
        let of_page = self.by_page.get(page).map(Vec::as_slice).unwrap_or_default();
        of_page.iter().filter(move |known| known.task == task && known.question == question)
    }

    /// The latest decision of each reviewer, if it fits the task.
    fn latest(&self, page: &PageId, task: usize, question: Option<Digest>) -> BTreeMap<&str, &Decision> {
        let latest = latest_by_reviewer(self.of_task(page, task, question));
        latest.into_iter().map(|((_, reviewer), known)| (reviewer, known)).collect()
    }

    /// The reviewer's latest decision on a task of a page, if it fits the task.
    pub(crate) fn own(&self, page: &PageId, task: usize, question: Option<Digest>) -> Option<&Decision> {
        self.latest(page, task, question).remove(self.reviewer.as_str())
    }

    /// The answer that `docmill eval` counts, or, if none was given blind, the latest at all. It counts whether or not
    /// it fits the task: no answer of the model equals a label that was removed.
    pub(crate) fn counted(&self, page: &PageId, task: usize, question: Option<Digest>) -> Option<&Decision> {
        let origin = |known: &&Decision| AnswerOrigin { is_blind: !known.is_shown, is_drawn: known.is_drawn };
        let of_task: Vec<&Decision> = self.of_task(page, task, question).collect();
        find_blind_answer(of_task.iter(), origin).or(of_task.last()).copied()
    }

    /// The latest decision of each other reviewer, if it fits the task.
    pub(crate) fn others(&self, page: &PageId, task: usize, question: Option<Digest>) -> Vec<&Decision> {
        let mut latest = self.latest(page, task, question);
        latest.remove(self.reviewer.as_str());
        latest.into_values().collect()
    }

    /// Whether another reviewer has decided.
    pub(crate) fn has_others(&self, page: &PageId, task: usize, question: Option<Digest>) -> bool {
        !self.others(page, task, question).is_empty()
    }

    /// The decisions on a page that no longer fit their task.
    pub(crate) fn unfit(&self, page: &PageId, task: usize) -> impl Iterator<Item = &Decision> {
        let of_page = self.by_page.get(page).map(Vec::as_slice).unwrap_or_default();
        of_page.iter().filter(move |known| known.task == task && !known.fits)
    }

    /// Whether the reviewer has made a decision.
    pub(crate) fn is_own(&self, decision: &Decision) -> bool {
        *decision.reviewer == *self.reviewer
    }

    /// Whether a decision no longer fits its task.
    pub(crate) fn has_unfit(&self, page: &PageId, task: usize) -> bool {
        self.unfit(page, task).next().is_some()
    }

    /// How much those who have answered disagree: 2 if reviewers do, 1 if a reviewer and the model do. `model_differs`:
    /// whether the model has given another answer than this value.
    pub(crate) fn disagreement(
        &self,
        page: &PageId,
        task: usize,
        question: Option<Digest>,
        model_differs: impl Fn(&JsonText) -> bool,
    ) -> u8 {
        let latest = self.latest(page, task, question);
        let distinct: BTreeSet<&JsonText> = latest.into_values().map(|known| &known.value).collect();
        match distinct.first() {
            None => 0,
            Some(value) if distinct.len() == 1 => u8::from(model_differs(value)),
            Some(_) => 2,
        }
    }

    /// What the reviewer has decided last: at most `count` groups, newest first.
    pub(crate) fn recent(&self, count: usize) -> Vec<Group> {
        let mut groups: Vec<Group> = Vec::new();
        for (at_ms, group_id, id, page) in self.own.iter().rev() {
            let known = self.by_page.get(page).and_then(|known| known.iter().find(|known| known.id == *id));
            let Some(known) = known else { continue };
            if let Some(group) = groups.last_mut().filter(|group| group.id == *group_id) {
                group.decisions.push((*page, known.clone()));
            } else if groups.len() == count {
                break;
            } else {
                groups.push(Group { id: *group_id, at_ms: *at_ms, decisions: vec![(*page, known.clone())] });
            }
        }
        groups
    }

    /// The reviewer's own decisions of a group: page, id, and task.
    pub(crate) fn own_of(&self, group: DecisionId) -> Vec<(PageId, DecisionId, usize)> {
        let task = |page: &PageId, id: DecisionId| self.by_page.get(page)?.iter().find(|known| known.id == id);
        let own = self.own.iter().rev().filter(|(_, known, ..)| *known == group);
        own.filter_map(|(.., id, page)| task(page, *id).map(|known| (*page, *id, known.task))).collect()
    }

    /// When the reviewer has decided last, in wall time in milliseconds. Later decisions have to have a later time,
    /// whatever the clock shows, because the latest one counts.
    pub(crate) fn last_own_ms(&self) -> i64 {
        self.own.last().map_or(0, |(at_ms, ..)| *at_ms)
    }

    /// For each pair of reviewers, the values that they gave the same pages of a task.
    pub(crate) fn pairs(&self, task: usize) -> BTreeMap<(&str, &str), Vec<(&str, &str)>> {
        let mut pairs: BTreeMap<(&str, &str), Vec<(&str, &str)>> = BTreeMap::new();
        for known in self.by_page.values() {
            let latest = latest_by_reviewer(known.iter().filter(|known| known.task == task));
            let latest: Vec<_> = latest.into_iter().map(|(key, known)| (key, known.value.as_str())).collect();
            for (at, ((question, a), value)) in latest.iter().enumerate() {
                for ((_, b), other) in latest[at + 1..].iter().take_while(|((known, _), _)| known == question) {
                    pairs.entry((a, b)).or_default().push((value, other));
                }
            }
        }
        pairs
    }
}

/// The latest decision of each reviewer on each question, if it fits its task: an earlier one does not count in its place.
/// `decisions`: those on a task, in their order.
fn latest_by_reviewer<'a>(
    decisions: impl Iterator<Item = &'a Decision>,
) -> BTreeMap<(Option<Digest>, &'a str), &'a Decision> {
    let mut latest = BTreeMap::new();
    decisions.for_each(|known| _ = latest.insert((known.question, &*known.reviewer), known));
    latest.retain(|_, known| known.fits);
    latest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::NewDecision;

    fn decisions(known: &[(i64, i64, &str, &str)]) -> Decisions {
        let labels = ["a", "b"].map(str::to_owned).to_vec();
        let tasks = vec![("kind".to_owned(), Shape::Choice(labels)), ("note".to_owned(), Shape::Text)];
        let mut decisions = Decisions::new("job", "ann", tasks);
        for (id, at, reviewer, value) in known {
            decisions.add(record(*id, *at, reviewer, "kind", value));
        }
        decisions
    }

    fn record(id: i64, at: i64, reviewer: &str, task: &str, value: &str) -> DecisionRecord {
        let decision = NewDecision {
            page: page(),
            job: "job".into(),
            task: task.into(),
            question: None,
            value: JsonText::from_value(&value.into()),
            reviewer: reviewer.into(),
            decided_at_ms: at,
            sampled_with: None,
            draw: None,
            shown: None,
        };
        // Decisions of one time are one group here, unless a test specifies otherwise.
        DecisionRecord { id: DecisionId(id), decision, group: DecisionId(at), is_withdrawn: false }
    }

    fn page() -> PageId {
        PageId { content: Digest::compute(b"page"), page: 1 }
    }

    #[test]
    fn each_reviewer_has_a_latest_decision_and_the_latest_of_all_counts() {
        let known = decisions(&[(1, 10, "ann", "a"), (2, 30, "bob", "b"), (3, 20, "ann", "b"), (4, 15, "cy", "a")]);
        let value = |found: Option<&Decision>| found.map(|known| known.value.to_string());
        assert_eq!(value(known.own(&page(), 0, None)), Some("\"b\"".into()));
        assert_eq!(known.counted(&page(), 0, None).map(|known| known.id), Some(DecisionId(2)));
        let others: Vec<i64> = known.others(&page(), 0, None).iter().map(|known| known.id.0).collect();
        assert_eq!(others, [2, 4]);
        assert!(known.has_others(&page(), 0, None) && !known.has_others(&page(), 1, None));
        let other_question = Some(Digest::compute(b"?"));
        assert_eq!(known.own(&page(), 0, other_question), None);
    }

    #[test]
    fn a_decision_that_does_not_fit_is_listed_and_leaves_its_page_undecided() {
        let mut known = decisions(&[(1, 10, "ann", "a"), (2, 20, "ann", "gone"), (5, 15, "bob", "b")]);
        assert_eq!(known.own(&page(), 0, None), None, "as in rows, the decision before it does not come back");
        assert_eq!(known.counted(&page(), 0, None).map(|known| known.id), Some(DecisionId(2)), "as in docmill eval");
        assert_eq!(known.others(&page(), 0, None).iter().map(|known| known.id.0).collect::<Vec<_>>(), [5]);
        assert_eq!(known.disagreement(&page(), 0, None, |value| value.as_str() != "\"b\""), 0);
        assert!(known.pairs(0).is_empty());
        assert_eq!(known.unfit(&page(), 0).map(|known| known.id.0).collect::<Vec<_>>(), [2]);
        known.add(record(3, 30, "ann", "no task", "a"));
        known.set_page(&page(), vec![record(3, 30, "ann", "no task", "a")]);
        assert_eq!(known.orphans(), 1);
    }

    #[test]
    fn disagreement_among_reviewers_comes_before_that_with_the_model() {
        let score = |known: &[(i64, i64, &str, &str)], model: Option<&str>| {
            let differs = |value: &JsonText| model.is_some_and(|model| model != value.as_str());
            decisions(known).disagreement(&page(), 0, None, differs)
        };
        assert_eq!(score(&[], Some("\"a\"")), 0);
        assert_eq!(score(&[(1, 1, "ann", "a")], Some("\"a\"")), 0);
        assert_eq!(score(&[(1, 1, "ann", "a")], Some("\"b\"")), 1);
        assert_eq!(score(&[(1, 1, "ann", "a")], None), 0);
        assert_eq!(score(&[(1, 1, "ann", "a"), (2, 2, "bob", "b")], Some("\"a\"")), 2);
        assert_eq!(score(&[(1, 1, "ann", "a"), (2, 2, "ann", "b")], Some("\"b\"")), 0, "the latest of each");
    }

    #[test]
    fn what_was_decided_together_is_one_group() {
        let mut known = decisions(&[(1, 10, "ann", "a"), (2, 20, "bob", "a")]);
        known.add(record(3, 30, "ann", "kind", "b"));
        known.add(record(4, 30, "ann", "note", "text"));
        known.add(record(4, 30, "ann", "note", "text"));
        let groups: Vec<(i64, usize)> =
            known.recent(20).iter().map(|group| (group.at_ms, group.decisions.len())).collect();
        assert_eq!(groups, [(30, 2), (10, 1)], "newest first, without those of others, each once");
        assert_eq!(known.recent(1).len(), 1);
        assert_eq!(known.own_of(DecisionId(30)).len(), 2);
        assert!(known.own_of(DecisionId(20)).is_empty() && known.own_of(DecisionId(25)).is_empty());
        // Another group of the same millisecond is another group.
        known.add(DecisionRecord { group: DecisionId(31), ..record(5, 30, "ann", "note", "more") });
        assert_eq!((known.own_of(DecisionId(30)).len(), known.own_of(DecisionId(31)).len()), (2, 1));
        assert_eq!(known.recent(20).iter().map(|group| group.id.0).collect::<Vec<_>>(), [31, 30, 10]);
        assert_eq!(known.last_own_ms(), 30);
        known.withdraw(&page(), DecisionId(5));
        known.withdraw(&page(), DecisionId(3));
        assert_eq!(known.own_of(DecisionId(30)).len(), 1);
        assert_eq!(known.own(&page(), 0, None).map(|known| known.id), Some(DecisionId(1)));
        known.set_page(&page(), vec![record(9, 5, "ann", "kind", "b")]);
        assert_eq!(known.recent(20).len(), 1, "as the store has it now");
    }

    #[test]
    fn pairs_of_reviewers_are_those_who_decided_the_same() {
        let known = decisions(&[(1, 10, "ann", "a"), (2, 20, "bob", "b"), (3, 30, "ann", "b"), (4, 40, "cy", "gone")]);
        let pairs = known.pairs(0);
        assert_eq!(pairs.keys().copied().collect::<Vec<_>>(), [("ann", "bob")]);
        assert_eq!(pairs[&("ann", "bob")], [("\"b\"", "\"b\"")]);
    }
}
