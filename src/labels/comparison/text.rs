//! A comparison as text for a terminal.

use super::compared::{Comparison, Extent, NO_INTERVAL, PairedTruth, ScoreDifference, TaskComparison};
use crate::base::money::Pico;
use crate::base::sanitize::one_line;
use crate::base::units::{counted, grouped};
use crate::labels::evaluation::text::outdated_line;
use crate::labels::sampling::truth_kind::TruthKind;
use crate::labels::wording::{share, shown_warning};
use crate::report::{TextTable, format_usd};

/// Maximum number of changes of a task that are listed.
const MAX_FLIPS: usize = 15;
/// Maximum number of faults of the truth that are listed.
const MAX_FAULTS: usize = 5;
/// Below this probability a difference is called one.
const SIGNIFICANCE: f64 = 0.05;
/// The pages that the counts cover, if drawn pages have different weights.
pub(crate) const DRAWN_ONLY: &str =
    "these counts and McNemar's test are about the drawn pages only, which have different weights";

/// Renders a comparison as text, for a terminal with this many columns. `None`: for a file or another program, so that
/// nothing is cut.
pub(crate) fn render_text(comparison: &Comparison, width: Option<usize>) -> String {
    let title = format!("{}: two sets of answers", comparison.job);
    let mut table = TextTable::with_width(&title, width);
    table.text(1, &format!("old: {}", comparison.old_name));
    table.text(1, &format!("new: {}", comparison.new_name));
    for change in &comparison.changes {
        table.text(2, &if width.is_some() { change.to_string() } else { change.in_full() });
    }
    if comparison.changes.is_empty() {
        table.text(2, "no setting differs");
    }
    table.heading("pages");
    table.row(1, "compared", grouped(comparison.pages));
    table.row(1, "with another answer", grouped(comparison.changed_pages));
    let missing = comparison.selected - comparison.pages;
    if missing > 0 {
        table.row_with_note(1, "without both answers", grouped(missing), "--sample N asks a sample");
    }
    for task in &comparison.tasks {
        add_task(&mut table, task);
    }
    if !comparison.not_compared.is_empty() {
        table.heading("not compared");
        table.text(1, &format!("{} (only on one side, or of another form)", comparison.not_compared.join(", ")));
    }
    add_truth(&mut table, comparison);
    table.heading("cost");
    let pages = match comparison.priced {
        0 => "on no page were all tasks asked on both sides".to_owned(),
        1 => "for 1 page".to_owned(),
        pages => format!("for {} pages", grouped(pages)),
    };
    table.row_with_note(1, "old answers", money(comparison.old_cost), &pages);
    table.row_with_note(1, "new answers", money(comparison.new_cost), &pages);
    table.row_with_note(1, "all pages, new", money(comparison.full_cost), "expected, for a full run");
    table.into_text()
}

fn money(cost: Option<Pico>) -> String {
    cost.map_or_else(|| "unknown".to_owned(), format_usd)
}

fn add_task(table: &mut TextTable, task: &TaskComparison) {
    table.heading(&format!("{} ({})", task.name, task.kind));
    let agreement = task.agreement().map_or(String::new(), |agreement| format!("{} agreement", share(agreement)));
    table.row_with_note(1, "same answer", format!("{} of {}", grouped(task.same), grouped(task.compared)), &agreement);
    for (name, count) in [("answered only before", task.only_old), ("answered only now", task.only_new)] {
        if count > 0 {
            table.row(1, name, grouped(count));
        }
    }
    let flips = task.most_frequent_flips();
    for (from, to, n) in flips.iter().take(MAX_FLIPS) {
        table.row_with_note(2, &format!("{from} -> {to}"), grouped(*n), "");
    }
    if let Some(others) = flips.get(MAX_FLIPS..).filter(|others| !others.is_empty()) {
        let pages = others.iter().map(|(_, _, n)| n).sum();
        table.row(2, &format!("({} other changes)", others.len()), grouped(pages));
    }
    let mut members: Vec<_> = task.members.iter().collect();
    members.sort_by_key(|(_, n)| std::cmp::Reverse(**n));
    for (member, n) in members {
        table.row_with_note(2, member, grouped(*n), "changed");
    }
}

fn add_truth(table: &mut TextTable, comparison: &Comparison) {
    let Some(source) = &comparison.truth else { return };
    table.heading("against truth");
    table.text(1, source);
    shown_warning(comparison.truth_shown).iter().for_each(|warning| table.text(1, warning));
    let faults = &comparison.truth_faults;
    faults.iter().take(MAX_FAULTS).for_each(|fault| table.text(1, &format!("not used: {fault}")));
    if faults.len() > MAX_FAULTS {
        table.text(1, &format!("not used: {} more", grouped((faults.len() - MAX_FAULTS) as u64)));
    }
    for task in comparison.tasks.iter().filter(|task| task.left_out > 0) {
        let left_out = counted(task.left_out, "page");
        table.text(1, &format!("{}: {left_out} with answers that were not drawn are left out", task.name));
    }
    for line in outdated_lines(comparison) {
        table.text(1, &line);
    }
    for task in &comparison.tasks {
        match &task.truth {
            Some(truth) => add_paired(table, comparison, task, truth),
            None => table.row(1, &task.name, "no page"),
        }
    }
}

