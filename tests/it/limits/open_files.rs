//! A low limit on open files fails no page.

use crate::bench::{Bench, Ran};
use docmill::internal::simulator::Options;
use std::time::Duration;

fn run_with(bench: &Bench, limits: &str) -> Ran {
    let script = format!("{limits} && exec {} run job.yaml", env!("CARGO_BIN_EXE_docmill"));
    let mut command = std::process::Command::new("sh");
    command.args(["-c", &script]).current_dir(bench.path("")).env_remove("DOCMILL_STORE");
    command.output().unwrap().into()
}

#[cfg(unix)]
#[test]
fn too_few_open_files_are_refused_before_anything_is_sent() {
    let bench = Bench::with_pages(3).simulator(Options::default());
    bench.job("");
    for limit in [20, 24, 40] {
        let ran = run_with(&bench, &format!("ulimit -n {limit}"));
        assert_eq!(ran.code, 2, "{}", ran.stderr);
        assert!(ran.stderr.contains(&format!("open only {limit} files")), "{}", ran.stderr);
        assert!(ran.stderr.contains("ulimit -n 1024"), "{}", ran.stderr);
        assert_eq!(bench.stats()["requests"], 0);
    }
    assert_eq!(run_with(&bench, "ulimit -n 48").code, 0);
}

#[cfg(unix)]
#[test]
fn few_open_files_lower_the_concurrency_and_fail_no_page() {
    for (limits, is_lowered) in [
        ("ulimit -S -n 64", false),
        ("ulimit -S -n 256 && ulimit -H -n 256", true),
        ("ulimit -S -n 256 && ulimit -H -n 300", true),
    ] {
        let bench =
            Bench::with_pages(400).simulator(Options { latency: Duration::from_millis(300), ..Options::default() });
        bench.job("limits: {concurrency: 256, requests_per_minute: 60000}\nretry: {attempts: 1}");
        let ran = run_with(&bench, limits);
        assert_eq!(ran.code, 0, "{limits}: {}", ran.stderr);
        assert_eq!(bench.report()["pages"]["ok"], 400, "{limits}");
        assert_eq!(bench.report()["attempts"]["failed"], 0, "{limits}: {}", bench.report());
        let warning = "instead of 256; raise the limit (ulimit -n)";
        assert_eq!(ran.stderr.contains(warning), is_lowered, "{limits}: {}", ran.stderr);
    }
}
