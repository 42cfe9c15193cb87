//! The pages of a view with what the reviewer has done with them, kept up to date page by page.

use super::decisions::Decisions;
use super::facts::{AnswerDigest, Facts, NONE, ReviewedPage};
use super::index::{IndexedPage, PageIndex};
use super::page_name::PageKey;
use super::rank_set::RankSet;
use super::skips::PageTask;
use super::view::{ReviewOrder, ReviewState, ViewQuery};
use crate::base::json_text::JsonText;
use crate::base::vocabulary::{ErrorKind, RowStatus};
use std::collections::HashSet;

/// The pages of a view from the requested position.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Window {
    /// Positions in the index.
    pub(crate) pages: Vec<u32>,
    /// How many pages the view has.
    pub(crate) total: usize,
    /// How many of them the reviewer has not decided.
    pub(crate) undecided: usize,
    /// The place of the first page in the view, from 1; 0 if there is none.
    pub(crate) first: usize,
}

/// What a view is made from.
#[derive(Clone, Copy)]
pub(crate) struct Given<'a> {
    /// All pages.
    pub(crate) index: &'a PageIndex,
    /// Positions of the pages that are reviewed, in the order in which they were drawn.
    pub(crate) drawn: &'a [u32],
    /// The facts about all pages, if they were read.
    pub(crate) facts: Option<&'a Facts>,
    /// The decisions.
    pub(crate) decisions: &'a Decisions,
    /// Tasks of pages that the reviewer has skipped.
    pub(crate) skipped: &'a HashSet<PageTask>,
}

impl Given<'_> {
    /// Whether the reviewer has decided a task of the page at a position.
    pub(crate) fn is_decided(&self, at: u32, task: usize) -> bool {
        let page = self.index.get(at);
        page.is_some_and(|page| self.decisions.own(&page.id, task, self.index.question(page, task)).is_some())
    }
}

/// The pages of a view. To make it takes a walk over all pages; to change a page of it and to ask for a window do not.
#[derive(Debug)]
pub(crate) struct PreparedView {
    view: ViewQuery,
    /// The positions of all pages that are reviewed, by rank in the order of the view.
    ordered: Vec<u32>,
    /// By position: the rank; [`NONE`]: the page is not reviewed.
    ranks: Vec<u32>,
    /// What the view shows.
    matches: RankSet,
    /// What the view shows and the reviewer has not decided.
    undecided: RankSet,
    /// What the view shows and the reviewer has neither decided nor skipped.
    open: RankSet,
}

impl PreparedView {
    /// Orders and filters all pages.
    pub(crate) fn new(view: &ViewQuery, given: Given<'_>) -> Self {
        let ordered = ordered(view, given);
        let mut ranks = vec![NONE; given.index.len()];
        for (rank, at) in ordered.iter().enumerate() {
            if let Some(known) = ranks.get_mut(*at as usize) {
                *known = u32::try_from(rank).unwrap_or(NONE);
            }
        }
        let filters = FactFilters::new(view, given.facts);
        let marks: Vec<Marks> = ordered.iter().map(|at| Marks::of_page(view, given, &filters, *at)).collect();
        let set = |mark: fn(&Marks) -> bool| RankSet::new(marks.iter().map(mark).collect());
        Self {
            view: view.without_place(),
            matches: set(|marks| marks.is_match),
            undecided: set(|marks| marks.is_undecided),
            open: set(|marks| marks.is_open),
            ordered,
            ranks,
        }
    }

    /// Whether it has the pages of a view.
    pub(crate) fn is_of(&self, view: &ViewQuery) -> bool {
        self.view == view.without_place()
    }

    /// Whether its order changes with decisions.
    pub(crate) fn is_ordered_by_decisions(&self) -> bool {
        self.view.order == ReviewOrder::Disagreement
    }

    /// Updates decisions and skips on pages.
    pub(crate) fn update(&mut self, given: Given<'_>, changed: &[u32]) {
        let filters = FactFilters::new(&self.view, given.facts);
        for at in changed {
            let Some(rank) = self.rank(*at) else { continue };
            let marks = Marks::of_page(&self.view, given, &filters, *at);
            self.matches.set(rank, marks.is_match);
            self.undecided.set(rank, marks.is_undecided);
            self.open.set(rank, marks.is_open);
        }
    }

    fn rank(&self, at: u32) -> Option<usize> {
        self.ranks.get(at as usize).filter(|rank| **rank != NONE).map(|rank| *rank as usize)
    }

    /// The pages from the position that `view` requests.
    pub(crate) fn window(&self, view: &ViewQuery, index: &PageIndex) -> Window {
        let (total, from) = (self.matches.len(), self.start(view, index));
        let ranks: Vec<usize> = if view.is_next {
            // From there on, and then from the beginning.
            let before = self.matches.nth(from).map_or(self.open.len(), |rank| self.open.before(rank));
            let wrapped = (before..self.open.len()).chain(0..before);
            wrapped.take(view.limit).filter_map(|number| self.open.nth(number)).collect()
        } else {
            (from..total).take(view.limit).filter_map(|number| self.matches.nth(number)).collect()
        };
        Window {
            first: ranks.first().map_or(0, |rank| self.matches.before(*rank) + 1),
            pages: ranks.iter().filter_map(|rank| self.ordered.get(*rank).copied()).collect(),
            total,
            undecided: self.undecided.len(),
        }
    }

