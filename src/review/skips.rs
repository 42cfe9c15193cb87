//! What a reviewer has skipped since the server was started: tasks of pages. It is not stored.

use crate::base::ids::DecisionId;
use std::collections::HashSet;

/// The position of a page in the index, and that of a task.
pub(crate) type PageTask = (u32, usize);

/// Tasks of pages that were skipped together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Skip {
    /// Its number.
    pub(crate) number: u64,
    /// The decisions that were made in the same step, as in the grid.
    pub(crate) group: Option<DecisionId>,
    /// When: wall time in milliseconds.
    pub(crate) at_ms: i64,
    /// The tasks that were newly skipped.
    pub(crate) tasks: Vec<PageTask>,
}

/// The skips of a reviewer, in steps that can be taken back.
#[derive(Debug, Default)]
pub(crate) struct Skips {
    steps: Vec<Skip>,
    tasks: HashSet<PageTask>,
    last: u64,
    /// Pages with changed skips since [`Skips::take_changed`].
    changed: Vec<u32>,
}

impl Skips {
    /// Skips tasks of pages. Returns how many had not been skipped before.
    pub(crate) fn add(&mut self, group: Option<DecisionId>, at_ms: i64, tasks: Vec<PageTask>) -> usize {
        let tasks: Vec<PageTask> = tasks.into_iter().filter(|task| self.tasks.insert(*task)).collect();
        self.changed.extend(tasks.iter().map(|(page, _)| *page));
        let added = tasks.len();
        // Taking back a step that has changed nothing would look like doing nothing.
        if !tasks.is_empty() {
            self.last += 1;
            self.steps.push(Skip { number: self.last, group, at_ms, tasks });
        }
        added
    }

    /// Takes back the steps that match. Returns what is no longer skipped.
    pub(crate) fn take_back(&mut self, matches: impl Fn(&Skip) -> bool) -> Vec<PageTask> {
        let mut gone = Vec::new();
        self.steps.retain(|step| {
            let stays = !matches(step);
            if !stays {
                gone.extend(step.tasks.iter().copied());
            }
            stays
        });
        gone.iter().for_each(|task| _ = self.tasks.remove(task));
        self.changed.extend(gone.iter().map(|(page, _)| *page));
        gone
    }

    /// The pages with changed skips since the last call.
    pub(crate) fn take_changed(&mut self) -> Vec<u32> {
        std::mem::take(&mut self.changed)
    }

    /// The skipped tasks.
    pub(crate) fn tasks(&self) -> &HashSet<PageTask> {
        &self.tasks
    }

    /// The steps, oldest first.
    pub(crate) fn steps(&self) -> &[Skip] {
        &self.steps
    }

    /// When something was skipped last, in wall time in milliseconds.
    pub(crate) fn last_ms(&self) -> i64 {
        self.steps.last().map_or(0, |step| step.at_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_that_is_taken_back_leaves_what_was_skipped_before() {
        let mut skips = Skips::default();
        assert_eq!(skips.add(None, 1, vec![(3, 0)]), 1);
        assert_eq!(skips.add(Some(DecisionId(9)), 2, vec![(3, 0), (3, 1), (4, 0)]), 2);
        assert_eq!(skips.add(None, 3, vec![(4, 0)]), 0);
        assert_eq!(
            skips.steps().iter().map(|step| step.number).collect::<Vec<_>>(),
            [1, 2],
            "the third changes nothing"
        );
        assert_eq!(skips.take_back(|step| step.group == Some(DecisionId(9))), [(3, 1), (4, 0)]);
        assert_eq!(skips.tasks(), &HashSet::from([(3, 0)]));
        assert_eq!(skips.take_back(|step| step.number == 2), [], "once");
        assert_eq!(skips.last_ms(), 1);
    }
}
