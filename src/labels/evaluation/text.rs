//! An evaluation as text for a terminal. The first lines show how good the answers are.

use super::evaluated::{Evaluation, Mistake, SampledTask};
use super::task_result::{FieldResult, LabelResult, TaskResult};
use super::truth_text::{MAX_LISTED, add_truth};
use crate::base::sanitize::{for_terminal, one_line};
use crate::base::units::{counted, grouped};
use crate::eval::Estimate;
use crate::labels::sampling::task_sample::DrawSummary;
use crate::labels::sampling::truth_kind::TruthKind;
use crate::labels::wording::{share, short, text_of_value, with_page};
use crate::report::{TextTable, format_usd, wrap};
use serde_json::Value;

/// What a right page is, if several tasks are measured.
pub(crate) const ALL_RIGHT: &str = "a page is right if all measured tasks are";
/// Maximum number of labels in a table; all others are in the JSON.
const MAX_LABELS: usize = 40;
/// Columns of a label or a field.
const NAME_WIDTH: usize = 20;
/// Minimum number of columns of a line of the title.
const MIN_WIDTH: usize = 20;
/// Columns of an interval.
const INTERVAL_WIDTH: usize = 14;

/// Renders an evaluation as text, for a terminal with this many columns. `None`: for a file or another program, so
/// that nothing is cut.
pub(crate) fn render_text(evaluation: &Evaluation, width: Option<usize>) -> String {
    let mut lines: Vec<String> = evaluation.truth.warning().into_iter().collect();
    lines.extend(evaluation.tasks.iter().map(answer_line));
    lines.push(scope_line(evaluation));
    lines.extend(evaluation.truth.notes());
    lines.extend(evaluation.truth.samples.iter().flat_map(sample_lines));
    let title: Vec<String> = lines.iter().map(|line| title_line(&for_terminal(line), width)).collect();
    let mut table = TextTable::with_width(&title.join("\n"), width);
    let cut = Cut(width.is_some());
    for task in &evaluation.tasks {
        add_task(&mut table, task, cut);
    }
    add_cost(&mut table, evaluation);
    add_truth(&mut table, evaluation);
    add_gates(&mut table, evaluation);
    table.into_text()
}

/// A line of the title: what does not fit is on further lines, which are indented.
fn title_line(line: &str, width: Option<usize>) -> String {
    width.map_or_else(|| line.to_owned(), |width| wrap(line, width.saturating_sub(2).max(MIN_WIDTH)).join("\n  "))
}

/// Whether names and values are cut.
#[derive(Clone, Copy)]
struct Cut(bool);

impl Cut {
    /// A text on one line, of at most `max` characters if it is cut.
    fn line(self, text: &str, max: usize) -> String {
        one_line(text, if self.0 { max } else { usize::MAX })
    }

    /// A value on one line.
    fn value(self, value: &Value) -> String {
        if self.0 { short(value) } else { one_line(&text_of_value(value), usize::MAX) }
    }

    /// Columns for the longest of these names.
    fn columns<'a>(self, names: impl Iterator<Item = &'a str>) -> usize {
        if self.0 { NAME_WIDTH } else { names.map(|name| name.chars().count() + 1).fold(NAME_WIDTH, usize::max) }
    }
}

/// How good the answers to a task are.
fn answer_line(task: &TaskResult) -> String {
    let name = one_line(&task.name, 60);
    let unopened = if task.truth_kind == TruthKind::All { task.unopened } else { 0 };
    let missing = task.unanswered_pages() + unopened;
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
        TruthKind::All if missing > 0 => {
            let all = grouped(task.n + missing);
            format!("{name}: accuracy {} of {n} of all {all} pages{unanswered}", share(accuracy.value))
        }
        TruthKind::All => format!("{name}: accuracy {} of all {n} pages", share(accuracy.value)),
        TruthKind::Selected => {
            let right = grouped(task.right);
            format!(
                "{name}: {right} of {n} selected pages right ({}; {range} for pages like these){unanswered}",
                share(accuracy.value)
            )
        }
    }
}

/// How many of all pages could not be opened, as an insertion; empty: none.
pub(crate) fn unopened_words(evaluation: &Evaluation) -> String {
    match evaluation.truth.unopened {
        0 => String::new(),
        unopened => format!(", of which {} could not be opened,", grouped(unopened)),
    }
}

