//! How the last run of a job ended, as numbers for Prometheus' textfile collector: pages,
//! attempts, tokens, money, faults and latencies of the report.

use crate::base::exposition::{Labels, Metric, Numbers, exposition};
use crate::base::money::Pico;
use crate::report::summary::Report;

/// A run that has no report, as Prometheus reads it; `ended_ms`: wall time.
#[must_use]
pub fn failed_exposition(job: &str, outcome: &str, exit_code: u8, ended_ms: i64) -> String {
    let info = vec![("job_name", job.to_owned()), ("outcome", outcome.to_owned())];
    exposition(ending(job, info, exit_code.into(), ended_ms))
}

/// What there is of every run.
fn ending(job: &str, info: Labels, exit_code: f64, ended_ms: i64) -> Vec<Metric> {
    vec![
        gauge("run_info", "The last run of a job", vec![(info, 1.0)]),
        one(job, "run_exit_code", "Its exit code", exit_code),
        one(job, "run_ended_timestamp_seconds", "When it ended", seconds(ended_ms)),
    ]
}

fn gauge(name: &'static str, help: &'static str, values: Vec<(Labels, f64)>) -> Metric {
    Metric { name, help, numbers: Numbers::Gauge(values) }
}

fn one(job: &str, name: &'static str, help: &'static str, value: f64) -> Metric {
    gauge(name, help, vec![(vec![("job_name", job.to_owned())], value)])
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 are below 2^53")]
fn seconds(ms: i64) -> f64 {
    ms as f64 / 1000.0
}

impl Report {
    /// The report as Prometheus reads it; `ended_ms`: wall time.
    #[must_use]
    pub fn to_exposition(&self, ended_ms: i64) -> String {
        let (pages, spend) = (&self.pages, &self.spend);
        let job = || ("job_name", self.job.clone());
        let of = |name: &'static str, value: &str| -> Labels { vec![job(), (name, value.to_owned())] };
        let one = |name, help, value: f64| one(&self.job, name, help, value);
        #[expect(clippy::cast_precision_loss, reason = "monitoring reads doubles")]
        let counts = |name, help, label: &'static str, counts: &[(&str, u64)]| {
            gauge(name, help, counts.iter().map(|(value, count)| (of(label, value), *count as f64)).collect())
        };
        let usd = |amount: Pico| self.total().map(|_| amount.as_usd_f64());
        let money = |parts: &[(&str, Option<f64>)]| {
            parts.iter().filter_map(|(part, usd)| Some((of("part", part), (*usd)?))).collect::<Vec<_>>()
        };
        let faults: Vec<(&str, u64)> = spend.by_fault.iter().map(|(kind, count)| (kind.as_str(), *count)).collect();
        let quantile = |share: f64| {
            spend.latencies.quantile(share).map(|ms| f64::from(u32::try_from(ms).unwrap_or(u32::MAX)) / 1000.0)
        };
        let latencies = [("0.5", 0.5), ("0.95", 0.95), ("0.99", 0.99)];
        let saved = |amount: Option<Pico>| amount.filter(|_| self.is_priced).map(Pico::as_usd_f64);
        let info = vec![job(), ("run_id", self.run_id.clone()), ("outcome", self.outcome.clone())];
        let mut metrics = ending(&self.job, info, self.exit_code.map_or(f64::NAN, f64::from), ended_ms);
        metrics.extend([
            one("run_started_timestamp_seconds", "When it began", seconds(self.started_ms)),
            one("run_seconds", "How long it took", seconds(self.elapsed_ms)),
            counts(
                "run_pages",
                "Pages by status",
                "status",
                &[
                    ("ok", pages.ok),
                    ("invalid", pages.invalid),
                    ("refused", pages.refused),
                    ("failed", pages.failed),
                    ("pending", pages.pending),
                    ("skipped", pages.skipped),
                ],
            ),
            counts(
                "run_pages_by_source",
                "Where answers come from",
                "source",
                &[("from_store", pages.from_store), ("asked", pages.asked), ("near_duplicates", pages.near)],
            ),
            counts("run_requests", "Requests", "result", &[("sent", spend.requests)]),
            counts(
                "run_attempts",
                "Attempts by result",
                "result",
                &[
                    ("succeeded", spend.succeeded),
                    ("failed", spend.failed),
                    ("rate_limited", spend.rate_limited),
                    ("lost", spend.lost),
                ],
            ),
            counts(
                "run_tokens",
                "Tokens that were billed",
                "kind",
                &[
                    ("input", spend.tokens.input),
                    ("cached_input", spend.tokens.cached_input),
                    ("output", spend.tokens.output),
                ],
            ),
            gauge(
                "run_cost_usd",
                "What it cost; absent when the price is unknown",
                money(&[
                    ("total", self.total().map(Pico::as_usd_f64)),
                    ("failed_attempts", usd(spend.failed_cost)),
                    ("estimated", usd(spend.estimated_cost)),
                    ("lost", usd(spend.lost_cost)),
                    ("invalid", usd(spend.invalid_cost)),
                    ("repaired", usd(spend.repaired_cost)),
                ]),
            ),
            gauge(
                "run_saved_usd",
                "What it would have cost more",
                money(&[
                    ("store", saved(pages.saved)),
                    ("duplicates", saved(pages.saved_by_duplicates)),
                    ("cache", usd(spend.saved_by_cache)),
                    ("tile_snapping", usd(spend.saved_by_size)),
                ]),
            ),
            counts("run_faults", "Attempts by what was wrong with them", "kind", &faults),
            counts("run_usage_missing", "Replies without usage", "kind", &[("reply", spend.usage_missing)]),
            gauge(
                "run_latency_seconds",
                "Latency of attempts, quantiles",
                latencies.iter().filter_map(|(name, share)| Some((of("quantile", name), quantile(*share)?))).collect(),
            ),
        ]);
        exposition(metrics)
    }
}