    /// How many pages of the view come before the window.
    fn start(&self, view: &ViewQuery, index: &PageIndex) -> usize {
        // A page that the view no longer shows still has a place in its order.
        let rank = |key: &PageKey| self.rank(index.find(key)?);
        if let Some(rank) = view.at.as_ref().and_then(rank) {
            return self.matches.before(rank);
        }
        if let Some(rank) = view.after.as_ref().and_then(rank) {
            return self.matches.before(rank + 1);
        }
        if let Some(rank) = view.before.as_ref().and_then(rank) {
            return self.matches.before(rank).saturating_sub(view.limit);
        }
        0
    }
}

/// What the reviewer has done with a page, as far as a view shows it.
struct Marks {
    is_match: bool,
    is_undecided: bool,
    is_open: bool,
}

impl Marks {
    fn of_page(view: &ViewQuery, given: Given<'_>, filters: &FactFilters, at: u32) -> Self {
        let Given { index, facts, decisions, skipped, .. } = given;
        let has = |has: &dyn Fn(&IndexedPage, usize) -> bool| {
            index.get(at).is_some_and(|page| view.tasks.iter().any(|task| has(page, *task)))
        };
        let is_undecided = has(&|_, task| !given.is_decided(at, task));
        let is_open = has(&|_, task| !given.is_decided(at, task) && !skipped.contains(&(at, task)));
        let is_in_state = match view.state {
            ReviewState::All => true,
            ReviewState::Undecided => is_open,
            ReviewState::Decided => !is_undecided,
            ReviewState::Others => has(&|page, task| decisions.has_others(&page.id, task, index.question(page, task))),
            ReviewState::Skipped => has(&|_, task| !given.is_decided(at, task) && skipped.contains(&(at, task))),
            ReviewState::Unfit => has(&|page, task| decisions.has_unfit(&page.id, task)),
        };
        let is_match = is_in_state && filters.has(facts.and_then(|facts| facts.pages.get(at as usize)?.as_ref()));
        Self { is_match, is_undecided: is_match && is_undecided, is_open: is_match && is_open }
    }
}

/// The positions of all pages that are reviewed, in the order of a view.
fn ordered(view: &ViewQuery, given: Given<'_>) -> Vec<u32> {
    let Given { index, drawn, facts, decisions, .. } = given;
    let page = |at: &u32| facts.and_then(|facts| facts.pages.get(*at as usize)?.as_ref());
    let mut ordered = drawn.to_vec();
    let task = view.tasks.first().copied().unwrap_or(0);
    match view.order {
        ReviewOrder::Random => {}
        ReviewOrder::Label => {
            let text = |at: &u32| {
                let number = page(at)?.answers.get(task).copied()?;
                facts?.answers.get(task)?.texts.get(number as usize)
            };
            ordered.sort_by(|a, b| text(a).cmp(&text(b)));
        }
        ReviewOrder::Suspected => {
            ordered.sort_by_key(|at| std::cmp::Reverse(page(at).map_or(0, |page| page.suspicion)));
        }
        ReviewOrder::Cost => ordered.sort_by_key(|at| std::cmp::Reverse(page(at).map_or(0, |page| page.cost))),
        ReviewOrder::Disagreement => {
            let score = |at: &u32| {
                let indexed = index.get(*at)?;
                let scores = view.tasks.iter().map(|task| {
                    let question = index.question(indexed, *task);
                    let model = page(at).and_then(|page| *page.digests.get(*task)?);
                    let differs = |value: &JsonText| {
                        model.is_some_and(|model| model != AnswerDigest::of_canonical(value.as_str()))
                    };
                    decisions.disagreement(&indexed.id, *task, question, differs)
                });
                scores.max()
            };
            ordered.sort_by_cached_key(|at| std::cmp::Reverse(score(at).unwrap_or(0)));
        }
    }
    ordered
}

/// The filters of a view that only need the facts of a page.
struct FactFilters {
    is_filtered: bool,
    task: usize,
    label: Option<u32>,
    status: Option<RowStatus>,
    error: Option<ErrorKind>,
    carried: Option<(usize, u32)>,
}

impl FactFilters {
    fn new(view: &ViewQuery, facts: Option<&Facts>) -> Self {
        let task = view.tasks.first().copied().unwrap_or(0);
        let label =
            |text: &String| facts.and_then(|facts| facts.answers.get(task)).map_or(NONE, |known| known.find(text));
        let value = |(column, text): &(usize, String)| {
            (*column, facts.and_then(|facts| facts.carried.get(*column)).map_or(NONE, |known| known.find(text)))
        };
        Self {
            is_filtered: view.label.is_some()
                || view.status.is_some()
                || view.error.is_some()
                || view.carried.is_some(),
            task,
            label: view.label.as_ref().map(label),
            status: view.status,
            error: view.error,
            carried: view.carried.as_ref().map(value),
        }
    }

    fn has(&self, page: Option<&ReviewedPage>) -> bool {
        if !self.is_filtered {
            return true;
        }
        let Some(page) = page else { return false };
        let is = |known: Option<&u32>, wanted: u32| wanted != NONE && known == Some(&wanted);
        self.label.is_none_or(|label| is(page.answers.get(self.task), label))
            && self.status.is_none_or(|status| page.status == status)
            && self.error.is_none_or(|error| page.error_kind == Some(error))
            && self.carried.is_none_or(|(column, value)| is(page.carried.get(column), value))
    }
}
