//! Which pages are shown, and in which order.

use super::page_name::{PageKey, parse_page_name};
use crate::base::vocabulary::{ErrorKind, RowStatus};
use std::borrow::Cow;

/// Maximum number of pages in one reply.
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

/// Which pages are shown by the reviewer's actions.
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
    /// A decision no longer fits the task.
    Unfit,
}

/// A query of the browser: which pages, from where, how many.
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
    /// Only pages in this state for the reviewer.
    pub(crate) state: ReviewState,
    /// Begin after this page.
    pub(crate) after: Option<PageKey>,
    /// End before this page.
    pub(crate) before: Option<PageKey>,
    /// Begin with this page.
    pub(crate) at: Option<PageKey>,
    /// Begin with the first page that has a task which is neither decided nor skipped.
    pub(crate) is_next: bool,
    /// Only the names of pages: to render them ahead of time, without showing them.
    pub(crate) only_names: bool,
    /// How many.
    pub(crate) limit: usize,
}

impl ViewQuery {
    /// Reads the query of an address. `tasks` and `columns`: the names of the job's tasks and carried columns.
    ///
    /// # Errors
    /// The fault, a lower-case fragment.
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

    /// Whether it can't be answered without [facts](super::facts).
    pub(crate) fn needs_facts(&self) -> bool {
        self.label.is_some()
            || self.status.is_some()
            || self.error.is_some()
            || self.carried.is_some()
            || !matches!(self.order, ReviewOrder::Random)
    }

    /// Whether it shows pages as they were drawn, and not by their properties.
    pub(crate) fn is_random(&self) -> bool {
        self.order == ReviewOrder::Random && !self.is_grid && !self.needs_facts() && self.state != ReviewState::Others
    }

    /// Whether its selection or order of pages reveals the model's answers or those of others.
    pub(crate) fn reveals_answers(&self) -> bool {
        self.is_grid
            || self.label.is_some()
            || self.state == ReviewState::Others
            || matches!(self.order, ReviewOrder::Label | ReviewOrder::Disagreement)
    }

    /// The settings that determine its pages and their order: all but the position and the size of the window.
    pub(crate) fn without_place(&self) -> Self {
        Self {
            is_grid: false,
            after: None,
            before: None,
            at: None,
            is_next: false,
            only_names: false,
            limit: 0,
            ..self.clone()
        }
    }
}

#[cfg(test)]
mod tests;
