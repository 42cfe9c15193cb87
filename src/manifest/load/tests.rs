//! What a manifest may say, and what it is told when it says something else.

use super::*;
use crate::catalog::Detail;
use crate::manifest::{AnswerType, BudgetScope, Endpoint, Size, TaskKind};
use std::time::Duration;

const LEAST: &str = "version: 1\nname: x\ninput: {folder: p}\nprovider: {base_url: \"http://h/v1\", model: m}\ntasks: {kind: {classify: {labels: [a, b]}}}\n";

fn job(source: &str) -> Job {
    parse(Path::new("jobs/x.yaml"), source, &|_| None).unwrap_or_else(|faults| panic!("{faults:?}"))
}

/// The messages of a manifest's faults, each with `line:column`.
fn faults(source: &str) -> Vec<String> {
    let faults = parse(Path::new("x.yaml"), source, &|_| None).err().unwrap_or_default();
    let shown = Faults::new("x.yaml".into(), source.into(), faults).to_string();
    let titles = shown.lines().filter_map(|line| line.strip_prefix("error: x.yaml:"));
    titles.map(str::to_owned).collect()
}

#[test]
fn defaults() {
    let job = job(LEAST);
    assert_eq!((job.request.temperature, job.request.max_tokens, job.request.stream), (0.0, None, false));
    assert_eq!(job.request.timeouts.attempt, Duration::from_secs(60));
    assert_eq!((job.image.detail, job.image.size, job.image.max_side), (Detail::High, Size::Standard, Some(2048)));
    assert_eq!((job.limits.concurrency, job.limits.requests_per_minute, job.limits.budget), (8, None, None));
    assert_eq!(job.limits.budget_scope, BudgetScope::Day);
    assert_eq!((job.retry.attempts, job.retry.max_wait), (6, Duration::from_secs(600)));
    assert_eq!((job.on_error.max_failed, job.on_error.stop_after), (0.01, 20));
    assert_eq!(job.store, Path::new("jobs/.docmill/store.db"));
    assert_eq!(job.input.place, Place::Folder("jobs/p".into()));
    assert_eq!(job.provider.id, "http://h/v1");
    assert!(job.provider.price.is_none());
}

#[test]
fn labels_are_texts_as_typed() {
    let job = job(&LEAST.replace("[a, b]", "{no: Not., yes: , 1.10: A number., null: Nothing.}"));
    let TaskKind::Classify { labels, .. } = &job.tasks[0].kind else { panic!() };
    let names: Vec<&str> = labels.iter().map(|label| label.name.as_str()).collect();
    assert_eq!(names, ["no", "yes", "1.10", "null"]);
    let job = self::job(&LEAST.replace("[a, b]", "[no, 2026-11-23, off]"));
    let TaskKind::Classify { labels, .. } = &job.tasks[0].kind else { panic!() };
    assert_eq!(labels.iter().map(|label| label.name.as_str()).collect::<Vec<_>>(), ["no", "2026-11-23", "off"]);
}

#[test]
fn questions_and_the_simulator() {
    let source = LEAST
        .replace("base_url: \"http://h/v1\"", "simulator: {latency: 50ms, seed: 7}")
        .replace("{kind:", "{signed: {question: {text: Signed?, type: boolean}}, kind:");
    let job = job(&source);
    let TaskKind::Question { answer, required, .. } = &job.tasks[0].kind else { panic!() };
    assert_eq!((*answer, *required), (AnswerType::Boolean, false));
    let Endpoint::Simulator(spec) = &job.provider.endpoint else { panic!() };
    assert_eq!((spec.latency, spec.seed, job.provider.id.as_str()), (Duration::from_millis(50), 7, "simulator:7"));
}

#[test]
fn variables_are_typed_where_they_stand_and_the_source_is_kept_without_them() {
    let source = format!("{LEAST}limits: {{requests_per_minute: \"${{RPM:-30}}\", concurrency: \"${{WIDTH}}\"}}\n");
    let vars = |name: &str| (name == "WIDTH").then(|| "4".to_owned());
    let job = parse(Path::new("x.yaml"), &source, &vars).unwrap();
    assert_eq!((job.limits.requests_per_minute, job.limits.concurrency), (Some(30), 4));
    assert!(job.source.contains("${WIDTH}"));
    assert_eq!(faults(&source), ["6:58: variable `WIDTH` is not set"]);
}

