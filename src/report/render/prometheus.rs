//! The last run of a job as gauges, for the textfile collector of Prometheus' node exporter.

use super::openmetrics::{encode_family, encode_metrics};
use crate::base::money::Pico;
use crate::report::summary::Report;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::metrics::gauge::ConstGauge;
use std::fmt;

/// Renders the report. `ended_ms`: end of the run, in milliseconds since 1970.
#[must_use]
pub fn render_prometheus(report: &Report, ended_ms: i64) -> String {
    encode_metrics(ReportedRun { report: report.clone(), ended_ms })
}

/// Renders a run that ended without a report. `ended_ms` as for [`render_prometheus`].
#[must_use]
pub fn render_failed_prometheus(job: &str, outcome: &str, exit_code: u8, ended_ms: i64) -> String {
    encode_metrics(FailedRun { job: job.to_owned(), outcome: outcome.to_owned(), exit_code, ended_ms })
}

/// The metrics of a run that ended without a report.
#[derive(Debug)]
struct FailedRun {
    job: String,
    outcome: String,
    exit_code: u8,
    ended_ms: i64,
}

impl Collector for FailedRun {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut gauges = JobGauges { encoder, job: &self.job };
        gauges.encode_info(&[("outcome", &self.outcome)])?;
        gauges.encode_end(self.exit_code.into(), self.ended_ms)
    }
}

/// The metrics of a run with a report.
#[derive(Debug)]
struct ReportedRun {
    report: Report,
    ended_ms: i64,
}

impl Collector for ReportedRun {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let report = &self.report;
        let mut gauges = JobGauges { encoder, job: &report.job };
        gauges.encode_info(&[("run_id", &report.run_id), ("outcome", &report.outcome)])?;
        gauges.encode_end(report.exit_code.map_or(f64::NAN, f64::from), self.ended_ms)?;
        gauges.encode_one("run_started_timestamp_seconds", "Start time of the run", seconds(report.started_ms))?;
        gauges.encode_one("run_seconds", "Duration of the run", seconds(report.elapsed_ms))?;
        encode_pages(&mut gauges, report)?;
        encode_attempts(&mut gauges, report)?;
        encode_money(&mut gauges, report)?;
        encode_faults(&mut gauges, report)
    }
}

fn encode_pages(gauges: &mut JobGauges<'_, '_>, report: &Report) -> fmt::Result {
    let pages = &report.pages;
    let by_status = pages.by_status().map(|(status, count)| (status.name(), count));
    gauges.encode_counts("run_pages", "Pages by status", "status", &by_status)?;
    gauges.encode_counts(
        "run_pages_by_source",
        "Where answers come from",
        "source",
        &[
            ("from_store", pages.from_store),
            ("asked", pages.asked),
            ("near_duplicates", pages.near_duplicates),
            ("duplicates", pages.duplicates),
        ],
    )
}

fn encode_attempts(gauges: &mut JobGauges<'_, '_>, report: &Report) -> fmt::Result {
    let (spend, tokens) = (&report.spend, &report.spend.tokens);
    gauges.encode_counts("run_requests", "Requests", "result", &[("sent", spend.requests)])?;
    gauges.encode_counts(
        "run_attempts",
        "Attempts by result",
        "result",
        &[
            ("succeeded", spend.succeeded),
            ("failed", spend.failed),
            ("rate_limited", spend.rate_limited),
            ("lost", spend.lost),
        ],
    )?;
    gauges.encode_counts(
        "run_tokens",
        "Tokens that were billed",
        "kind",
        &[("input", tokens.input), ("cached_input", tokens.cached_input), ("output", tokens.output)],
    )
}

