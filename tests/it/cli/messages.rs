//! What users see, to the letter. `INSTA_UPDATE=always cargo test` writes new snapshots.

use crate::bench::Bench;
use docmill::internal::simulator::{Fault, Options};

/// Masks what differs from run to run.
pub(crate) fn masked(bench: &Bench, text: &str) -> String {
    let folder = bench.path("").display().to_string();
    let text = text.replace(folder.trim_end_matches('/'), "DIR");
    let without_time = |line: &str| match line.split_once(' ') {
        Some((time, rest)) if docmill::internal::base::units::parse_time(time).is_ok() => format!("TIME {rest}\n"),
        _ => format!("{line}\n"),
    };
    let text: String = text.lines().map(without_time).collect();
    let url = bench.server.as_ref().map(docmill::internal::simulator::Server::base_url).unwrap_or_default();
    if url.is_empty() { text } else { text.replace(url.trim_end_matches("/v1"), "http://HOST") }
}

#[test]
fn a_manifest_with_many_faults() {
    let bench = Bench::with_pages(1);
    bench.put(
        "job.yaml",
        b"version: 1\nname: x\ninput: {folder: pages, recursive: true}\nprovider:\n  base_url: platform.qubrid.com/v1\n  model: m\n  api_key_env: sk-123\ntasks:\n  kind:\n    classify:\n      lables: [a, b]\n      labels: [a, a]\nlimits: {concurrency: lots, budget_usd: 5}\n",
    );
    insta::assert_snapshot!(masked(&bench, &bench.docmill(&["check", "job.yaml"]).stderr));
}

#[test]
fn outcomes_that_need_words() {
    for (name, fault) in [("bad_key", Fault::BadKey), ("no_credit", Fault::NoCredit), ("no_model", Fault::NoModel)] {
        let bench = Bench::with_pages(1).simulator(Options { always: Some(fault), ..Options::default() });
        bench.job("");
        insta::assert_snapshot!(name, masked(&bench, &bench.run(&["-q"]).stderr));
    }
    let bench = Bench::with_pages(1);
    bench.job("retry: {max_wait: 100ms}");
    let ran = bench.run(&["-q"]);
    assert!(ran.stderr.contains("no request succeeded within retry.max_wait"), "{}", ran.stderr);
    for (name, arguments) in [
        ("no_manifest", &["run", "none.yaml"][..]),
        ("no_store", &["report", "job.yaml"]),
        ("no_task", &["run", "job.yaml", "--task", "colour"]),
        ("init_twice", &["init", "."]),
    ] {
        let bench = Bench::with_pages(1);
        bench.job("");
        insta::assert_snapshot!(name, masked(&bench, &bench.docmill(arguments).stderr));
    }
}

#[test]
fn a_sample_of_nothing() {
    let bench = Bench::with_pages(1);
    bench.job("");
    for arguments in [&["plan"][..], &["review"], &["diff", "--model", "x"], &["eval", "--repeat", "2"]] {
        let ran = bench.docmill(&[&arguments[..1], &["job.yaml", "--sample", "0"], &arguments[1..]].concat());
        assert_eq!(ran.code, 2, "{arguments:?}");
        assert!(ran.stderr.contains("'--sample <N>': a sample has at least 1 item"), "{}", ran.stderr);
    }
}

#[test]
fn the_key_is_never_shown() {
    let bench = Bench::with_pages(2).simulator(Options { key: Some("other".into()), ..Options::default() });
    bench.job("");
    bench.put(
        "job.yaml",
        bench.text("job.yaml").replace("model: ", "api_key_env: DOCMILL_TEST_KEY, model: ").as_bytes(),
    );
    let output =
        bench.command(&["run", "job.yaml", "-vv"]).env("DOCMILL_TEST_KEY", "sk-very-secret-1234").output().unwrap();
    assert_eq!(output.status.code(), Some(5));
    assert!(!String::from_utf8_lossy(&output.stderr).contains("very-secret"));
    for name in ["store.db", "store.db-wal", "report.json", "partial/out.csv"] {
        let bytes = std::fs::read(bench.path(name)).unwrap_or_default();
        assert!(!bytes.windows(11).any(|window| window == b"very-secret"), "{name}");
    }
    let right = bench.command(&["run", "job.yaml"]).env("DOCMILL_TEST_KEY", " other\n").output().unwrap();
    assert_eq!(right.status.code(), Some(0), "white space around a key is no part of it");
}

