//! Faults: every page ends in the status that its fault means, and the run ends.

use crate::bench::{Bench, statuses, without_times};
use crate::harness::refusals::assert_refused_at_most;
use docmill::internal::simulator::{Fault, Options};

fn options(kind: Fault) -> Options {
    Options { faults: 0.3, kinds: vec![kind], seed: 5, ..Options::default() }
}

fn error_kinds(rows: &[serde_json::Value]) -> Vec<&str> {
    rows.iter().map(|row| row["error_kind"].as_str().unwrap_or("none")).collect()
}

#[test]
fn each_fault_ends_in_its_status() {
    let clean = Bench::with_pages(24).simulator(Options { seed: 5, ..Options::default() });
    clean.job("");
    clean.run(&[]);
    let expected = without_times(&clean.rows());
    for stream in [false, true] {
        for fault in [
            Fault::ServerError,
            Fault::Unavailable,
            Fault::CutBody,
            Fault::CutStream,
            Fault::StreamError,
            Fault::Reset,
            Fault::Fenced,
            Fault::WrongLabel,
            Fault::Empty,
            Fault::NoUsage,
            Fault::Length,
            Fault::Hang,
            Fault::RateLimited,
        ] {
            let bench = Bench::with_pages(24).simulator(options(fault));
            bench.job(&format!("request: {{stream: {stream}, timeout: 700ms}}\nretry: {{attempts: 12}}\nlimits: {{concurrency: 12}}\non_error: {{max_failed: 100%, stop_after: 0}}"));
            let ran = bench.run(&[]);
            assert_eq!(ran.code, 0, "{fault:?} {}", ran.stderr);
            assert!(!bench.stats()["faults"].as_object().unwrap().is_empty(), "{fault:?} happened");
            let invalid = statuses(&bench.rows()).get("invalid").copied().unwrap_or(0);
            // Three bad replies in a row are final; every other fault passes.
            let allowed = if matches!(fault, Fault::WrongLabel | Fault::Empty | Fault::Length) { 4 } else { 0 };
            assert!(invalid <= allowed, "{fault:?}: {invalid} invalid");
            let same =
                without_times(&bench.rows()).iter().zip(&expected).filter(|(row, expected)| row == expected).count();
            assert_eq!(same, 24 - invalid, "{fault:?} stream {stream}");
        }
    }
}

#[test]
fn a_refusal_is_refused_and_asked_again_only_on_demand() {
    let bench = Bench::with_pages(24).simulator(options(Fault::Refusal));
    bench.job("on_error: {max_failed: 100%}");
    assert_eq!(bench.run(&[]).code, 0);
    let counts = statuses(&bench.rows());
    assert!(counts["refused"] >= 2 && counts["ok"] + counts["refused"] == 24, "{counts:?}");
    let requests = bench.stats()["requests"].as_u64().unwrap();
    assert_eq!(bench.run(&[]).code, 0);
    assert_eq!(bench.stats()["requests"].as_u64().unwrap(), requests);
    assert_eq!(bench.run(&["--retry", "refused"]).code, 0);
    assert_eq!(bench.stats()["requests"].as_u64().unwrap(), requests + counts["refused"] as u64);
}

#[test]
fn a_mix_of_all_faults_leaves_no_page_out() {
    let bench = Bench::with_pages(60).simulator(Options { faults: 0.2, seed: 11, ..Options::default() });
    bench.job("request: {timeout: 3s}\nlimits: {concurrency: 30}\non_error: {max_failed: 100%}");
    let ran = bench.run(&[]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let counts = statuses(&bench.rows());
    assert_eq!(bench.rows().len(), 60);
    assert!(!counts.contains_key("pending") && !counts.contains_key("failed"), "{counts:?}");
    for row in bench.rows() {
        let has_answer = !row["kind"].is_null();
        assert_eq!(has_answer, row["status"] == "ok", "{row}");
        assert_eq!(row["error_kind"].is_null(), row["status"] == "ok", "{row}");
    }
}

#[test]
fn limits_that_are_given_are_never_passed_and_limits_that_are_not_fail_no_page() {
    let options = || Options { requests_per_minute: Some(1200), bucket_seconds: 1.0, ..Options::default() };
    assert_refused_at_most(0, 80, "a given limit", || {
        let bench = Bench::with_pages(80).simulator(options());
        bench.job("limits: {requests_per_minute: 1200, concurrency: 32}");
        bench
    });
    // A bucket that is smaller than the first requests.
    let bench =
        Bench::with_pages(30).simulator(Options { requests_per_minute: Some(240), headers: false, ..options() });
    bench.job("limits: {concurrency: 32}");
    assert_eq!(bench.run(&[]).code, 0);
    assert_eq!(statuses(&bench.rows())["ok"], 30);
    assert!(bench.stats()["rate_limited"].as_u64().unwrap() > 0);
}

#[test]
fn a_request_larger_than_the_limit_is_a_page_failure_and_costs_nothing() {
    let bench = Bench::with_pages(3).simulator(Options::default());
    bench.job("limits: {tokens_per_minute: 5000}\non_error: {max_failed: 100%}");
    assert_eq!(bench.run(&[]).code, 0);
    assert_eq!(bench.stats()["requests"], 0);
    assert_eq!(error_kinds(&bench.rows()), ["request_too_large"; 3]);
}

#[test]
fn passing_faults_are_final_after_three_runs() {
    let bench = Bench::with_pages(3).simulator(Options { always: Some(Fault::ServerError), ..Options::default() });
    bench.job("retry: {attempts: 1}\non_error: {max_failed: 100%}");
    let mut requests = Vec::new();
    for _ in 0..5 {
        assert_eq!(bench.run(&[]).code, 0);
        requests.push(bench.stats()["requests"].as_u64().unwrap());
    }
    assert_eq!(requests, [3, 6, 9, 9, 9]);
    bench.run(&["--retry", "failed"]);
    assert_eq!(bench.stats()["requests"], 12);
    assert_eq!(error_kinds(&bench.rows()), ["server_error"; 3]);
}

#[test]
fn time_outs_end_hanging_attempts() {
    let options = Options { always: Some(Fault::Hang), ..Options::default() };
    let bench = Bench::with_pages(2).simulator(options);
    bench.job("request: {timeout: 200ms}\nretry: {attempts: 2}\non_error: {max_failed: 100%}");
    assert_eq!(bench.run(&[]).code, 0);
    assert_eq!(error_kinds(&bench.rows()), ["timeout"; 2]);
    assert_ne!(bench.report()["cost"]["failed_attempts_usd"], "0", "it may have run");
}
