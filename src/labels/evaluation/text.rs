//! An evaluation as text for a terminal. The first lines say how good the answers are.

use super::evaluated::{Evaluation, Mistake, SampledTask, TruthSummary};
use super::task_result::{FieldResult, LabelResult, TaskResult};
use crate::base::sanitize::{for_terminal, one_line};
use crate::base::units::grouped;
use crate::eval::Estimate;
use crate::labels::sampling::truth_kind::TruthKind;
use crate::labels::wording::{counted, share, short, with_page};
use crate::report::{TextTable, format_usd};

/// Maximum number of lines of a list.
const MAX_LISTED: usize = 10;
/// Maximum number of labels in a table; all others are in the JSON.
const MAX_LABELS: usize = 40;
/// Shares of all pages that a sample may stand for without a question: a sample of random size varies.
const LEAST_SHARE: f64 = 0.8;
const MOST_SHARE: f64 = 1.25;
/// Columns of a label or a field.
const NAME_WIDTH: usize = 20;

/// Renders an evaluation as text.
pub(crate) fn render_text(evaluation: &Evaluation) -> String {
    let mut lines: Vec<String> = evaluation.tasks.iter().map(answer_line).collect();
    lines.push(scope_line(evaluation));
    lines.extend(evaluation.truth.samples.iter().flat_map(sample_lines));
    let mut table = TextTable::new(&for_terminal(&lines.join("\n")));
    for task in &evaluation.tasks {
        add_task(&mut table, task);
    }
    add_cost(&mut table, evaluation);
    add_truth(&mut table, evaluation);
    add_gates(&mut table, evaluation);
    table.into_text()
}

/// How good the answers to a task are.
fn answer_line(task: &TaskResult) -> String {
    let name = one_line(&task.name, 60);
    let missing = task.unanswered_pages();
    let Some(accuracy) = task.accuracy else {
        return format!("{name}: no page with truth has an answer ({} without one)", grouped(missing));
    };
    let unanswered = if missing == 0 { String::new() } else { format!("; {} without an answer", grouped(missing)) };
    let range = format!("{} to {}", share(accuracy.interval.low), share(accuracy.interval.high));
    let n = grouped(task.n);
    match task.truth_kind {
        TruthKind::Sample => {
            format!(
                "{name}: accuracy {} ({range} with 95 % confidence, from {n} drawn pages){unanswered}",
                share(accuracy.value)
            )
        }
        TruthKind::All => format!("{name}: accuracy {} of all {n} pages{unanswered}", share(accuracy.value)),
        TruthKind::Selected => {
            let right = grouped(task.right);
            format!(
                "{name}: {right} of {n} selected pages right ({}; {range} for pages like these){unanswered}",
                share(accuracy.value)
            )
        }
    }
}

/// What the numbers are about.
fn scope_line(evaluation: &Evaluation) -> String {
    let truth = &evaluation.truth;
    let (measured, all) = (grouped(truth.measured), grouped(truth.job_pages));
    match truth.kind {
        TruthKind::Sample => format!("estimated for all {all} pages from {measured} that were drawn at random"),
        TruthKind::All => "every page has truth".to_owned(),
        TruthKind::Selected if evaluation.tasks.iter().any(|task| task.truth_kind != TruthKind::Selected) => {
            format!("each line states what it covers of all {all} pages")
        }
        TruthKind::Selected => {
            format!("these {measured} pages were not drawn at random: this is not the accuracy of all {all} pages")
        }
    }
}

/// What a draw and its decisions lack.
pub(crate) fn sample_lines(sample: &SampledTask) -> Vec<String> {
    let name = one_line(&sample.name, 60);
    let mut lines = Vec::new();
    if let Some(draw) = &sample.draw {
        if let Some(selection) = &draw.selection {
            let selection = one_line(selection, 200);
            lines.push(format!("{name}: drawn among the {} that match {selection}", counted(draw.population, "page")));
        }
        if draw.passed_over + draw.not_reached > 0 {
            let open = grouped(draw.passed_over + draw.not_reached);
            let mut line = format!("{name}: {open} of {} not decided yet", counted(draw.pages, "drawn page"));
            if draw.passed_over > 0 {
                let passed = grouped(draw.passed_over);
                line += &format!(", {passed} of them passed over: if these are the hard ones, the accuracy is lower");
            }
            lines.push(line);
        }
    }
    if sample.left_out > 0 {
        let left_out = counted(sample.left_out, "page");
        lines.push(format!("{name}: {left_out} with answers that were not drawn are left out"));
    }
    for selection in &sample.other_selections {
        let selection = one_line(selection, 200);
        lines.push(format!("{name}: pages were drawn among those that match {selection}: measure them with --where"));
    }
    lines
}

