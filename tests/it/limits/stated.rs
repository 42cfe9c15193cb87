//! Limits that the manifest states are used from the first second and never exceeded.

use super::MAX_REFUSED;
use crate::bench::Bench;
use docmill::internal::simulator::Options;
use std::time::Duration;

/// How often a run is repeated that did not get the processor in time.
const TRIES: usize = 5;

/// Runs the job in a `prepared` folder until at most `max_refused` requests of a run are refused: one that does not get the
/// processor in time sends several requests at once, however well it paces them. One that exceeds its limit does so in
/// every try.
#[track_caller]
pub(crate) fn assert_refused_at_most(max_refused: u64, pages: u64, case: &str, prepared: impl Fn() -> Bench) {
    let mut refused = Vec::new();
    for _ in 0..TRIES {
        let bench = prepared();
        let ran = bench.run(&["-q"]);
        assert_eq!(ran.code, 0, "{case}: {}", ran.stderr);
        let stats = bench.stats();
        assert_eq!(stats["answered"].as_u64(), Some(pages), "{case}");
        let of_run = stats["rate_limited"].as_u64().unwrap();
        if of_run <= max_refused {
            return;
        }
        #[expect(clippy::cast_precision_loss, reason = "a share")]
        let is_late = of_run as f64 <= MAX_REFUSED * (pages + of_run) as f64;
        assert!(is_late, "{case}: {of_run} requests for {pages} pages were refused");
        refused.push(of_run);
    }
    panic!("{case}: more than {max_refused} requests for {pages} pages were refused in every run: {refused:?}");
}

#[test]
fn a_stated_limit_is_not_exceeded_even_in_a_bucket_of_one_second() {
    for (requests_per_minute, headers) in [(1200, true), (1200, false), (6000, true)] {
        let prepared = || {
            let bench = Bench::with_pages(150).simulator(Options {
                requests_per_minute: Some(requests_per_minute),
                bucket_seconds: 1.0,
                headers,
                latency: Duration::from_millis(150),
                ..Options::default()
            });
            bench.job(&format!("limits: {{requests_per_minute: {requests_per_minute}}}"));
            bench
        };
        let case = format!("{requests_per_minute} per minute, headers {headers}");
        assert_refused_at_most(0, 150, &case, prepared);
    }
}

#[test]
fn a_stated_concurrency_is_a_maximum_and_not_a_starting_burst() {
    for headers in [true, false] {
        let prepared = || {
            let bench = Bench::with_pages(300).simulator(Options {
                requests_per_minute: Some(3000),
                bucket_seconds: 1.0,
                headers,
                latency: Duration::from_millis(100),
                ..Options::default()
            });
            bench.job("limits: {concurrency: 256}");
            bench
        };
        // Without headers the limit is learned from refusals. A burst of 256 at the start has more than 200 refused.
        assert_refused_at_most(if headers { 0 } else { 30 }, 300, &format!("headers {headers}"), prepared);
    }
}
