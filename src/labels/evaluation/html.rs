//! An evaluation as one HTML page that loads nothing: pictures of pages are part of it.

use super::confusion_chart::draw_confusion;
use super::contradictions::Contradiction;
use super::evaluated::{Evaluation, WrongPage};
use super::misfits::MisfitGroup;
use super::task_result::{FieldResult, LabelResult, TaskResult};
use super::text::{ALL_RIGHT, cost_of_right, sample_lines, short_answer, unopened_words, worth_note};
use super::truth_text::faults_by_effect;
use crate::base::escape::{html_name, html_text};
use crate::base::units::grouped;
use crate::eval::{Estimate, Interval};
use crate::labels::picture::{Picture, picture_html, pictures_heading};
use crate::labels::sampling::truth_kind::TruthKind;
use crate::labels::wording::{share, short, with_page};
use crate::report::{PAGE_STYLE, format_usd};
use std::fmt::Write;

/// Maximum number of wrong pages in the page.
const MAX_PAGES: usize = 60;
/// Maximum number of suspected errors in the truth of a task.
const MAX_SUSPECTS: usize = 20;
/// Maximum number of rows of other lists.
const MAX_ROWS: usize = 100;

/// Renders an evaluation as an HTML page. `draw`: a picture of a page, or why there is none.
pub(crate) fn render_html(
    evaluation: &Evaluation,
    draw: &mut dyn FnMut(&WrongPage) -> Result<Picture, String>,
) -> String {
    let (title, job) = (html_text(&evaluation.job), html_name(&evaluation.job));
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}: quality of the labels</title>\n<style>\n{PAGE_STYLE}{}</style>\n<h1>{job}: quality of the labels</h1>\n",
        include_str!("eval.css")
    );
    if let Some(warning) = evaluation.truth.warning() {
        let _ = writeln!(out, "<p class=\"bad\">{}</p>", html_text(&warning));
    }
    let _ = writeln!(out, "<p>{}</p>", scope(evaluation));
    let samples = evaluation.truth.samples.iter().flat_map(sample_lines);
    for line in evaluation.truth.notes().into_iter().chain(samples) {
        let _ = writeln!(out, "<p>{}</p>", html_text(&line));
    }
    add_numbers(&mut out, evaluation);
    add_gates(&mut out, evaluation);
    for task in &evaluation.tasks {
        add_task(&mut out, task);
    }
    add_wrong_pages(&mut out, evaluation, draw);
    add_suspects(&mut out, evaluation);
    add_truth(&mut out, evaluation);
    out
}

/// What the numbers are about.
fn scope(evaluation: &Evaluation) -> String {
    let truth = &evaluation.truth;
    let (measured, all) = (grouped(truth.measured), grouped(truth.job_pages));
    let about = match truth.kind {
        TruthKind::Sample => {
            let unopened = unopened_words(evaluation);
            format!("estimated for all {all} pages{unopened} from {measured} that were drawn at random")
        }
        TruthKind::All => {
            let all = grouped(truth.reachable());
            format!("measured on all {all} pages: intervals are about pages like these, not about these pages")
        }
        TruthKind::Selected => format!(
            "<span class=\"bad\">measured on {measured} pages that were not drawn at random: \
             this is not the accuracy of all {all} pages</span>"
        ),
    };
    format!("{} · {about} · truth: {}", html_name(&evaluation.model), html_name(&truth.source))
}

fn add_numbers(out: &mut String, evaluation: &Evaluation) {
    out.push_str("<div class=\"numbers\">\n");
    let mut add = |value: &str, name: &str, more: &str| {
        let _ = writeln!(out, "<div><b>{value}</b><span>{name}</span><i>{}</i></div>", html_text(more));
    };
    for task in &evaluation.tasks {
        let value = task.accuracy.map_or_else(|| "–".to_owned(), |known| share(known.value));
        let unanswered = match task.unanswered_pages() {
            0 => String::new(),
            count => format!(", {} without an answer", grouped(count)),
        };
        let worth = match worth_note(task) {
            note if note.is_empty() => note,
            note => format!(" ({note})"),
        };
        let more = format!(
            "{} on {} pages{worth}{unanswered}",
            task.accuracy.map_or_else(String::new, |known| format!("95 %: {}", range(known.interval))),
            grouped(task.n)
        );
        add(&value, &format!("accuracy of {}", html_name(&task.name)), &more);
    }
    add(&evaluation.per_1000.map_or_else(|| "unknown".to_owned(), format_usd), "per 1,000 pages", "");
    let every = if evaluation.tasks.len() > 1 { ALL_RIGHT } else { "" };
    add(&cost_of_right(evaluation), "per 1,000 right pages", every);
    out.push_str("</div>\n");
}