fn add_task(table: &mut TextTable, task: &TaskResult) {
    table.heading(&format!("{} ({})", one_line(&task.name, 60), task.kind));
    let independent = task.effective_n.round();
    #[expect(clippy::cast_precision_loss, reason = "a number of pages")]
    let has_clusters = independent + 1.0 < task.n as f64;
    let note = if has_clusters { format!("worth {independent} independent pages") } else { String::new() };
    table.row_with_note(1, "pages compared", grouped(task.n), &note);
    for (reason, pages) in &task.unanswered {
        table.row(1, &format!("without an answer: {reason}"), grouped(*pages));
    }
    let mut estimate = |name: &str, estimate: Option<Estimate>| {
        if let Some(estimate) = estimate {
            table.row_with_note(1, name, share(estimate.value), &range(estimate));
        }
    };
    estimate("accuracy", task.accuracy);
    if task.unanswered_pages() > 0 {
        estimate("no answer as wrong", task.accuracy_of_all);
    }
    estimate("exactly equal", task.exact.filter(|exact| Some(*exact) != task.accuracy));
    estimate("macro F1", task.macro_f1);
    let numbers = [
        ("weighted F1", task.weighted_f1),
        ("micro F1", task.micro_f1),
        ("Jaccard", task.jaccard),
        ("Cohen's kappa", task.kappa.map(|kappa| kappa.value)),
        ("text similarity (ANLS)", task.anls),
    ];
    for (name, number) in numbers {
        if let Some(number) = number {
            table.row(1, name, share(number));
        }
    }
    add_labels(table, &task.labels);
    add_fields(table, &task.fields);
    add_confusions(table, task);
    add_suspects(table, task);
}

fn add_labels(table: &mut TextTable, labels: &[LabelResult]) {
    let mut used: Vec<&LabelResult> = labels.iter().filter(|label| label.n > 0 || label.predicted > 0).collect();
    if used.is_empty() {
        return;
    }
    let has_prevalence = used.iter().any(|label| label.prevalence.is_some());
    let last = if has_prevalence { "share of all" } else { "F1 between" };
    table.whole(
        1,
        &format!(
            "{:<NAME_WIDTH$} {:>6} {:>8} {:>9} {:>6} {:>6}  {last}",
            "label", "pages", "answered", "precision", "recall", "F1"
        ),
    );
    let hidden = used.len().saturating_sub(MAX_LABELS);
    if hidden > 0 {
        used.sort_by_key(|label| std::cmp::Reverse(label.n));
        used.truncate(MAX_LABELS);
    }
    for label in used {
        let value = |estimate: Option<Estimate>| estimate.map_or_else(|| "–".to_owned(), |known| share(known.value));
        let shown = if has_prevalence {
            label.prevalence.map(|known| known.interval)
        } else {
            label.f1.map(|known| known.interval)
        };
        let interval = shown.map_or_else(String::new, |known| format!("{} to {}", share(known.low), share(known.high)));
        let line = format!(
            "{:<NAME_WIDTH$} {:>6} {:>8} {:>9} {:>6} {:>6}  {interval}",
            one_line(&label.label, NAME_WIDTH - 1),
            grouped(label.n),
            grouped(label.predicted),
            value(label.precision),
            value(label.recall),
            value(label.f1)
        );
        table.whole(1, line.trim_end());
    }
    if hidden > 0 {
        table.whole(1, &format!("… and {hidden} labels with fewer pages"));
    }
}

fn add_fields(table: &mut TextTable, fields: &[FieldResult]) {
    if fields.is_empty() {
        return;
    }
    table.whole(
        1,
        &format!("{:<NAME_WIDTH$} {:>6} {:>7} {:>6} {:>6}  right between", "field", "pages", "exact", "right", "ANLS"),
    );
    for field in fields {
        let value = |estimate: Option<Estimate>| estimate.map_or_else(|| "–".to_owned(), |known| share(known.value));
        let anls = field.anls.map_or_else(|| "–".to_owned(), share);
        let interval = field.normalized.map_or_else(String::new, |known| {
            format!("{} to {}", share(known.interval.low), share(known.interval.high))
        });
        let line = format!(
            "{:<NAME_WIDTH$} {:>6} {:>7} {:>6} {:>6}  {interval}",
            one_line(&field.name, NAME_WIDTH - 1),
            grouped(field.n),
            value(field.exact),
            value(field.normalized),
            anls
        );
        table.whole(1, line.trim_end());
    }
}

