//! Batches at a provider that the manifest no longer names. A provider with another id is asked again: its answers have
//! their own recipes. Batches at the first one are left to runs with that one.

use crate::bench::{Bench, statuses};
use docmill::internal::simulator::Options;
use serde_json::Value;
use std::time::Duration;

const BATCH: &str = "delivery: batch\nbatch: {poll: 50ms, requests: 1000}\nrequest: {timeout: 1s}";

/// Two providers, of which the first has a batch of six pages that lasts for this time, and the manifests for both.
fn with_a_batch_at_the_first(batch_time: Duration, more: &str) -> (Bench, Bench, [String; 2]) {
    let first = Bench::with_pages(6).simulator(Options { batch_time, ..Options::default() });
    let second =
        Bench::with_pages(0).simulator(Options { batch_time: Duration::from_millis(100), ..Options::default() });
    for bench in [&second, &first] {
        bench.job(&format!("{BATCH}{more}"));
    }
    let manifests = [first.text("job.yaml"), second.text("job.yaml").replace("id: test", "id: second")];
    let ran = first.run(&["-q", "--once"]);
    assert_eq!((ran.code, &first.stats()["batches"]), (10, &1.into()), "{}", ran.stderr);
    (first, second, manifests)
}

/// How often each page was executed.
fn pages(bench: &Bench) -> Vec<u64> {
    bench.stats()["pages"].as_object().unwrap().values().filter_map(Value::as_u64).collect()
}

fn plan(bench: &Bench) -> (Value, Value) {
    let plan = bench.docmill(&["plan", "job.yaml", "--format", "json"]);
    let plan: Value = serde_json::from_str(&plan.stdout).unwrap_or_else(|error| panic!("{error}: {}", plan.stderr));
    (plan["under_way"].clone(), plan["to_ask"].clone())
}

#[test]
fn pages_in_a_batch_at_another_provider_are_asked_once_at_each() {
    let (first, second, [of_first, of_second]) = with_a_batch_at_the_first(Duration::from_millis(1500), "");
    assert_eq!(plan(&first), (6.into(), 0.into()));
    for delivery in ["delivery: batch", "delivery: now"] {
        first.put("job.yaml", of_second.replace("delivery: batch", delivery).as_bytes());
        // What the run will pay is not hidden by the batch, which it does not collect.
        let expected = if delivery == "delivery: batch" { (0.into(), 6.into()) } else { (0.into(), 0.into()) };
        assert_eq!(plan(&first), expected, "{delivery}");
        let ran = first.run(&["-q"]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        assert_eq!((statuses(&first.rows())["ok"], pages(&second)), (6, vec![1; 6]), "{delivery}");
    }
    let ran = first.run(&["--progress", "off"]);
    let warning =
        "1 batch of the job is at another provider, test: a run with that provider collects what is paid for there";
    assert!(ran.code == 0 && ran.stderr.contains(warning), "{}", ran.stderr);
    assert_eq!(first.stats()["batches"], 1, "nothing more was sent to the first one");
    // Back at the first one, its batch is collected.
    first.put("job.yaml", of_first.as_bytes());
    let ran = first.run(&["--progress", "off"]);
    assert!(ran.code == 0 && !ran.stderr.contains("at another provider"), "{}", ran.stderr);
    assert_eq!((statuses(&first.rows())["ok"], pages(&first), &first.stats()["batches"]), (6, vec![1; 6], &1.into()));
    let db = rusqlite::Connection::open(first.path("store.db")).unwrap();
    let open = "SELECT count(*) FROM attempts WHERE state = 'open'";
    assert_eq!(db.query_row(open, [], |row| row.get::<_, i64>(0)).unwrap(), 0);
    let reserved: i64 = db.query_row("SELECT sum(reserved) FROM budget", [], |row| row.get(0)).unwrap();
    assert_eq!(reserved, 0);
    // Both have their answers: another change asks nothing.
    first.put("job.yaml", of_second.as_bytes());
    assert_eq!((first.run(&["-q"]).code, pages(&second)), (0, vec![1; 6]));
}

/// The maximum cost of the first batch is kept: a budget that it fills ends the run, which reports it and can be
/// continued.
#[test]
fn a_budget_that_is_reserved_at_another_provider_is_not_spent() {
    let bench = Bench::with_pages(6).simulator(Options::default());
    bench.job(BATCH);
    let budget = format!("\nlimits: {{budget_usd: {:.9}}}", bench.worst_request_usd() * 6.6);
    let (first, second, [of_first, of_second]) = with_a_batch_at_the_first(Duration::from_millis(500), &budget);
    // With a budget, few pages go out until the first bills are seen.
    first.put("job.yaml", of_second.as_bytes());
    let ran = first.run(&["--progress", "off"]);
    let spent: u64 = pages(&second).iter().sum();
    assert!([0, 4].contains(&ran.code), "{} {}", ran.code, ran.stderr);
    assert!(pages(&second).iter().all(|count| *count == 1), "{spent}");
    first.put("job.yaml", of_first.as_bytes());
    let ran = first.run(&["--progress", "off", "--budget-usd", "5"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(pages(&first), vec![1; 6]);
    first.put("job.yaml", of_second.as_bytes());
    assert_eq!(first.run(&["-q", "--budget-usd", "5"]).code, 0);
    assert_eq!(pages(&second), vec![1; 6]);
}