fn add_gates(out: &mut String, evaluation: &Evaluation) {
    if evaluation.gates.is_empty() {
        return;
    }
    out.push_str("<section><h2>Gates</h2>\n<table>\n");
    for gate in &evaluation.gates {
        let (class, word) = if gate.is_passed() { ("is", "passed") } else { ("was", "failed") };
        let _ = writeln!(out, "<tr><td class=\"{class}\">{word}</td><td>{}</td></tr>", html_text(&gate.describe()));
    }
    out.push_str("</table></section>\n");
}

fn add_task(out: &mut String, task: &TaskResult) {
    let _ = writeln!(out, "<h2 class=\"part\">{} <small>({})</small></h2>", html_name(&task.name), task.kind);
    out.push_str("<section><table>\n");
    let mut row = |name: &str, value: String, interval: Option<Estimate>| {
        let interval = interval.map_or_else(String::new, |known| {
            format!("{}95 %: {}", whisker(known.value, known.interval), range(known.interval))
        });
        let _ = writeln!(out, "<tr><td>{}</td><td class=\"n\">{value}</td><td>{interval}</td></tr>", html_text(name));
    };
    let worth = worth_note(task);
    let compared = if worth.is_empty() { "pages compared".to_owned() } else { format!("pages compared, {worth}") };
    row(&compared, grouped(task.n), None);
    for (reason, pages) in &task.unanswered {
        row(&format!("without an answer: {reason}"), grouped(*pages), None);
    }
    let estimates = [
        ("accuracy", task.accuracy),
        (
            "accuracy, no answer counted as wrong",
            task.accuracy_of_all.filter(|_| task.unanswered_pages() + task.unopened > 0),
        ),
        ("exactly equal", task.exact.filter(|exact| Some(*exact) != task.accuracy)),
        ("macro F1", task.macro_f1),
    ];
    for (name, estimate) in estimates {
        if let Some(estimate) = estimate {
            row(name, share(estimate.value), Some(estimate));
        }
    }
    let numbers = [
        ("weighted F1", task.weighted_f1),
        ("micro F1", task.micro_f1),
        ("Jaccard index", task.jaccard),
        ("Cohen's kappa", task.kappa.map(|kappa| kappa.value)),
        ("text similarity (ANLS)", task.anls),
    ];
    for (name, number) in numbers {
        if let Some(number) = number {
            row(name, share(number), None);
        }
    }
    out.push_str("</table></section>\n");
    if let Some(chart) = draw_confusion(task) {
        let _ = writeln!(out, "<section><h2>Confusion matrix</h2>\n{chart}</section>");
    }
    add_labels(out, &task.labels);
    add_fields(out, &task.fields);
}

fn add_labels(out: &mut String, labels: &[LabelResult]) {
    if labels.is_empty() {
        return;
    }
    let has_prevalence = labels.iter().any(|label| label.prevalence.is_some());
    let last = if has_prevalence { "<th>share of all pages</th>" } else { "" };
    let _ = writeln!(
        out,
        "<section><h2>Labels <small>(95 % intervals)</small></h2>\n<table>\n<tr><th>label</th><th class=\"n\">pages</th><th class=\"n\">answered</th>\
         <th>precision</th><th>recall</th><th>F1</th>{last}</tr>"
    );
    for label in labels {
        let cell = |estimate: Option<Estimate>| match estimate {
            Some(known) => measure_cell(known.value, known.interval),
            None => "<td>–</td>".to_owned(),
        };
        let prevalence = match label.prevalence {
            Some(known) => measure_cell(known.value, known.interval),
            None if has_prevalence => "<td>–</td>".to_owned(),
            None => String::new(),
        };
        let _ = writeln!(
            out,
            "<tr><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td>{}{}{}{prevalence}</tr>",
            html_text(&label.label),
            grouped(label.n),
            grouped(label.predicted),
            cell(label.precision),
            cell(label.recall),
            cell(label.f1)
        );
    }
    out.push_str("</table></section>\n");
}

