//! Whole manifests: defaults, variables, and the rules between sections.
//!
//! - [`values`]: what the keys of each section mean
//! - [`faults`]: every fault with its message and its place

use super::*;
use crate::base::digest::Digest;
use crate::base::schema_oracle::SchemaOracle;
use crate::catalog::Detail;
use crate::manifest::{BudgetScope, Concurrency, Place, Size, TimedOut};
use proptest::prelude::*;
use serde_json::json;
use std::collections::HashSet;
use std::time::Duration;

mod faults;
mod values;

/// The smallest manifest. Every section is on its own line.
const MINIMAL: &str = "version: 1\nname: x\ninput: {folder: p}\nprovider: {base_url: \"http://h/v1\", model: m}\ntasks: {kind: {classify: {labels: [a, b]}}}\n";

fn job(source: &str) -> Job {
    check_source(Path::new("jobs/x.yaml"), source, &|_| None).unwrap_or_else(|faults| panic!("{source}\n{faults:?}"))
}

/// The smallest manifest with another section, such as `retry: {attempts: 2}`.
fn job_with(section: &str) -> Job {
    job(&with(section))
}

/// The smallest manifest, in which `section` replaces the section of its name.
fn with(section: &str) -> String {
    let key = section.split_once(':').unwrap().0;
    let others = MINIMAL.lines().filter(|line| !line.starts_with(&format!("{key}:")));
    others.chain([section]).map(|line| format!("{line}\n")).collect()
}

/// The faults of a manifest as `line:column: message`, in the order of their positions.
fn fault_titles(source: &str) -> Vec<String> {
    let faults = check_source(Path::new("x.yaml"), source, &|_| None).err().unwrap_or_default();
    let shown = Faults::new("x.yaml".into(), source, faults, Vec::new()).to_string();
    let titles = shown.lines().filter_map(|line| line.strip_prefix("error: x.yaml:"));
    titles.map(str::to_owned).collect()
}

#[test]
fn defaults() {
    let job = job(MINIMAL);
    assert_eq!((job.request.temperature, job.request.top_p, job.request.max_tokens), (Some(0.0), None, None));
    assert_eq!((job.request.stream, job.request.prompt_cache_key, job.request.extra.len()), (false, false, 0));
    let timeouts = job.request.timeouts;
    let seconds = Duration::from_secs;
    assert_eq!((timeouts.attempt, timeouts.connect, timeouts.idle), (seconds(60), seconds(10), seconds(30)));
    assert_eq!(timeouts.first_byte, None);
    assert_eq!((job.image.detail, job.image.size, job.image.max_side), (Detail::High, Size::Standard, Some(2048)));
    assert_eq!((job.limits.concurrency, job.limits.concurrency.stated_or_start()), (Concurrency::Learned(64), 8));
    assert_eq!((job.limits.requests_per_minute, job.limits.tokens_per_minute), (None, None));
    assert_eq!((job.limits.budget, job.limits.budget_scope, job.limits.run_time), (None, BudgetScope::Day, None));
    assert!(!job.is_batch && !job.batch.is_given);
    assert_eq!((job.batch.requests, job.batch.bytes, job.batch.poll), (50_000, 190_000_000, seconds(60)));
    assert_eq!((job.retry.attempts, job.retry.max_wait, job.retry.page_time), (6, seconds(600), None));
    assert_eq!(job.retry.timed_out, TimedOut::Wait(seconds(60)));
    assert_eq!((job.on_error.max_failed, job.on_error.stop_after), (0.01, 20));
    assert_eq!(
        (job.path.as_path(), job.store.as_path()),
        (Path::new("jobs/x.yaml"), Path::new("jobs/.docmill/store.db"))
    );
    assert_eq!(job.input.place, Place::Folder("jobs/p".into()));
    assert_eq!(job.provider.id, "http://h/v1");
    assert!(job.provider.price.is_none() && job.provider.price_source.is_none());
    assert!(job.output.csv.is_none() && !job.output.keep_formulas);
}

#[test]
fn variables_get_the_type_of_their_place_and_the_source_is_kept_without_them() {
    let source = format!("{MINIMAL}limits: {{requests_per_minute: \"${{RPM:-30}}\", concurrency: \"${{WIDTH}}\"}}\n");
    let variables = |name: &str| (name == "WIDTH").then(|| "4".to_owned());
    let job = check_source(Path::new("x.yaml"), &source, &variables).unwrap();
    assert_eq!((job.limits.requests_per_minute, job.limits.concurrency), (Some(30), Concurrency::Stated(4)));
    assert!(job.source.contains("${WIDTH}"));
    assert_eq!(fault_titles(&source), ["6:58: variable `WIDTH` is not set"], "one fault, not also one of its type");
}

#[test]
fn the_store_keeps_the_manifest_without_secrets() {
    let source = format!("{MINIMAL}# old: sk-abcdefgh12345678\nlimits: {{budget_name: team}}\n").replace(
        "model:",
        "headers: {X-Team: \"plain words\", X-Group: {env: TEAM_KEY}, X-Long: Zx9Qw8Er7Ty6Ui5Op4As}, model:",
    );
    let job = check_source(Path::new("x.yaml"), &source, &|_| Some("k".to_owned())).unwrap();
    assert_eq!(job.source, source);
    for (text, is_kept) in [
        ("plain words", false),
        ("Zx9Qw8Er7Ty6Ui5Op4As", false),
        ("sk-abcdefgh12345678", false),
        ("X-Team", true),
        ("{env: TEAM_KEY}", true),
        ("budget_name: team", true),
    ] {
        assert_eq!(job.stored_source.contains(text), is_kept, "{text}: {}", job.stored_source);
    }
    assert_eq!(job.stored_source.len(), source.len(), "places stay the same");
}

