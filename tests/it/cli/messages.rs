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
    assert!(ran.stderr.contains("let nothing through for longer than retry.max_wait"), "{}", ran.stderr);
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
    for name in ["store.db", "store.db-wal", "report.json", "out.partial.csv"] {
        let bytes = std::fs::read(bench.path(name)).unwrap_or_default();
        assert!(!bytes.windows(11).any(|window| window == b"very-secret"), "{name}");
    }
    let right = bench.command(&["run", "job.yaml"]).env("DOCMILL_TEST_KEY", " other\n").output().unwrap();
    assert_eq!(right.status.code(), Some(0), "white space around a key is no part of it");
}
