//! The truth of an evaluation as text for a terminal.

use super::contradictions::Contradiction;
use super::evaluated::{Evaluation, TruthSummary};
use super::misfits::MisfitGroup;
use crate::base::sanitize::one_line;
use crate::base::units::{counted, grouped};
use crate::labels::truth::fault::group_faults;
use crate::report::TextTable;

/// Maximum number of lines of a list.
pub(crate) const MAX_LISTED: usize = 10;

/// Adds facts about the truth, and its faults.
pub(crate) fn add_truth(table: &mut TextTable, evaluation: &Evaluation) {
    let truth = &evaluation.truth;
    table.heading("truth");
    table.path(1, "", &truth.source, "");
    table.row(1, "rows", grouped(truth.rows));
    table.row(1, "pages found in the job", grouped(truth.matched));
    if truth.sampled > 0 {
        table.row(1, "with a probability", grouped(truth.sampled));
    }
    if truth.not_selected > 0 {
        table.row(1, "left out by --where", grouped(truth.not_selected));
    }
    if truth.shown > 0 {
        let (name, note) = match truth.counts_shown {
            true => ("answers not blind", "counted (--include-shown)"),
            false => ("not blind, not counted", "--include-shown counts them"),
        };
        table.row_with_note(1, name, grouped(truth.shown), note);
    }
    if let Some(splits) = &truth.splits {
        for (name, pages) in &splits.pages {
            let name = if name.is_empty() { "without a split" } else { name };
            let is_measured = splits.measured.as_deref() == Some(name);
            table.row_with_note(
                1,
                &format!("split {name}"),
                grouped(*pages),
                if is_measured { "measured" } else { "" },
            );
        }
        if splits.shared_clusters > 0 {
            table.text(
                1,
                &format!(
                    "{} in {} of equal or similar pages are in more than one split: pages measured in one were seen in the other",
                    counted(splits.shared_pages, "page"),
                    counted(splits.shared_clusters, "group")
                ),
            );
            for [one, other] in &splits.examples {
                table.path(2, &format!("{}: ", one_line(&one.1, 16)), &one.0, "");
                table.path(2, &format!("{}: ", one_line(&other.1, 16)), &other.0, "");
            }
        }
        if splits.left_out > 0 {
            table.row(1, "left out because of that", grouped(splits.left_out));
        }
    }
    if !truth.ignored.is_empty() {
        table.text(1, &format!("columns that are not used: {}", truth.ignored.join(", ")));
    }
    add_list(table, "truth that does not fit the tasks", &truth.misfits, MisfitGroup::describe);
    add_list(table, "equal pages with different truths", &truth.contradictions, Contradiction::describe);
    for (heading, faults) in faults_by_effect(truth) {
        add_list(table, heading, &faults, Clone::clone);
    }
}

/// What can't be used of the truth, under what becomes of its pages.
pub(crate) fn faults_by_effect(truth: &TruthSummary) -> [(&'static str, Vec<String>); 2] {
    let with = |is_compared| group_faults(truth.faults.iter().filter(|fault| fault.is_compared == is_compared));
    [("not compared", with(false)), ("compared without these cells", with(true))]
}

/// Adds the first lines of a list.
fn add_list<T>(table: &mut TextTable, heading: &str, items: &[T], describe: impl Fn(&T) -> String) {
    table.heading(heading);
    for item in items.iter().take(MAX_LISTED) {
        table.text(1, &describe(item));
    }
    if items.len() > MAX_LISTED {
        table.whole(1, &format!("… and {} more; --format json lists them", grouped((items.len() - MAX_LISTED) as u64)));
    }
}
