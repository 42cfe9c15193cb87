//! How often answers agree, as text and JSON.

use super::agreement::{ProbeReport, TaskAgreement};
use super::kind::ProbeKind;
use crate::base::sanitize;
use crate::base::units::{counted, grouped};
use crate::labels::wording::with_page;
use serde_json::{Map, Value, json};
use std::fmt::Write;

/// Maximum length of an answer in text, in characters.
const MAX_ANSWER: usize = 40;

/// The report as text for a terminal. `is_cut`: whether long answers are cut.
pub(crate) fn render_text(report: &ProbeReport, is_cut: bool) -> String {
    let mut out = String::new();
    let _ = match report.kind {
        ProbeKind::Rotate => {
            writeln!(
                out,
                "{}: answers of {} with the labels in another order",
                report.job,
                counted(report.pages, "page")
            )
        }
        ProbeKind::Repeat(times) => {
            writeln!(out, "{}: {times} answers to each of {}", report.job, counted(report.pages, "page"))
        }
    };
    for task in &report.tasks {
        write_task(task, report.kind, is_cut, &mut out);
    }
    if report.tasks.is_empty() {
        out.push_str("\nthe job has no task whose answers are labels\n");
    }
    out
}

fn write_task(task: &TaskAgreement, kind: ProbeKind, is_cut: bool, out: &mut String) {
    let _ = writeln!(out, "\n{}", task.task);
    let Some((share, interval)) = task.share().zip(task.interval) else {
        let _ = writeln!(out, "  no page has all answers");
        return;
    };
    let percent = |value: f64| format!("{:.1} %", value * 100.0);
    let what = match kind {
        ProbeKind::Rotate => "answers that change",
        ProbeKind::Repeat(_) => "pages whose answers differ",
    };
    let _ = writeln!(
        out,
        "  {what}: {} of {}: {} (95 % confidence: {} to {})",
        grouped(task.changed),
        grouped(task.pages),
        percent(share),
        percent(interval.low),
        percent(interval.high)
    );
    if let (ProbeKind::Repeat(_), Some(pairs)) = (kind, task.pairs) {
        let _ = writeln!(out, "  two answers to one page agree: {}", percent(pairs));
    }
    if task.unanswered > 0 {
        let _ = writeln!(out, "  pages without all answers: {}", grouped(task.unanswered));
    }
    let text = |answer: &str| sanitize::one_line(answer, if is_cut { MAX_ANSWER } else { usize::MAX });
    let mut flips: Vec<_> = task.flips.iter().collect();
    flips.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
    for ((from, to), count) in flips.into_iter().take(5) {
        let _ = writeln!(out, "    {:>5}  {} -> {}", grouped(*count), text(from), text(to));
    }
    for (path, page, answers) in &task.examples {
        let answers: Vec<String> = answers.iter().map(|answer| text(answer)).collect();
        let path = sanitize::path(path.as_bytes());
        let _ = writeln!(out, "    {}: {}", with_page(&path, *page), answers.join(" | "));
    }
}

/// The report as JSON. docs/quality.md documents the members.
pub(crate) fn render_json(report: &ProbeReport) -> Value {
    let task = |task: &TaskAgreement| {
        let flips: Vec<Value> =
            task.flips.iter().map(|((from, to), n)| json!({"from": from, "to": to, "n": n})).collect();
        let examples: Vec<Value> = task
            .examples
            .iter()
            .map(|(path, page, answers)| json!({"path": path, "page": page, "answers": answers}))
            .collect();
        let changed = task.share().zip(task.interval).map(
            |(share, interval)| json!({"n": task.changed, "value": share, "low": interval.low, "high": interval.high}),
        );
        let value = json!({
            "n": task.pages, "unanswered": task.unanswered, "changed": changed, "pair_agreement": task.pairs,
            "flips": flips, "examples": examples,
        });
        (task.task.clone(), value)
    };
    let (kind, answers) = match report.kind {
        ProbeKind::Rotate => ("rotate", 2),
        ProbeKind::Repeat(times) => ("repeat", times),
    };
    let tasks: Map<String, Value> = report.tasks.iter().map(task).collect();
    json!({"job": report.job, "kind": kind, "pages": report.pages, "answers": answers, "tasks": tasks})
}
