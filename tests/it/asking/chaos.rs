//! With any fault: every page ends as its faults require, none is lost, none is asked more often than that, and the run
//! ends.

use crate::bench::Bench;
use docmill::internal::simulator::{Fault, Options};
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;

/// What a fault does to a page.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Effect {
    /// Nothing: it is a good reply.
    None,
    /// It is asked again, at most six times.
    Passes,
    /// It is asked again when the cooldown is over.
    Later,
    /// The reply is invalid: asked again twice.
    Invalid,
    /// Cut at its limit: asked again once.
    Cut,
    /// The page ends: status and kind.
    Ends(&'static str, &'static str),
}

/// Faults that end a run. The first three are not recorded replies.
const ENDS_A_RUN: &[&str] = &[
    "bad-key",
    "no-credit",
    "no-model",
    "401-gateway",
    "401-entra",
    "402",
    "402-credits",
    "403-region",
    "400-credit",
    "429-credit",
    "429-spend-limit",
    "429-spend-cap",
    "429-per-day",
    "301",
    "307",
];
/// An error about the form of all requests, which are sent in another form from then on.
const CHANGES_THE_FORM: &str = "400-schema";

/// From the providers' documents, not from the code under test.
fn effect(fault: &str, is_stream: bool) -> Effect {
    use Effect::*;
    match fault {
        "fenced" | "no-usage" | "slow" | "parts" | "thoughts" | "other-kind" | "comments" | "return-lines"
        | "bytewise" | "no-done" | "usage-everywhere" => None,
        "plain-error" | "double-error" | "error-then-done" | "error-field" | "error-event" | "error-finish"
            if !is_stream =>
        {
            None
        }
        "503" | "503-overloaded" | "529" | "498" | "429" | "402-in-flight" | "200-overloaded" => Later,
        "413-html" => Ends("failed", "request_too_large"),
        "429-too-large" => Ends("failed", "request_too_large"),
        name if name.starts_with("429-") => Later,
        "wrong-label" | "empty" | "no-content" | "400-json-validate" => Invalid,
        "length" => Cut,
        "refusal" => Ends("refused", "refusal"),
        "recitation" => Ends("refused", "recitation"),
        "prohibited" => Ends("refused", "content_filter"),
        "400-filter" => Ends("refused", "content_filter"),
        "400-context" => Ends("failed", "context_too_long"),
        "400-image" | "400-image-size" => Ends("failed", "image_refused"),
        "400-tier" | "422" => Ends("failed", "bad_request"),
        _ => Passes,
    }
}

/// How a page ends that met these faults, and whether the last of them ended it.
fn ending(met: &[Value], is_stream: bool) -> (String, String, bool) {
    let (mut passed, mut invalid, mut cut) = (0, 0, 0);
    for (at, fault) in met.iter().enumerate() {
        let is_last = at + 1 == met.len();
        let ends = |status: &str, kind: &str| (status.to_owned(), kind.to_owned(), is_last);
        match effect(fault.as_str().unwrap(), is_stream) {
            Effect::None => return ends("ok", ""),
            Effect::Ends(status, kind) => return ends(status, kind),
            Effect::Passes => passed += 1,
            Effect::Invalid => invalid += 1,
            Effect::Cut => cut += 1,
            Effect::Later => {}
        }
        if passed == 6 || invalid == 3 || cut == 2 {
            return ends(if passed == 6 { "failed" } else { "invalid" }, "any");
        }
    }
    ("ok".to_owned(), String::new(), false)
}