fn add_fields(out: &mut String, fields: &[FieldResult]) {
    if fields.is_empty() {
        return;
    }
    out.push_str(
        "<section><h2>Fields <small>(95 % intervals)</small></h2>\n<table>\n<tr><th>field</th><th class=\"n\">pages</th><th>right</th>\
         <th>exactly equal</th><th class=\"n\">ANLS</th></tr>\n",
    );
    for field in fields {
        let cell = |estimate: Option<Estimate>| match estimate {
            Some(known) => measure_cell(known.value, known.interval),
            None => "<td>–</td>".to_owned(),
        };
        let _ = writeln!(
            out,
            "<tr><td>{}</td><td class=\"n\">{}</td>{}{}<td class=\"n\">{}</td></tr>",
            html_text(&field.name),
            grouped(field.n),
            cell(field.normalized),
            cell(field.exact),
            field.anls.map_or_else(|| "–".to_owned(), share)
        );
    }
    out.push_str("</table></section>\n");
}

fn add_suspects(out: &mut String, evaluation: &Evaluation) {
    if evaluation.tasks.iter().all(|task| task.suspects.is_empty()) {
        return;
    }
    out.push_str("<h2 class=\"part\">Check the truth of these pages</h2>\n");
    for task in evaluation.tasks.iter().filter(|task| !task.suspects.is_empty()) {
        add_suspects_of_task(out, task);
    }
}

fn add_suspects_of_task(out: &mut String, task: &TaskResult) {
    let (suspects, left_out) = task.shown_suspects();
    let _ = writeln!(out, "<section><h2>{}</h2>", html_name(&task.name));
    if let Some(left_out) = left_out {
        let _ = writeln!(out, "<p>{}</p>", html_text(&left_out));
    }
    if suspects.is_empty() {
        out.push_str("</section>\n");
        return;
    }
    out.push_str("<table class=\"wide\">\n<tr><th>page</th><th>truth</th><th>answer</th><th>why</th></tr>\n");
    for suspect in suspects.iter().take(MAX_SUSPECTS) {
        let field = if suspect.field.is_empty() { String::new() } else { format!("{}: ", html_name(&suspect.field)) };
        let _ = writeln!(
            out,
            "<tr><td>{}</td><td>{field}{}</td><td>{}</td><td>{}</td></tr>",
            html_text(&with_page(&suspect.path, suspect.page)),
            html_name(&short(&suspect.truth)),
            html_text(&short(&suspect.answer)),
            html_text(&suspect.reason)
        );
    }
    out.push_str("</table>\n");
    if suspects.len() > MAX_SUSPECTS {
        let _ = writeln!(out, "<p>… and {} more; --format json lists them</p>", suspects.len() - MAX_SUSPECTS);
    }
    out.push_str("</section>\n");
}

fn add_wrong_pages(
    out: &mut String,
    evaluation: &Evaluation,
    draw: &mut dyn FnMut(&WrongPage) -> Result<Picture, String>,
) {
    if evaluation.wrong.is_empty() {
        return;
    }
    let shown = evaluation.wrong.len().min(MAX_PAGES);
    out.push_str(&pictures_heading("Wrong pages, worst first", shown, evaluation.wrong_pages));
    for page in evaluation.wrong.iter().take(MAX_PAGES) {
        let name = html_text(&with_page(&page.shown_path, page.page));
        let picture = picture_html(draw(page), &name);
        let _ = writeln!(out, "<figure>{picture}<figcaption>{name}<dl>");
        for mistake in &page.mistakes {
            let what = match mistake.field.as_str() {
                "" => mistake.task.clone(),
                field => format!("{}.{field}", mistake.task),
            };
            let _ = writeln!(
                out,
                "<dt>{}</dt><dd><bdi class=\"was\">{}</bdi>, truth <bdi class=\"is\">{}</bdi></dd>",
                html_text(&what),
                html_text(&short_answer(mistake)),
                html_text(&short(&mistake.truth))
            );
        }
        out.push_str("</dl></figcaption></figure>\n");
    }
    out.push_str("</div>\n");
}