/// What the numbers are about.
fn scope_line(evaluation: &Evaluation) -> String {
    let truth = &evaluation.truth;
    let (measured, all) = (grouped(truth.measured), grouped(truth.job_pages));
    match truth.kind {
        TruthKind::Sample => {
            let unopened = unopened_words(evaluation);
            format!("estimated for all {all} pages{unopened} from {measured} that were drawn at random")
        }
        TruthKind::All if truth.unopened > 0 => format!(
            "every page that could be opened has truth, and {} of {all} could not: intervals are about pages like these, not \
             about these pages",
            grouped(truth.unopened)
        ),
        TruthKind::All => {
            "every page has truth: intervals are about pages like these, not about these pages".to_owned()
        }
        TruthKind::Selected if evaluation.tasks.iter().any(|task| task.truth_kind != TruthKind::Selected) => {
            format!("each line states what it covers of all {all} pages")
        }
        TruthKind::Selected if truth.measured == 1 => {
            format!("this page was not drawn at random: this is not the accuracy of all {all} pages")
        }
        TruthKind::Selected => {
            format!("these {measured} pages were not drawn at random: this is not the accuracy of all {all} pages")
        }
    }
}

/// Why a draw is not a sample of the pages that there are now, and what makes it one.
pub(crate) fn outdated_line(name: &str, draw: &DrawSummary) -> String {
    let (now, size) = (grouped(draw.population), draw.size_to_draw());
    if draw.selection.is_some() {
        return format!(
            "{name}: {now} match now: this is not a sample of them; draw one with --sample {size} and the same --where"
        );
    }
    let (missing, among) = (counted(draw.not_drawn, "page"), grouped(draw.drawn_among));
    format!(
        "{name}: {missing} could not be drawn: the draw was among {among}, and the job has {now} now. This is not a sample of \
         them; draw one with --sample {size}"
    )
}