/// Which draws are not samples of the pages that there are now, and why.
pub(crate) fn outdated_lines(comparison: &Comparison) -> Vec<String> {
    let outdated = |task: &TaskComparison| Some(outdated_line(&one_line(&task.name, 60), task.outdated.as_ref()?));
    comparison.tasks.iter().filter_map(outdated).collect()
}

fn add_paired(table: &mut TextTable, comparison: &Comparison, task: &TaskComparison, truth: &PairedTruth) {
    let PairedTruth { n, both, only_old, only_new, mcnemar_p, weighted, f1 } = truth;
    let right = |count: u64| format!("{} of {}", grouped(count), grouped(*n));
    table.row(1, &task.name, "");
    table.text(2, &scope(task.truth_kind, (comparison.extent, comparison.selected), *n));
    if let Some(total) = task.contradiction {
        table.text(2, &total.describe(comparison.extent != Extent::Job));
    }
    table.row(2, "right, old", right(both + only_old));
    table.row(2, "right, new", right(both + only_new));
    let split = format!("only old right {}, only new right {}", grouped(*only_old), grouped(*only_new));
    table.row_with_note(2, "p of McNemar's test", shown_p(*mcnemar_p), &split);
    if weighted.is_some() {
        table.text(2, DRAWN_ONLY);
    }
    let mut difference = |name: &str, found: &Option<ScoreDifference>| {
        let Some(ScoreDifference { old, new, interval, p }) = found else { return };
        let range = match interval {
            Some((low, high)) => format!("difference {low:+.3} to {high:+.3} (95 %)"),
            None => NO_INTERVAL.to_owned(),
        };
        let p = p.map_or(String::new(), |p| format!(", p {}", shown_p(p)));
        table.row_with_note(2, name, format!("{old:.3} -> {new:.3}"), &format!("{range}{p}"));
    };
    difference("right of all pages", weighted);
    difference("macro F1", f1);
    table.text(2, verdict(truth));
}

/// What a comparison against truth is about, in words. `selected`: the pages that could be compared, `n`: those with
/// truth that were asked on both sides.
pub(crate) fn scope(kind: TruthKind, (extent, selected): (Extent, u64), n: u64) -> String {
    let of_what = match extent {
        Extent::Job => "",
        Extent::Filter => " that --where selects",
        Extent::Sample => " of the sample",
    };
    match kind {
        TruthKind::Sample => format!("on pages that were drawn at random, so it is about all pages{of_what}"),
        TruthKind::All if n < selected => {
            let all = counted(selected, "page");
            format!("on {} of {all}{of_what}: the others were not asked on both sides", grouped(n))
        }
        TruthKind::All if n == 1 => format!("on the only page{of_what}"),
        TruthKind::All => format!("on all {}{of_what}", counted(n, "page")),
        TruthKind::Selected => {
            format!("on pages that were not drawn at random: it shows little about all pages{of_what}")
        }
    }
}

/// A p-value with four decimals. It is 0 only if it is exactly that.
pub(crate) fn shown_p(p: f64) -> String {
    if p > 0.0 && p < 0.0001 { "< 0.0001".to_owned() } else { format!("{p:.4}") }
}

/// Which side is more often right, in words: of all pages that the drawn ones represent, or of those with truth.
pub(crate) fn verdict(truth: &PairedTruth) -> &'static str {
    let (order, p) = match &truth.weighted {
        Some(shares) => (shares.old.total_cmp(&shares.new), shares.p.unwrap_or(1.0)),
        None => (truth.only_old.cmp(&truth.only_new), truth.mcnemar_p),
    };
    match (order, p < SIGNIFICANCE) {
        (std::cmp::Ordering::Less, true) => "the new answers are more often right, beyond chance (5 %)",
        (std::cmp::Ordering::Greater, true) => "the new answers are less often right, beyond chance (5 %)",
        _ => "the difference may be due to chance, which does not mean that both are equally good",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_compared_is_stated() {
        for (kind, extent, selected, n, expected) in [
            (TruthKind::All, Extent::Job, 2000, 2000, "on all 2,000 pages"),
            (TruthKind::All, Extent::Filter, 40, 40, "on all 40 pages that --where selects"),
            (TruthKind::All, Extent::Sample, 40, 40, "on all 40 pages of the sample"),
            (TruthKind::All, Extent::Sample, 1, 1, "on the only page of the sample"),
            (
                TruthKind::All,
                Extent::Sample,
                40,
                35,
                "on 35 of 40 pages of the sample: the others were not asked on both sides",
            ),
            (TruthKind::Sample, Extent::Job, 40, 9, "on pages that were drawn at random, so it is about all pages"),
            (
                TruthKind::Selected,
                Extent::Sample,
                40,
                9,
                "on pages that were not drawn at random: it shows little about all pages of the sample",
            ),
        ] {
            assert_eq!(scope(kind, (extent, selected), n), expected);
        }
    }
}