#[test]
fn a_key_in_the_wrong_place_is_never_repeated() {
    const KEY: &str = "sk-proj-4f9Zq81LmPw3Rt7Vb1Nc6Yd3";
    const OTHER: &str = "8f14e45fceea167a5a36dedd4bea2543";
    let manifest = |provider: &str, more: &str| {
        format!(
            "version: 1\nname: x\ninput: {{folder: pages}}\nprovider:\n  model: m\n{provider}\n\
             tasks:\n  kind: {{classify: {{labels: [a, b]}}}}\n{more}\n"
        )
    };
    let url = "  base_url: http://127.0.0.1:9/v1";
    let mut shown = String::new();
    for (name, source) in [
        ("a member that does not exist", manifest(&format!("{url}\n  api_key: {KEY}"), "")),
        ("in quotes, in a flow mapping", manifest(&format!("{url}\n  auth: {{token: \"{OTHER}\", user: me}}"), "")),
        ("without a space", manifest(&format!("{url}\n  api_key:{KEY}"), "")),
        ("a tab", manifest(&format!("{url}\n\tapi_key: {OTHER}"), "")),
        ("a string without an end", manifest(&format!("{url}\n  password: \"{OTHER}"), "")),
        ("over several lines", manifest(&format!("{url}\n  secret: |\n    {OTHER}\n    {OTHER}"), "")),
        ("the name of a variable", manifest(&format!("{url}\n  api_key_env: {KEY}"), "")),
        ("a header", manifest(&format!("{url}\n  headers: {{Authorization: Bearer {OTHER}}}"), "")),
        ("a header with a wrong type", manifest(&format!("{url}\n  headers: {{X-Api-Key: [{OTHER}]}}"), "")),
        ("a wrong type", manifest(url, &format!("limits: {{concurrency: {KEY}}}"))),
        ("a value that is not allowed", manifest(url, &format!("delivery: {OTHER}"))),
        ("an unknown key", manifest(&format!("{url}\n  {KEY}: true"), "")),
        ("a URL with a password", manifest(&format!("  base_url: https://me:{OTHER}@x.example/v1"), "")),
        ("a URL with a key", manifest(&format!("  base_url: https://x.example/v1?api_key={OTHER}"), "")),
        ("a duplicate", manifest(&format!("{url}\n  token: {OTHER}\n  token: {KEY}"), "")),
        ("extra members", manifest(url, &format!("request: {{timeout: {OTHER}, extra: {{api_key: {KEY}}}}}"))),
    ] {
        let bench = Bench::with_pages(1);
        bench.put("job.yaml", source.as_bytes());
        let ran = bench.docmill(&["check", "job.yaml"]);
        assert_eq!(ran.code, 2, "{name}: {}", ran.stderr);
        let json = bench.docmill(&["run", "job.yaml", "--log-format", "json", "--summary", "summary.json"]);
        for text in [&ran.stderr, &json.stderr, &bench.text("summary.json")] {
            // Not even a part of it.
            assert!(!text.contains(&KEY[8..16]) && !text.contains(&OTHER[..8]), "{name}: {text}");
        }
        shown += &format!("# {name}\n{}\n", masked(&bench, &ran.stderr));
    }
    insta::assert_snapshot!("keys_in_a_manifest", shown);
}

#[test]
fn a_key_among_the_arguments_or_in_a_variable_is_never_repeated() {
    const KEY: &str = "sk-proj-4f9Zq81LmPw3Rt7Vb1Nc6Yd3";
    // As short and plain as a password.
    const SHORT: &str = "hunter2-Zq7";
    let bench = Bench::with_pages(1);
    bench.job("limits: {concurrency: \"${N:-1}\"}");
    let mut shown = String::new();
    for arguments in [
        &["run", "job.yaml", KEY][..],
        &["run", "job.yaml", "--var", KEY],
        &["run", "job.yaml", "--var", "sk-proj-4f9Zq81LmPw3Rt7Vb1Nc6Yd3=QUBRID_API_KEY"],
        &["run", "job.yaml", "--var", "N=sk-proj-4f9Zq81LmPw3Rt7Vb1Nc6Yd3"],
        &["run", "job.yaml", "--limit", KEY],
        &["run", KEY],
        &["report", "job.yaml", "--run", KEY],
        &["run", "job.yaml", SHORT],
        &["run", SHORT, "--summary", "summary.json", "--metrics-file", "run.prom"],
        &["check", SHORT],
        &[SHORT],
    ] {
        for format in ["text", "json"] {
            let ran = bench.docmill(&[arguments, &["--log-format", format]].concat());
            assert_eq!(ran.code, 2, "{arguments:?}: {}", ran.stderr);
            let is_shown = |text: &str| text.contains("4f9Zq81L") || text.contains("hunter2");
            assert!(!is_shown(&ran.stderr), "{arguments:?}: {}", ran.stderr);
            if format == "text" {
                let arguments = arguments.join(" ").replace(KEY, "KEY").replace(SHORT, "SHORT");
                shown += &format!("# {arguments}\n{}\n", masked(&bench, &ran.stderr));
            }
        }
    }
    for record in ["summary.json", "run.prom"] {
        assert!(!bench.text(record).contains("hunter2"), "{}", bench.text(record));
    }
    // A variable of the environment: by its name, or because it looks like a key.
    for (name, value) in [("N", KEY), ("MY_API_KEY", "hunter2")] {
        bench.put("job.yaml", bench.text("job.yaml").replace("${N:-1}", &format!("${{{name}}}")).as_bytes());
        let output = bench.command(&["check", "job.yaml"]).env(name, value).output().unwrap();
        let printed = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(2) && !printed.contains(value), "{printed}");
        shown += &format!("# {name} in the environment\n{}\n", masked(&bench, &printed));
        bench.put("job.yaml", bench.text("job.yaml").replace(&format!("${{{name}}}"), "${N:-1}").as_bytes());
    }
    insta::assert_snapshot!("keys_in_arguments", shown);
}
