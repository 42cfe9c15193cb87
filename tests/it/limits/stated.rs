//! Limits that the manifest states are used from the first second and never exceeded.

use crate::bench::Bench;
use crate::harness::refusals::assert_refused_at_most;
use docmill::internal::simulator::Options;
use std::time::Duration;

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
