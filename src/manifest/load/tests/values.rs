//! What the keys of each section mean.

use super::*;
use crate::base::money::Pico;
use crate::catalog::{ImageRule, RuleFamily, ServiceTier};
use crate::manifest::{AnswerType, Endpoint, Header, Label, PageChoice, Query, TaskKind};

fn label_names(job: &Job) -> Vec<&str> {
    let (TaskKind::Classify { labels, .. } | TaskKind::Tag { labels, .. }) = &job.tasks[0].kind else { panic!() };
    labels.iter().map(|label| label.name.as_str()).collect()
}

#[test]
fn input() {
    for (section, expected) in [
        ("input: {folder: p}", Place::Folder("jobs/p".into())),
        ("input: {folder: /p}", Place::Folder("/p".into())),
        ("input: {list: a/list.csv}", Place::List("jobs/a/list.csv".into())),
        ("input: {list: LIST.TXT}", Place::List("jobs/LIST.TXT".into())),
        ("input: {list: \"-\"}", Place::Given([].into())),
    ] {
        assert_eq!(job_with(section).input.place, expected, "{section}");
    }
    for (section, base) in
        [("input: {folder: p}", "jobs/p"), ("input: {list: a/list.csv}", "jobs/a"), ("input: {list: \"-\"}", "")]
    {
        assert_eq!(job_with(section).input.base(), Path::new(base), "{section}");
    }
    let input = job_with("input: {list: l.csv, path_column: file, carry: [id], allow_private_hosts: true, fetch: {requests_per_second: 3, timeout: 5s, max_megabytes: 2}}").input;
    assert_eq!((input.path_column.as_str(), input.carry), ("file", Some(vec!["id".to_owned()])));
    assert_eq!((input.fetch.requests_per_second, input.fetch.timeout), (3, Duration::from_secs(5)));
    assert_eq!((input.fetch.max_bytes, input.fetch.allow_private_hosts), (2_000_000, true));
    let input = job_with("input: {folder: p, include: [\"**/*.jpg\"], exclude: [a], follow_links: true, allow_empty: true, skip_blank: true, near_duplicates: 4}").input;
    assert_eq!((input.include, input.exclude), (vec!["**/*.jpg".to_owned()], vec!["a".to_owned()]));
    assert!(input.follow_links && input.allow_empty && input.skip_blank);
    assert_eq!((input.near_duplicates, input.path_column.as_str(), input.carry), (Some(4), "path", None));
}

#[test]
fn pages() {
    for (pages, expected) in [
        ("all", PageChoice::All),
        ("first", PageChoice::Numbers(vec![1])),
        ("[2, -1]", PageChoice::Numbers(vec![2, -1])),
        ("", PageChoice::All),
    ] {
        assert_eq!(job_with(&format!("input: {{folder: p, pages: {pages}}}")).input.pages, expected, "{pages}");
    }
}

#[test]
fn provider() {
    let provider = job_with("provider: {base_url: \"https://api.openai.com/v1/chat/completions\", model: gpt-4o-mini, api_key_env: KEY, ca_file: ca.pem, id: e, revision: \"2\", headers: {X-A: b, X-C: {env: D}}}").provider;
    assert_eq!(provider.endpoint, Endpoint::Remote { base_url: "https://api.openai.com/v1".into() });
    assert_eq!((provider.id.as_str(), provider.revision.as_deref()), ("e", Some("2")));
    assert_eq!((provider.api_key_env.as_deref(), provider.api_key_file), (Some("KEY"), None));
    assert_eq!(provider.ca_file.as_deref(), Some(Path::new("jobs/ca.pem")));
    let header = |name: &str, value| (name.to_owned(), value);
    assert_eq!(provider.headers, [header("X-A", Header::Text("b".into())), header("X-C", Header::Env("D".into()))]);
    assert_eq!(provider.price.map(|price| price.base(0).input), Some(Pico(150_000)), "from the price list");
    assert_eq!(provider.batch_price.map(|price| price.base(0).input), Some(Pico(75_000)));
    assert_eq!(provider.price_source.as_deref(), Some("LiteLLM map 1.106.2 2026-11-23"));
}

