//! What attempts without an answer cost: errors, and requests of a process that was stopped.

use crate::bench::{Bench, page};
use crate::harness::http_server::HttpServer;
#[cfg(unix)]
use crate::harness::stopped::Stopped;
use docmill::internal::base::money::Pico;
use docmill::internal::simulator::Options;
use serde_json::Value;
use std::io::Write;
use std::time::Duration;

/// The spend of all budgets of the store.
fn spent(bench: &Bench) -> Pico {
    let shown = bench.docmill(&["report", "--store", "store.db", "--budgets", "--format", "json"]).stdout;
    let budgets: Value = serde_json::from_str(&shown).unwrap_or_else(|error| panic!("{error}: {shown}"));
    let spent = |budget: &Value| Pico::from_usd(budget["spent_usd"].as_str().unwrap()).unwrap();
    budgets.as_array().unwrap().iter().map(spent).fold(Pico::ZERO, |sum, cost| sum + cost)
}

/// An error that only the API can have written shows that nothing was executed. Anything else may replace a reply that
/// got lost on its way.
#[test]
fn an_error_is_charged_unless_the_api_reports_it_or_was_not_reached() {
    let api = r#"{"error":{"message":"The server had an error while processing your request.","type":"server_error"}}"#;
    let web = "<html><head><title>Error</title></head><body><h1>Error</h1></body></html>";
    let plain = "Internal Server Error";
    for (status, body, is_charged) in [
        (500, api, false),
        (500, web, true),
        (500, plain, true),
        (400, api, false),
        (502, api, true),
        (502, web, true),
        (503, api, false),
        (503, web, false),
        (504, api, true),
        (504, web, true),
        (521, web, false),
        (524, web, true),
    ] {
        let server = HttpServer::start(move |_, stream| {
            let media_type = if body.starts_with('{') { "application/json" } else { "text/html" };
            let head = format!("HTTP/1.1 {status} X\r\ncontent-type: {media_type}\r\ncontent-length: {}", body.len());
            stream.write_all(format!("{head}\r\n\r\n{body}").as_bytes())
        });
        let bench = Bench::with_pages(1);
        bench.job_at(&server.base_url, "limits: {budget_usd: 5}\nretry: {attempts: 1, max_wait: 100ms}");
        let ran = bench.run(&["-q"]);
        let case = format!("{status} {body}: exit code {}", ran.code);
        assert!(matches!(ran.code, 3 | 5 | 6), "{case}: {}", ran.stderr);
        let estimated = bench.report()["cost"]["estimated_usd"].as_str().unwrap().to_owned();
        let store = rusqlite::Connection::open(bench.path("store.db")).unwrap();
        let reserved = store.query_row("SELECT sum(reserved) FROM attempts", [], |row| row.get(0)).unwrap();
        match is_charged {
            true => {
                assert_eq!(spent(&bench), Pico(reserved), "{case}: the worst case is charged");
                let estimated = Pico::from_usd(&estimated).unwrap();
                assert!(estimated > Pico::ZERO && estimated < Pico(reserved), "{case}: the report has the usual cost");
            }
            false => assert_eq!((spent(&bench), estimated.as_str()), (Pico::ZERO, "0"), "{case}"),
        }
    }
}

/// What a stopped process has reserved leaves no place for lines of batches, until its request is overdue.
#[cfg(unix)]
#[test]
fn a_stopped_process_does_not_hold_the_budget_of_a_batch_for_ever() {
    let prepared = || {
        let options =
            Options { latency: Duration::from_secs(2), batch_time: Duration::from_millis(100), ..Options::default() };
        let bench = Bench::with_pages(1).simulator(options);
        // A deadline ends the run if nothing else does.
        bench.job("request: {timeout: 3s}\nlimits: {run_time: 20m}");
        let batch = bench.text("job.yaml").replace("folder: pages", "folder: more");
        let batch = batch.replace("out.", "more.").replace("report.json", "more.json");
        bench.put("batch.yaml", format!("{batch}delivery: batch\nbatch: {{poll: 50ms}}\n").as_bytes());
        (50..52).for_each(|at| bench.put(&format!("more/{at}.jpg"), &page(at)));
        bench
    };
    let worst = prepared().worst_request_usd();
    // Enough for both jobs, and too little for the multiple that is kept for a request in flight.
    let budget = (worst * 2.5).to_string();
    let arguments = ["--progress", "off", "--budget-usd", &budget];
    let (bench, mut child, stopped) = Stopped::while_waiting(prepared, &arguments, |bench| bench.is_asking(1));
    let ran = bench.docmill(&["run", "batch.yaml", "--budget-usd", &budget]);
    drop(stopped);
    let charged = spent(&bench);
    // Its reply has come meanwhile, or its request has timed out and the rest of the budget is too small for another one.
    let code = child.wait().unwrap().code();
    assert!([Some(0), Some(4)].contains(&code), "{code:?}");
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains("has not ended 1 request in time"), "{}", ran.stderr);
    let waits = "waiting for the part of the budget that is reserved for 1 request of run ";
    assert_eq!(ran.stderr.matches(waits).count(), 1, "{}", ran.stderr);
    assert!(ran.stderr.contains(", at most 13 s"), "{}", ran.stderr);
    assert!(charged.as_usd_f64() >= worst && charged.as_usd_f64() <= worst * 2.5, "{charged:?} of {worst}");
}
