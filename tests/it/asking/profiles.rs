//! Every profile of the simulator, by the name of a model alone: all pages are answered, with at most three
//! requests more than one a page, and the cost is exact to the token.

use crate::bench::{Bench, Ran, statuses};
use docmill::internal::base::money::Pico;
use docmill::internal::base::simulator_profile::SimulatorProfile;
use docmill::internal::simulator::Options;
use serde_json::Value;

const PAGES: usize = 13;
const MAX_EXTRA_REQUESTS: u64 = 3;
/// The same where several pages in flight may get one surprise at once, such as reasoning that is longer than expected.
const MAX_EXTRA_IN_FLIGHT: u64 = 8;
/// Families whose replies hold no surprise for pages in flight.
const FORESEEN: [&str; 5] = ["gpt-4o-mini", "gpt-6-luna", "gpt-6-astra", "claude-compat", "ignores-schema"];

/// Profile, model, and prices in dollars per million tokens: input, cached input, cache write, output.
#[rustfmt::skip]
const PROFILES: &[(&str, &str, [&str; 4])] = &[
    ("gpt-4o-mini", "gpt-4o-mini", ["0.15", "0.075", "0", "0.60"]),
    ("gpt-5-mini", "gpt-5-mini", ["0.25", "0.025", "0", "2"]),
    ("gpt-5.4-mini", "gpt-5.4-mini", ["0.75", "0.075", "0", "4.50"]),
    ("gpt-5.6-luna", "gpt-5.6-luna", ["0.20", "0.02", "0.25", "1.20"]),
    ("gpt-6-luna", "gpt-6-luna", ["0.10", "0.01", "0.125", "0.50"]),
    ("gpt-6-astra", "gpt-6-astra", ["10", "1", "12.50", "50"]),
    ("azure", "gpt-6-astra", ["10", "1", "12.50", "50"]),
    ("litellm", "gpt-6-luna", ["0.10", "0.01", "0.125", "0.50"]),
    ("claude-compat", "claude-sonnet-5", ["2", "0.20", "2.50", "10"]),
    ("claude-compat", "claude-haiku-5-5", ["0.10", "0.01", "0.125", "0.50"]),
    ("gemini", "gemini-2.5-flash", ["0.30", "0.03", "0", "2.50"]),
    ("gemini-3.8-flash", "gemini-3.8-flash", ["0.75", "0.075", "0", "3.75"]),
    ("openrouter", "qwen/qwen3-vl-30b-a3b-instruct", ["0.15", "0.15", "0.15", "0.60"]),
    ("openrouter", "google/gemini-3.8-flash", ["0.75", "0.075", "0", "3.75"]),
    ("mistral", "mistral-medium-3-5", ["1.50", "0.15", "0", "7.50"]),
    ("mistral", "magistral-medium-latest", ["2", "0.20", "0", "5"]),
    ("groq", "qwen/qwen3.8-27b", ["0.80", "0.80", "0", "4"]),
    ("groq", "llama-3.2-11b-vision-preview", ["0.18", "0.18", "0", "0.18"]),
    ("xai", "grok-4-1-fast-reasoning", ["0.20", "0.05", "0", "0.50"]),
    ("deepseek", "deepseek-v4-flash", ["0.14", "0.028", "0", "0.28"]),
    ("dashscope", "qwen3.8-flash", ["0.15", "0.016", "0.20", "0.47"]),
    ("kimi", "kimi-k2.6", ["0.60", "0.10", "0", "2.50"]),
    ("vllm", "Qwen/Qwen3-VL-30B-A3B-Instruct", ["0.15", "0.15", "0.15", "0.60"]),
    ("vllm-thinking", "Qwen/Qwen3.5-VL-27B", ["0.15", "0.15", "0.15", "0.60"]),
    ("vllm-no-parser", "Qwen/Qwen3.5-VL-27B", ["0.15", "0.15", "0.15", "0.60"]),
    ("sglang", "Qwen/Qwen3.5-VL-27B", ["0.15", "0.15", "0.15", "0.60"]),
    ("llama-cpp", "gpt-3.5-turbo", ["0.15", "0.15", "0.15", "0.60"]),
    ("ollama", "qwen3-vl:8b", ["0.15", "0.15", "0.15", "0.60"]),
    ("ollama", "gemma3:12b", ["0.15", "0.15", "0.15", "0.60"]),
    ("lm-studio", "qwen/qwen3-vl-8b", ["0.15", "0.15", "0.15", "0.60"]),
    ("ignores-schema", "any", ["0.15", "0.15", "0.15", "0.60"]),
];

/// What a run would cost.
fn plan(bench: &Bench, arguments: &[&str]) -> Value {
    let ran = bench.docmill(&[&["plan", "job.yaml", "--format", "json"], arguments].concat());
    serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}", ran.stderr))
}