#[test]
fn the_query_of_requests() {
    let at = |url: &str, more: &str| {
        let provider = job_with(&format!("provider: {{base_url: \"{url}\", model: m{more}}}")).provider;
        (provider.id, provider.query)
    };
    let query = |written: &str, secret: &[(&str, &str)]| Query {
        written: written.into(),
        secret: secret.iter().map(|(name, variable)| ((*name).to_owned(), (*variable).to_owned())).collect(),
    };
    let azure = "https://r.openai.azure.com/openai/deployments/D";
    for (url, more, expected) in [
        (format!("{azure}?api-version=2024-10-21"), "", query("api-version=2024-10-21", &[])),
        (format!("{azure}/chat/completions?api-version=2024-10-21"), "", query("api-version=2024-10-21", &[])),
        (azure.to_owned(), ", query: {api-version: 2024-10-21}", query("api-version=2024-10-21", &[])),
        (
            format!("{azure}/?a=b c&&d=%2B&flag"),
            ", query: {e f: 'g&h+i/ü'}",
            query("a=b%20c&d=%2B&flag&e%20f=g%26h%2Bi%2F%C3%BC", &[]),
        ),
        (format!("{azure}?"), ", query: {key: {env: GEMINI_KEY}}", query("", &[("key", "GEMINI_KEY")])),
        (azure.to_owned(), "", Query::default()),
    ] {
        assert_eq!(at(&url, more), (azure.to_owned(), expected), "{url} {more}");
    }
}

#[test]
fn the_simulator() {
    let provider = job_with("provider: {simulator: {latency: 50ms, seed: 7, faults: 20%, requests_per_minute: 90, tokens_per_minute: 8000, profile: vllm}, model: gpt-4o-mini}").provider;
    let Endpoint::Simulator(spec) = &provider.endpoint else { panic!() };
    assert_eq!((spec.latency, spec.seed, spec.faults), (Duration::from_millis(50), 7, 0.2));
    assert_eq!((spec.requests_per_minute, spec.tokens_per_minute), (Some(90), Some(8000)));
    assert_eq!(spec.profile.name(), "vllm");
    assert_eq!((provider.id.as_str(), provider.endpoint.host()), ("simulator:7", ""), "without the profile");
    assert_eq!(provider.price.map(|price| price.base(0).output), Some(Pico::ZERO), "costs are simulated");
    assert_eq!(provider.price_source.as_deref(), Some("the simulator"));
    assert_eq!(job_with("provider: {simulator: {}, model: m}").provider.id, "simulator:0");
}

#[test]
fn price() {
    // Pico-dollars per token: input, cached, cache write, output; the same in batches.
    for (price, expected) in [
        ("{input: 0.40, output: 1.60}", [[400_000, 400_000, 400_000, 1_600_000], [200_000, 200_000, 200_000, 800_000]]),
        (
            "{input: 0.40, cached_input: 0.1, output: 1.60}",
            [[400_000, 100_000, 400_000, 1_600_000], [200_000, 50_000, 200_000, 800_000]],
        ),
        (
            "{input: 1, output: 2, cache_write: 1.25, batch_input: 0.9, batch_output: 0}",
            [[1_000_000, 1_000_000, 1_250_000, 2_000_000], [900_000, 900_000, 625_000, 0]],
        ),
        ("{input: 0, output: 0}", [[0, 0, 0, 0], [0, 0, 0, 0]]),
    ] {
        let provider = job_with(&format!("provider: {{base_url: \"http://h/v1\", model: m, price: {price}}}")).provider;
        let (now, batch) = (provider.price.unwrap(), provider.batch_price.unwrap());
        assert_eq!([now, batch].map(|table| table.base(0).numbers()), expected, "{price}");
        let tier = |tier| now.price(0, tier, 0).input.0;
        let stated = expected[0][0];
        assert_eq!((tier(ServiceTier::Flex), tier(ServiceTier::Priority)), (stated, stated), "{price}");
        assert_eq!(batch.price(0, ServiceTier::Priority, 0), batch.base(0), "{price}");
        assert_eq!(provider.price_source.as_deref(), Some("the manifest"));
    }
}

