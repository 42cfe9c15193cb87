//! The lines of a batch's files, and the attempts that they belong to.

use crate::base::ids::{AttemptId, AttemptName, RunId};
use crate::pipeline::asking::attempt::Attempt;
use std::collections::HashMap;

/// The `custom_id` of an attempt's line: its identity outside this store.
pub(crate) fn line_id(run: &RunId, sequence: u64) -> String {
    format!("docmill-{}", AttemptName { run: run.clone(), sequence })
}

/// The `custom_id` of an attempt's line in batches of docmill 0.1, which used its key in the store.
pub(crate) fn old_line_id(attempt: AttemptId) -> String {
    format!("docmill-{attempt}")
}

/// The attempts of a batch, by line.
#[derive(Default)]
pub(crate) struct BatchAttempts {
    by_line: HashMap<String, (AttemptId, Attempt)>,
    /// Ids of lines in the order of the file.
    order: Vec<String>,
    /// Old ids of lines that may come back instead of the current ones.
    old_ids: HashMap<String, String>,
}

impl BatchAttempts {
    /// Adds the attempt of the next line.
    pub(crate) fn push(&mut self, line: String, id: AttemptId, attempt: Attempt) {
        self.order.push(line.clone());
        self.by_line.insert(line, (id, attempt));
    }

    /// Adds the attempt of the next line of a resumed batch, which may have been submitted by an
    /// older docmill.
    pub(crate) fn push_resumed(&mut self, line: Option<String>, id: AttemptId, attempt: Attempt) {
        let old = old_line_id(id);
        match line {
            Some(line) => {
                self.old_ids.insert(old, line.clone());
                self.push(line, id, attempt);
            }
            None => self.push(old, id, attempt),
        }
    }

    /// The number of lines.
    pub(crate) fn lines(&self) -> usize {
        self.order.len()
    }

    /// The attempts that are not taken yet.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Attempt> {
        self.by_line.values().map(|(_, attempt)| attempt)
    }

    /// The number of attempts that are not taken yet.
    pub(crate) fn left(&self) -> usize {
        self.by_line.len()
    }

    /// Takes the attempt of a line; `None`: it belongs to no attempt of this batch, or it is taken
    /// already.
    pub(crate) fn remove(&mut self, line: &str) -> Option<(AttemptId, Attempt)> {
        let line = self.old_ids.get(line).map_or(line, String::as_str);
        self.by_line.remove(line)
    }

    /// Takes the attempt of a line by its number, from 1.
    pub(crate) fn remove_number(&mut self, number: u64) -> Option<(AttemptId, Attempt)> {
        let at = usize::try_from(number).ok()?.checked_sub(1)?;
        self.by_line.remove(self.order.get(at)?)
    }

    /// Takes the next attempt that is left, in the order of the file. `next` is where to continue.
    pub(crate) fn remove_next(&mut self, next: &mut usize) -> Option<(AttemptId, Attempt)> {
        while let Some(line) = self.order.get(*next) {
            *next += 1;
            if let Some(found) = self.by_line.remove(line) {
                return Some(found);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_named_after_their_run() {
        let run = RunId::new("20261123T131805-3f9a1c");
        assert_eq!(line_id(&run, 7), "docmill-20261123T131805-3f9a1c-7");
        assert_eq!(old_line_id(AttemptId(123)), "docmill-123");
    }
}