fn add_truth(out: &mut String, evaluation: &Evaluation) {
    let truth = &evaluation.truth;
    out.push_str("<h2 class=\"part\">Truth</h2>\n<section><table>\n");
    let mut row = |name: &str, value: u64| {
        let _ = writeln!(out, "<tr><td>{}</td><td class=\"n\">{}</td></tr>", html_text(name), grouped(value));
    };
    row("rows", truth.rows);
    row("pages found in the job", truth.matched);
    row("with a probability", truth.sampled);
    let not_blind = if truth.counts_shown { "answers not blind" } else { "answers not blind, not counted" };
    let optional = [("left out by --where", truth.not_selected), (not_blind, truth.shown)];
    for (name, count) in optional.into_iter().filter(|(_, count)| *count > 0) {
        row(name, count);
    }
    if let Some(splits) = &truth.splits {
        for (name, pages) in &splits.pages {
            row(&format!("split {}", if name.is_empty() { "(none)" } else { name }), *pages);
        }
        row("pages that equal or resemble one of another split", splits.shared_pages);
        row("left out because of that", splits.left_out);
    }
    out.push_str("</table></section>\n");
    add_list(out, "Truth that does not fit the tasks", &truth.misfits, MisfitGroup::describe);
    add_list(out, "Equal pages with different truths", &truth.contradictions, Contradiction::describe);
    for (heading, faults) in faults_by_effect(truth) {
        add_list(out, &sentence_case(heading), &faults, Clone::clone);
    }
}

/// A heading with a capital letter.
fn sentence_case(text: &str) -> String {
    let mut rest = text.chars();
    rest.next().map_or_else(String::new, |first| first.to_uppercase().chain(rest).collect())
}

fn add_list<T>(out: &mut String, heading: &str, items: &[T], describe: impl Fn(&T) -> String) {
    if items.is_empty() {
        return;
    }
    let _ = writeln!(out, "<section><h2>{heading}</h2>\n<ul class=\"faults\">");
    for item in items.iter().take(MAX_ROWS) {
        let _ = writeln!(out, "<li>{}</li>", html_text(&describe(item)));
    }
    out.push_str("</ul>\n");
    if items.len() > MAX_ROWS {
        let _ = writeln!(out, "<p>… and {} more</p>", grouped((items.len() - MAX_ROWS) as u64));
    }
    out.push_str("</section>\n");
}

/// A cell with a measure and its interval.
fn measure_cell(value: f64, interval: Interval) -> String {
    let (line, range) = (whisker(value, interval), range(interval));
    format!("<td class=\"m\">{line}<b>{}</b><br><small>{range}</small></td>", share(value))
}

fn range(interval: Interval) -> String {
    format!("{} to {}", share(interval.low), share(interval.high))
}

/// An interval as a line from 0 to 1, with its value.
fn whisker(value: f64, interval: Interval) -> String {
    let x = |value: f64| format!("{:.1}", 4.0 + value.clamp(0.0, 1.0) * 102.0);
    let (low, high, at) = (x(interval.low), x(interval.high), x(value));
    format!(
        "<svg class=\"interval\" viewBox=\"0 0 110 12\" aria-hidden=\"true\"><path d=\"M4 6H106\" stroke=\"var(--faint)\"/>\
         <path d=\"M{low} 6H{high}\" stroke=\"var(--bar)\" stroke-width=\"3\"/><circle cx=\"{at}\" cy=\"6\" r=\"3.5\" fill=\"var(--bar)\"/></svg>"
    )
}
