//! How long the pages take, and which limit determines it.

use super::quote::Quote;
use crate::manifest::{Job, Limits};
use crate::pipeline::control::run_pace::RunPace;
use crate::provider::{EndpointPacing, PaceLimits};

/// The minimum time by one limit.
#[derive(Clone, Debug, PartialEq)]
pub struct Bound {
    /// The limit: `requests_per_minute`, `tokens_per_minute`, `concurrency`,
    /// `batch`.
    pub limit: &'static str,
    /// How many minutes it takes for all pages.
    pub minutes: f64,
    /// Where the number comes from.
    pub basis: String,
}

/// The window of a batch, in minutes.
const WINDOW_MINUTES: f64 = 24.0 * 60.0;
/// Time of a reply when none has been seen, in milliseconds.
const USUAL_LATENCY_MS: u64 = 3000;

/// The limits and how long each takes, the one that binds first.
#[expect(clippy::cast_precision_loss, reason = "human-readable minutes")]
pub(crate) fn bounds(quote: &Quote, job: &Job, latency: Option<(u64, u64)>) -> Vec<Bound> {
    let limits = &job.limits;
    if job.is_batch {
        let basis = "at most one day per batch".to_owned();
        return vec![Bound { limit: "batch", minutes: WINDOW_MINUTES, basis }];
    }
    let pages = quote.pages as f64;
    let (latency_ms, basis) = match latency {
        Some((mean, replies)) => (mean.max(1), format!("{mean} ms per reply, measured on {replies} replies")),
        None => (USUAL_LATENCY_MS, format!("{USUAL_LATENCY_MS} ms per reply, assumed")),
    };
    let pace = pace_without_rates(limits, latency.is_none());
    let PaceLimits { concurrency, max_concurrency, .. } = pace.limits;
    let in_flight = match concurrency < max_concurrency {
        true => format!("{concurrency} in flight at first, up to {max_concurrency}"),
        false => format!("{max_concurrency} in flight"),
    };
    let mut bounds = vec![Bound {
        limit: "concurrency",
        minutes: seconds(&pace, pages, latency_ms as f64 / 1000.0) / 60.0,
        basis: format!("{basis}, {in_flight}"),
    }];
    if let Some(rate) = limits.requests_per_minute {
        bounds.push(Bound {
            limit: "requests_per_minute",
            minutes: pages / f64::from(rate),
            basis: "limits.requests_per_minute".into(),
        });
    }
    if let Some(rate) = limits.tokens_per_minute {
        bounds.push(Bound {
            limit: "tokens_per_minute",
            minutes: quote.admission as f64 / rate as f64,
            basis: "limits.tokens_per_minute, as the provider counts at admission".into(),
        });
    }
    bounds.sort_by(|a, b| b.minutes.total_cmp(&a.minutes));
    bounds
}

/// The pace of a run whose rates have no limit: that of the number of requests in flight. `is_unknown`: whether the
/// endpoint has not replied yet.
fn pace_without_rates(limits: &Limits, is_unknown: bool) -> RunPace {
    let start = EndpointPacing::starting_limits(limits);
    RunPace {
        limits: PaceLimits { requests_per_minute: None, tokens_per_minute: None, ..start },
        tokens_per_request: None,
        // What the first reply shows is awaited before there are more requests.
        is_alone: is_unknown || limits.budget.is_some(),
    }
}

/// How many seconds `pages` take, each of which is in flight for `latency` seconds: not less than one reply takes.
fn seconds(pace: &RunPace, pages: f64, latency: f64) -> f64 {
    if pages > 0.0 { pace.seconds(pages, latency).max(latency) } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest;
    use std::path::Path;

    const JOB: &str = "version: 1\nname: x\ninput: {folder: .}\nprovider: {simulator: {}, model: m}\ntasks: {kind: {classify: {labels: [a, b]}}}\n";

    #[test]
    fn pages_take_as_long_as_the_number_in_flight_allows() {
        // The limits, whether the endpoint is unknown, pages, and seconds at 2 seconds per reply.
        for (limits, is_unknown, pages, expected) in [
            ("concurrency: 1", false, 10.0, 20.0),
            ("concurrency: 1", false, 0.0, 0.0),
            ("concurrency: 8", false, 1.0, 2.0),
            ("concurrency: 8", false, 400.0, 100.0),
            ("concurrency: 8", true, 401.0, 102.0),
            ("concurrency: 8, budget_usd: 5", false, 401.0, 102.0),
            ("concurrency: 64, requests_per_minute: 1200", false, 6400.0, 200.0),
            // It grows from 8.
            ("", false, 408.0, 44.1),
        ] {
            let job =
                manifest::check(Path::new("job.yaml"), &format!("{JOB}limits: {{{limits}}}\n"), &|_| None).unwrap();
            let found = seconds(&pace_without_rates(&job.limits, is_unknown), pages, 2.0);
            assert!((found - expected).abs() < 0.1, "{limits} {pages}: {found}");
        }
    }
}
