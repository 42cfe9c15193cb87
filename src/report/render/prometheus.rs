//! The last run of a job as gauges, for the textfile collector of Prometheus' node exporter.

use super::openmetrics::{encode_family, encode_metrics};
use crate::base::money::Pico;
use crate::base::shard::Shard;
use crate::report::summary::Report;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::metrics::gauge::ConstGauge;
use std::fmt;

/// Renders the report. `ended_ms`: end of the run, in milliseconds since 1970. `last_success_ms`: the
/// same of an earlier run that succeeded, if there was one.
#[must_use]
pub fn render_prometheus(report: &Report, ended_ms: i64, last_success_ms: Option<i64>) -> String {
    encode_metrics(ReportedRun { report: report.clone(), ended_ms, last_success_ms })
}

/// Renders a run without a report.
#[must_use]
pub fn render_unreported_prometheus(run: &UnreportedRun) -> String {
    encode_metrics(run.clone())
}

/// The metric for the end of the last run that succeeded, without its prefix.
const LAST_SUCCESS: &str = "run_last_success_timestamp_seconds";

/// The job and the last success in a text that this module has rendered: its name, and milliseconds
/// since 1970.
#[must_use]
pub fn parse_last_success(text: &str) -> (Option<String>, Option<i64>) {
    let line =
        |name: &str| text.lines().find(|line| line.strip_prefix("docmill_").is_some_and(|line| line.starts_with(name)));
    let job = line("run_info{").and_then(|line| {
        let quoted = line.split_once("job_name=\"")?.1;
        let end = quoted.match_indices('"').map(|(at, _)| at).find(|at| !is_escaped(quoted, *at))?;
        Some(quoted[..end].replace("\\\"", "\"").replace("\\\\", "\\"))
    });
    let seconds = line(&format!("{LAST_SUCCESS}{{")).and_then(|line| line.rsplit(' ').next()?.parse::<f64>().ok());
    #[expect(clippy::cast_possible_truncation, reason = "whole milliseconds, checked to be a time")]
    let ms = seconds.filter(|seconds| (0.0..1e11).contains(seconds)).map(|seconds| (seconds * 1000.0).round() as i64);
    (job, ms)
}

/// Whether an odd number of backslashes stands before a place.
fn is_escaped(text: &str, at: usize) -> bool {
    text[..at].bytes().rev().take_while(|byte| *byte == b'\\').count() % 2 == 1
}

/// A run in progress, or one that ended without a report.
#[derive(Clone, Debug)]
pub struct UnreportedRun {
    /// Name of the job.
    pub job: String,
    /// The shard of the input, if it is one.
    pub shard: Option<Shard>,
    /// Id of the run, if it has one.
    pub run_id: Option<String>,
    /// Its outcome, or `running`.
    pub outcome: &'static str,
    /// When it started, in milliseconds since 1970.
    pub started_ms: i64,
    /// Its exit code, and when it ended, in milliseconds since 1970; `None`: in progress.
    pub end: Option<(u8, i64)>,
    /// When the last run that succeeded has ended, in milliseconds since 1970.
    pub last_success_ms: Option<i64>,
}

impl Collector for UnreportedRun {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut gauges = JobGauges::new(encoder, &self.job, self.shard);
        let id = self.run_id.iter().map(|id| ("run_id", id.as_str()));
        gauges.encode_info(&id.chain([("outcome", self.outcome)]).collect::<Vec<_>>())?;
        if let Some((exit_code, ended_ms)) = self.end {
            gauges.encode_end(exit_code.into(), ended_ms)?;
        }
        gauges.encode_last_success(self.last_success_ms)?;
        gauges.encode_one("run_started_timestamp_seconds", "Start time of the run", seconds(self.started_ms))
    }
}

/// The metrics of a run with a report.
#[derive(Debug)]
struct ReportedRun {
    report: Report,
    ended_ms: i64,
    last_success_ms: Option<i64>,
}

impl Collector for ReportedRun {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let report = &self.report;
        let mut gauges = JobGauges::new(encoder, &report.job, report.shard);
        gauges.encode_info(&[("run_id", report.run_id.as_str()), ("outcome", report.state.name())])?;
        gauges.encode_end(report.state.exit_code().map_or(f64::NAN, f64::from), self.ended_ms)?;
        let own_success_ms = report.state.is_success().then_some(self.ended_ms);
        gauges.encode_last_success(own_success_ms.or(self.last_success_ms))?;
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
        &[
            ("input", tokens.input),
            ("cached_input", tokens.cached_input),
            ("cache_write", tokens.cache_write),
            ("output", tokens.output),
            ("reasoning", tokens.reasoning),
        ],
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

/// Encodes gauges with the label `job_name`, and `shard` for a shard.
struct JobGauges<'a, 'e> {
    encoder: DescriptorEncoder<'e>,
    job: &'a str,
    shard: Option<String>,
}

impl<'a, 'e> JobGauges<'a, 'e> {
    fn new(encoder: DescriptorEncoder<'e>, job: &'a str, shard: Option<Shard>) -> Self {
        Self { encoder, job, shard: shard.map(|shard| shard.to_string()) }
    }

    /// The gauge `run_info`, which is always 1, with further labels.
    fn encode_info(&mut self, labels: &[(&str, &str)]) -> fmt::Result {
        let all = labels_of(self.job, self.shard.as_deref());
        let all: Vec<_> = all.chain(labels.iter().copied()).collect();
        encode_family(&mut self.encoder, "run_info", "The last run of a job", [(all, ConstGauge::new(1.0))])
    }

    /// The gauges for the end of every run.
    fn encode_end(&mut self, exit_code: f64, ended_ms: i64) -> fmt::Result {
        self.encode_one("run_exit_code", "Exit code of the run", exit_code)?;
        self.encode_one("run_ended_timestamp_seconds", "End time of the run", seconds(ended_ms))
    }

    /// The end of the last run that succeeded, when there was one.
    fn encode_last_success(&mut self, ended_ms: Option<i64>) -> fmt::Result {
        let help = "End time of the last run with exit code 0";
        ended_ms.map_or(Ok(()), |ended_ms| self.encode_one(LAST_SUCCESS, help, seconds(ended_ms)))
    }

    fn encode_one(&mut self, name: &str, help: &str, value: f64) -> fmt::Result {
        let labels: Vec<_> = labels_of(self.job, self.shard.as_deref()).collect();
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
        let own: Vec<_> = labels_of(self.job, self.shard.as_deref()).collect();
        let labels = |value| own.iter().copied().chain([(label, value)]).collect::<Vec<_>>();
        let known = values.iter().filter_map(|(value, number)| Some((labels(*value), ConstGauge::new((*number)?))));
        encode_family(&mut self.encoder, name, help, known)
    }
}

/// The labels of the job's metrics: shards of one job write their own files.
fn labels_of<'l>(job: &'l str, shard: Option<&'l str>) -> impl Iterator<Item = (&'l str, &'l str)> {
    std::iter::once(("job_name", job)).chain(shard.map(|shard| ("shard", shard)))
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 are below 2^53")]
fn seconds(ms: i64) -> f64 {
    ms as f64 / 1000.0
}
