//! Earlier runs of questions that name columns of a list: their recipes differ from line to line.

use crate::bench::Bench;
use crate::harness::recording_server::{RecordingServer, reply_with};
use docmill::internal::simulator::Options;
use serde_json::{Value, json};

fn output(bench: &Bench, arguments: &[&str]) -> Value {
    let ran = bench.docmill(&[arguments, &["--format", "json"]].concat());
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    serde_json::from_str(&ran.stdout).unwrap()
}

#[test]
fn they_are_compared_and_reported_under_their_task() {
    let bench = Bench::with_pages(3).simulator(Options::default());
    bench.put("list.csv", b"path,customer\npages/00000.jpg,A\npages/00001.jpg,B\npages/00002.jpg,B\n");
    let job = |labels: &str| {
        let ours = "ours: {question: {text: 'Is it from {customer}?', type: boolean, required: true}}";
        bench.job(&format!("tasks: {{kind: {{classify: {{labels: [{labels}], other: true}}}}, {ours}}}"));
        bench.put("job.yaml", bench.text("job.yaml").replace("folder: pages", "list: list.csv").as_bytes());
        assert_eq!(bench.run(&["-q"]).code, 0);
    };
    job("invoice, letter");
    let report = bench.report();
    let tasks: Vec<&String> = report["by_task"].as_object().unwrap().keys().collect();
    assert_eq!(tasks, ["kind", "ours"]);
    job("bill, invoice, letter");
    let found = output(&bench, &["diff", "job.yaml", "--recipe", "previous"]);
    assert_eq!(found["tasks"]["ours"]["same"], 3, "{found}");
}

/// The text of the second run is what the first one sent, where braces were literal.
#[test]
fn each_run_has_the_answers_to_its_own_text() {
    // The server answers with the text that it was asked.
    let server = RecordingServer::start(|request, _| {
        let asked = request.to_string();
        let texts = ["many of {customer}", "many of acme", "many of beta", "pages of acme", "pages of beta"];
        let text = texts.into_iter().find(|text| asked.contains(text)).unwrap_or("another text");
        reply_with(&json!({"kind": "invoice", "ours": text}).to_string())
    });
    let bench = Bench::with_pages(12);
    let line = |page: usize| format!("pages/{page:05}.jpg,{}\n", ["acme", "beta"][page % 2]);
    bench.put("list.csv", ("path,customer\n".to_owned() + &(0..12).map(line).collect::<String>()).as_bytes());
    let run = |text: &str, labels: &str, expected: [&'static str; 2]| {
        let ours = format!("ours: {{question: {{text: '{text}', type: text, required: true}}}}");
        let tasks = format!("tasks: {{kind: {{classify: {{labels: [{labels}]}}}}, {ours}}}");
        bench.job_at(&server.server.base_url, &tasks);
        bench.put("job.yaml", bench.text("job.yaml").replace("folder: pages", "list: list.csv").as_bytes());
        let ran = bench.run(&["-q"]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        let answers: Vec<Value> = bench.rows().iter().map(|row| row["ours"].clone()).collect();
        assert!((0..12).all(|page| answers[page] == expected[page % 2]), "{text}: {answers:?}");
        let report = bench.report();
        (report["run_id"].as_str().unwrap().to_owned(), report["pages"].clone(), expected)
    };
    let (old, new) = ("invoice, letter", "invoice, letter, form");
    let last = ["pages of acme", "pages of beta"];
    let runs = [
        run("How many of {{customer}}?", old, ["many of {customer}"; 2]),
        run("How many of {customer}?", old, ["many of acme", "many of beta"]),
        run("How many pages of {customer}?", old, last),
        run("How many pages of {customer}?", new, last),
    ];
    for (id, pages, answers) in &runs {
        assert_eq!(output(&bench, &["report", "job.yaml", "--run", id])["pages"], *pages, "run {id}");
        if *id == runs[3].0 {
            continue;
        }
        let found = output(&bench, &["diff", "job.yaml", "--run", id]);
        let compared = &found["tasks"]["ours"];
        let same = if *answers == last { 12 } else { 0 };
        assert_eq!((&compared["compared"], &compared["same"]), (&12.into(), &same.into()), "{answers:?}: {found}");
    }
}
