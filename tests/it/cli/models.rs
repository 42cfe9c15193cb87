//! `docmill models`, as docs/models.md describes it.

use crate::bench::{Bench, root};
use serde_json::Value;
use std::collections::BTreeSet;

fn docs() -> String {
    std::fs::read_to_string(root().join("docs/models.md")).unwrap()
}

#[test]
fn the_example_of_the_docs_is_what_the_program_prints() {
    let docs = docs();
    let (_, example) = docs.split_once("$ docmill models gpt-6-luna\n").unwrap();
    let (example, _) = example.split_once("```").unwrap();
    let ran = Bench::with_pages(0).docmill(&["models", "gpt-6-luna"]);
    assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (0, example, ""));
}

#[test]
fn the_members_of_the_json_are_those_of_the_docs() {
    let bench = Bench::with_pages(0);
    let json = |name: &str| -> Value {
        let ran = bench.docmill(&["models", name, "--format", "json"]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        serde_json::from_str(&ran.stdout).unwrap()
    };
    let docs = docs();
    let table = docs.split_once("| member | description |\n|---|---|\n").unwrap().1.split_once("\n\n").unwrap().0;
    let documented: BTreeSet<&str> = table
        .lines()
        .flat_map(|line| line.split('|').nth(1).unwrap().split(", ").map(|name| name.trim().trim_matches('`')))
        .collect();
    let all = json("");
    let models = all["models"].as_array().unwrap();
    assert!(models.len() > 60, "{}", models.len());
    for model in models {
        assert_eq!(model.as_object().unwrap().keys().map(String::as_str).collect::<BTreeSet<_>>(), documented);
    }
    assert_eq!(json("no-such-model"), serde_json::json!({"models": []}));
}

#[test]
fn nothing_found_is_said() {
    let ran = Bench::with_pages(0).docmill(&["models", "no-such-model"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, ""));
    assert!(ran.stderr.contains("no model or host that docmill knows contains `no-such-model`"), "{}", ran.stderr);
}