/// The most frequent mistakes of a `classify` task.
fn add_confusions(table: &mut TextTable, task: &TaskResult) {
    let mut mistakes: Vec<(u64, &str, &str)> = Vec::new();
    for (row, truth) in task.confusion.iter().zip(&task.labels) {
        for (count, answer) in row.iter().zip(&task.labels) {
            if *count > 0 && truth.label != answer.label {
                mistakes.push((*count, &truth.label, &answer.label));
            }
        }
    }
    if mistakes.is_empty() {
        return;
    }
    mistakes.sort_by_key(|(count, ..)| std::cmp::Reverse(*count));
    table.whole(1, "most frequent mistakes");
    for (count, truth, answer) in mistakes.iter().take(MAX_LISTED) {
        let (truth, answer) = (one_line(truth, 25), one_line(answer, 25));
        table.whole(2, &format!("{} answered as {answer}: {}", truth, grouped(*count)));
    }
    if mistakes.len() > MAX_LISTED {
        table.whole(2, &format!("… and {} other kinds", mistakes.len() - MAX_LISTED));
    }
}

fn add_suspects(table: &mut TextTable, task: &TaskResult) {
    if task.suspects.is_empty() {
        return;
    }
    table.whole(1, "check the truth of these pages, most suspicious first");
    for suspect in task.suspects.iter().take(MAX_LISTED) {
        table.path(2, "", &with_page(&suspect.path, suspect.page), "");
        let field = if suspect.field.is_empty() { String::new() } else { format!("{}: ", suspect.field) };
        table.text(
            3,
            &format!("{field}truth {}, answer {}: {}", short(&suspect.truth), short(&suspect.answer), suspect.reason),
        );
    }
    if task.suspects.len() > MAX_LISTED {
        table.whole(2, &format!("… and {} more; all are in --format json", task.suspects.len() - MAX_LISTED));
    }
}

fn add_cost(table: &mut TextTable, evaluation: &Evaluation) {
    table.heading("cost");
    let unknown = || "unknown".to_owned();
    table.row(1, "per 1,000 pages", evaluation.per_1000.map_or_else(unknown, format_usd));
    let note = if evaluation.tasks.len() > 1 { "right in every measured task" } else { "" };
    let correct = evaluation.per_1000_correct.map_or_else(unknown, format_usd);
    table.row_with_note(1, "per 1,000 right pages", correct, note);
}

fn add_truth(table: &mut TextTable, evaluation: &Evaluation) {
    let truth = &evaluation.truth;
    table.heading("truth");
    table.path(1, "", &truth.source, "");
    table.row(1, "rows", grouped(truth.rows));
    table.row(1, "pages found in the job", grouped(truth.matched));
    if truth.sampled > 0 {
        table.row(1, "drawn at random", grouped(truth.sampled));
    }
    add_stands_for(table, truth);
    if truth.not_selected > 0 {
        table.row(1, "left out by --where", grouped(truth.not_selected));
    }
    if truth.shown > 0 {
        table.row_with_note(1, "not blind, not counted", grouped(truth.shown), "--include-shown counts them");
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
                    "{} in {} of equal or similar pages are in more than one split: what is measured on one was seen in the other",
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
    if !truth.faults.is_empty() {
        table.heading("not compared");
        for fault in truth.faults.iter().take(MAX_LISTED * 2) {
            table.text(1, &fault.to_string());
        }
        if truth.faults.len() > MAX_LISTED * 2 {
            table.whole(
                1,
                &format!(
                    "… and {} more; --format json lists them",
                    grouped((truth.faults.len() - MAX_LISTED * 2) as u64)
                ),
            );
        }
    }
}

/// How many pages a sample stands for, if that is not all of them.
fn add_stands_for(table: &mut TextTable, truth: &TruthSummary) {
    let Some(pages) = truth.stands_for else { return };
    #[expect(clippy::cast_precision_loss, reason = "a number of pages")]
    let share = pages / truth.job_pages.max(1) as f64;
    if truth.kind != TruthKind::Sample {
        table.text(
            1,
            &format!(
                "the drawn pages would stand for {pages:.0} of {} pages: they are of several draws, and no sample",
                grouped(truth.job_pages)
            ),
        );
        return;
    }
    if (LEAST_SHARE..=MOST_SHARE).contains(&share) {
        return;
    }
    table.text(
        1,
        &format!(
            "the drawn pages stand for about {pages:.0} of {} pages: is the sample complete, and --where the one with which it was drawn?",
            grouped(truth.job_pages)
        ),
    );
}

fn add_gates(table: &mut TextTable, evaluation: &Evaluation) {
    table.heading("gates");
    for gate in &evaluation.gates {
        let mark = if gate.is_passed() { "passed" } else { "FAILED" };
        table.text(1, &format!("{mark}  {}", gate.describe()));
    }
}

/// The answer of a mistake on one line, or why there is none.
pub(crate) fn short_answer(mistake: &Mistake) -> String {
    match &mistake.answer {
        Ok(value) => short(value),
        Err(reason) => format!("no answer ({reason})"),
    }
}

fn range(estimate: Estimate) -> String {
    format!("95 %: {} to {}", share(estimate.interval.low), share(estimate.interval.high))
}