#[test]
fn request() {
    let request = job_with("request: {temperature: 1, top_p: 0.9, max_tokens: 77, stream: true, prompt_cache_key: true, extra: {seed: 3, reasoning_effort: low, flag: no}}").request;
    assert_eq!((request.temperature, request.top_p, request.max_tokens), (Some(1.0), Some(0.9), Some(77)));
    assert!(request.stream && request.prompt_cache_key);
    assert_eq!(serde_json::Value::Object(request.extra), json!({"seed": 3, "reasoning_effort": "low", "flag": "no"}));
    let openai = "provider: {base_url: \"https://api.openai.com/v1\", model: m}";
    assert!(job_with(openai).request.prompt_cache_key, "the default at this host");
    for (timeouts, attempt, connect, first_byte, idle) in [
        ("timeout: 8s", 8000, 4000, None, 30_000),
        ("timeout: 2m", 120_000, 10_000, None, 30_000),
        ("connect_timeout: 1s, first_byte_timeout: 2s, idle_timeout: 3s", 60_000, 1000, Some(2000), 3000),
    ] {
        let found = job_with(&format!("request: {{{timeouts}}}")).request.timeouts;
        let millis = Duration::from_millis;
        assert_eq!((found.attempt, found.connect, found.idle), (millis(attempt), millis(connect), millis(idle)));
        assert_eq!(found.first_byte, first_byte.map(millis), "{timeouts}");
    }
}

#[test]
fn image() {
    for (image, detail, size, family, max_side, min_side) in [
        ("{}", Detail::High, Size::Standard, RuleFamily::None, Some(2048), None),
        ("{detail: low}", Detail::Low, Size::Standard, RuleFamily::None, Some(2048), None),
        ("{size: full, rule: openai-tile}", Detail::High, Size::Full, RuleFamily::OpenaiTile, None, None),
        ("{size: original, rule: openai-patch}", Detail::High, Size::Original, RuleFamily::OpenaiPatch, None, None),
        ("{size: economy, rule: qwen-28}", Detail::High, Size::Economy, RuleFamily::Qwen28, None, Some(512)),
        (
            "{size: economy, min_side: 700, max_side: 700}",
            Detail::High,
            Size::Economy,
            RuleFamily::None,
            Some(700),
            Some(700),
        ),
        ("{rule: gemini}", Detail::High, Size::Standard, RuleFamily::Gemini, None, None),
        ("{rule: area, max_side: 900}", Detail::High, Size::Standard, RuleFamily::Area, Some(900), None),
        ("{rule: llama}", Detail::High, Size::Standard, RuleFamily::Llama, None, None),
        ("{rule: none}", Detail::High, Size::Standard, RuleFamily::None, Some(2048), None),
    ] {
        let found = job_with(&format!("image: {image}")).image;
        assert_eq!((found.detail, found.size, found.rule.family()), (detail, size, family), "{image}");
        assert_eq!((found.max_side, found.min_side), (max_side, min_side), "{image}");
    }
    let known = job_with("provider: {simulator: {}, model: openai/gpt-4o-mini}").image;
    assert_eq!((known.rule, known.max_side), (ImageRule::Tile { base: 2833, per_tile: 5667 }, None));
}

#[test]
fn labels_are_text_as_written() {
    for (labels, expected) in [
        ("[no, 2026-11-23, off]", &["no", "2026-11-23", "off"][..]),
        ("{no: Not., yes: , 1.10: A number., null: Nothing.}", &["no", "yes", "1.10", "null"]),
        ("[\"a b\", 'c']", &["a b", "c"]),
    ] {
        assert_eq!(label_names(&job(&MINIMAL.replace("[a, b]", labels))), expected, "{labels}");
    }
}

#[test]
fn tasks() {
    let section = "tasks: {kind: {classify: {question: Which?, labels: {a: One., b: }, other: true}}, marks: {tag: {labels: [x, y], max: 2}}, day: {question: {text: When?, type: date, required: true}}, title: {question: {text: Title?}}}";
    let tasks = job_with(section).tasks;
    assert_eq!(tasks.iter().map(|task| task.name.as_str()).collect::<Vec<_>>(), ["kind", "marks", "day", "title"]);
    let TaskKind::Classify { question, labels } = &tasks[0].kind else { panic!() };
    let label = |name: &str, text: Option<&str>| Label { name: name.into(), description: text.map(Into::into) };
    assert_eq!(question.as_deref(), Some("Which?"));
    let other = label("other", Some("None of the other labels fits."));
    assert_eq!(labels, &[label("a", Some("One.")), label("b", None), other]);
    let TaskKind::Tag { question: None, labels, max: Some(2) } = &tasks[1].kind else { panic!() };
    assert_eq!(labels, &[label("x", None), label("y", None)]);
    let TaskKind::Question { answer: AnswerType::Date, required: true, .. } = &tasks[2].kind else { panic!() };
    let TaskKind::Question { text, answer: AnswerType::Text, required: false } = &tasks[3].kind else { panic!() };
    assert_eq!(text, "Title?");
    for (name, expected) in
        [("text", AnswerType::Text), ("number", AnswerType::Number), ("boolean", AnswerType::Boolean)]
    {
        let tasks = job_with(&format!("tasks: {{a: {{question: {{text: T, type: {name}}}}}}}")).tasks;
        let TaskKind::Question { answer, .. } = &tasks[0].kind else { panic!() };
        assert_eq!(*answer, expected);
    }
}

