//! Decoder processes that the system kills, as it does when memory is short.

#![cfg(unix)]

use crate::bench::{Bench, root};
use crate::harness::executable::write_executable;
use docmill::internal::simulator::Options;
use docmill::{Environment, Error, Job, RunOptions, RunReport, Session};

/// A JPEG that is too wide to be sent unchanged.
fn wide_page(seed: u8) -> Vec<u8> {
    let (width, height) = (3000_u16, 64_u16);
    let pixels = (0..usize::from(width) * usize::from(height)).map(|at| (at % 251) as u8 ^ seed).collect::<Vec<u8>>();
    let mut out = Vec::new();
    jpeg_encoder::Encoder::new(&mut out, 80).encode(&pixels, width, height, jpeg_encoder::ColorType::Luma).unwrap();
    out
}

/// A program that is killed like a decoder for which there is no memory, as long as a file `short`
/// exists: always, or (`times`) only the first times.
fn decoder(bench: &Bench, times: &str) -> Environment {
    let script = format!(
        "#!/bin/sh\nif test -e DIR/short && test \"$(cat DIR/killed 2>/dev/null | wc -l)\" -lt {times}; then\n\
           echo killed >> DIR/killed; read -r line; kill -KILL $$\nfi\nexec {} decode-pages\n",
        env!("CARGO_BIN_EXE_docmill")
    );
    write_executable(&bench.path("decoder"), &script.replace("DIR", &bench.path("").display().to_string()));
    Environment::of_process().with_decoder(bench.path("decoder"))
}

fn run(bench: &Bench, environment: Environment) -> Result<RunReport, Error> {
    let job = Job::load(bench.path("job.yaml"), &[], &environment)?;
    Session::open(job, environment).run(&RunOptions::default())
}

#[test]
fn pages_whose_decoder_was_killed_are_asked_by_the_next_run() {
    let bench = Bench::with_pages(2).simulator(Options::default());
    bench.put("pages/wide-1.jpg", &wide_page(1));
    bench.put("pages/wide-2.jpg", &wide_page(2));
    bench.put("pages/several.tif", &std::fs::read(root().join("tests/data/tiff/several.tif")).unwrap());
    bench.job("");
    bench.put("short", b"");
    let report = run(&bench, decoder(&bench, "1000000")).unwrap();
    assert_eq!(report.error().unwrap().exit_code(), 3);
    let kinds: Vec<_> = bench.rows().iter().map(|row| (row["status"].clone(), row["error_kind"].clone())).collect();
    let (ok, killed) = (("ok".into(), serde_json::Value::Null), ("failed".into(), "decoder_out_of_memory".into()));
    assert_eq!(kinds, [ok.clone(), ok.clone(), killed.clone(), killed.clone(), killed]);
    assert_eq!(bench.stats()["requests"], 2, "pages that need no decoder are asked");

    std::fs::remove_file(bench.path("short")).unwrap();
    let report = run(&bench, decoder(&bench, "1000000")).unwrap();
    assert_eq!(report.outcome(), "complete", "{:?}", report.error());
    assert_eq!(bench.rows().len(), 2 + 2 + 4);
    assert!(bench.rows().iter().all(|row| row["status"] == "ok"));
    assert_eq!(bench.stats()["requests"], 8, "each page once");
}

#[test]
fn a_decoder_that_was_killed_once_costs_no_page() {
    let bench = Bench::with_pages(0).simulator(Options::default());
    bench.put("pages/wide.jpg", &wide_page(1));
    bench.put("short", b"");
    bench.job("");
    let report = run(&bench, decoder(&bench, "1")).unwrap();
    assert_eq!(report.outcome(), "complete", "{:?}", report.error());
    assert_eq!(bench.text("killed"), "killed\n", "it was killed, and the page was decoded again");
    assert_eq!(bench.rows()[0]["status"], "ok");
}