#[test]
fn every_page_ends_according_to_what_it_met() {
    // 400 without the hints of a passing fault: the same to all pages, which would stop the run.
    let kinds: Vec<Fault> = Fault::all()
        .filter(|(name, _)| !ENDS_A_RUN.contains(name) && ![CHANGES_THE_FORM, "bad-request"].contains(name))
        .map(|(_, fault)| fault)
        .collect();
    assert!(kinds.len() >= 25);
    let mut seen = BTreeMap::<String, u64>::new();
    for (seed, is_stream) in [(1, false), (2, true)] {
        let bench =
            Bench::with_pages(240).simulator(Options { faults: 0.3, kinds: kinds.clone(), seed, ..Options::default() });
        // A page that is well must not time out on a busy machine: it would be sent again.
        bench.job(&format!(
            "limits: {{concurrency: 32}}\nrequest: {{stream: {is_stream}, timeout: 10s, connect_timeout: 5s, first_byte_timeout: 6s, idle_timeout: 3s}}\n\
             retry: {{timed_out: resend}}\non_error: {{max_failed: 100%, stop_after: 0}}"
        ));
        let ran = bench.run(&["-q"]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        let (rows, stats) = (bench.rows(), bench.stats());
        assert_eq!(rows.len(), 240, "none lost, none twice");
        let nothing = Vec::new();
        for row in &rows {
            let hash = row["content_hash"].as_str().unwrap();
            let met = stats["met"][hash].as_array().unwrap_or(&nothing);
            let (status, kind, was_last) = ending(met, is_stream);
            let words = format!("{} met {met:?}: {row}", row["path"]);
            assert_eq!(row["status"], status, "{words}");
            assert!(kind == "any" || row["error_kind"].as_str().unwrap_or_default() == kind, "{words}");
            let asked = met.len() as u64 + u64::from(!was_last);
            assert_eq!(stats["pages"][hash], asked, "asked as often as that: {words}");
        }
        for (name, count) in stats["faults"].as_object().unwrap() {
            *seen.entry(name.clone()).or_default() += count.as_u64().unwrap();
        }
    }
    assert!(seen.len() >= 45, "{} kinds of faults happened: {seen:?}", seen.len());
}

#[test]
fn a_fatal_error_ends_the_run_at_once() {
    for name in &ENDS_A_RUN[3..] {
        // After an answer it could concern one page.
        let after = if *name == "403-region" { 0 } else { 5 };
        let always = name.parse().unwrap();
        let bench = Bench::with_pages(30).simulator(Options { always: Some(always), after, ..Options::default() });
        bench.job("limits: {concurrency: 2}");
        let ran = bench.run(&["-q"]);
        assert_eq!(ran.code, 5, "{name}: {}", ran.stderr);
        assert!(bench.stats()["requests"].as_u64().unwrap() <= 5 + 4, "{name}");
    }
}

#[test]
fn a_server_without_an_end_costs_its_time_out_and_no_memory() {
    for (name, is_stream) in
        [("stall", false), ("stall", true), ("drip", false), ("drip", true), ("endless", false), ("endless", true)]
    {
        let always = Some(name.parse().unwrap());
        let bench =
            Bench::with_pages(2).simulator(Options { always, latency: Duration::from_millis(5), ..Options::default() });
        bench.job(&format!(
            "request: {{stream: {is_stream}, timeout: 4s, idle_timeout: 2s}}\nretry: {{attempts: 2, timed_out: resend}}\non_error: {{max_failed: 100%}}"
        ));
        assert_eq!(bench.run(&["-q"]).code, 0, "{name}");
        let rows = bench.rows();
        assert_eq!(rows.len(), 2, "{name}, stream {is_stream}");
        for row in rows {
            assert_eq!(row["error_kind"], "timeout", "{name}, stream {is_stream}");
            let key = if name == "stall" { "request.idle_timeout" } else { "request.timeout" };
            assert!(row["error"].as_str().unwrap().contains(key), "{name}: {row}");
        }
        assert_eq!(
            bench.report()["cost"]["failed_attempts_usd"].as_str().map(|usd| usd != "0"),
            Some(true),
            "{name}: it may have run"
        );
    }
}

#[test]
fn what_may_still_run_is_left_alone_as_the_policy_states() {
    let asked = |policy: &str| {
        let always = Some("hang".parse().unwrap());
        let bench = Bench::with_pages(1).simulator(Options { always, ..Options::default() });
        bench.job(&format!("request: {{connect_timeout: 500ms, first_byte_timeout: 500ms, timeout: 3s}}\nretry: {{attempts: 2, timed_out: {policy}}}\non_error: {{max_failed: 100%}}"));
        assert_eq!(bench.run(&["-q"]).code, 0);
        let stats = bench.stats();
        (stats["requests"].as_u64().unwrap(), stats["last_ms"].as_u64().unwrap() - stats["first_ms"].as_u64().unwrap())
    };
    let (requests, apart_ms) = asked("wait");
    assert!(requests == 2 && apart_ms >= 3000, "after as long again: {apart_ms} ms");
    assert_eq!(asked("leave").0, 1);
    assert_eq!(asked("resend").0, 2);
}