#[test]
fn the_identity_is_the_name_and_the_input() {
    let first = job(MINIMAL).identity();
    for (section, is_same) in [
        ("limits: {concurrency: 3}", true),
        ("tasks: {other: {question: {text: Signed?}}}", true),
        ("input: {folder: ./q/../p}", true),
        ("input: {folder: p, pages: all}", true),
        ("input: {folder: p, pages: first}", false),
        ("name: y", false),
        ("input: {folder: q}", false),
        ("input: {folder: p, include: [\"*.jpg\"]}", false),
        ("input: {folder: p, exclude: [\"*.jpg\"]}", false),
        ("input: {list: p.csv}", false),
        ("input: {list: \"-\"}", false),
    ] {
        assert_eq!(job_with(section).identity() == first, is_same, "{section}");
        assert_eq!(job_with(section).former_identity(), section.contains("first").then_some(first), "{section}");
    }
    let pages = |pages: &str| job_with(&format!("input: {{folder: p, pages: {pages}}}")).identity();
    assert_eq!(pages("first"), pages("[1, 1]"));
    assert_eq!(pages("[-1, 2]"), pages("[2, -1]"));
    assert_ne!(pages("[1]"), pages("[2]"));
}

#[test]
fn only_a_list_from_standard_input_has_more_identities() {
    assert_eq!(job(MINIMAL).slots().count() + job_with("input: {list: p.csv}").slots().count(), 0);
    let given = job_with("input: {list: \"-\"}");
    let all: HashSet<Digest> = given.slots().chain([given.identity()]).collect();
    assert_eq!(all.len(), 256);
}

#[test]
fn the_price_is_that_of_the_delivery() {
    let price = "provider: {base_url: \"http://h/v1\", model: m, price: {input: 2, output: 8}}";
    assert_eq!(job_with(price).price().map(|price| price.base(0).input.0), Some(2_000_000));
    let batch = job(&format!("{}delivery: batch\n", with(price)));
    assert_eq!(
        batch.price().map(|price| (price.base(0).input.0, price.base(0).output.0)),
        Some((1_000_000, 4_000_000))
    );
    assert_eq!(job(&format!("{MINIMAL}delivery: batch\n")).price(), None);
}

#[test]
fn a_file_that_can_not_be_read_is_not_a_fault_of_the_manifest() {
    let error = load(Path::new("none.yaml"), &|_| None).unwrap_err();
    assert_eq!(error.to_string(), "can't read the manifest none.yaml");
    assert!(std::error::Error::source(&error).is_some());
}

#[test]
fn all_faults_come_at_once() {
    let source = "version: 1\nname: x\ninput: {folders: p}\nprovider: {base_url: nowhere, model: m}\ntasks: {kind: {classify: {labels: [a, a]}}}\nlimits: {concurrency: x}\nretry: {max_wait: y}\n";
    assert_eq!(
        fault_titles(source),
        [
            "3:9: unknown key `folders`",
            "4:22: the URL does not begin with https:// or http://",
            "5:39: duplicate label `a`",
            "6:23: expected an integer, found `x`",
            "7:19: `y` is not a valid duration; use a form such as 500ms, 60s, 10m, 2h or 7d",
        ]
    );
}

/// Every example in the JSON Schema's own terms: what the reader accepts, an editor accepts.
#[test]
fn the_schema_accepts_what_the_reader_accepts() {
    let validator = SchemaOracle::new(&json_schema()).unwrap();
    let manifest = json!({
        "version": 1,
        "name": "x",
        "input": {"list": "pages.csv", "pages": [1, -1], "carry": ["customer"], "fetch": {"timeout": "5s"}},
        "provider": {"simulator": {"latency": "5ms", "faults": "20%"}, "model": "m", "headers": {"X-A": "b", "X-C": {"env": "D"}}},
        "image": {"detail": "low", "size": "economy", "min_side": 600, "rule": "openai-tile"},
        "tasks": {
            "kind": {"classify": {"labels": {"a": null, "b": "B."}, "other": true}},
            "features": {"tag": {"labels": ["a", "b"], "max": 1}},
            "signed": {"question": {"text": "Signed?", "type": "boolean", "required": true}},
        },
        "delivery": "batch",
        "retry": {"timed_out": "leave"},
        "output": {"csv": "out.csv", "csv_formulas": "keep"},
    });
    assert_eq!(validator.check(&manifest), Ok(()));
    // JSON is YAML.
    job(&format!("{manifest:#}"));
}

proptest! {
    /// A change anywhere in the text never makes the reader panic, and every fault has a
    /// place in the text.
    #[test]
    fn any_damage_is_a_fault_with_a_place(at in 0_usize..200, length in 0_usize..6, insert in "[a-z0-9{}\\[\\]:,\"'&*#~|> \\n-]{0,4}") {
        let source = format!("{MINIMAL}limits: {{concurrency: 4, budget_scope: run}}\n");
        let at = at.min(source.len());
        let end = (at + length).min(source.len());
        let damaged = format!("{}{insert}{}", &source[..at], &source[end..]);
        if let Err(faults) = check_source(Path::new("x.yaml"), &damaged, &|_| None) {
            prop_assert!(!faults.is_empty());
            for fault in faults {
                prop_assert!(damaged.get(fault.span.clone()).is_some(), "{damaged:?}: {fault:?}");
                prop_assert!(!fault.message.is_empty());
            }
        }
    }
}