fn encode_money(gauges: &mut JobGauges<'_, '_>, report: &Report) -> fmt::Result {
    let (pages, spend) = (&report.pages, &report.spend);
    let total = report.total();
    let spent = |amount: Pico| total.map(|_| amount);
    let saved = |amount: Option<Pico>| amount.filter(|_| report.is_priced);
    gauges.encode_known(
        "run_cost_usd",
        "Cost of the run; absent if the price is unknown",
        "part",
        &[
            ("total", total),
            ("failed_attempts", spent(spend.failed_cost)),
            ("estimated", spent(spend.estimated_cost)),
            ("lost", spent(spend.lost_cost)),
            ("invalid", spent(spend.invalid_cost)),
            ("repaired", spent(spend.repaired_cost)),
        ]
        .map(|(part, amount)| (part, amount.map(Pico::as_usd_f64))),
    )?;
    gauges.encode_known(
        "run_saved_usd",
        "Amount saved",
        "part",
        &[
            ("store", saved(pages.saved)),
            ("duplicates", saved(pages.saved_by_duplicates)),
            ("cache", spent(spend.saved_by_cache)),
            ("tile_snapping", spent(spend.saved_by_size)),
        ]
        .map(|(part, amount)| (part, amount.map(Pico::as_usd_f64))),
    )
}

fn encode_faults(gauges: &mut JobGauges<'_, '_>, report: &Report) -> fmt::Result {
    let spend = &report.spend;
    let faults: Vec<(&str, u64)> = spend.by_fault.iter().map(|(kind, count)| (*kind, *count)).collect();
    gauges.encode_counts("run_faults", "Attempts by error kind", "kind", &faults)?;
    gauges.encode_counts("run_usage_missing", "Replies without usage", "kind", &[("reply", spend.usage_missing)])?;
    let quantile = |share| {
        let ms = spend.latencies.quantile(share)?;
        Some(f64::from(u32::try_from(ms).unwrap_or(u32::MAX)) / 1000.0)
    };
    gauges.encode_known(
        "run_latency_seconds",
        "Latency of attempts, quantiles",
        "quantile",
        &[("0.5", 0.5), ("0.95", 0.95), ("0.99", 0.99)].map(|(name, share)| (name, quantile(share))),
    )
}

/// Encodes gauges with the label `job_name`.
struct JobGauges<'a, 'e> {
    encoder: DescriptorEncoder<'e>,
    job: &'a str,
}

impl<'a> JobGauges<'a, '_> {
    /// The gauge `run_info`, which is always 1, with further labels.
    fn encode_info(&mut self, labels: &[(&str, &String)]) -> fmt::Result {
        let all = self.labels().into_iter().chain(labels.iter().map(|(name, value)| (*name, value.as_str())));
        let all: Vec<(&str, &str)> = all.collect();
        encode_family(&mut self.encoder, "run_info", "The last run of a job", [(all, ConstGauge::new(1.0))])
    }

    /// The gauges for the end of every run.
    fn encode_end(&mut self, exit_code: f64, ended_ms: i64) -> fmt::Result {
        self.encode_one("run_exit_code", "Exit code of the run", exit_code)?;
        self.encode_one("run_ended_timestamp_seconds", "End time of the run", seconds(ended_ms))
    }

    fn encode_one(&mut self, name: &str, help: &str, value: f64) -> fmt::Result {
        let labels = self.labels();
        encode_family(&mut self.encoder, name, help, [(labels, ConstGauge::new(value))])
    }

    /// One gauge per value of `label`.
    #[expect(clippy::cast_precision_loss, reason = "Prometheus stores doubles")]
    fn encode_counts(&mut self, name: &str, help: &str, label: &str, counts: &[(&str, u64)]) -> fmt::Result {
        let counts: Vec<(&str, Option<f64>)> =
            counts.iter().map(|(value, count)| (*value, Some(*count as f64))).collect();
        self.encode_known(name, help, label, &counts)
    }

    /// One gauge per value of `label` that is known.
    fn encode_known(&mut self, name: &str, help: &str, label: &str, values: &[(&str, Option<f64>)]) -> fmt::Result {
        let [job] = self.labels();
        let known =
            values.iter().filter_map(|(value, number)| Some(([job, (label, *value)], ConstGauge::new((*number)?))));
        encode_family(&mut self.encoder, name, help, known)
    }

    fn labels(&self) -> [(&'static str, &'a str); 1] {
        [("job_name", self.job)]
    }
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 are below 2^53")]
fn seconds(ms: i64) -> f64 {
    ms as f64 / 1000.0
}
