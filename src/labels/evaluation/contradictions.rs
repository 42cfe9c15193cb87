//! Equal pages with different truths: one of them is wrong, whatever the model answers.

use super::measured::Measured;
use super::observation::Observation;
use crate::base::ids::PageId;
use crate::labels::truth::page_truth::contradict;
use crate::labels::truth::task_spec::TaskSpec;
use crate::labels::wording::{field_name, short, with_page};
use serde_json::Value;
use std::collections::HashMap;

/// Two equal pages with different truths.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Contradiction {
    /// The task.
    pub(crate) task: String,
    /// The member of an object; empty: the whole answer.
    pub(crate) field: String,
    /// Paths, numbers and truths of both pages.
    pub(crate) pages: [(String, u32, Value); 2],
}

impl Contradiction {
    /// All of it in one line.
    pub(crate) fn describe(&self) -> String {
        let name = field_name(&self.task, &self.field);
        let side = |(path, page, truth): &(String, u32, Value)| format!("{} {}", with_page(path, *page), short(truth));
        let [one, other] = &self.pages;
        format!("{name}: {}, and {} for the same page", side(one), side(other))
    }
}

/// The contradictions between measured pages, in their order. Each page is compared with the first one that is
/// equal to it.
pub(crate) fn find_contradictions(tasks: &[TaskSpec], measured: &Measured<'_>) -> Vec<Contradiction> {
    let mut first: HashMap<(PageId, usize), &Observation> = HashMap::new();
    let mut found = Vec::new();
    for (page, _) in measured.pages.iter().zip(measured.is_measured).filter(|(_, is_measured)| **is_measured) {
        let Some(id) = page.id else { continue };
        for (at, task) in tasks.iter().enumerate() {
            let truth =
                |page: &Observation| page.tasks.get(at).and_then(Option::as_ref).map(|known| known.truth.clone());
            let Some(own) = truth(page) else { continue };
            let earlier = *first.entry((id, at)).or_insert(page);
            let Some(other) = truth(earlier).filter(|other| contradict(other, &own)) else { continue };
            let values = task.leaves.iter().zip(other.into_iter().zip(own));
            let differing = values.filter_map(|(leaf, pair)| match pair {
                (Some(one), Some(other)) if one != other => Some((leaf.name(), one, other)),
                _ => None,
            });
            found.extend(differing.map(|(field, one, other)| Contradiction {
                task: task.name.clone(),
                field,
                pages: [(earlier.shown_path(), earlier.page, one), (page.shown_path(), page.page, other)],
            }));
        }
    }
    found
}
