//! The sample of a task.

use super::stated::StatedTotal;
use crate::base::ids::PageId;
use std::collections::HashMap;

/// How the pages with human answers to a task were drawn.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct TaskSample {
    /// The pages that belong to the sample, with the probability with which each was drawn; `None`: there is no
    /// sample, and all pages with an answer count.
    pub(crate) pages: Option<HashMap<PageId, f64>>,
    /// The draw, if the store has it.
    pub(crate) draw: Option<DrawSummary>,
    /// Why pages with stated probabilities are not a valid sample: these are of several. `None`: they are one.
    pub(crate) contradiction: Option<StatedTotal>,
    /// Whether pages were drawn and every page of the job is decided: then there is no sample, and all pages count.
    pub(crate) is_census: bool,
    /// Expressions among whose rows pages were drawn. They are not a sample of other rows.
    pub(crate) other_selections: Vec<String>,
}

/// How far a draw is decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DrawSummary {
    /// The expression that rows had to match; `None`: the draw is among all pages of the job.
    pub(crate) selection: Option<String>,
    /// Pages that were drawn.
    pub(crate) pages: u64,
    /// Different pages of which they would be a sample: those of the job, or those that match now.
    pub(crate) population: u64,
    /// Different pages among which they were drawn.
    pub(crate) drawn_among: u64,
    /// Pages up to the last counting one that could not be drawn when later pages were decided: they were added to the
    /// job later, or belong to another shard.
    pub(crate) not_drawn: u64,
    /// Whether the draws of several shards are counted together.
    pub(crate) is_of_shards: bool,
    /// Pages that are decided and count.
    pub(crate) decided: u64,
    /// Pages before the last one that counts, which are not decided: if these are the hard ones, the others are not
    /// like them.
    pub(crate) passed_over: u64,
    /// Pages of the draw that were decided only after the model's answer was seen. They do not count, and are neither
    /// passed over nor not reached.
    pub(crate) decided_seen: u64,
    /// Pages after it: they have not been reached yet.
    pub(crate) not_reached: u64,
}

impl DrawSummary {
    /// Whether the pages are not a sample of those that there are now.
    pub(crate) fn is_outdated(&self) -> bool {
        // Shards may have equal pages.
        let has_changed = match self.is_of_shards {
            true => self.population > self.drawn_among,
            false => self.population != self.drawn_among,
        };
        self.not_drawn > 0 || self.selection.is_some() && has_changed
    }

    /// How many pages have to be drawn now, so that all that are decided are part of a sample.
    pub(crate) fn size_to_draw(&self) -> u64 {
        if self.selection.is_some() { self.pages } else { self.pages - self.not_reached + self.not_drawn }
    }
}

impl TaskSample {
    /// Whether its pages were drawn, but are not a sample of those that there are now.
    pub(crate) fn is_outdated(&self) -> bool {
        self.draw.as_ref().is_some_and(DrawSummary::is_outdated)
    }

    /// States how many different pages match the expression now.
    pub(crate) fn set_matching(&mut self, count: u64) {
        if let Some(draw) = self.draw.as_mut().filter(|draw| draw.selection.is_some()) {
            draw.population = count;
        }
    }

    /// Whether a page belongs to it.
    pub(crate) fn contains(&self, page: Option<&PageId>) -> bool {
        page.is_some_and(|page| self.pages.as_ref().is_some_and(|pages| pages.contains_key(page)))
    }

    /// Whether an answer to a page counts, and with which probability the page was drawn.
    pub(crate) fn membership(&self, page: Option<&PageId>) -> Membership {
        let probability = || page.and_then(|page| self.pages.as_ref()?.get(page)).copied();
        match (&self.pages, probability()) {
            (None, _) => Membership::Counts(None),
            (Some(_), Some(probability)) => Membership::Counts(Some(probability).filter(|_| !self.is_outdated())),
            (Some(_), None) if self.contradiction.is_some() => Membership::Counts(None),
            (Some(_), None) => Membership::LeftOut,
        }
    }
}

/// Whether an answer to a page counts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Membership {
    /// It counts, with the probability with which the page was drawn, if it was drawn.
    Counts(Option<f64>),
    /// The sample is without this page.
    LeftOut,
}
