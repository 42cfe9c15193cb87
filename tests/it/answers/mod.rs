//! Human answers: in rows, as files, and through everything that could lose them.

mod files;
mod interrupted;
mod rows;
mod stability;
mod survival;

use crate::bench::{Bench, Ran};
use docmill::internal::simulator::Options;
use serde_json::Value;

/// A job over `pages` pages that shows who gave each answer, after its first run.
fn asked(pages: usize, more: &str) -> Bench {
    let bench = Bench::with_pages(pages).simulator(Options::default());
    bench.job(more);
    let job = bench.text("job.yaml").replace("output: {", "output: {answer_source: true, ");
    bench.put("job.yaml", job.as_bytes());
    let ran = bench.run(&["-q"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    bench
}

fn import(bench: &Bench, file: &str, arguments: &[&str]) -> Ran {
    bench.docmill(&[&["answers", "import", "job.yaml", file, "--reviewer", "ann"], arguments].concat())
}

/// Imports CSV lines `path,page,task,value`, which has to work.
fn answer(bench: &Bench, lines: &[&str]) {
    bench.put("answers.csv", format!("path,page,task,value\n{}\n", lines.join("\n")).as_bytes());
    let ran = import(bench, "answers.csv", &[]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
}

/// All human answers as CSV.
fn exported(bench: &Bench, job: &str) -> String {
    let ran = bench.docmill(&["answers", "export", job]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    ran.stdout
}

/// Of each row the path and one of its answers with its source.
fn shown(rows: &[Value], task: &str) -> Vec<String> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let source = format!("{task}__source");
    rows.iter().map(|row| format!("{} {} {}", text(&row["path"]), text(&row[task]), text(&row[&source]))).collect()
}

/// A label of `kind` that a row does not have.
fn other_label(row: &Value) -> &'static str {
    if row["kind"] == "letter" { "form" } else { "letter" }
}
