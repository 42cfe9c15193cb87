//! Values of the truth that their tasks do not allow, such as labels that the manifest does not have. They are
//! compared, and no answer has them.

use super::measured::Measured;
use crate::base::units::counted;
use crate::labels::truth::fault::FaultPlace;
use crate::labels::truth::page_truth::PlacedMisfit;
use crate::labels::truth::task_spec::TaskSpec;
use crate::labels::wording::{field_name, with_page};
use crate::manifest::nearest_name;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// A value of the truth that its task does not allow.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct MisfitGroup {
    /// The task.
    pub(crate) task: String,
    /// The member of an object; empty: the whole answer.
    pub(crate) field: String,
    /// The value as text: one label, of tags.
    pub(crate) value: String,
    /// The pages that have it.
    pub(crate) pages: u64,
    /// Where the first one is, such as `labels.csv, line 3 (a.jpg)`.
    pub(crate) example: String,
    /// The label that may be meant.
    pub(crate) nearest: Option<String>,
    /// Why it does not fit.
    pub(crate) reason: String,
}

impl MisfitGroup {
    /// All of it in one line.
    pub(crate) fn describe(&self) -> String {
        let name = field_name(&self.task, &self.field);
        let guess = self.nearest.as_ref().map_or_else(String::new, |label| format!(" Did you mean `{label}`?"));
        let pages = counted(self.pages, "page");
        format!("{name}: {}: {pages}, first in {}.{guess}", self.reason, self.example)
    }
}

/// The misfits of the measured pages, the most frequent first. `file`: the name of the truth file.
pub(crate) fn group_misfits(tasks: &[TaskSpec], measured: &Measured<'_>, file: Option<&str>) -> Vec<MisfitGroup> {
    let mut groups: BTreeMap<(usize, usize, &str), MisfitGroup> = BTreeMap::new();
    for (page, _) in measured.pages.iter().zip(measured.is_measured).filter(|(_, is_measured)| **is_measured) {
        for known in &page.misfits {
            let Some(task) = tasks.get(known.task) else { continue };
            match groups.entry((known.task, known.misfit.leaf, &known.misfit.text)) {
                Entry::Occupied(mut group) => group.get_mut().pages += 1,
                Entry::Vacant(new) => {
                    let example = example(known, with_page(&page.shown_path(), page.page), file);
                    _ = new.insert(new_group(task, known, example));
                }
            }
        }
    }
    let mut groups: Vec<MisfitGroup> = groups.into_values().collect();
    // Equally frequent ones stay in the order of tasks, members and values.
    groups.sort_by_key(|group| std::cmp::Reverse(group.pages));
    groups
}

fn new_group(task: &TaskSpec, known: &PlacedMisfit, example: String) -> MisfitGroup {
    let value = known.misfit.text.clone();
    let labels = task.labels();
    let reason = match labels {
        Some(_) => format!("the manifest has no label `{value}`"),
        None => known.misfit.reason.clone(),
    };
    let nearest = labels.and_then(|labels| nearest_name(&value, labels.iter().map(String::as_str)));
    MisfitGroup {
        task: task.name.clone(),
        field: task.leaves.get(known.misfit.leaf).map(|leaf| leaf.name()).unwrap_or_default(),
        nearest: nearest.map(str::to_owned),
        value,
        pages: 1,
        example,
        reason,
    }
}

fn example(known: &PlacedMisfit, page: String, file: Option<&str>) -> String {
    match (&known.place, &known.reviewer, file) {
        (Some(FaultPlace::Line(line)), _, Some(file)) => format!("{file}, line {line} ({page})"),
        (_, Some(reviewer), _) => format!("the answer of {reviewer} to {page}"),
        _ => page,
    }
}