#[test]
fn faults_have_their_places() {
    let with = |more: &str| format!("{LEAST}{more}\n");
    for (source, expected) in [
        (with("limit: {}"), vec!["6:1: unknown key `limit`"]),
        (with("limits: {concurrency: many}"), vec!["6:23: expected a whole number, found `many`"]),
        (with("limits: {concurrency: 0}"), vec!["6:23: 0 is out of range"]),
        (
            with("retry: {max_wait: soon}"),
            vec!["6:19: `soon` is not a duration; write it like 500ms, 60s, 10m, 2h or 7d"],
        ),
        (with("image: {detail: huge}"), vec!["6:17: `huge` is not one of the choices"]),
        (with("request: {stream: no}"), vec!["6:19: expected true or false, found `no`"]),
        (with("request: {extra: {model: x}}"), vec!["6:26: `model` is set by docmill"]),
        (with("on_error: {max_failed: 200%}"), vec!["6:24: `200%` is not a share from 0% to 100%"]),
        (with("limits: {budget_usd: 5}"), vec!["6:22: a budget needs a price, and the price of this model is unknown"]),
        (with("output: {csv: a.csv, jsonl: a.csv}"), vec!["6:29: this is another output"]),
        (with("limits: {tokens_per_minute: 50}"), vec!["6:29: the limit is below what one reply may use"]),
        (LEAST.replace("[a, b]", "[a, b, a]"), vec!["5:42: the label `a` is given twice"]),
        (LEAST.replace("[a, b]", "[]"), vec!["5:35: there are no labels"]),
        (LEAST.replace("[a, b]", "{a: , a: }"), vec!["5:41: `a` is given twice"]),
        (LEAST.replace("kind:", "Kind:"), vec!["5:16: `Kind` is no name for a task"]),
        (LEAST.replace("kind:", "status:"), vec!["5:18: `status` is a column of every row"]),
        (LEAST.replace("kind:", "a__b:"), vec!["5:16: `a__b` is no name for a task"]),
        (
            LEAST.replace("classify: {labels: [a, b]}", "tag: {labels: [a, b], max: 3}"),
            vec!["5:43: 3 is more than the set has"],
        ),
        (LEAST.replace("classify", "guess"), vec!["5:16: a task asks one thing", "5:16: unknown key `guess`"]),
        (LEAST.replace("name: x\n", ""), vec!["1:1: the key `name` is missing"]),
        (LEAST.replace("version: 1", "version: 2"), vec!["1:10: 2 is out of range"]),
        (LEAST.replace("base_url: \"http://h/v1\", ", ""), vec!["4:12: nobody is asked"]),
        (LEAST.replace("model: m", "model: m, api_key_env: sk-abc"), vec!["4:60: this is no name of a variable"]),
        (
            LEAST.replace("{folder: p}", "{folder: p, include: [\"[a\"]}"),
            vec!["3:30: not a glob: unclosed character class; missing ']'"],
        ),
        ("a: [".to_owned(), vec!["1:4: not valid YAML"]),
        (String::new(), vec!["1:1: the manifest is empty"]),
    ] {
        let found = faults(&source);
        let matches = found.len() == expected.len()
            && found.iter().zip(&expected).all(|(found, expected)| found.starts_with(expected));
        assert!(matches, "{source}\nfound {found:#?}\nexpected {expected:#?}");
    }
}

#[test]
fn all_faults_come_at_once() {
    let source = "version: 1\nname: x\ninput: {folders: p}\nprovider: {base_url: nowhere, model: m}\ntasks: {kind: {classify: {labels: [a, a]}}}\nlimits: {concurrency: x}\nretry: {max_wait: y}\n";
    assert_eq!(faults(source).len(), 6, "{:#?}", faults(source));
}
