//! Which pages are shown, and in which order.

use super::decisions::Decisions;
use super::facts::{Facts, NONE, PageFacts};
use super::index::{IndexedPage, PageIndex};
use super::page_name::{PageKey, parse_page_name};
use super::skips::PageTask;
use crate::base::vocabulary::{ErrorKind, RowStatus};
use std::borrow::Cow;
use std::collections::HashSet;

/// Most pages in one reply.
const MAX_LIMIT: usize = 120;

/// The order of pages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReviewOrder {
    /// As `--sample` draws them: looks random, and is always the same.
    #[default]
    Random,
    /// By the model's answer to the task.
    Label,
    /// Answers that may be wrong first, judged without truth.
    Suspected,
    /// Pages first on which reviewers disagree, then those where a reviewer and the model do.
    Disagreement,
    /// The most expensive first.
    Cost,
}

impl ReviewOrder {
    /// All orders.
    pub const ALL: [Self; 5] = [Self::Random, Self::Label, Self::Suspected, Self::Disagreement, Self::Cost];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Random => "random",
            Self::Label => "label",
            Self::Suspected => "suspected",
            Self::Disagreement => "disagreement",
            Self::Cost => "cost",
        }
    }

    /// The order with this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|order| order.name() == name)
    }
}

/// Which pages are shown by what their reviewer has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum ReviewState {
    /// All.
    #[default]
    All,
    /// The reviewer has neither decided nor skipped a task of the view.
    Undecided,
    /// The reviewer has decided all tasks of the view.
    Decided,
    /// Another reviewer has decided a task of the view.
    Others,
    /// The reviewer has skipped a task of the view since the server was started, and not decided it.
    Skipped,
    /// A decision does not fit the task any more.
    Unfit,
}

/// A question of the page: which pages, from where, how many.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ViewQuery {
    /// Whether it is for the grid, which shows the model's answers.
    pub(crate) is_grid: bool,
    /// Positions of the tasks; never empty.
    pub(crate) tasks: Vec<usize>,
    /// Their order.
    pub(crate) order: ReviewOrder,
    /// Only pages whose answer to the first task is this JSON text.
    pub(crate) label: Option<String>,
    /// Only pages with this status.
    pub(crate) status: Option<RowStatus>,
    /// Only pages with this kind of error.
    pub(crate) error: Option<ErrorKind>,
    /// Only pages with this JSON text in this carried column.
    pub(crate) carried: Option<(usize, String)>,
    /// Only pages with which the reviewer has done this.
    pub(crate) state: ReviewState,
    /// Begin behind this page.
    pub(crate) after: Option<PageKey>,
    /// End before this page.
    pub(crate) before: Option<PageKey>,
    /// Begin with this page.
    pub(crate) at: Option<PageKey>,
    /// Begin with the first page that has a task which is neither decided nor skipped.
    pub(crate) is_next: bool,
    /// Only the names of pages: to draw them ahead of time, and show nothing of them.
    pub(crate) only_names: bool,
    /// How many.
    pub(crate) limit: usize,
}

/// The pages of a view from where they were wanted.
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

