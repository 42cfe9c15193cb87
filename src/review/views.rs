//! Views that are kept between requests, so that a decision does not cause a walk over all pages.

use super::prepared_view::{Given, PreparedView, Window};
use super::view::ViewQuery;
use std::collections::{HashMap, HashSet};

/// Number of views that are kept: a browser has one, and returns to others.
const MAX_VIEWS: usize = 4;

/// The views that were asked for last, and which pages are decided, by task.
#[derive(Debug, Default)]
pub(crate) struct Views {
    /// The most recently used one last.
    views: Vec<PreparedView>,
    /// By task: the positions of the pages that the reviewer has decided.
    decided: HashMap<usize, HashSet<u32>>,
    /// Whether the facts were known when these were made: they add to the order.
    has_facts: bool,
}

impl Views {
    /// Updates decisions and skips since then: the positions of these pages.
    pub(crate) fn update(&mut self, given: Given<'_>, decided: &[u32], skipped: &[u32]) {
        if self.has_facts != given.facts.is_some() {
            *self = Self { has_facts: given.facts.is_some(), ..Self::default() };
        }
        if !decided.is_empty() {
            self.views.retain(|view| !view.is_ordered_by_decisions());
        }
        for view in &mut self.views {
            view.update(given, decided);
            view.update(given, skipped);
        }
        for (task, known) in &mut self.decided {
            for at in decided {
                if given.is_decided(*at, *task) {
                    known.insert(*at);
                } else {
                    known.remove(at);
                }
            }
        }
    }

    /// How many of the reviewed pages the reviewer has decided, for a task.
    pub(crate) fn decided(&mut self, task: usize, given: Given<'_>) -> usize {
        let read = || given.drawn.iter().copied().filter(|at| given.is_decided(*at, task)).collect();
        self.decided.entry(task).or_insert_with(read).len()
    }

    /// The pages of a view from the requested position.
    pub(crate) fn window(&mut self, view: &ViewQuery, given: Given<'_>) -> Window {
        let known = self.views.iter().position(|known| known.is_of(view));
        let prepared = known.map_or_else(|| PreparedView::new(view, given), |at| self.views.remove(at));
        let window = prepared.window(view, given.index);
        self.views.push(prepared);
        if self.views.len() > MAX_VIEWS {
            self.views.remove(0);
        }
        window
    }
}
