//! How long the pages take, and which limit determines it.

use super::quote::Quote;
use crate::manifest::Job;

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
#[expect(clippy::cast_precision_loss, reason = "minutes for people")]
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
    let mut bounds = vec![Bound {
        limit: "concurrency",
        // Not less than one reply takes.
        minutes: (pages / f64::from(limits.concurrency.max())).max(pages.min(1.0)) * latency_ms as f64 / 60_000.0,
        basis: format!("{basis}, {} in flight", limits.concurrency.max()),
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