impl ViewQuery {
    /// Reads the query of an address. `tasks` and `columns`: the names of the job's tasks and carried columns.
    ///
    /// # Errors
    /// What is wrong, a lower-case fragment.
    pub(crate) fn parse(query: &str, tasks: &[&str], columns: &[&str]) -> Result<Self, String> {
        let mut view = Self { limit: 1, ..Self::default() };
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            view.set(&name, value, tasks, columns)?;
        }
        if view.tasks.is_empty() {
            view.tasks = if tasks.is_empty() { Vec::new() } else { vec![0] };
        }
        Ok(view)
    }

    fn set(&mut self, name: &str, value: Cow<'_, str>, tasks: &[&str], columns: &[&str]) -> Result<(), String> {
        let unknown = || format!("{name}: there is no such value");
        let page = || parse_page_name(&value).map(Some).ok_or_else(unknown);
        match name {
            "mode" => self.is_grid = value == "grid",
            "task" if value == "*" => self.tasks = (0..tasks.len()).collect(),
            "task" => self.tasks = vec![tasks.iter().position(|task| *task == value).ok_or_else(unknown)?],
            "order" => self.order = ReviewOrder::parse(&value).ok_or_else(unknown)?,
            "label" => self.label = Some(value.into_owned()),
            "status" => self.status = Some(RowStatus::parse(&value).ok_or_else(unknown)?),
            "error" => self.error = Some(ErrorKind::parse(&value).ok_or_else(unknown)?),
            "column" => {
                let column = columns.iter().position(|column| *column == value).ok_or_else(unknown)?;
                self.carried = Some((column, self.carried.take().map(|(_, value)| value).unwrap_or_default()));
            }
            "value" => {
                self.carried = Some((self.carried.take().map_or(0, |(column, _)| column), value.into_owned()));
            }
            "state" => {
                self.state = match &*value {
                    "all" => ReviewState::All,
                    "undecided" => ReviewState::Undecided,
                    "decided" => ReviewState::Decided,
                    "others" => ReviewState::Others,
                    "skipped" => ReviewState::Skipped,
                    "unfit" => ReviewState::Unfit,
                    _ => return Err(unknown()),
                };
            }
            "after" => self.after = page()?,
            "before" => self.before = page()?,
            "at" => self.at = page()?,
            "names" => self.only_names = value == "1",
            "next" => self.is_next = value == "1",
            "limit" => self.limit = value.parse::<usize>().map_err(|_| unknown())?.clamp(1, MAX_LIMIT),
            _ => return Err(format!("{name} is not a parameter")),
        }
        Ok(())
    }

    /// Whether it can't be answered without [`Facts`].
    pub(crate) fn needs_facts(&self) -> bool {
        self.label.is_some()
            || self.status.is_some()
            || self.error.is_some()
            || self.carried.is_some()
            || matches!(self.order, ReviewOrder::Label | ReviewOrder::Suspected | ReviewOrder::Cost)
    }

    /// Whether it shows pages as they were drawn, and not by what is known of them.
    pub(crate) fn is_random(&self) -> bool {
        self.order == ReviewOrder::Random && !self.is_grid && !self.needs_facts() && self.state != ReviewState::Others
    }

    /// Whether which pages it shows, or in which order, tells the model's answers or those of others.
    pub(crate) fn reveals_answers(&self) -> bool {
        self.is_grid
            || self.label.is_some()
            || self.state == ReviewState::Others
            || matches!(self.order, ReviewOrder::Label | ReviewOrder::Disagreement)
    }

    /// The pages of `drawn` that the view shows. `skipped`: tasks of pages, by the reviewer.
    pub(crate) fn window(
        &self,
        index: &PageIndex,
        drawn: &[u32],
        facts: Option<&Facts>,
        decisions: &Decisions,
        skipped: &HashSet<PageTask>,
    ) -> Window {
        let ordered = self.ordered(index, drawn, facts, decisions);
        let wanted = Wanted::new(self, facts);
        let has = |at: u32, has: &dyn Fn(&IndexedPage, usize) -> bool| {
            index.get(at).is_some_and(|page| self.tasks.iter().any(|task| has(page, *task)))
        };
        let is_decided = |page: &IndexedPage, task| decisions.own(&page.id, task, index.question(page, task)).is_some();
        let is_undecided = |at: u32| has(at, &|page, task| !is_decided(page, task));
        let is_open = |at: u32| has(at, &|page, task| !is_decided(page, task) && !skipped.contains(&(at, task)));
        let matches: Vec<u32> = ordered
            .iter()
            .copied()
            .filter(|at| wanted.has(facts.and_then(|facts| facts.pages.get(*at as usize)?.as_ref())))
            .filter(|at| match self.state {
                ReviewState::All => true,
                ReviewState::Undecided => is_open(*at),
                ReviewState::Decided => !is_undecided(*at),
                ReviewState::Others => {
                    has(*at, &|page, task| decisions.has_others(&page.id, task, index.question(page, task)))
                }
                ReviewState::Skipped => {
                    has(*at, &|page, task| !is_decided(page, task) && skipped.contains(&(*at, task)))
                }
                ReviewState::Unfit => has(*at, &|page, task| decisions.has_unfit(&page.id, task)),
            })
            .collect();
        let undecided = matches.iter().filter(|at| is_undecided(**at)).count();
        let (total, from) = (matches.len(), self.start(index, &ordered, &matches));
        let mut pages: Vec<u32> = Vec::new();
        let mut first = from;
        if self.is_next {
            // From there on, and then from the beginning.
            let wrapped = (from..total).chain(0..from.min(total));
            let open = wrapped.filter(|at| is_open(matches[*at]));
            let open: Vec<usize> = open.take(self.limit).collect();
            first = open.first().copied().unwrap_or(total);
            pages.extend(open.iter().map(|at| matches[*at]));
        } else {
            pages.extend(matches.iter().skip(from).take(self.limit));
        }
        let first = if pages.is_empty() { 0 } else { first + 1 };
        Window { pages, total, undecided, first }
    }

    /// Where the window begins in `matches`, which is a part of `ordered`.
    fn start(&self, index: &PageIndex, ordered: &[u32], matches: &[u32]) -> usize {
        let rank = |key: &PageKey| {
            let wanted = index.find(key)?;
            ordered.iter().position(|at| *at == wanted)
        };
        // A page that the view does not show any more still has a place in its order.
        let before = |rank: usize| {
            ordered[..rank].iter().fold(0, |count, at| count + usize::from(matches.get(count) == Some(at)))
        };
        if let Some(rank) = self.at.as_ref().and_then(rank) {
            return before(rank);
        }
        if let Some(rank) = self.after.as_ref().and_then(rank) {
            return before(rank + 1);
        }
        if let Some(rank) = self.before.as_ref().and_then(rank) {
            return before(rank).saturating_sub(self.limit);
        }
        0
    }

    fn ordered<'a>(
        &self,
        index: &PageIndex,
        drawn: &'a [u32],
        facts: Option<&Facts>,
        decisions: &Decisions,
    ) -> Cow<'a, [u32]> {
        let page = |at: &u32| facts.and_then(|facts| facts.pages.get(*at as usize)?.as_ref());
        let mut ordered = drawn.to_vec();
        let task = self.tasks.first().copied().unwrap_or(0);
        match self.order {
            ReviewOrder::Random => return Cow::Borrowed(drawn),
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
                    let scores = self.tasks.iter().map(|task| {
                        let model = page(at).and_then(|page| {
                            let number = *page.answers.get(*task)?;
                            facts?.answers.get(*task)?.texts.get(number as usize)
                        });
                        decisions.disagreement(
                            &indexed.id,
                            *task,
                            index.question(indexed, *task),
                            model.map(String::as_str),
                        )
                    });
                    scores.max()
                };
                ordered.sort_by_cached_key(|at| std::cmp::Reverse(score(at).unwrap_or(0)));
            }
        }
        Cow::Owned(ordered)
    }
}

/// The filters of a view that only need the facts of a page.
struct Wanted {
    is_filtered: bool,
    task: usize,
    label: Option<u32>,
    status: Option<RowStatus>,
    error: Option<ErrorKind>,
    carried: Option<(usize, u32)>,
}

impl Wanted {
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

    fn has(&self, page: Option<&PageFacts>) -> bool {
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

#[cfg(test)]
mod tests;