/// What a draw and its decisions lack.
pub(crate) fn sample_lines(sample: &SampledTask) -> Vec<String> {
    let name = one_line(&sample.name, 60);
    let mut lines = Vec::new();
    if let Some(draw) = &sample.draw {
        if let Some(selection) = &draw.selection {
            let selection = one_line(selection, 200);
            let among = counted(draw.drawn_among, "page");
            let verb = if draw.is_outdated() { "matched" } else { "match" };
            lines.push(format!("{name}: drawn among the {among} that {verb} {selection}"));
        }
        if draw.is_outdated() {
            lines.push(outdated_line(&name, draw));
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
        if draw.decided_seen > 0 {
            let of = counted(draw.pages, "drawn page");
            let (what, it) = match draw.decided_seen {
                1 => ("was decided only after the model's answer was seen", "it"),
                _ => ("were decided only after the model's answer was seen", "them"),
            };
            let count = grouped(draw.decided_seen);
            lines.push(format!("{name}: {count} of {of} {what}: left out; --include-shown counts {it}"));
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

fn add_task(table: &mut TextTable, task: &TaskResult, cut: Cut) {
    table.heading(&format!("{} ({})", one_line(&task.name, 60), task.kind));
    table.row_with_note(1, "pages compared", grouped(task.n), &worth_note(task));
    for (reason, pages) in &task.unanswered {
        table.row(1, &format!("without an answer: {reason}"), grouped(*pages));
    }
    let mut estimate = |name: &str, estimate: Option<Estimate>| {
        if let Some(estimate) = estimate {
            table.row_with_note(1, name, share(estimate.value), &range(estimate));
        }
    };
    estimate("accuracy", task.accuracy);
    if task.unanswered_pages() + task.unopened > 0 {
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
    add_labels(table, &task.labels, cut);
    add_fields(table, &task.fields, cut);
    add_confusions(table, task, cut);
    add_suspects(table, task, cut);
}

/// Lines with a name and its figures: below it, where a narrow terminal has no room for them.
struct MeasureLines {
    columns: usize,
    is_narrow: bool,
}

impl MeasureLines {
    /// Names have `columns` columns. `header`: that of the figures, whose last one is an interval.
    fn new(table: &TextTable, columns: usize, header: &str) -> Self {
        let figures = header.rfind("  ").map_or(0, |at| at + 2) + INTERVAL_WIDTH;
        Self { columns, is_narrow: !table.has_room_for(2 + columns + 1 + figures) }
    }

    /// Characters of a name that are shown, if it is cut.
    fn name_width(&self) -> usize {
        if self.is_narrow { 2 * NAME_WIDTH } else { NAME_WIDTH - 1 }
    }

    fn add(&self, table: &mut TextTable, name: &str, figures: &str) {
        let (columns, figures) = (self.columns, figures.trim_end());
        if self.is_narrow {
            table.whole(1, name);
            table.whole(2, figures);
        } else {
            table.whole(1, &format!("{name:<columns$} {figures}"));
        }
    }
}

fn add_labels(table: &mut TextTable, labels: &[LabelResult], cut: Cut) {
    let mut used: Vec<&LabelResult> = labels.iter().filter(|label| label.n > 0 || label.predicted > 0).collect();
    if used.is_empty() {
        return;
    }
    let has_prevalence = used.iter().any(|label| label.prevalence.is_some());
    let last = if has_prevalence { "share of all" } else { "F1 between" };
    let columns = cut.columns(used.iter().map(|label| label.label.as_str()));
    let header = format!("{:>6} {:>8} {:>9} {:>6} {:>6}  {last}", "pages", "answered", "precision", "recall", "F1");
    let lines = MeasureLines::new(table, columns, &header);
    lines.add(table, "label", &header);
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
        let figures = format!(
            "{:>6} {:>8} {:>9} {:>6} {:>6}  {interval}",
            grouped(label.n),
            grouped(label.predicted),
            value(label.precision),
            value(label.recall),
            value(label.f1)
        );
        lines.add(table, &cut.line(&label.label, lines.name_width()), &figures);
    }
    if hidden > 0 {
        table.whole(1, &format!("… and {hidden} labels with fewer pages"));
    }
}

fn add_fields(table: &mut TextTable, fields: &[FieldResult], cut: Cut) {
    if fields.is_empty() {
        return;
    }
    let columns = cut.columns(fields.iter().map(|field| field.name.as_str()));
    let header = format!("{:>6} {:>7} {:>6} {:>6}  right between", "pages", "exact", "right", "ANLS");
    let lines = MeasureLines::new(table, columns, &header);
    lines.add(table, "field", &header);
    for field in fields {
        let value = |estimate: Option<Estimate>| estimate.map_or_else(|| "–".to_owned(), |known| share(known.value));
        let anls = field.anls.map_or_else(|| "–".to_owned(), share);
        let interval = field.normalized.map_or_else(String::new, |known| {
            format!("{} to {}", share(known.interval.low), share(known.interval.high))
        });
        let figures = format!(
            "{:>6} {:>7} {:>6} {:>6}  {interval}",
            grouped(field.n),
            value(field.exact),
            value(field.normalized),
            anls
        );
        lines.add(table, &cut.line(&field.name, lines.name_width()), &figures);
    }
}

/// The most frequent mistakes of a `classify` task.
fn add_confusions(table: &mut TextTable, task: &TaskResult, cut: Cut) {
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
        let (truth, answer) = (cut.line(truth, 25), cut.line(answer, 25));
        table.text(2, &format!("{truth} answered as {answer}: {}", grouped(*count)));
    }
    if mistakes.len() > MAX_LISTED {
        table.whole(2, &format!("… and {} other kinds", mistakes.len() - MAX_LISTED));
    }
}

fn add_suspects(table: &mut TextTable, task: &TaskResult, cut: Cut) {
    let (suspects, left_out) = task.shown_suspects();
    if !suspects.is_empty() {
        table.whole(1, "check the truth of these pages, most suspicious first");
    }
    for suspect in suspects.iter().take(MAX_LISTED) {
        table.path(2, "", &with_page(&suspect.path, suspect.page), "");
        let field = if suspect.field.is_empty() { String::new() } else { format!("{}: ", suspect.field) };
        table.text(
            3,
            &format!(
                "{field}truth {}, answer {}: {}",
                cut.value(&suspect.truth),
                cut.value(&suspect.answer),
                suspect.reason
            ),
        );
    }
    if suspects.len() > MAX_LISTED {
        table.whole(2, &format!("… and {} more; all are in --format json", suspects.len() - MAX_LISTED));
    }
    if let Some(left_out) = left_out {
        table.text(1, &left_out);
    }
}

fn add_cost(table: &mut TextTable, evaluation: &Evaluation) {
    table.heading("cost");
    let unknown = || "unknown".to_owned();
    table.row(1, "per 1,000 pages", evaluation.per_1000.map_or_else(unknown, format_usd));
    let note = if evaluation.tasks.len() > 1 { ALL_RIGHT } else { "" };
    table.row_with_note(1, "per 1,000 right pages", cost_of_right(evaluation), note);
}

/// The cost of 1,000 right pages, in words.
pub(crate) fn cost_of_right(evaluation: &Evaluation) -> String {
    match (evaluation.per_1000_correct, evaluation.per_1000) {
        (Some(cost), _) => format_usd(cost),
        (None, Some(_)) => "no page is right".to_owned(),
        (None, None) => "unknown".to_owned(),
    }
}

fn add_gates(table: &mut TextTable, evaluation: &Evaluation) {
    table.heading("gates");
    for gate in &evaluation.gates {
        let mark = if gate.is_passed() { "passed" } else { "FAILED" };
        table.text(1, &format!("{mark}  {}", gate.describe()));
    }
}

/// The number of independent pages with the same information as those of a task; empty: all of them.
pub(crate) fn worth_note(task: &TaskResult) -> String {
    let independent = task.effective_n.round();
    #[expect(clippy::cast_precision_loss, reason = "a number of pages")]
    let has_clusters = independent + 1.0 < task.n as f64;
    if has_clusters { format!("worth {independent} independent pages") } else { String::new() }
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
