//! A labeled folder, and truth that differs from its answers in known places.

use crate::bench::{Bench, Ran, root};
use docmill::internal::simulator::Options;
use serde_json::Value;

/// All four kinds of tasks.
pub(super) const KINDS: &str = "tasks: {kind: {classify: {labels: [invoice, letter, form], other: true}}, \
     marks: {tag: {labels: [stamp, logo, seal]}}, \
     total: {extract: {schema: total.schema.json}}, \
     signed: {question: {text: Is it signed?, type: boolean, required: true}}, \
     sender: {question: {text: Who sent it?, type: text, required: true}}}";

const TOTAL: &[u8] = b"{\"type\": \"object\", \"properties\": {\"amount\": {\"type\": \"number\"}, \"currency\": {\"type\": \"string\"}}, \"required\": [\"amount\", \"currency\"]}";

/// A folder of pages whose answers are stored. The simulator is gone: no more requests are possible.
pub(super) fn labeled(count: usize, more: &str) -> Bench {
    let mut bench = Bench::with_pages(count).simulator(Options::default());
    bench.put("total.schema.json", TOTAL);
    bench.job(more);
    let ran = bench.run(&[]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    bench.server = None;
    bench
}

/// The demo, labeled, with its truth beside it.
pub(super) fn demo() -> Bench {
    let bench = Bench::with_pages(0);
    let job = std::fs::read_to_string(root().join("jobs/demo.yaml")).unwrap();
    let job = job.replace("../sample_data", &root().join("sample_data").display().to_string());
    bench.put("jobs/demo.yaml", job.as_bytes());
    bench.put("labels.csv", &std::fs::read(root().join("sample_data/labels.csv")).unwrap());
    let ran = bench.docmill(&["run", "jobs/demo.yaml"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    bench
}

/// Runs `docmill eval job.yaml`.
pub(super) fn eval(bench: &Bench, arguments: &[&str]) -> Ran {
    bench.docmill(&[&["eval", "job.yaml"], arguments].concat())
}

/// The same as JSON.
pub(super) fn eval_json(bench: &Bench, arguments: &[&str]) -> Value {
    let ran = eval(bench, &[arguments, &["--format", "json"]].concat());
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    serde_json::from_str(&ran.stdout).unwrap()
}

/// Writes `truth.jsonl`: the answers of these tasks, after `change` has changed the row with this number.
/// `change` returns whether the page is in the truth.
pub(super) fn put_truth(bench: &Bench, tasks: &[&str], mut change: impl FnMut(usize, &mut Value) -> bool) {
    let mut lines = String::new();
    for (at, row) in bench.rows().into_iter().enumerate() {
        let mut truth = serde_json::json!({"path": row["path"], "page": row["page"]});
        for task in tasks {
            truth[task] = row[task].clone();
        }
        if change(at, &mut truth) {
            lines.push_str(&format!("{truth}\n"));
        }
    }
    bench.put("truth.jsonl", lines.as_bytes());
}

/// Another label than this one.
pub(super) fn other_label(label: &Value, labels: &[&str]) -> Value {
    labels.iter().find(|known| label.as_str() != Some(**known)).copied().into()
}