#[test]
fn files_that_a_manifest_names_are_relative_to_it() {
    let source = MINIMAL
        .replace("{labels: [a, b]}", "{labels_file: kinds.csv}")
        .replace("tasks: {", "tasks: {total: {extract: {schema: ../schemas/invoice-total.schema.json}}, ");
    let job = check_source(Path::new("jobs/office.yaml"), &source, &|_| None).unwrap();
    let TaskKind::Extract { schema, schema_path, question: None } = &job.tasks[0].kind else { panic!() };
    assert!(schema.get("properties").is_some());
    assert_eq!(schema_path, Path::new("jobs/../schemas/invoice-total.schema.json"));
    let TaskKind::Classify { labels, .. } = &job.tasks[1].kind else { panic!() };
    assert!(labels.len() > 2 && labels.iter().any(|label| label.description.is_some()));
}

#[test]
fn limits() {
    let limits = job_with("limits: {requests_per_minute: 500, tokens_per_minute: 200_000, concurrency: 32, budget_scope: run, run_time: 2h}").limits;
    assert_eq!((limits.requests_per_minute, limits.tokens_per_minute), (Some(500), Some(200_000)));
    assert_eq!(limits.concurrency, Concurrency::Stated(32));
    assert_eq!((limits.budget_scope, limits.run_time), (BudgetScope::Run, Some(Duration::from_secs(7200))));
    let simulator = with("provider: {simulator: {}, model: m}");
    for (budget, expected) in [("5.00", 5_000_000_000_000), ("0.01", 10_000_000_000), ("0", 0), ("1e-3", 1_000_000_000)]
    {
        let job = job(&format!("{simulator}limits: {{budget_usd: {budget}, budget_scope: job}}\n"));
        assert_eq!((job.limits.budget, job.limits.budget_scope), (Some(Pico(expected)), BudgetScope::Job), "{budget}");
    }
}

#[test]
fn delivery_retry_and_errors() {
    let job = job(&format!(
        "{MINIMAL}delivery: batch\nbatch: {{poll: 5m, requests: 10, megabytes: 3, queued_tokens: 900}}\nrequest: {{timeout: 5s}}\nretry: {{attempts: 2, max_wait: 0, page_time: 1m, timed_out: wait}}\non_error: {{max_failed: 2%, stop_after: 0}}\n"
    ));
    assert!(job.is_batch && job.batch.is_given);
    assert_eq!((job.batch.poll, job.batch.requests), (Duration::from_secs(300), 10));
    assert_eq!((job.batch.bytes, job.batch.queued_tokens), (3_000_000, Some(900)));
    assert_eq!((job.retry.attempts, job.retry.max_wait), (2, Duration::ZERO));
    assert_eq!(
        (job.retry.page_time, job.retry.timed_out),
        (Some(Duration::from_secs(60)), TimedOut::Wait(Duration::from_secs(5)))
    );
    assert_eq!((job.on_error.max_failed, job.on_error.stop_after), (0.02, 0));
    for (name, expected) in [("resend", TimedOut::Resend), ("leave", TimedOut::Leave)] {
        assert_eq!(job_with(&format!("retry: {{timed_out: {name}}}")).retry.timed_out, expected);
    }
}

#[test]
fn store_and_outputs() {
    let job = job(&format!(
        "{MINIMAL}store: ../s.db\noutput: {{csv: o/a.csv, parquet: /o/a.parquet, jsonl: a.jsonl, report: p/a.json, csv_formulas: keep}}\n"
    ));
    assert_eq!(job.store, Path::new("jobs/../s.db"));
    assert_eq!(job.output.csv.as_deref(), Some(Path::new("jobs/o/a.csv")));
    assert_eq!(job.output.parquet.as_deref(), Some(Path::new("/o/a.parquet")));
    assert_eq!(job.output.jsonl.as_deref(), Some(Path::new("jobs/a.jsonl")));
    // Below the input, but not with the extension of a page.
    assert_eq!(job.output.report.as_deref(), Some(Path::new("jobs/p/a.json")));
    assert!(job.output.keep_formulas);
}