/// The faults of the plans before and after a run that the server has billed with `cost`.
fn plan_faults(before: &Value, after: &Value, cost: Pico) -> Vec<String> {
    let usd = |plan: &Value, name: &str| plan["cost_usd"][name].as_str().map(|text| text.parse::<f64>().unwrap());
    let (billed, basis) = (cost.as_usd_f64(), before["reasoning"]["basis"].as_str().unwrap());
    let mut faults = Vec::new();
    let (low, high) = (usd(before, "low").unwrap(), usd(before, "high").unwrap());
    if billed < low || billed > high {
        faults.push(format!("{billed} is not in the plan's range {low} to {high}"));
    }
    // Where models are known to reason, a plan is not far too low before the first bill. After it, it follows the
    // bills, of which some are for attempts that are not needed again.
    for (plan, name, least, most) in [(before, "before", 0.05, 3.0), (after, "after", 0.5, 2.0)] {
        let is_known = name == "after" || basis != "unknown";
        let ratio = usd(plan, "expected").filter(|_| is_known).map(|expected| billed / expected);
        if ratio.is_some_and(|ratio| ratio > most || ratio < least) {
            faults.push(format!("{name}: billed {ratio:?} times the plan's {}", plan["cost_usd"]));
        }
    }
    faults
}

/// Runs a job that names nothing but the model and its price.
fn run(profile: &str, model: &str, prices: [&str; 4], stream: bool) -> (Bench, Ran, Value) {
    let profile = SimulatorProfile::parse(profile).unwrap();
    let bench = Bench::with_pages(PAGES).simulator(Options { profile, seed: 5, ..Options::default() });
    let url = bench.server.as_ref().unwrap().base_url();
    let [input, cached, write, output] = prices;
    let job = format!(
        "version: 1\nname: test\ninput: {{folder: pages}}\nprovider:\n  base_url: \"{url}\"\n  model: \"{model}\"\n  \
         price: {{input: {input}, cached_input: {cached}, cache_write: {write}, output: {output}}}\n\
         tasks: {{kind: {{classify: {{labels: [invoice, letter, form], other: true}}}}, marks: {{tag: {{labels: [stamp, logo, seal]}}}}}}\n\
         request: {{stream: {stream}}}\noutput: {{jsonl: out.jsonl, report: report.json}}\nstore: store.db\n"
    );
    bench.put("job.yaml", job.as_bytes());
    let planned = plan(&bench, &[]);
    let ran = bench.run(&[]);
    (bench, ran, planned)
}

/// The faults of a run. Empty: none.
fn faults(profile: &str, bench: &Bench, ran: &Ran) -> Vec<String> {
    let mut faults = Vec::new();
    if ran.code != 0 {
        faults.push(format!("exit {}: {}", ran.code, ran.stderr.lines().last().unwrap_or_default()));
    }
    let Ok(text) = std::fs::read_to_string(bench.path("report.json")) else { return faults };
    let counts = statuses(&bench.rows());
    if counts.get("ok") != Some(&PAGES) {
        let kinds: Vec<Value> = bench.rows().iter().map(|row| row["error_kind"].clone()).collect();
        faults.push(format!("statuses {counts:?}: {kinds:?}"));
    }
    let stats = bench.stats();
    let requests = stats["requests"].as_u64().unwrap();
    let extra = if FORESEEN.contains(&profile) { MAX_EXTRA_REQUESTS } else { MAX_EXTRA_IN_FLIGHT };
    if requests > PAGES as u64 + extra {
        faults.push(format!("{requests} requests: {}", stats["statuses"]));
    }
    let report: Value = serde_json::from_str(&text).unwrap();
    let billed = Pico(stats["cost_pico_usd"].as_i64().unwrap()).to_string();
    if report["cost"]["total_usd"] != billed.as_str() {
        faults.push(format!("cost {} instead of {billed}", report["cost"]["total_usd"]));
    }
    faults
}

#[test]
fn every_profile_is_answered_by_the_name_of_a_model_alone() {
    let mut found = Vec::new();
    for (profile, model, prices) in PROFILES {
        for stream in [false, true] {
            let (bench, ran, planned) = run(profile, model, *prices, stream);
            let mut faults = faults(profile, &bench, &ran);
            let billed = Pico(bench.stats()["cost_pico_usd"].as_i64().unwrap());
            faults.extend(plan_faults(&planned, &plan(&bench, &["--refresh"]), billed));
            if !faults.is_empty() {
                found.push(format!("{profile} {model} stream {stream}: {}", faults.join("; ")));
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn every_profile_has_a_job() {
    let profiles = SimulatorProfile::NAMES.iter().filter(|name| **name != "default");
    let missing: Vec<&&str> = profiles.filter(|name| !PROFILES.iter().any(|(profile, ..)| profile == *name)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
