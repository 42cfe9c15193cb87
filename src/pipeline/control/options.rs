//! Options of a run, in addition to its manifest.

use crate::select::Filter;
use crate::store::{RetrySelection, TaskKey};
use std::path::PathBuf;
use std::time::Duration;

/// Options of a run, in addition to its manifest.
#[derive(Clone, Debug)]
pub struct RunOptions {
    /// Maximum number of pages to ask.
    pub limit: Option<u64>,
    /// Ask only a sample of this many pages: the same pages every time.
    pub sample: Option<u64>,
    /// Which done tasks are sent again.
    pub selection: RetrySelection,
    /// Of the pages that `selection` sends again, only those whose rows match. Pages without a result are
    /// not sent then. `Session::filter` makes it.
    pub filter: Option<Filter>,
    /// Names of the tasks to ask; empty: all.
    pub tasks: Vec<String>,
    /// Submit pages in batches and collect batches that have ended, without waiting for those that have not. For
    /// jobs with `delivery: batch`.
    pub once: bool,
    /// How long a stop waits for requests in flight.
    pub grace: Duration,
    /// A store of the whole input, which supplies a shard with earlier answers. It is only read.
    pub base: Option<PathBuf>,
}

impl RunOptions {
    /// Whether pages may stay pending on purpose, so that the run is not judged as a whole.
    pub(crate) fn is_partial(&self) -> bool {
        self.limit.is_some() || self.sample.is_some() || self.filter.is_some() || !self.tasks.is_empty()
    }

    /// Which done tasks are sent again, as text that the store uses to recognize a run that continues another;
    /// `None`: none.
    pub(crate) fn selection_text(&self) -> Option<String> {
        selection_text(self.selection, self.filter.as_ref(), &self.tasks, self.sample)
    }

    /// Which of these tasks are asked.
    pub(crate) fn wanted_tasks(&self, tasks: &[TaskKey]) -> Vec<bool> {
        tasks.iter().map(|task| self.asks(&task.task)).collect()
    }

    /// Whether a task is asked.
    pub(crate) fn asks(&self, task: &str) -> bool {
        self.tasks.is_empty() || self.tasks.iter().any(|name| name == task)
    }
}

/// A selection as text: the statuses that are sent again, the tasks, the size of the sample, and which pages.
pub(crate) fn selection_text(
    selection: RetrySelection,
    filter: Option<&Filter>,
    tasks: &[String],
    sample: Option<u64>,
) -> Option<String> {
    let RetrySelection { invalid, refused, failed, refresh, redrawn } = selection;
    let words =
        [("invalid", invalid), ("refused", refused), ("failed", failed), ("refresh", refresh), ("redrawn", redrawn)];
    let chosen: Vec<&str> = words.into_iter().filter(|(_, is_chosen)| *is_chosen).map(|(word, _)| word).collect();
    let mut tasks = tasks.to_vec();
    tasks.sort_unstable();
    selection.is_any().then(|| match filter {
        // As stores of earlier versions have it.
        None => serde_json::json!([chosen, tasks, sample]).to_string(),
        Some(filter) => serde_json::json!([chosen, tasks, sample, filter.to_string()]).to_string(),
    })
}

impl Default for RunOptions {
    fn default() -> Self {
        Self {
            limit: None,
            sample: None,
            selection: RetrySelection::default(),
            filter: None,
            tasks: Vec::new(),
            once: false,
            grace: Duration::from_secs(8),
            base: None,
        }
    }
}
